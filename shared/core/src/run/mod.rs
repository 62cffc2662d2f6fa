//! Runs: one execution of one approved proposal.
//!
//! All of a run's state is its record, so that it can be resumed, replayed and simulated from that alone. Whoever writes
//! the record must have read its newest version; whoever calls the world must have written down first that it is about to.

mod begin;
mod distress;
mod finish;
mod flow;
mod gate;
mod going;
mod intervene;
mod step;
mod tell;
mod visit;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use begin::{begin, launch, resume};
pub use distress::distress;
pub(crate) use finish::{checks, release};
pub(crate) use flow::all_before;
pub(crate) use gate::{SoFar, so_far};
pub use gate::{decided as gate_decided, is_open as gate_is_open};
pub(crate) use going::{going, going_or_ended_today, held};
pub use intervene::{Intervention, intervene};
pub(crate) use tell::channel;
pub use tell::tell;
pub use visit::{Next, visit};

use crate::{
    action::{Class, Finding},
    ident::{Identity, ProposalId, RunId, StepId},
    port::Posted,
    store::Record,
};

/// A run that nobody has visited for so long is driven anew: longer than any wait, reminder or retry.
const ABANDONED: SignedDuration = SignedDuration::from_mins(5);

/// A run's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The proposal that it executes.
    pub proposal: ProposalId,
    /// The digest that was approved.
    pub digest: String,
    /// The locks that it must hold, sorted: a database's name, `service NAME`.
    #[serde(alias = "target", deserialize_with = "one_or_several")]
    pub locks: Vec<String>,
    /// What the run does, as the proposal says it; for lists.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// Which execution drives it; raised before each start.
    pub epoch: u64,
    /// The region whose execution that is. A name is taken in one region only: the other one starts the next epoch, and not this one again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driven_in: Option<String>,
    /// Visits in this epoch.
    pub visits: u64,
    /// When it was last visited.
    pub visited_at: Timestamp,
    /// Its steps, in the order of the proposal's.
    pub steps: Vec<StepRecord>,
    /// Somebody wants it to stop at the next safe point.
    pub stop: Option<Stop>,
    /// It undoes what it has done, because this step failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoing: Option<StepId>,
    /// How often all commands of a step were done again, by the step's id in the runbook.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub again: BTreeMap<StepId, u32>,
    /// How an execution that waits for a person's decision is woken.
    pub wake_token: Option<String>,
    /// The one message that is edited in place.
    pub headline: Option<Posted>,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// What happened, in words, oldest first; each is told once in the thread.
    pub log: Vec<Told>,
    /// How often whatever drove it gave up.
    pub distressed: u32,
    /// How many of them have been told.
    pub told: usize,
    /// When it was approved, or asked for where nobody must approve.
    pub decided_at: Timestamp,
    /// When its record was made.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does its steps.
    Running,
    /// A step failed, or can't be trusted to be repeated: a person must decide.
    Stuck {
        /// The step.
        step: StepId,
        /// Since when.
        since: Timestamp,
    },
    /// All steps are done.
    Succeeded,
    /// It was given up.
    Failed {
        /// Why, in words.
        why: String,
    },
    /// It was stopped at a safe point.
    Stopped {
        /// By whom.
        by: Identity,
    },
}

impl State {
    /// Whether nothing will happen any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed { .. } | Self::Stopped { .. })
    }
}

/// A wish to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Whose.
    pub by: Identity,
    /// When it was said.
    pub at: Timestamp,
}

/// A step's part of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step.
    pub id: StepId,
    /// Where it stands.
    pub state: StepState,
    /// How often its call was made or tried.
    pub attempts: u32,
    /// When it was first looked at.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How far it is, where the vendor says.
    pub percent: Option<u8>,
    /// It failed, and the run goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tolerated: bool,
    /// Until when a call whose answer never came may still reach the vendor: its signature is good until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_until: Option<Timestamp>,
    /// Until when a call of it that replaces or deletes something may still reach the vendor, though the step is over: what works on the
    /// target next and could be undone by it waits for that. What only adds has a name of its own, and disturbs nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_until: Option<Timestamp>,
}

