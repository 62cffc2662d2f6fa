use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use mayday_core::{approval::State as Decided, proposal::Proposal, run::State};
use mayday_sim::{
    Dice, Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    setting,
    trace::Port,
};

use crate::{approved, asked, ended, nothing_done, stuck_at, succeeded};

/// A restore from its command to its report, with a script of faults. All calls of all functions are counted.
fn restore(faults: Faults) -> Sim {
    let mut sim = Sim::with(77, faults, None);
    sim.ticks();
    // A command that died with all its attempts is typed again.
    let mut asked = sim.as_("ana").asks_restore();
    while asked.as_ref().is_none_or(|proposal| sim.approval(proposal).is_none()) {
        asked = sim.as_("ana").asks_restore();
    }
    let proposal = asked.expect("a proposal");
    // An approval whose answer was lost on the way is told as trouble, and given again.
    for _ in 0..3 {
        if sim.approval(&proposal).is_some_and(|approval| approval.state == Decided::Pending) {
            sim.as_("ben").approves(&proposal);
        }
    }
    sim.until_run_ends(6 * HOUR);
    sim
}

fn survives(script: &BTreeMap<u64, Fate>) {
    let sim = restore(Faults::Script(script.clone()));
    let state = sim.run().map(|run| run.state);
    assert_eq!(state, Some(State::Succeeded), "{script:?}\n{}", sim.trace().join("\n"));
    if let Err(failing) = sim.finish() {
        panic!("{script:?}\n{failing:?}");
    }
    assert_eq!((sim.effects("restore"), sim.effects("secret_put")), (1, 1), "{script:?}");
}

/// How many calls a restore makes when nothing goes wrong.
fn calls() -> u64 {
    let mut sim = restore(Faults::Never);
    assert_eq!(ended(&mut sim).state, State::Succeeded);
    sim.calls()
}

#[test]
fn f1_a_crash_before_any_call_of_a_restore_is_survived() {
    for call in 0..calls() {
        survives(&BTreeMap::from([(call, Fate::CrashBefore)]));
    }
}

#[test]
fn f1_a_crash_after_any_call_of_a_restore_is_survived() {
    for call in 0..calls() {
        survives(&BTreeMap::from([(call, Fate::CrashAfter)]));
    }
}

#[test]
fn f1_two_crashes_anywhere_in_a_restore_are_survived() {
    let (mut dice, calls) = (Dice::new(1), calls());
    for _ in 0..150 {
        let mut crash = || (dice.below(calls + 20), if dice.chance(5_000) { Fate::CrashBefore } else { Fate::CrashAfter });
        survives(&BTreeMap::from([crash(), crash()]));
    }
}

#[test]
fn f1_a_lost_answer_to_any_call_of_a_restore_is_survived() {
    for call in (0..calls()).step_by(2) {
        survives(&BTreeMap::from([(call, Fate::LostAnswer)]));
    }
}

#[test]
fn f1_a_function_that_is_frozen_at_any_call_of_a_restore_and_wakes_later_does_no_harm() {
    for call in (0..calls()).step_by(3) {
        let sim = restore(Faults::at(call, Fate::FreezeAfter(12 * MINUTE)));
        if let Err(failing) = sim.finish() {
            panic!("call {call}\n{failing:?}");
        }
        assert_eq!((sim.effects("restore"), sim.effects("secret_put")), (1, 1), "call {call}");
    }
}

#[test]
fn f2_what_was_made_before_a_crash_is_found_and_adopted() {
    for (port, method) in [(Port::Databases, "restore"), (Port::Databases, "align"), (Port::Secrets, "put")] {
        let (mut sim, _) = approved(2);
        sim.set_faults(Faults::first(1, port, method, Fate::CrashAfter));
        succeeded(&mut sim);
    }
}

