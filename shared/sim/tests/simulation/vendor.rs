use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mayday_core::{
    page::Page,
    port::Phase,
    proposal::Proposal,
    run::{Happened, State},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, Millis},
    setting,
    state::{InstanceState, SnapshotState},
    trace::{Call, Port},
};

use crate::{approval::move_secret, approved, asked, ended, nothing_done, stuck_at, succeeded};

/// Changes the instance that the run made.
fn restored(sim: &mut Sim, change: impl FnOnce(&mut InstanceState, Millis)) {
    sim.by_hand(|state, now| {
        let (_, made) = state.databases.instances.iter_mut().find(|((_, id), _)| id.contains("-r-")).unwrap();
        change(made, now);
    });
}

fn not_switched(sim: &Sim) {
    assert_eq!(sim.effects("secret_put"), 0, "traffic stays where it was");
}

#[test]
fn g1_throttling_is_waited_out() {
    let (mut sim, _) = approved(1);
    sim.set_faults(Faults::first(3, Port::Databases, "restore", Fate::NotNow));
    succeeded(&mut sim);
}

#[test]
fn g1_throttling_without_end_is_given_up_and_told() {
    let (mut sim, _) = approved(1);
    sim.set_faults(Faults::first(1_000, Port::Databases, "restore", Fate::NotNow));
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
}

#[test]
fn g1_a_wrong_state_is_not_tried_again() {
    let (mut sim, _) = approved(1);
    let run = sim.until_run(HOUR, |run| run.current().is_some_and(|step| step.id.0 == "restore")).unwrap();
    sim.set_faults(Faults::first(1_000, Port::Databases, "restore", Fate::Refused));
    stuck_at(&mut sim);
    let step = sim.run().unwrap().steps.into_iter().find(|step| step.id.0 == "restore").unwrap();
    assert_eq!(step.attempts, 1, "{}", run.id);
}

#[test]
fn g2_an_instance_that_does_not_show_for_a_while_is_waited_for() {
    let (mut sim, _) = approved(2);
    let looks = AtomicU64::new(0);
    sim.set_faults(Faults::rule(move |call| {
        let made = call.method == "instance" && call.about.contains("-r-");
        if made && looks.fetch_add(1, Ordering::Relaxed) < 12 { Fate::Stale(80_000) } else { Fate::Well }
    }));
    succeeded(&mut sim);
}

#[test]
fn g3_an_instance_that_fails_stops_the_run_and_leaves_the_source_alone() {
    for status in ["failed", "incompatible-parameters", "storage-full"] {
        let (mut sim, _) = approved(3);
        sim.until_run(HOUR, |run| run.steps.iter().any(|step| step.id.0 == "restore" && step.attempts > 0)).unwrap();
        sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
        restored(&mut sim, |made, now| made.phases = vec![(now, Phase::Broken(status.to_owned()))]);
        assert_eq!(stuck_at(&mut sim), "restore");
        assert!(sim.shows(status), "people are told what it is");
        not_switched(&sim);
        let run = sim.run().unwrap();
        sim.as_("ana").clicks("cancel", run.id.as_str());
        ended(&mut sim);
    }
}

#[test]
fn g3_an_instance_that_never_gets_ready_is_given_up() {
    let (mut sim, _) = approved(3);
    sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
    restored(&mut sim, |made, now| made.phases = vec![(now, Phase::Underway("creating".to_owned()))]);
    assert_eq!(stuck_at(&mut sim), "restore");
    assert!(sim.shows("not done within"));
    not_switched(&sim);
}

#[test]
fn g4_an_instance_that_is_not_like_the_old_one_gets_no_traffic() {
    let (mut sim, _) = approved(4);
    // It is aligned again and again, and never becomes what it should be.
    sim.run_until(HOUR, |sim| sim.effects("align") == 1);
    restored(&mut sim, |made, now| {
        let mut settings = made.set_up(now);
        settings.security_groups = vec!["sg-default".to_owned()];
        made.settings = vec![(0, settings)];
        made.phases = vec![(0, Phase::Available)];
        made.phases.push((now + 24 * HOUR, Phase::Underway("modifying".to_owned())));
    });
    sim.set_faults(Faults::rule(
        |call| if (call.port, call.method) == (Port::Databases, "align") { Fate::LostRequest } else { Fate::Well },
    ));
    let step = stuck_at(&mut sim);
    assert!(step == "align" || step == "compare", "{step}");
    not_switched(&sim);
}

