use std::sync::atomic::{AtomicU64, Ordering};

use mayday_core::{port::Phase, run::State};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, Millis},
    setting,
    state::InstanceState,
    trace::Port,
};

use crate::{approval::move_secret, approved, ended, nothing_done, stuck_at, succeeded};

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