#[test]
fn f3_what_somebody_else_has_made_under_our_name_is_neither_adopted_nor_changed() {
    let (mut sim, _) = asked(3);
    let proposal = sim.proposal().unwrap();
    let name = proposal.steps.iter().find_map(|step| match &step.act {
        mayday_core::action::Act::Restore(act) => Some(act.restoration.new_instance.clone()),
        _ => None,
    });
    let place = (setting::REGION.to_owned(), name.unwrap());
    let theirs = sim.by_hand(|state, _| {
        let theirs = state.databases.instances[&(setting::REGION.to_owned(), "inventory-db".to_owned())].clone();
        state.databases.instances.insert(place.clone(), theirs.clone());
        theirs
    });
    sim.as_("ben").approves(&proposal);
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
    assert_eq!(sim.see(|state| state.databases.instances[&place].clone()), theirs);
    assert!(sim.shows("did not make"), "people are told");
}

#[test]
fn f4_a_worker_that_sleeps_while_another_takes_over_writes_nothing_when_it_wakes() {
    // It falls asleep right before it writes down what it intends to call.
    for (what, sleeps) in
        [("audit/", Fate::FreezeAfter(10 * MINUTE)), ("run/", Fate::FreezeBefore(10 * MINUTE)), ("run/", Fate::FreezeAfter(10 * MINUTE))]
    {
        for nth in 0..12 {
            let (mut sim, _) = approved(4);
            let left = std::sync::atomic::AtomicI64::new(nth);
            sim.set_faults(Faults::rule(move |call| {
                let here = call.port == Port::Table && call.method == "put" && call.about.starts_with(what);
                if here && left.fetch_sub(1, Ordering::Relaxed) == 0 { sleeps } else { Fate::Well }
            }));
            succeeded(&mut sim);
            sim.run_for(20 * MINUTE);
            succeeded(&mut sim);
        }
    }
}

#[test]
fn f4_a_worker_that_sleeps_between_its_look_and_its_call_does_not_call_when_it_wakes() {
    // Each look at the new instance or the secret, one after the other.
    for nth in 0..20 {
        let (mut sim, _) = approved(4);
        let left = AtomicI64::new(nth);
        sim.set_faults(Faults::rule(move |call| {
            let looks = (call.method == "instance" && call.about.contains("-r-")) || call.method == "current";
            if looks && left.fetch_sub(1, Ordering::Relaxed) == 0 { Fate::FreezeAfter(10 * MINUTE) } else { Fate::Well }
        }));
        succeeded(&mut sim);
        sim.run_for(20 * MINUTE);
        succeeded(&mut sim);
    }
}

#[test]
fn f4_a_worker_that_wakes_while_settling_an_ended_run_does_not_release_the_lock_of_another() {
    let (mut sim, first) = approved(4);
    // It sleeps right before it releases the lock; another visit releases it meanwhile, and another run takes it.
    let slept = AtomicBool::new(false);
    sim.set_faults(Faults::rule(move |call| {
        let timing = call.port == Port::Table && call.method == "get" && call.about.starts_with("timing/restore");
        if timing && !slept.swap(true, Ordering::Relaxed) { Fate::FreezeAfter(10 * MINUTE) } else { Fate::Well }
    }));
    succeeded(&mut sim);
    sim.as_("ana").types("restore orders --at 2026-11-22T11:55:00Z");
    let second = sim.proposal().unwrap();
    assert_ne!(first.id, second.id);
    sim.as_("ben").approves(&second);
    // It gets stuck at its checks, since those rows are gone, and holds the lock all the while.
    sim.run_for(20 * MINUTE);
    assert_eq!(sim.violation(), None);
    let lock = sim.see(|state| state.record::<mayday_core::run::Lock>("orders")).unwrap();
    assert_eq!(lock.run, Some(second.id.run()));
}

#[test]
fn f5_a_call_without_an_answer_is_looked_for_before_it_is_made_again() {
    for fate in [Fate::LostRequest, Fate::LostAnswer, Fate::Late(40 * SECOND), Fate::Late(4 * MINUTE), Fate::FreezeBefore(5 * MINUTE)] {
        for (port, method) in [(Port::Databases, "restore"), (Port::Databases, "align"), (Port::Secrets, "put")] {
            let (mut sim, _) = approved(5);
            sim.set_faults(Faults::first(1, port, method, fate));
            succeeded(&mut sim);
        }
    }
}

