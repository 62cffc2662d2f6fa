use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use mayday_core::{
    approval::State as Decided,
    port::{BACKING_UP, Phase},
    run::{Run, State},
};
use mayday_sim::{
    Dice, Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    setting::{self, AWAY},
    trace::Port,
};

use crate::backups::backing_up;

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

#[test]
fn f1_a_crash_before_any_call_of_a_failover_is_survived() {
    for call in 0..calls() {
        survives(&BTreeMap::from([(call, Fate::CrashBefore)]));
    }
}

#[test]
fn f1_a_crash_after_any_call_of_a_failover_is_survived() {
    for call in 0..calls() {
        survives(&BTreeMap::from([(call, Fate::CrashAfter)]));
    }
}

#[test]
fn f1_two_crashes_anywhere_in_a_failover_are_survived() {
    let (mut dice, calls) = (Dice::new(1), calls());
    for _ in 0..60 {
        let mut crash = || (dice.below(calls + 20), if dice.chance(5_000) { Fate::CrashBefore } else { Fate::CrashAfter });
        survives(&BTreeMap::from([crash(), crash()]));
    }
}

#[test]
fn f1_a_lost_answer_to_any_call_of_a_failover_is_survived() {
    for call in (0..calls()).step_by(2) {
        survives(&BTreeMap::from([(call, Fate::LostAnswer)]));
    }
}

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

/// Asks for a failover and has it approved, in a world that has a scheduler.
fn led_over(sim: &mut Sim) {
    let told = sim.as_("ana").types("failover shop");
    let proposal = sim.proposal().filter(|proposal| proposal.title.contains("shop")).unwrap_or_else(|| panic!("{told}"));
    sim.as_("ben").approves(&proposal);
    let run = sim.until_run_ends(3 * HOUR).unwrap();
    assert_eq!((run.proposal, run.state), (proposal.id, State::Succeeded), "{}", sim.trace().join("\n"));
    moved(sim, "led over");
}

#[test]
fn h5_a_service_is_led_over_while_a_scheduled_backup_of_its_database_is_running() {
    let (mut sim, backup) = backing_up(6);
    led_over(&mut sim);
    let backup = sim.see(|state| state.record::<Run>(backup.id.as_str())).unwrap();
    assert_eq!((backup.state, sim.violation()), (State::Running, None));
}

#[test]
fn g2_a_standby_that_is_backed_up_is_waited_for_before_any_write_is_ended() {
    let mut sim = Sim::new(7);
    sim.ticks();
    let over = sim.by_hand(|state, now| {
        let standby = state.databases.instances.get_mut(&(AWAY.to_owned(), "orders-standby".to_owned())).unwrap();
        standby.phases.extend([(now, Phase::Underway(BACKING_UP.to_owned())), (now + 10 * MINUTE, Phase::Available)]);
        now + 10 * MINUTE
    });
    led_over(&mut sim);
    assert!(sim.see(|state| state.effects.iter().all(|effect| effect.at >= over)));
}

#[test]
fn g2_a_standby_that_begins_to_be_backed_up_before_its_promotion_is_promoted_afterwards() {
    let mut sim = Sim::new(8);
    sim.ticks();
    sim.as_("ana").types("failover shop");
    let proposal = sim.proposal().unwrap();
    sim.as_("ben").approves(&proposal);
    sim.run_until(HOUR, |sim| sim.effects("freeze") == 1);
    sim.by_hand(|state, now| {
        let standby = state.databases.instances.get_mut(&(AWAY.to_owned(), "orders-standby".to_owned())).unwrap();
        standby.phases.extend([(now, Phase::Underway(BACKING_UP.to_owned())), (now + 10 * MINUTE, Phase::Available)]);
    });
    let run = sim.until_run_ends(3 * HOUR).unwrap();
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    moved(&sim, "promoted late");
    let attempts = run.steps.iter().find(|step| step.id.0 == "promote").map(|step| step.attempts);
    assert_eq!(attempts, Some(1), "it was not even tried before");
}

/// The service `shop` without databases: names, which can be led over and back within minutes.
fn names_only(seed: u64) -> Sim {
    let mut sim = Sim::new(seed);
    let plan = setting::plan(1).replace("databases: [orders]", "databases: []");
    let (plan, _) = plan.split_once("      standbys:").unwrap();
    sim.put_plan(plan);
    sim.ticks();
    sim
}

fn led(sim: &mut Sim, command: &str) -> Run {
    let told = sim.as_("ana").types(command);
    let proposal = sim.proposal().filter(|proposal| sim.approval(proposal).is_some_and(|approval| approval.state == Decided::Pending));
    sim.as_("ben").approves(&proposal.unwrap_or_else(|| panic!("{told}")));
    sim.run().unwrap()
}

