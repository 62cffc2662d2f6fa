//! The simulated world: every port of `mayday-core` behind one gate, on one thread, with a clock of its own and one seed.
//!
//! The domain is the real one, and so is the state machine (`infra/run.asl.json`, interpreted by `machine.rs`). What is
//! simulated is everything around them: databases whose statuses take time, a table, secrets, names, Slack, Lambda, and people.
//! A simulation of a restore that takes an hour runs in milliseconds, and the same seed gives the same hour again.
//!
//! # The executor in five minutes
//!
//! - **A task is a future**: an invocation of a function, an execution of the state machine, a person, the scheduler. Tasks live in
//!   [`Sim`]; what they share (the clock, the dice, the world) is one struct behind a lock that nobody ever waits for.
//! - **A task that waits puts itself on a heap** under (virtual time, chance) and gives way: `gate.pause(span)`. There is
//!   nothing else to wait for. [`Sim`] takes the first entry off, moves the clock to its time and polls that task. Two entries of the same
//!   moment are ordered by the dice, and every call takes some milliseconds by the dice: so the seed decides who goes next.
//! - **Every call of the domain to the outside passes the gate.** There it gets a number and a [`Fate`], given by [`Faults`]: it goes
//!   well, fails, happens although the answer is lost, arrives minutes after its sender gave up, shows an old state; or the caller's process dies
//!   or freezes, before or after it happened. A call pauses before its effect and after it, so other tasks act in between.
//! - **To die is to be dropped.** The task is removed, its invocation ends with `Runtime.ExitError`, and whoever invoked it does
//!   what Lambda and Step Functions do: retry, back off, catch. A frozen task is given up on at its time-out and goes on later all the same: a zombie.
//! - **Invariants are checked at every effect, write and message**, and at the end ([`invariant`]). The first that does not hold ends the
//!   simulation; the seed and the trace say how it came to that.
//!
//! # Where things are
//!
//! | to | look at |
//! |---|---|
//! | tell a story: who types, presses, submits | [`story`] |
//! | run random schedules | [`schedule`], or `cargo run --profile sim -p mayday-sim -- --schedules 20000 --jobs 2` |
//! | make one call go wrong | [`Faults::first`], [`Faults::at`], [`Faults::rule`] |
//! | take regions and dependencies away | [`region`], [`outage`] |
//! | plant a bug, in the domain or in an adapter | `planted/list.rs`, with the feature `planted` |
//! | see what schedules have met | [`coverage`] |
//! | add an invariant | the lists in [`invariant`] |
//! | change how the vendor behaves | [`state`] (what is there), `port/` (how it is asked) |
//! | see where it all begins | [`setting`] |
//!
//! ```
//! use mayday_sim::{Fate, Faults, Sim, fault::HOUR, trace::Port};
//!
//! let mut sim = Sim::new(42);
//! sim.ticks();
//! let proposal = sim.as_("ana").asks_restore().expect("a proposal");
//! sim.as_("ben").approves(&proposal);
//! // The runner dies right after the vendor took the restore, before it could write that down.
//! sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::CrashAfter));
//! let run = sim.until_run_ends(HOUR).expect("a run");
//! assert!(run.state.is_final());
//! assert_eq!(sim.effects("restore"), 1, "it is found by its name, and not made again");
//! sim.finish().expect("all invariants hold");
//! ```

pub mod coverage;
mod dice;
mod doors;
mod executor;
pub mod fault;
mod function;
mod gate;
pub mod invariant;
mod machine;
pub mod minimize;
pub mod outage;
#[cfg(feature = "planted")]
pub mod planted;
mod port;
pub mod region;
pub mod schedule;
pub mod setting;
pub mod state;
pub mod story;
pub mod trace;

/// A simulation is mostly small records that come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use dice::Dice;
pub use executor::{Sim, TaskId, Wrap};
pub use fault::{Fate, Faults, Rates};
pub use outage::{Dependency, Symptom, Troubles};
pub use region::Region;
pub use schedule::{Course, Failing, Schedule};