#[test]
fn f6_a_request_that_arrives_twice_takes_effect_once() {
    let (mut sim, _) = approved(6);
    // The first arrives long after the second was sent, as a hidden retry's would.
    sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::Late(5 * MINUTE)));
    succeeded(&mut sim);
    sim.run_for(HOUR);
    assert_eq!(sim.effects("restore"), 1);
}

#[test]
fn f6_a_reboot_that_was_given_up_on_does_not_hit_the_instance_once_it_has_the_traffic() {
    for seed in 0..12 {
        let (mut sim, _) = approved(seed);
        sim.set_faults(Faults::first(1, Port::Databases, "reboot", Fate::Late(297_000)));
        succeeded(&mut sim);
        sim.run_for(HOUR);
        assert_eq!(sim.violation(), None);
    }
}

#[test]
fn f7_a_call_that_always_fails_is_tried_so_often_and_then_people_decide() {
    for (fate, attempts) in [(Fate::Refused, 1), (Fate::NotNow, 4)] {
        let (mut sim, _) = approved(7);
        sim.set_faults(Faults::rule(move |call| if (call.port, call.method) == (Port::Databases, "restore") { fate } else { Fate::Well }));
        assert_eq!(stuck_at(&mut sim), "restore");
        let run = sim.run().unwrap();
        let step = run.steps.iter().find(|step| step.id.0 == "restore").unwrap();
        assert_eq!(step.attempts, attempts);
        nothing_done(&sim);

        sim.as_("ana").clicks("cancel", run.id.as_str());
        assert!(matches!(ended(&mut sim).state, State::Stopped { .. }));
        let holders = sim.see(|state| state.records::<mayday_core::run::Lock>()).into_iter().filter_map(|lock| lock.run);
        assert_eq!(holders.count(), 0);
    }
}

/// What a storm of seed 5360 showed first: the last try was noted, and that it was the last was not.
#[test]
fn f7_whoever_dies_between_the_last_try_and_its_end_makes_no_further_one() {
    let (mut sim, _) = approved(7);
    let (tries, died) = (AtomicU64::new(0), AtomicBool::new(false));
    sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
        (Port::Databases, "restore") => {
            tries.fetch_add(1, Ordering::Relaxed);
            Fate::NotNow
        }
        (Port::Table, "list") if call.about == "audit" && tries.load(Ordering::Relaxed) == 4 && !died.swap(true, Ordering::Relaxed) => {
            Fate::CrashBefore
        }
        _ => Fate::Well,
    }));
    assert_eq!(stuck_at(&mut sim), "restore");
    let run = sim.run().unwrap();
    assert_eq!(run.steps.iter().find(|step| step.id.0 == "restore").unwrap().attempts, 4);
    nothing_done(&sim);
}

/// What a rough schedule of seed 1003291 showed first: a retry by a person forgot a call that could still be sent.
#[test]
fn f4_a_step_does_not_fail_while_a_frozen_worker_may_still_make_its_call() {
    let (mut sim, _) = approved(7);
    let (frozen, refused) = (AtomicBool::new(false), AtomicBool::new(false));
    sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
        (Port::Secrets, "put") if !frozen.swap(true, Ordering::Relaxed) => Fate::FreezeBefore(4 * MINUTE),
        (Port::Databases, "instance") if frozen.load(Ordering::Relaxed) && !refused.swap(true, Ordering::Relaxed) => Fate::Refused,
        _ => Fate::Well,
    }));
    succeeded(&mut sim);
}

/// What a rough schedule of seed 1147552 showed first: a switch by secret is two calls, and only the first one asked what time it was.
#[test]
fn f4_whoever_sleeps_between_writing_a_secret_and_making_it_current_does_not_make_it_current() {
    let (mut sim, proposal) = approved(11);
    let frozen = AtomicBool::new(false);
    sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
        (Port::Secrets, "put") if frozen.swap(true, Ordering::Relaxed) => Fate::Refused,
        (Port::Secrets, "put") => Fate::FreezeAfter(20 * MINUTE),
        _ => Fate::Well,
    }));
    stopped_when_stuck(&mut sim, &proposal);
    sim.run_for(HOUR);
    assert_eq!(sim.effects("secret_put"), 0, "no traffic moved");
}

