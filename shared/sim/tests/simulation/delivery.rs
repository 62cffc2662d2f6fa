use mayday_core::{
    desk::Request,
    port::{Delivery, Launch},
    run::{Lock, State},
    store::{Created, Store},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    story::{RESTORE, phrase},
    trace::Port,
};

use crate::{approved, asked, nothing_done, stuck_at, succeeded};

#[test]
fn e5_the_same_delivery_in_two_containers_is_one_proposal() {
    for seed in 0..20 {
        let mut sim = Sim::new(seed);
        let request = Request::Command(RESTORE.to_owned());
        let first = sim.as_("ana").sends(request.clone());
        sim.as_("ana").sends_again(&first, request.clone());
        sim.run_for(MINUTE);
        sim.as_("ana").sends_again(&first, request);
        sim.run_for(10 * MINUTE);
        assert_eq!(sim.see(|state| state.rows.all("proposal").count()), 1);
        assert!(sim.answer(&first).is_some());
    }
}

/// Two workers that take the same delivery in the same millisecond write the same: one of them has lost, and knows it.
#[test]
fn e5_of_two_who_write_the_same_in_the_same_millisecond_one_has_lost() {
    let sim = Sim::new(1);
    let world = sim.world();
    let store = Store::of(&world);
    let lock = Lock { target: "database/orders".to_owned(), run: None, since: world.clock.now(), late_until: None, released_by: None };
    let create = || sim.at_once(store.create(lock.clone())).unwrap().unwrap();
    assert!(matches!(create(), Created::New(_)));
    let Created::Already(kept) = create() else { panic!("both have made it") };
    let next = Lock { late_until: Some(world.clock.now()), ..lock.clone() };
    let replace = || sim.at_once(store.replace(&kept, next.clone())).unwrap().unwrap();
    assert!(replace().is_ok());
    assert!(replace().is_err(), "both have replaced it");
}

/// Slack's last repetition of an event comes after five minutes and more; the sweep that forgets old claims must not be faster.
#[test]
fn e3_a_repetition_after_minutes_changes_nothing_while_the_sweep_forgets_what_is_old() {
    let mut sim = Sim::new(3);
    sim.ticks();
    let request = Request::Command(RESTORE.to_owned());
    let first = sim.as_("ana").sends(request.clone());
    for pause in [5 * MINUTE + 10 * SECOND, 8 * MINUTE] {
        sim.run_for(pause);
        sim.as_("ana").sends_again(&first, request.clone());
        sim.run_for(SECOND * 20);
        assert_eq!(sim.see(|state| state.rows.all("proposal").count()), 1);
    }
    // It is forgotten in the end, and not kept for ever.
    sim.run_for(30 * MINUTE);
    assert_eq!(sim.see(|state| state.rows.all("claim").count()), 0);
}

#[test]
fn e5_a_click_in_two_containers_is_one_vote() {
    let (mut sim, proposal) = asked(5);
    let first = sim.as_("ben").sends(phrase(&proposal, "V-1"));
    sim.as_("ben").sends_again(&first, phrase(&proposal, "V-1"));
    succeeded(&mut sim);
    assert_eq!(sim.approval(&proposal).unwrap().votes.len(), 1);
}

#[test]
fn e6_a_tick_that_comes_twice_and_late_does_no_more_than_one_in_time() {
    let mut sim = Sim::new(6);
    let proposal = sim.as_("ana").asks_restore().unwrap();
    sim.as_("ben").approves(&proposal);
    sim.run_for(6 * HOUR);
    for _ in 0..3 {
        sim.ticks();
    }
    sim.run_for(10 * MINUTE);
    succeeded(&mut sim);
    assert_eq!(sim.executions(proposal.id.run().as_str()), 1);
}

#[test]
fn e7_a_token_counts_once_and_the_record_says_what_was_decided() {
    let (mut sim, _) = approved(7);
    sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::Refused));
    assert_eq!(stuck_at(&mut sim), "restore");
    let waiting = sim.until_run(MINUTE, |run| run.wake_token.is_some()).unwrap();
    let token = waiting.wake_token.unwrap();
    let world = sim.world();
    assert_eq!(sim.at_once(world.workflow.wake("made up")).unwrap(), Ok(Delivery::Gone));
    assert_eq!(sim.at_once(world.workflow.wake(&token)).unwrap(), Ok(Delivery::Delivered));
    assert_eq!(sim.at_once(world.workflow.wake(&token)).unwrap(), Ok(Delivery::Gone));
    sim.run_for(2 * MINUTE);
    assert!(matches!(sim.run().unwrap().state, State::Stuck { .. }), "nobody has decided anything");
    nothing_done(&sim);

    sim.as_("ana").clicks("retry", waiting.id.as_str());
    succeeded(&mut sim);
}

#[test]
fn e8_starting_twice_is_starting_once_and_an_ended_execution_is_not_started_again() {
    let (mut sim, proposal) = approved(8);
    sim.run_for(SECOND);
    let (world, run) = (sim.world(), proposal.id.run());
    assert_eq!(sim.at_once(world.workflow.start(&run, 1)).unwrap(), Ok(Launch::Running));
    succeeded(&mut sim);
    sim.run_for(MINUTE);
    assert_eq!(sim.at_once(world.workflow.start(&run, 1)).unwrap(), Ok(Launch::Ended));
    assert_eq!(sim.executions(run.as_str()), 1);
}

/// An execution's name is its run's and its epoch's, and its input is the same two: no name can come with another input.
#[test]
fn e8_every_execution_of_a_run_has_a_name_of_its_own() {
    let (mut sim, proposal) = approved(8);
    let run = proposal.id.run();
    sim.until_run(HOUR, |run| run.visits > 2).unwrap();
    // Whoever drove it is gone for good: another epoch, another name.
    sim.set_faults(Faults::rule(|call| if call.method == "instance" { Fate::CrashBefore } else { Fate::Well }));
    sim.run_for(30 * MINUTE);
    sim.set_faults(Faults::Never);
    succeeded(&mut sim);
    let epoch = sim.run().unwrap().epoch;
    assert!(epoch > 1, "it was driven anew");
    assert_eq!(u64::try_from(sim.executions(run.as_str())).unwrap(), epoch);
}

#[test]
fn e9_typing_again_what_seemed_lost_makes_no_second_run() {
    let (mut sim, proposal) = asked(9);
    let answer = sim.as_("ana").types(RESTORE);
    assert!(sim.see(|state| state.rows.all("proposal").count()) == 1 || answer.contains("waits"), "{answer}");

    sim.as_("ben").approves(&proposal);
    sim.until_run(MINUTE, |run| run.visits > 0).unwrap();
    let answer = sim.as_("ana").types(RESTORE);
    assert!(answer.contains("is held by") && answer.contains(proposal.id.run().as_str()), "{answer}");
    succeeded(&mut sim);
}

#[test]
fn e9_a_proposal_whose_maker_died_before_showing_it_is_shown_by_the_sweep() {
    let mut sim = Sim::new(10);
    sim.set_faults(Faults::first(1, Port::Chat, "post", Fate::CrashBefore));
    sim.as_("ana").sends(Request::Command(RESTORE.to_owned()));
    sim.ticks();
    sim.run_for(3 * MINUTE);
    let cards = sim.see(|state| state.rows.all("approval").map(|row| row.body.to_string().matches("\"ts\"").count()).collect::<Vec<_>>());
    assert_eq!(cards, [1], "one proposal, and one card that shows it");
}
