use std::collections::BTreeMap;

use mayday_core::{approval::State as Decided, run::State};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE},
    setting::{self, AWAY},
    trace::Port,
};

/// A failover of the service `shop` from its command to its report, with a script of faults. All calls are counted.
fn failover(faults: Faults) -> Sim {
    let mut sim = Sim::with(77, faults, None);
    sim.ticks();
    let mut asked = None;
    // A command that died with all its attempts is typed again.
    while asked.as_ref().is_none_or(|proposal| sim.approval(proposal).is_none()) {
        sim.as_("ana").types("failover shop");
        asked = sim.proposal();
    }
    let proposal = asked.expect("a proposal");
    for _ in 0..3 {
        if sim.approval(&proposal).is_some_and(|approval| approval.state == Decided::Pending) {
            sim.as_("ben").approves(&proposal);
        }
    }
    sim.until_run_ends(6 * HOUR);
    sim
}

/// The standby serves, the old primary takes no writes, and both zones lead away.
fn moved(sim: &Sim, about: &str) {
    let (promoted, thawed, frozen) = sim.see(|state| {
        let standby = &state.databases.instances[&(AWAY.to_owned(), "orders-standby".to_owned())];
        let old = &state.databases.instances[&(setting::REGION.to_owned(), "orders-db".to_owned())];
        (standby.follows.as_ref().is_some_and(|follows| follows.cut.is_some()), !standby.data.is_read_only(), old.data.is_read_only())
    });
    assert!(promoted && thawed && frozen, "{about}: promoted {promoted}, thawed {thawed}, frozen {frozen}");
    let led: Vec<String> = sim.see(|state| state.zones.records.values().filter_map(|record| record.values.first().cloned()).collect());
    assert!(led.contains(&"there.shop.example.com".to_owned()) && led.contains(&"198.51.100.10".to_owned()), "{about}: {led:?}");
    assert_eq!((sim.effects("promote"), sim.effects("dns_replace")), (1, 2), "{about}");
}

fn survives(script: &BTreeMap<u64, Fate>) {
    let sim = failover(Faults::Script(script.clone()));
    let run = sim.run();
    assert_eq!(run.map(|run| run.state), Some(State::Succeeded), "{script:?}\n{}", sim.trace().join("\n"));
    moved(&sim, &format!("{script:?}"));
    if let Err(failing) = sim.finish() {
        panic!("{script:?}\n{failing:?}");
    }
}

/// How many calls a failover makes when nothing goes wrong.
fn calls() -> u64 {
    let sim = failover(Faults::Never);
    moved(&sim, "no fault");
    sim.calls()
}

#[ignore = "after a crash between intent and call the run asks people at the freeze or the names, where it could go on by itself"]
#[test]
fn f1_a_crash_before_any_call_of_a_failover_is_survived() {
    for call in 0..calls() {
        survives(&BTreeMap::from([(call, Fate::CrashBefore)]));
    }
}

#[ignore = "after a crash between intent and call the run asks people at the freeze or the names, where it could go on by itself"]
#[test]
fn f1_a_crash_after_any_call_of_a_failover_is_survived() {
    for call in 0..calls() {
        survives(&BTreeMap::from([(call, Fate::CrashAfter)]));
    }
}

#[test]
fn f1_a_lost_answer_to_any_call_of_a_failover_is_survived() {
    for call in (0..calls()).step_by(2) {
        survives(&BTreeMap::from([(call, Fate::LostAnswer)]));
    }
}

#[ignore = "after a crash between intent and call the run asks people at the freeze or the names, where it could go on by itself"]
#[test]
fn f4_a_function_that_is_frozen_at_any_call_of_a_failover_and_wakes_later_does_no_harm() {
    for call in (0..calls()).step_by(3) {
        let sim = failover(Faults::at(call, Fate::FreezeAfter(12 * MINUTE)));
        if let Err(failing) = sim.finish() {
            panic!("call {call}\n{failing:?}");
        }
        assert_eq!(sim.effects("promote"), 1, "call {call}");
    }
}

/// Of two zones the second one's batch is refused for a while: the run goes on from there, and moves nothing twice.
#[ignore = "after a crash between intent and call the run asks people at the freeze or the names, where it could go on by itself"]
#[test]
fn g8_g9_a_crash_between_two_zones_goes_forward_from_the_zone_that_has_moved() {
    for fate in [Fate::CrashBefore, Fate::CrashAfter, Fate::LostAnswer] {
        for nth in 1..=2 {
            let sim = failover(Faults::first(nth, Port::Dns, "replace", fate));
            assert_eq!(sim.run().map(|run| run.state), Some(State::Succeeded), "{fate:?} {nth}\n{}", sim.trace().join("\n"));
            moved(&sim, &format!("{fate:?} {nth}"));
        }
    }
}