/// What a rough schedule of seed 1278843 showed first: a step failed while its unanswered call was still on its way.
#[test]
fn f4_a_step_does_not_fail_while_its_unanswered_call_may_still_arrive() {
    let (mut sim, proposal) = approved(12);
    let sent = AtomicBool::new(false);
    sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
        (Port::Secrets, "move") if !sent.swap(true, Ordering::Relaxed) => Fate::Late(4 * MINUTE),
        (Port::Secrets, "current") if sent.load(Ordering::Relaxed) => Fate::Refused,
        _ => Fate::Well,
    }));
    stopped_when_stuck(&mut sim, &proposal);
    assert_eq!(sim.effects("secret_put"), 1, "it arrived while the run still waited for it");
}

/// A person stops the run as soon as it asks what to do.
fn stopped_when_stuck(sim: &mut Sim, proposal: &Proposal) {
    sim.until_run(HOUR, |run| matches!(run.state, State::Stuck { .. })).unwrap();
    sim.as_("ana").types(&format!("cancel {}", proposal.id.run()));
    let run = ended(sim);
    assert!(matches!(run.state, State::Stopped { .. }), "{:?}", run.state);
}

#[test]
fn f9_a_record_of_a_newer_release_is_not_touched_and_people_are_told() {
    let (mut sim, proposal) = asked(9);
    sim.as_("ben").approves(&proposal);
    let run = sim.until_run(MINUTE, |run| run.visits > 0).unwrap();
    sim.by_hand(|state, _| {
        let mut row = state.rows.get("run", run.id.as_str()).cloned().unwrap();
        Arc::make_mut(&mut row.body)["schema"] = 99.into();
        state.rows.set(row);
    });
    let before = sim.see(|state| state.effects.clone());
    sim.run_for(2 * HOUR);
    assert_eq!(sim.see(|state| state.effects.clone()), before);
    assert!(sim.shows("can't be read"), "{}", sim.trace().join("\n"));
    // What only reads still works.
    let answer = sim.as_("ana").types("backups orders");
    assert!(answer.contains("rds-orders-db-nightly"), "{answer}");
}

#[test]
fn f10_what_happened_is_told_even_if_telling_crashes() {
    let (mut sim, _) = approved(10);
    let posts = AtomicU64::new(0);
    // Every third message kills whoever sends it.
    sim.set_faults(Faults::rule(move |call| {
        let post = call.port == Port::Chat && call.method == "post";
        if post && posts.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) { Fate::CrashBefore } else { Fate::Well }
    }));
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded);
    assert_eq!(run.told, run.log.len());
}

#[test]
fn f11_without_an_audit_entry_nothing_is_done() {
    let (mut sim, _) = approved(11);
    sim.set_faults(Faults::rule(|call| {
        if call.port == Port::Table && call.method == "put" && call.about.starts_with("audit/") { Fate::NotNow } else { Fate::Well }
    }));
    sim.run_for(3 * HOUR);
    nothing_done(&sim);
    sim.set_faults(Faults::Never);
    succeeded(&mut sim);
}

#[test]
fn f12_a_record_too_large_for_a_row_goes_to_a_file_and_the_run_goes_on() {
    let mut sim = Sim::new(12);
    sim.ticks();
    sim.by_hand(|state, _| {
        let orders = state.databases.instances.get_mut(&(setting::REGION.to_owned(), "orders-db".to_owned())).unwrap();
        orders.settings[0].1.tags.insert("notes".to_owned(), "x".repeat(150_000));
    });
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    assert!(sim.see(|state| state.rows.get("proposal", proposal_id(state)).unwrap().body.get("blob").is_some()));
    sim.as_("ben").approves(&proposal);
    let run = sim.until_run_ends(HOUR).unwrap();
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    assert_eq!(sim.violation(), None);
}

fn proposal_id(state: &mayday_sim::state::State) -> &str {
    state.rows.all("proposal").next().unwrap().key.id.as_str()
}
