//! Proposals: a runbook resolved against the plan and what is really there, down to the last identifier.
//!
//! A proposal is immutable and known by its digest. People approve that digest and nothing else; the engine carries out
//! exactly what it covers.

mod commands;
mod compose;
mod draft;
mod estimate;
mod flow;
mod moves;
mod propose;
mod sites;
mod steps;
mod words;

use std::{cell::RefCell, collections::VecDeque, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use commands::one as planned_step;
pub use commands::{COMMANDS, Signature, Takes, signature};
pub use compose::{AskedRunbook, runbook, target};
pub use draft::{Asked, backup, restore, retire};
pub use estimate::{Timing, note as note_timing};
pub use flow::{Flow, Group, OnFailure};
pub use propose::{Ask, Opening, Worked, propose};

use crate::{
    action::Act,
    digest::digest_of,
    failure::{CallError, Fault},
    ident::{Actor, ProposalId, RunId, StepId},
    plan::{Quorum, Span},
    planted::{Bug, planted},
    policy::Verb,
    port::World,
    store::Record,
    together::together,
};

/// What exactly would be done, and what it would mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id; the run's id follows from it.
    pub id: ProposalId,
    /// What was asked for.
    pub verb: Verb,
    /// In words: `Restore inventory to 2026-11-22 14:02:00 UTC`.
    pub title: String,
    /// Who asked.
    pub requester: Actor,
    /// By what right, where it is not the requester's grant.
    #[serde(default, skip_serializing_if = "Right::is_granted")]
    pub right: Right,
    /// Why, in their words.
    pub reason: Option<String>,
    /// When.
    pub asked_at: Timestamp,
    /// On what.
    pub target: Target,
    /// The locks that its run must hold, sorted: all that it touches. Two proposals that share one exclude each other.
    /// Empty in proposals of before there were several; read it by [`Proposal::held`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<String>,
    /// The version of the plan that it was worked out from.
    pub plan_version: String,
    /// The digest of what that plan says of the target and of approvals.
    pub plan_digest: String,
    /// The runbook's name.
    pub runbook: String,
    /// The digest of the runbook's text.
    pub runbook_digest: String,
    /// What will be done, in order.
    pub steps: Vec<PlannedStep>,
    /// What it would mean.
    pub consequences: Consequences,
    /// Who must approve; absent: nobody, since it only adds.
    pub quorum: Option<Quorum>,
    /// What an approver must type.
    pub phrase: String,
    /// Until when it can be approved and started.
    pub expires_at: Timestamp,
    /// It is about the rest of a run, which waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateOf>,
}

/// Where in which run people are asked about the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateOf {
    /// The run.
    pub run: RunId,
    /// Its step.
    pub step: StepId,
}

/// So many digests are remembered.
const KNOWN_DIGESTS: usize = 4;

thread_local! {
    /// The digests of the proposals that were looked at last: a run asks for its proposal's before each of its calls. Each is known by
    /// the whole proposal, so that one that was altered is another one.
    static DIGESTS: RefCell<VecDeque<(Proposal, String)>> = const { RefCell::new(VecDeque::new()) };
}

/// Who asks for what is done by the calendar, as [`Actor::System`].
pub const ROUTINE: &str = "schedule";

impl Proposal {
    /// The digest that is approved.
    ///
    /// # Errors
    /// Never for a proposal that was made by this module.
    pub fn digest(&self) -> Result<String, Fault> {
        let known = DIGESTS.with_borrow(|known| known.iter().find(|(proposal, _)| proposal == self).map(|(_, digest)| digest.clone()));
        if let Some(digest) = known {
            return Ok(digest);
        }
        let digest = digest_of(self)?;
        DIGESTS.with_borrow_mut(|known| {
            known.truncate(KNOWN_DIGESTS - 1);
            known.push_front((self.clone(), digest.clone()));
        });
        Ok(digest)
    }

    /// The locks that its run takes, in this order.
    #[must_use]
    pub fn held(&self) -> Vec<String> {
        if self.locks.is_empty() { vec![self.target.lock()] } else { self.locks.clone() }
    }