/// A restore that would end in an instance unlike the old one, or that AWS would refuse, wakes nobody to approve it.
#[test]
fn g5_a_copy_that_can_not_be_restored_is_refused_before_anybody_is_asked() {
    let refused = |change: fn(&mut SnapshotState, Millis), words: &str| {
        let mut sim = Sim::new(5);
        sim.by_hand(|state, now| {
            let nightly = (setting::REGION.to_owned(), "rds-orders-db-nightly".to_owned());
            change(state.databases.snapshots.get_mut(&nightly).unwrap(), now);
        });
        let answer = sim.as_("ana").types("restore orders --id rds-orders-db-nightly");
        assert!(answer.contains(words), "{answer}");
        assert!(sim.proposal().is_none());
    };
    refused(|copy, now| copy.complete = now + HOUR, "can't be restored: it is creating");
    refused(|copy, _| copy.snapshot.status = Phase::Broken("failed".to_owned()), "can't be restored: it is not usable (failed)");
    refused(|copy, _| copy.snapshot.size_gib = 0, "can't be restored");
    refused(|copy, _| copy.snapshot.engine_version = "16.10".to_owned(), "was taken with version 16.10, and orders-db has 16.4");
    // What is another database's or another account's is none of this one's.
    refused(|copy, _| copy.snapshot.instance = "ledger-db".to_owned(), "has no recovery point");
}

#[test]
fn g5_a_copy_of_an_older_version_is_restored_if_people_want_it_who_were_told() {
    let mut sim = Sim::new(5);
    sim.by_hand(|state, _| state.databases.snapshots.values_mut().for_each(|copy| copy.snapshot.engine_version = "16.3".to_owned()));
    sim.as_("ana").types("restore orders --id rds-orders-db-nightly");
    let warnings = sim.proposal().expect("a proposal").consequences.warnings.join(" ");
    assert!(warnings.contains("was taken with version 16.3 and orders-db has 16.4: the run will stop there and ask"), "{warnings}");
}

#[test]
fn g6_a_moment_in_the_future_is_refused_before_anybody_is_asked() {
    let mut sim = Sim::new(6);
    let answer = sim.as_("ana").types("restore orders --at 2027-01-01 12:00");
    assert!(answer.contains("future"), "{answer}");
    assert!(sim.proposal().is_none());
}

#[test]
fn g6_a_moment_that_the_log_does_not_reach_yet_is_waited_for() {
    let mut sim = Sim::new(6);
    sim.ticks();
    // Rows that come and go again within the last minute.
    sim.by_hand(|state, now| {
        let orders = state.databases.instances.get_mut(&(setting::REGION.to_owned(), "orders-db".to_owned())).unwrap();
        orders.data.note(now - MINUTE, "orders", setting::ROWS);
    });
    sim.as_("ana").types("restore orders --at \"20s ago\"");
    let proposal = sim.proposal().expect("a proposal");
    assert_eq!(proposal.steps[0].id.0, "reach");
    sim.as_("ben").approves(&proposal);
    succeeded(&mut sim);
}

#[test]
fn g10_a_secret_that_somebody_edits_meanwhile_stops_the_switch() {
    let (mut sim, _) = approved(10);
    sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
    move_secret(&mut sim);
    assert_eq!(stuck_at(&mut sim), "switch");
    not_switched(&sim);
    assert!(sim.shows("changed by somebody else"));
}

#[test]
fn g10_a_record_that_somebody_edits_meanwhile_stops_the_switch() {
    let mut sim = Sim::new(10);
    sim.ticks();
    sim.as_("ana").types("restore inventory --at 2026-11-22T11:49:30Z");
    let proposal = sim.proposal().unwrap();
    sim.as_("ben").approves(&proposal);
    sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
    sim.by_hand(|state, _| state.zones.records.values_mut().for_each(|record| record.values = vec!["elsewhere.example".to_owned()]));
    assert_eq!(stuck_at(&mut sim), "switch");
    assert_eq!(sim.effects("dns_replace"), 0);
}

#[test]
fn g2_an_instance_that_is_busy_for_a_while_gets_the_traffic_later() {
    let (mut sim, _) = approved(2);
    sim.until_run(HOUR, |run| run.current().is_some_and(|step| step.id.0 == "compare" || step.id.0 == "verify")).unwrap();
    restored(&mut sim, |made, now| {
        made.phases.push((now, Phase::Underway("backing-up".to_owned())));
        made.phases.push((now + 3 * MINUTE, Phase::Available));
    });
    succeeded(&mut sim);
}