impl StepRecord {
    /// Whether its effect is there.
    #[must_use]
    pub fn was_done(&self) -> bool {
        matches!(self.state, StepState::Done(_))
    }

    /// Whether a call whose answer never came may still reach the vendor.
    #[must_use]
    pub fn may_arrive(&self, now: Timestamp) -> bool {
        self.unanswered_until.is_some_and(|until| now < until)
    }

    /// Its effect is seen before whoever intended the call has said what came of it. It may be somebody else's that looks alike, and
    /// the call still be sent.
    fn seen_in_doubt(&mut self, class: Class) {
        if let StepState::Intended { until, .. } = self.state {
            self.may_come_late(class, until);
        }
    }

    fn may_come_late(&mut self, class: Class, until: Timestamp) {
        if class.destroys() {
            self.late_until = self.late_until.max(Some(until));
        }
    }

    /// As if it had never begun.
    fn reset(&mut self) {
        *self = Self {
            id: self.id.clone(),
            state: StepState::Waiting,
            attempts: 0,
            started_at: None,
            ended_at: None,
            percent: None,
            tolerated: false,
            unanswered_until: self.unanswered_until,
            late_until: self.late_until,
        };
    }

    /// Whether nothing more will be done about it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.state {
            StepState::Done(_) | StepState::Skipped { .. } | StepState::NotNeeded { .. } => true,
            StepState::Failed(_) => self.tolerated,
            StepState::Waiting | StepState::Intended { .. } | StepState::Called { .. } | StepState::Asked { .. } => false,
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Nothing was called.
    Waiting,
    /// The call is about to be made, or its answer was lost: nobody knows until it is looked for.
    Intended {
        /// The fencing token: how many calls this run had intended, this one included.
        token: u64,
        /// Until when the one who intended it may still send it. After that it has been sent or never will be.
        until: Timestamp,
    },
    /// The vendor took the call.
    Called {
        /// When.
        at: Timestamp,
    },
    /// Its effect is there.
    Done(Finding),
    /// People are asked whether the rest is done.
    Asked {
        /// The proposal that they decide on.
        proposal: ProposalId,
    },
    /// It failed; a person decides, unless the run goes on without it.
    Failed(Finding),
    /// Its condition was false, or what it belongs to was not done.
    NotNeeded {
        /// Why, in words.
        why: String,
    },
    /// A person decided to go on without it.
    Skipped {
        /// Who.
        by: Identity,
    },
}

impl StepState {
    /// When the effect of a call that was made, or may have been, can be looked for with certainty, if the vendor shows effects
    /// within `settles`: from then on, what is not there never will be.
    #[must_use]
    pub fn settled_at(&self, now: Timestamp, settles: SignedDuration) -> Timestamp {
        match self {
            Self::Intended { until, .. } => until.saturating_add(settles),
            Self::Called { at } => at.saturating_add(settles),
            _ => Ok(now),
        }
        .unwrap_or(Timestamp::MAX)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What can happen to a run that people are told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It began.
    Began,
    /// A step ended well.
    StepDone(StepId),
    /// A step failed, and people must decide.
    StepFailed(StepId),
    /// A step failed, and the run goes on.
    WentOn(StepId),
    /// A step failed, and all of its commands are done again.
    Again(StepId),
    /// A step failed, and what was done before it is undone.
    Undoing(StepId),
    /// A step was not needed.
    NotNeeded(StepId),
    /// People are asked whether the rest is done.
    Asked(StepId),
    /// Nobody has decided for a while.
    StillStuck(StepId),
    /// Somebody decided to do a step again.
    Retried(StepId, Identity),
    /// Somebody decided to go on without a step.
    Skipped(StepId, Identity),
    /// Somebody wants it to stop.
    StopAsked(Identity),
    /// Whatever drove it gave up, with these words.
    Distressed(String),
    /// It was driven by nobody for a while and is driven again.
    Resumed,
    /// It begins only when no call of the run before may arrive any more.
    HeldOff(Timestamp),
    /// It ended.
    Ended,
    /// What a newer release has written, when an older one has come back.
    #[serde(untagged)]
    Unknown(Value),
}

/// Records of before there were several locks have the one as text.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Locks {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Locks::deserialize(deserializer)? {
        Locks::One(lock) => vec![lock],
        Locks::Several(locks) => locks,
    })
}