/// A batch is on its way, or whoever is to send it is frozen, when somebody leads the same names over by hand. The step is done, the run ends,
/// and the names are led back at once: then the batch's before-image is true once more.
#[test]
fn f4_a_batch_that_arrives_after_a_quick_failback_moves_nothing() {
    const NAME: &str = "www.shop.example.com";
    for fate in [Fate::Late(290 * SECOND), Fate::FreezeBefore(290 * SECOND)] {
        let mut sim = names_only(21);
        let sent = AtomicBool::new(false);
        sim.set_faults(Faults::rule(move |call| {
            let first =
                (call.port, call.method, call.about.as_str()) == (Port::Dns, "replace", NAME) && !sent.swap(true, Ordering::Relaxed);
            if first { fate } else { Fate::Well }
        }));
        let over = led(&mut sim, "failover shop");
        assert!(sim.run_until(MINUTE, |sim| sim.asked(Port::Dns, "replace") > 0), "{}", sim.trace().join("\n"));
        sim.by_hand(|state, _| {
            let record = state.zones.records.values_mut().find(|record| record.name == NAME).unwrap();
            record.values = vec!["there.shop.example.com".to_owned()];
        });
        // Nobody waits for the word “done” because of a call that has mostly arrived.
        assert!(sim.run_until(3 * MINUTE, |sim| sim.run().unwrap().state == State::Succeeded), "{fate:?}: {:?}", sim.run());
        let back = led(&mut sim, "failback shop");
        assert_ne!(back.id, over.id);
        let back = sim.until_run_ends(HOUR).unwrap();
        sim.run_for(10 * MINUTE);
        let leads = sim.see(|state| state.zones.records.values().find(|record| record.name == NAME).unwrap().values.clone());
        assert_eq!((back.state, leads, sim.violation()), (State::Succeeded, vec!["here.shop.example.com".to_owned()], None), "{fate:?}");
        assert!(sim.shows("a call of the run before was never answered"), "{fate:?}: {:?}", back.log);
    }
}

/// Whoever does not want to wait for that stops it before anything is begun.
#[test]
fn a_run_that_is_held_off_stops_when_somebody_says_so() {
    let mut sim = names_only(22);
    sim.set_faults(Faults::first(1, Port::Dns, "replace", Fate::LostAnswer));
    led(&mut sim, "failover shop");
    assert!(sim.run_until(3 * MINUTE, |sim| sim.run().unwrap().state == State::Succeeded), "{:?}", sim.run());
    let back = led(&mut sim, "failback shop");
    let moved = sim.effects("dns_replace");
    sim.run_for(30 * SECOND);
    sim.as_("ana").types(&format!("cancel {}", back.id));
    assert!(sim.run_until(MINUTE, |sim| matches!(sim.run().unwrap().state, State::Stopped { .. })), "{:?}", sim.run());
    assert_eq!((sim.effects("dns_replace"), sim.violation()), (moved, None));
}

/// Somebody stops it while a call is being answered, and writes the run before the answer is there. It counts all the same: the run stops at
/// once, and the next one waits for no call that is known to be over.
#[test]
fn a_stop_that_is_pressed_during_a_call_does_not_lose_its_answer() {
    for fate in [Fate::Slow(30 * SECOND), Fate::FreezeAfter(30 * SECOND)] {
        let mut sim = names_only(23);
        sim.set_faults(Faults::rule(move |call| if (call.port, call.method) == (Port::Dns, "replace") { fate } else { Fate::Well }));
        let over = led(&mut sim, "failover shop");
        assert!(sim.run_until(3 * MINUTE, |sim| sim.asked(Port::Dns, "replace") > 0), "{}", sim.trace().join("\n"));
        sim.as_("ana").types(&format!("cancel {}", over.id));
        assert_eq!(sim.run().unwrap().state, State::Running, "the call is not over");
        assert!(sim.run_until(2 * MINUTE, |sim| matches!(sim.run().unwrap().state, State::Stopped { .. })), "{fate:?}: {:?}", sim.run());
        assert_eq!((sim.effects("dns_replace"), sim.violation()), (1, None), "{fate:?}");
        assert!(sim.run().unwrap().steps.iter().all(|step| step.late_until.is_none()), "{fate:?}: {:?}", sim.run());
    }
}

/// What was called without an answer added something under a name of its own: whoever works on the same database next does not wait for it.
#[test]
fn nobody_waits_for_a_late_call_that_only_adds() {
    let (mut sim, first) = crate::approved(24);
    sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::LostAnswer));
    assert!(sim.run_until(5 * MINUTE, |sim| sim.effects("restore") == 1), "{}", sim.trace().join("\n"));
    sim.as_("ana").types(&format!("cancel {}", first.id.run()));
    assert!(sim.run_until(15 * MINUTE, |sim| matches!(sim.run().unwrap().state, State::Stopped { .. })), "{:?}", sim.run());
    let run = sim.run().unwrap();
    assert!(run.steps.iter().all(|step| step.late_until.is_none()) && run.steps.iter().any(|step| step.unanswered_until.is_some()));
}

/// What was written before a failover is in the log of the region that was left. Nothing can be restored from there into the other one, and
/// whoever asks for such a moment hears so, and which way is open.
#[test]
fn a_moment_before_a_failover_is_refused_with_where_its_log_is() {
    let mut sim = failover(Faults::Never);
    assert_eq!(sim.run().unwrap().state, State::Succeeded);
    let proposals = sim.see(|state| state.rows.all("proposal").count());
    let told = sim.as_("ana").types("restore orders --at 2026-11-22T12:03:00Z");
    assert_eq!(sim.see(|state| state.rows.all("left-behind").count()), 0, "the old primary was seen to take no writes");
    assert!(told.contains("was served by orders-db in eu-west-1, and its log is there"), "{told}");
    assert_eq!(sim.see(|state| state.rows.all("proposal").count()), proposals, "nothing is proposed");
}
