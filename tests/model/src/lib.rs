//! Small models of what decides, runs and changes the world, whose whole state spaces are searched.
//!
//! The simulator (`shared/sim`) draws schedules; this crate tries all of them, of a world that is small enough: in
//! [`decision`] people click, also twice and for themselves, on an approval that expires; workers in two regions, which may
//! freeze and wake at any time, count the clicks and begin the run; runners in two regions carry out its one step by the
//! protocol of `run/step.rs`; the plan changes, processes die, a region goes down. In [`lock`] two runs want one target.
//!
//! What is decided is asked of the product's own pure functions (`Approval::is_open`, `after`, `excludes`,
//! `StepState::settled_at`); what is modelled is what stands around them: the table's conditional writes, and what happens between
//! two calls. A table read may be stale where the model says so, though the product marks every read as consistent.
//!
//! A [`Bug`] makes a model do one thing wrong: each must have a counter-example, or the model proves nothing.

pub mod decision;
pub mod lock;
mod search;
mod worlds;

pub use search::{Found, search};
pub use worlds::{World, catch, worlds};

/// One thing done wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bug {
    /// A decision is written without saying which version was read.
    DecisionWithoutVersion,
    /// Whether there is time left is judged by the time of the look, not of the write.
    ExpiryOfTheLook,
    /// Whoever asked may approve.
    OwnVoteCounts,
    /// The run's record is written without asking that there is none.
    RunWithoutCondition,
    /// A runner writes its intent without saying which version of the run it read.
    IntentWithoutVersion,
    /// A runner that was frozen after its intent sends the call whenever it wakes.
    SendsWhenLate,
    /// A runner does not wait until a call that may have been made can be on its way no more.
    NoPatience,
    /// A runner does not look whether the effect is there.
    NoLook,
    /// The permit does not compare the plan.
    PlanNotCompared,
    /// Nobody sweeps up what was lost.
    NoSweep,
    /// A lock is taken without saying which version was read.
    LockWithoutVersion,
    /// A lock is released without saying which version was read.
    ReleaseWithoutVersion,
    /// A lock is taken from a holder that still runs.
    TakesFromTheLiving,
    /// A run that ends keeps its lock, and nobody sweeps it up.
    LockForgotten,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::DecisionWithoutVersion,
        Self::ExpiryOfTheLook,
        Self::OwnVoteCounts,
        Self::RunWithoutCondition,
        Self::IntentWithoutVersion,
        Self::SendsWhenLate,
        Self::NoPatience,
        Self::NoLook,
        Self::PlanNotCompared,
        Self::NoSweep,
        Self::LockWithoutVersion,
        Self::ReleaseWithoutVersion,
        Self::TakesFromTheLiving,
        Self::LockForgotten,
    ];
}