#[test]
fn g10_a_secret_edited_between_the_look_and_the_write_is_not_overwritten() {
    for seed in 0..8 {
        // The moments in which the switch has looked at the secret for the last time and has not yet made its version current.
        for method in ["put", "move"] {
            let (mut sim, _) = approved(seed);
            sim.set_faults(Faults::first(1, Port::Secrets, method, Fate::Slow(5_000)));
            let called = format!("Secrets.{method}");
            assert!(sim.run_until(HOUR, |sim| sim.trace().last().is_some_and(|line| line.contains(&called))), "{called}");
            move_secret(&mut sim);
            sim.run_for(MINUTE);
            assert_eq!(sim.violation(), None);
            not_switched(&sim);
            assert_eq!(stuck_at(&mut sim), "switch");
        }
    }
}

/// A lock whose write was not answered is ours only if it is read back as ours.
#[test]
fn g13_a_lock_is_never_taken_for_granted() {
    let locks = |fate| {
        Faults::rule(
            move |call| if call.port == Port::Table && call.method == "put" && call.about.starts_with("lock") { fate } else { Fate::Well },
        )
    };
    for fate in [Fate::LostRequest, Fate::NotNow, Fate::Refused] {
        let (mut sim, _) = asked_and_approved_under(locks(fate));
        sim.run_for(20 * MINUTE);
        nothing_done(&sim);
        assert_eq!(sim.violation(), None, "{fate:?}");
        sim.set_faults(Faults::Never);
        succeeded(&mut sim);
    }
    // It was written, and only the answers are missing: read back, it is ours.
    let answers = AtomicU64::new(0);
    let lost = move |call: &Call| {
        let lock = call.port == Port::Table && call.method == "put" && call.about.starts_with("lock");
        if lock && answers.fetch_add(1, Ordering::Relaxed) < 3 { Fate::LostAnswer } else { Fate::Well }
    };
    let (mut sim, _) = asked_and_approved_under(Faults::rule(lost));
    succeeded(&mut sim);
}

/// As `approved`, with faults from right before the approval.
fn asked_and_approved_under(faults: Faults) -> (Sim, Proposal) {
    let (mut sim, proposal) = asked(13);
    sim.set_faults(faults);
    sim.as_("ben").approves(&proposal);
    (sim, proposal)
}

/// Two days in which nobody decides: time-outs of the wait for a token are caught, and no execution ends badly or of its history.
#[test]
fn g14_days_of_waiting_end_no_execution_badly_and_leave_nothing_behind() {
    let (mut sim, _) = approved(14);
    sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::Refused));
    assert_eq!(stuck_at(&mut sim), "restore");
    sim.run_for(48 * HOUR);
    let run = sim.run().unwrap();
    assert!(matches!(run.state, State::Stuck { .. }));
    assert!(run.log.iter().filter(|told| matches!(told.what, Happened::StillStuck(_))).count() > 3, "people were asked again");
    sim.as_("ana").clicks("retry", run.id.as_str());
    succeeded(&mut sim);
    let ends: Vec<String> = sim.trace().into_iter().filter(|line| line.contains("execution") && line.contains("ends:")).collect();
    assert!(!ends.is_empty() && ends.iter().all(|line| line.contains("Succeeded")), "{ends:?}");
}

/// A right that is taken away half-way: one try, people are woken, and nothing hammers at it until somebody decides.
#[test]
fn g15_a_right_that_is_denied_half_way_stops_the_run_and_wakes_people_without_a_storm() {
    let (mut sim, _) = approved(15);
    let tries = Arc::new(AtomicU64::new(0));
    let counted = tries.clone();
    sim.set_faults(Faults::rule(move |call| {
        let denied = (call.port, call.method) == (Port::Secrets, "put");
        if denied {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        if denied { Fate::Refused } else { Fate::Well }
    }));
    assert_eq!(stuck_at(&mut sim), "switch");
    assert!(sim.shows("AccessDenied"), "people are told which right is missing");
    sim.run_for(3 * HOUR);
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    let run = sim.run().unwrap().id;
    assert!(sim.see(|state| state.records::<Page>()).iter().any(|page| page.run.as_deref() == Some(run.as_str())), "somebody is woken");
    not_switched(&sim);
    sim.set_faults(Faults::Never);
    sim.as_("ana").clicks("retry", run.as_str());
    succeeded(&mut sim);
}

#[test]
fn data_that_fails_its_checks_gets_no_traffic() {
    let mut sim = Sim::new(11);
    sim.ticks();
    sim.as_("ana").types("restore orders --latest");
    let proposal = sim.proposal().unwrap();
    sim.as_("ben").approves(&proposal);
    assert_eq!(stuck_at(&mut sim), "verify");
    not_switched(&sim);
    let run = sim.run().unwrap();
    sim.as_("ana").clicks("cancel", run.id.as_str());
    assert!(matches!(ended(&mut sim).state, State::Stopped { .. }));
}
