use mayday_core::run::State;
use mayday_sim::{
    Sim,
    fault::{HOUR, MINUTE},
    story::phrase,
};

use crate::{approved, ended};

#[test]
fn h5_of_two_runs_on_one_target_the_second_is_refused_and_told_who_holds_it() {
    let mut sim = Sim::new(5);
    sim.ticks();
    let first = sim.as_("ana").asks_restore().unwrap();
    sim.as_("cleo").types("restore orders --at 2026-11-22T11:49:20Z");
    let second = sim.proposal().unwrap();
    assert_ne!(first.id, second.id);
    sim.as_("ben").sends(phrase(&first, "V-1"));
    sim.as_("ben").sends(phrase(&second, "V-2"));
    sim.run_for(2 * HOUR);
    let states: Vec<State> = sim.see(|state| state.records::<mayday_core::run::Run>()).into_iter().map(|run| run.state).collect();
    let refused: Vec<&String> =
        states.iter().filter_map(|state| if let State::Failed { why } = state { Some(why) } else { None }).collect();
    assert_eq!(refused.len(), 1, "{states:?}");
    assert!(refused[0].contains("is held by r-"), "{refused:?}");
    assert!(states.contains(&State::Succeeded), "{states:?}");
    sim.finish().unwrap();
}

#[test]
fn h5_while_a_run_holds_a_target_asking_again_is_refused_at_once() {
    let (mut sim, first) = approved(5);
    sim.until_run(MINUTE, |run| run.visits > 0).unwrap();
    let answer = sim.as_("cleo").types("restore orders --latest");
    assert!(answer.contains(first.id.run().as_str()), "{answer}");
}

#[test]
fn h12_a_run_that_somebody_stops_ends_at_the_next_safe_point_and_lets_go_of_its_lock() {
    for seed in 0..20 {
        let (mut sim, proposal) = approved(seed);
        sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
        let answer = sim.as_("ana").types(&format!("cancel {}", proposal.id.run()));
        let run = ended(&mut sim);
        assert!(matches!(run.state, State::Stopped { .. }), "{answer}");
        assert_eq!(sim.effects("secret_put"), 0, "no traffic moved");
        assert!(run.is_between_steps());
    }
}