impl Record for Run {
    const PARTITION: &'static str = "run";

    fn id(&self) -> String {
        self.id.0.clone()
    }
}

impl Run {
    /// The step that comes next: the first that is not over.
    #[must_use]
    pub fn current(&self) -> Option<&StepRecord> {
        self.steps.iter().find(|step| !step.is_over())
    }

    /// Whether a call may be on its way: then nothing may be stopped or given up.
    #[must_use]
    pub fn is_between_steps(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step.state, StepState::Intended { .. } | StepState::Called { .. }))
    }

    /// Since when it could not be driven on, if nothing has come of it since then.
    #[must_use]
    pub fn in_distress(&self) -> Option<Timestamp> {
        let last = self.log.iter().rev().find(|told| told.what != Happened::Resumed)?;
        (self.state == State::Running && matches!(last.what, Happened::Distressed(_))).then_some(last.at)
    }

    /// Whether it waits for people, and is visited only to remind them.
    #[must_use]
    pub fn waits_for_people(&self) -> bool {
        matches!(self.state, State::Stuck { .. }) || self.steps.iter().any(|step| matches!(step.state, StepState::Asked { .. }))
    }

    /// Whether nobody drives it any more, though something is left to do or to tell.
    #[must_use]
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        let untold = self.told < self.log.len();
        // What people were not told yet can't be waited for: their buttons may be missing.
        let patience = if self.waits_for_people() && !untold { ABANDONED * 7 } else { ABANDONED };
        (!self.state.is_final() || untold) && now.duration_since(self.visited_at) > patience
    }

    /// Whether nothing has been called yet.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.steps.iter().all(|step| step.attempts == 0 && step.started_at.is_none())
    }

    /// Until when a call of it that replaces or deletes something, and that nobody knows the end of, may still reach the vendor.
    fn late_until(&self) -> Option<Timestamp> {
        self.steps.iter().filter_map(|step| step.late_until).max()
    }

    /// When it could begin: later than it was started, if a call of the run before it might have arrived until then.
    fn could_begin_at(&self) -> Timestamp {
        let held_off = self.log.iter().filter_map(|told| match told.what {
            Happened::HeldOff(until) => Some(until),
            _ => None,
        });
        held_off.fold(self.started_at, Timestamp::max)
    }

    /// Whether the execution of its epoch is not in this region.
    fn is_driven_elsewhere(&self, here: &str) -> bool {
        self.driven_in.as_deref().is_some_and(|region| region != here)
    }

    /// The same, to be driven by the execution of the next epoch, in this region.
    fn raised(&self, here: &str, now: Timestamp) -> Self {
        Self { epoch: self.epoch + 1, driven_in: Some(here.to_owned()), visits: 0, visited_at: now, wake_token: None, ..self.clone() }
    }

    fn happened(&mut self, at: Timestamp, what: Happened) {
        self.log.push(Told { at, what });
    }
}

/// Who holds a target. Only one run at a time does. The record stays when it is released, so that its version counts on: a
/// holder of long ago that wakes up can't release what somebody else holds by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What is locked: a database's name, or `service NAME`.
    pub target: String,
    /// The run; absent: nobody.
    pub run: Option<RunId>,
    /// Since when.
    pub since: Timestamp,
    /// Until when a call of whoever held it before may still reach the vendor and undo something. Whoever holds it now begins nothing
    /// until then that could be undone so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_until: Option<Timestamp>,
    /// Whose it was last, while it is nobody's: what is left to tell of that run, or to wake people for, is found by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<RunId>,
}

impl Record for Lock {
    const PARTITION: &'static str = "lock";

    fn id(&self) -> String {
        self.target.clone()
    }
}
