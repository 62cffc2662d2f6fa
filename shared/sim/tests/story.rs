//! The main job in the simulated world, told as a story.

use mayday_sim::{Sim, fault::HOUR, setting};

#[test]
fn rows_that_were_deleted_come_back_after_somebody_else_has_approved() {
    let mut sim = Sim::new(1);
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    assert_eq!(proposal.target.database, "orders");

    let answer = sim.as_("ben").approves(&proposal);
    assert!(answer.contains("pproved"), "{answer}");

    let run = sim.until_run_ends(HOUR).expect("a run");
    assert_eq!(run.state, mayday_core::run::State::Succeeded, "{:#?}\n{}", run, sim.trace().join("\n"));
    assert_eq!(sim.rows_served("orders"), Some(setting::ROWS + 1), "all that was there before, and the one that came since");
    sim.finish().unwrap();
}
