//! Bugs that can be planted, so that the simulator can show that it would see them.
//!
//! Without the feature `planted`, which only the simulator's own tests turn on, [`planted`] is a constant `false` and every
//! place that asks it is compiled away. `tests/tests/boundaries.rs` holds it out of everything that is shipped.

#[cfg(feature = "planted")]
use std::cell::Cell;

/// What a careless version of this code would do. Each is asked for in one short condition where the right thing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// Whatever stands in the proposal's record is carried out, whichever digest was approved.
    DigestUnchecked,
    /// What the plan says by now is not held against what it said when this was approved.
    PlanEditUnseen,
    /// Whoever asked may approve.
    SelfApproval,
    /// An approval whose time is over is still given and honoured.
    ExpiryIgnored,
    /// A decision is written over one that stands already.
    SecondDecision,
    /// A decision is judged on what was read, and written over whatever stands there by then.
    CheckThenAct,
    /// One person's second vote counts as another's.
    VotesCounted,
    /// Whoever approved is not asked about again when it is carried out.
    AuthorityRemembered,
    /// A list of approvers is no limit: everybody in the organization counts.
    AnybodyApproves,
    /// A person of another organization is taken for ours, by the same user id.
    ForeignOrganization,
    /// Whoever is in no plan may ask: the flag that says so begins as true.
    AllowedByDefault,
    /// What the workspace says of an account is not looked at: guests, strangers and those who left count.
    AccountUnchecked,
    /// A look-up of an account that fails is taken for a yes.
    LookUpFailureIsYes,
    /// A run is begun and nobody takes its locks.
    LockNotTaken,
    /// A lock that a live run holds is taken from it.
    LockStolen,
    /// A lock is not released when its run ends.
    LockKept,
    /// Whoever slept since it wrote down its intent calls all the same.
    SleeperCalls,
    /// A write is made over whatever version stands there by now: no fencing.
    FencingForgotten,
    /// A call without an answer is made again at once, though the first may still be on its way.
    FlightForgotten,
    /// What has changed in the world since the approval is not looked at.
    DriftUnseen,
    /// What somebody else has made under our name is taken for ours.
    ForeignAdopted,
    /// The audit entry before a call is left out.
    IntentUnaudited,
    /// The audit entry of what a run comes to is left out.
    TurnUnaudited,
    /// Nobody is paged for a run that is stuck.
    PageLost,
    /// A page that PagerDuty took (202) counts as acknowledged.
    TakenIsAcknowledged,
    /// A page that nobody acknowledges climbs no further.
    NoEscalation,
    /// A way that fails is not replaced by another.
    NoOtherWay,
    /// What happened in a run is noted as told, and is not.
    NewsSkipped,
    /// Whoever asked is not told how it was decided.
    AnswerSkipped,
    /// Nobody is told that a step has failed.
    FailureUnsaid,
    /// A run's id is made up each time that it is begun.
    RunIdMadeUp,
    /// Only whoever decided starts what was decided on; when they die, nobody does.
    StartLeftToDecider,
    /// A run that nobody drives any more is not driven anew.
    RunAbandoned,
    /// What was decided long ago is started however late.
    LateStart,
    /// A delivery that comes again is dropped, though the first copy was never worked on.
    RepetitionDropped,
    /// An instance is deleted without a last snapshot; its automated ones go with it.
    LastSnapshotLeftOut,
    /// Names are led nowhere: a record set without values.
    RecordsEmptied,
    /// Retention deletes the newest good backup too.
    NewestPruned,
    /// Retention deletes what somebody else has made.
    NotOursPruned,
    /// Retention deletes what is about to be restored from.
    MeantPruned,
    /// What people wrote is shown unescaped.
    Unescaped,
    /// The value of a secret is in what a step says.
    SecretInFinding,
    /// Steps are begun before those that they come after are over.
    OrderIgnored,
    /// Data that fails its checks gets the traffic.
    ChecksIgnored,
    /// That the old primary refuses writes is taken for granted before names move.
    FenceUnchecked,
    /// A standby is promoted before writes have ended at its primary.
    FreezeUnchecked,
    /// A standby is promoted before it has everything.
    StandbyBehind,
    /// A gate in the middle is walked through.
    GateIgnored,
    /// A step is tried again for ever.
    BudgetIgnored,
    /// What a run makes does not say whose it is.
    OwnerUnnamed,
    /// Somebody's stop is not heeded.
    StopIgnored,
}

#[cfg(feature = "planted")]
thread_local! {
    /// A simulation is one thread, and so is a bug.
    static CHOSEN: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Plants a bug in everything that this thread does from now on; `None`: no bug.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    CHOSEN.set(bug);
}

/// Whether a bug is planted.
#[cfg(feature = "planted")]
pub(crate) fn planted(bug: Bug) -> bool {
    CHOSEN.get() == Some(bug)
}

/// No bug is ever planted in what is shipped.
#[cfg(not(feature = "planted"))]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
