//! The simulated world's tests: the catalogue's cases, crash points one by one, random schedules, and planted bugs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers are tests too; only functions marked as tests are known as such"
)]

mod approval;
mod audit;
mod backups;
mod crash;
mod crowd;
mod delivery;
mod doctor;
mod engine;
mod failover;
mod fleets;
mod health;
mod identity;
mod outage;
mod paging;
mod plans;
mod policy;
#[cfg(feature = "planted")]
mod power;
mod region;
mod release;
mod runbook;
mod scale;
mod schedules;
#[cfg(feature = "planted")]
mod seeds;
mod semantics;
mod story;
mod vendor;

use mayday_core::{
    approval::State as Decided,
    proposal::Proposal,
    run::{Run, State},
};
use mayday_sim::{Fate, Faults, Sim, fault::HOUR, trace::Port};

/// A world with a scheduler, in which Ana has asked for a restore of `orders`.
fn asked(seed: u64) -> (Sim, Proposal) {
    let mut sim = Sim::new(seed);
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    (sim, proposal)
}

/// The same, approved by Ben.
fn approved(seed: u64) -> (Sim, Proposal) {
    let (mut sim, proposal) = asked(seed);
    let answer = sim.as_("ben").approves(&proposal);
    assert!(sim.approval(&proposal).is_some_and(|approval| matches!(approval.state, Decided::Approved { .. })), "{answer}");
    (sim, proposal)
}

/// Whoever would begin a run, or note anything of one, dies.
fn no_run_begins() -> Faults {
    Faults::rule(|call| match (call.port, call.method) {
        (Port::Table, "put") if call.about.starts_with("run/") => Fate::CrashBefore,
        _ => Fate::Well,
    })
}

/// Runs until the run is stuck, and says at which step.
fn stuck_at(sim: &mut Sim) -> String {
    let run = sim.until_run(12 * HOUR, |run| matches!(run.state, State::Stuck { .. }) && run.told == run.log.len());
    match run.map(|run| run.state) {
        Some(State::Stuck { step, .. }) => step.0,
        other => panic!("not stuck: {other:?}, {:?}\n{}", sim.violation(), sim.trace().join("\n")),
    }
}

/// Runs until the run has ended and all is told, and checks all that must hold then.
fn ended(sim: &mut Sim) -> Run {
    let run = sim.until_run_ends(48 * HOUR).expect("a run");
    if let Err(failing) = sim.finish() {
        panic!("{failing:?}");
    }
    run
}

fn succeeded(sim: &mut Sim) {
    let run = ended(sim);
    assert_eq!(run.state, State::Succeeded, "{:?}\n{}", run.log, sim.trace().join("\n"));
    assert_eq!(sim.effects("restore"), 1);
    assert_eq!(sim.effects("secret_put"), 1);
}

/// Nothing in the world was changed, and no traffic moved.
fn nothing_done(sim: &Sim) {
    assert_eq!(sim.see(|state| state.effects.clone()), []);
}