    /// Whether the calendar asked for it: then it goes unsaid, and an alert tells what has not gone well.
    #[must_use]
    pub fn is_routine(&self) -> bool {
        matches!(&self.requester, Actor::System(name) if name == ROUTINE)
    }

    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&PlannedStep> {
        self.steps.iter().find(|step| step.id == *id)
    }
}

impl Record for Proposal {
    const PARTITION: &'static str = "proposal";

    fn id(&self) -> String {
        self.id.0.clone()
    }
}

/// By what right something is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// The requester's grant.
    #[default]
    Granted,
    /// They broke the glass.
    BreakGlass,
    /// A standing order, by its name in the plan.
    Order(String),
}

impl Right {
    fn is_granted(&self) -> bool {
        *self == Self::Granted
    }
}

/// What a proposal is about: only one run at a time may hold it, beside one that takes or deletes backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Its name in the plan.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Its region.
    pub region: String,
}

/// What a proposal can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A database of the plan.
    Database,
    /// A service of the plan.
    Service,
}

impl Target {
    /// The name of its lock.
    #[must_use]
    pub fn lock(&self) -> String {
        match self.kind {
            TargetKind::Database => database_lock(&self.name),
            TargetKind::Service => service_lock(&self.name),
        }
    }
}

/// How the names of services' locks begin. No name in a plan has a space.
const SERVICE: &str = "service ";

/// The name of a database's lock, as messages say it: `inventory is held by …`.
#[must_use]
pub fn database_lock(name: &str) -> String {
    name.to_owned()
}

/// The name of the lock of what takes or deletes backups of a database and leaves its instance alone, as messages say it:
/// `backup of inventory is held by …`. Those exclude each other, and keep nobody from restoring it or failing it over.
#[must_use]
pub fn backup_lock(name: &str) -> String {
    format!("backup of {name}")
}

/// The name of a service's lock, as messages say it: `service shop is held by …`.
#[must_use]
pub fn service_lock(name: &str) -> String {
    format!("{SERVICE}{name}")
}

/// The service whose lock it is.
#[must_use]
pub fn locked_service(lock: &str) -> Option<&str> {
    lock.strip_prefix(SERVICE)
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "database",
            Self::Service => "service",
        })
    }
}

/// A step with everything decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its id in the runbook.
    pub id: StepId,
    /// What people call it.
    pub name: String,
    /// The action and its arguments.
    pub act: Act,
    /// How long it may take before a person is asked.
    pub timeout: Span,
    /// How often a call that was certainly not taken is made again.
    pub retries: u32,
    /// How long it usually takes, in seconds, from past runs.
    pub usual_seconds: Option<u64>,
    /// How it stands to the others.
    #[serde(default, skip_serializing_if = "Flow::is_plain")]
    pub flow: Flow,
}

/// What a proposal would mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Consequences {
    /// The moment whose data there would be.
    pub recovery_point: Option<Timestamp>,
    /// Where that data comes from, in words.
    pub source: Option<String>,
    /// How much would be lost, in seconds, as of when it was asked.
    pub lost_seconds: Option<u64>,
    /// How long all should take, in seconds; absent when no run has taken place yet.
    pub usual_seconds: Option<u64>,
    /// The objective that it is measured against, in seconds.
    pub rto_seconds: u64,
    /// What it costs, in words.
    pub cost: Option<String>,
    /// What can be undone and how, in words.
    pub undo: String,
    /// The step after which it can't be undone by doing nothing.
    pub point_of_no_return: Option<StepId>,
    /// What else must be known before deciding, in words.
    pub warnings: Vec<String>,
}

/// What in the world is no longer as a proposal was worked out for, if anything.
///
/// # Errors
/// When the world can't be looked at.
pub async fn drifted(world: &World, proposal: &Proposal) -> Result<Option<String>, CallError> {
    // What undoes is worked out for the world as it will be then.
    let steps = proposal.steps.iter().filter(|step| step.flow.undoes.is_none());
    // At once, since each look at a silent region takes as long as a call may.
    let mut unknown = None;
    for found in together(steps.map(|step| step.act.action().drift(world))).await {
        match found {
            Ok(Some(what)) if !planted(Bug::DriftUnseen) => return Ok(Some(what)),
            Ok(_) => {}
            // What is seen to be otherwise counts whatever else can't be seen.
            Err(error) => unknown = Some(error),
        }
    }
    unknown.map_or(Ok(None), Err)
}
