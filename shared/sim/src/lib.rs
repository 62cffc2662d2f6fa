//! The simulated world.

mod dice;
mod doors;
mod executor;
pub mod fault;
mod function;
mod gate;
pub mod invariant;
mod machine;
mod port;
pub mod schedule;
pub mod setting;
pub mod state;
pub mod story;
pub mod trace;

pub use dice::Dice;
pub use executor::{Sim, TaskId, Wrap};
pub use fault::{Fate, Faults, Rates};
pub use schedule::{Course, Failing, Schedule};
