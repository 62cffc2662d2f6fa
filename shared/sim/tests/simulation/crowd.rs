//! What is one among many: a fleet's night has hundreds of runs, and a large plan hundreds of alerts. None is overlooked.

use mayday_core::{
    alert::{self, Alert, Kind, Level, Standing},
    backup::{Agenda, Outcome},
    ident::RunId,
    page::Page,
    run::{Run, State},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    trace::Port,
};

use crate::{backups, paging, region::keep, stuck_at};

/// So many runs have begun after this one and ended.
fn buried(sim: &mut Sim, run: &Run) {
    for number in 0..250 {
        let ended =
            Run { id: RunId(format!("{}-{number:03}", run.id.as_str())), state: State::Succeeded, locks: Vec::new(), ..run.clone() };
        keep(sim, &Run { told: ended.log.len(), ..ended });
    }
}

fn page_about(sim: &Sim, run: &Run) -> Option<Page> {
    sim.see(|state| state.records::<Page>()).into_iter().find(|page| page.run.as_deref() == Some(run.id.as_str()))
}

#[test]
fn a_backup_that_nobody_drives_is_driven_on_however_many_runs_have_begun_since() {
    for title in ["Back up", "Delete"] {
        let mut sim = backups::scheduled(10, "1d");
        let seen = |sim: &Sim| sim.see(|state| state.records::<Run>()).into_iter().find(|run| run.title.starts_with(title));
        assert!(sim.run_until(48 * HOUR, |sim| seen(sim).is_some()));
        let run = seen(&sim).unwrap();
        // Whatever drives it is lost for good.
        let execution = run.id.0.clone();
        sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
            (Port::Table, "put") if call.about.starts_with(&format!("run/{execution}")) => Fate::CrashBefore,
            (Port::Workflow, "start") => Fate::CrashBefore,
            _ => Fate::Well,
        }));
        sim.run_for(4 * MINUTE);
        buried(&mut sim, &run);
        sim.run_for(40 * MINUTE);
        sim.set_faults(Faults::Never);
        sim.run_for(20 * MINUTE);
        let now: Run = sim.see(|state| state.record(run.id.as_str())).unwrap();
        assert_eq!((&now.state, sim.violation()), (&State::Succeeded, None), "{title}: {:?}", now.log);
        let agenda = sim.see(|state| state.record::<Agenda>("orders")).unwrap();
        assert!(!agenda.pruning && agenda.slot.is_none(), "{agenda:?}");
        assert!(agenda.past.iter().all(|past| matches!(past.outcome, Outcome::Taken(_))), "{agenda:?}");
    }
}

#[test]
fn r08_people_are_woken_for_a_run_that_failed_and_let_sleep_when_one_goes_on_however_many_have_begun_since() {
    let mut sim = paging::sim(11);
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::Refused));
    assert_eq!(stuck_at(&mut sim), "restore");
    sim.run_for(2 * MINUTE);
    let run = sim.run().unwrap();
    assert!(page_about(&sim, &run).is_some_and(|page| page.is_open()));
    buried(&mut sim, &run);
    sim.as_("ana").clicks("retry", run.id.as_str());
    let state = |sim: &Sim| sim.see(|state| state.record::<Run>(run.id.as_str())).unwrap().state;
    assert!(sim.run_until(3 * HOUR, |sim| state(sim).is_final()), "{:?}", state(&sim));
    sim.run_for(2 * MINUTE);
    assert!(page_about(&sim, &run).is_some_and(|page| page.is_resolved()), "{:?}", page_about(&sim, &run));

    // And one that ends half-way while nobody looks.
    let mut sim = paging::sim(12);
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    sim.run_for(30 * SECOND);
    let run = sim.run().unwrap();
    buried(&mut sim, &run);
    sim.as_("ana").clicks("cancel", run.id.as_str());
    let state = |sim: &Sim| sim.see(|state| state.record::<Run>(run.id.as_str())).unwrap().state;
    assert!(sim.run_until(3 * HOUR, |sim| state(sim).is_final()), "{:?}", state(&sim));
    // As if it had been given up.
    let mut failed: Run = sim.see(|state| state.record(run.id.as_str())).unwrap();
    failed.state = State::Failed { why: "the vendor refused it".to_owned() };
    keep(&mut sim, &failed);
    assert!(!failed.is_untouched());
    sim.ticks();
    sim.run_for(3 * MINUTE);
    assert!(page_about(&sim, &run).is_some_and(|page| page.is_open()), "{:?}", page_about(&sim, &run));
}

#[test]
fn r08_people_are_woken_for_an_alert_however_many_there_were_before() {
    let mut sim = paging::sim(13);
    sim.ticks();
    let alert = |kind, subject: &str, level| Alert {
        kind,
        subject: subject.to_owned(),
        level,
        sentence: format!("{subject} is not as it should be."),
        way_out: None,
    };
    sim.at_once(alert::raise(&sim.world(), alert(Kind::BackupLate, "old", Level::Warning))).unwrap().unwrap();
    let over = sim.see(|state| state.records::<Standing>()).into_iter().find(|standing| standing.alert.subject == "old").unwrap();
    for number in 0..600 {
        let subject = format!("tenant-{number:03}");
        keep(
            &mut sim,
            &Standing { alert: Alert { subject, ..over.alert.clone() }, resolved: Some(over.since), told_resolved: true, ..over.clone() },
        );
    }
    sim.at_once(alert::raise(&sim.world(), alert(Kind::OldPrimary, "orders-db", Level::Broken))).unwrap().unwrap();
    sim.run_for(2 * MINUTE);
    let page = |sim: &Sim| sim.see(|state| state.records::<Page>()).into_iter().find(|page| page.key == "alert/old-primary/orders-db");
    assert!(page(&sim).is_some_and(|page| page.is_open()), "{:?}", page(&sim));
    sim.at_once(alert::resolve(&sim.world(), Kind::OldPrimary, "orders-db")).unwrap().unwrap();
    sim.run_for(2 * MINUTE);
    assert!(page(&sim).is_some_and(|page| page.is_resolved()), "{:?}", page(&sim));
}
