//! Actions: the primitives that a step calls, one file each, named as the plans name them.
//!
//! An action is its arguments, all of them known when it is proposed. It can look whether its effect is there, say whether
//! the world is still as it was proposed for, and make its one call. The engine ([`crate::run`]) does the rest: when to
//! look, when to call, what a lost answer means.

mod align;
mod await_restorable;
mod await_standby;
mod backup;
mod check_fence;
mod check_standby;
mod compare;
mod connect;
mod freeze;
mod gate;
mod node;
mod promote;
mod prune;
mod reseed;
mod restore;
mod retire;
mod status;
mod switch;
mod tell;
mod thaw;
mod turn;
mod update_dns;
mod verify;
mod wake;
mod watch_site;
mod write_probe;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use align::Align;
pub use await_restorable::AwaitRestorable;
pub use await_standby::AwaitStandby;
pub use backup::Backup;
pub use check_fence::CheckFence;
pub use check_standby::{CheckStandby, Following, QUESTIONS, following};
pub use compare::Compare;
pub use connect::Connect;
pub use freeze::Freeze;
pub use gate::Gate;
pub(crate) use node::Looked;
pub use node::Node;
pub use promote::Promote;
pub use prune::Prune;
pub use reseed::Reseed;
pub use restore::Restore;
pub use retire::Retire;
pub use status::Status;
pub use switch::Switch;
pub use tell::Tell;
pub use thaw::Thaw;
pub use turn::Turn;
pub use update_dns::UpdateDns;
pub(crate) use verify::timestamp;
pub use verify::{CheckResult, Through, Verify};
pub use wake::Wake;
pub use watch_site::WatchSite;
pub use write_probe::WriteProbe;

use crate::{
    failure::CallError,
    planted::{Bug, planted},
    policy::{OWNER_TAG, Permit, STEP_TAG, Verb},
    port::{Phase, Settings, Tags, WRONG_STATE, World},
    view::Mrkdwn,
};

/// An action with its arguments. This is the only list of actions: names, files, help and plans follow from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action")]
pub enum Act {
    /// Waits until a moment can be restored.
    #[serde(rename = "db:await-restorable")]
    AwaitRestorable(AwaitRestorable),
    /// Takes a snapshot.
    #[serde(rename = "db:backup")]
    Backup(Backup),
    /// Restores to a new instance.
    #[serde(rename = "db:restore")]
    Restore(Restore),
    /// Gives a restored instance what a restore can't.
    #[serde(rename = "db:align")]
    Align(Align),
    /// Compares a restored instance with the old one, field by field.
    #[serde(rename = "db:compare")]
    Compare(Compare),
    /// Asks the data.
    #[serde(rename = "db:verify")]
    Verify(Verify),
    /// Moves the traffic.
    #[serde(rename = "db:switch")]
    Switch(Switch),
    /// Deletes an instance.
    #[serde(rename = "db:retire")]
    Retire(Retire),
    /// Deletes a backup whose time is over.
    #[serde(rename = "backup:prune")]
    Prune(Prune),
    /// Waits until a standby follows closely.
    #[serde(rename = "db:check-standby")]
    CheckStandby(CheckStandby),
    /// Ends all writes.
    #[serde(rename = "db:freeze")]
    Freeze(Freeze),
    /// Waits until a standby has everything.
    #[serde(rename = "db:await-standby")]
    AwaitStandby(AwaitStandby),
    /// Makes a standby a primary.
    #[serde(rename = "db:promote")]
    Promote(Promote),
    /// Lets writes back.
    #[serde(rename = "db:thaw")]
    Thaw(Thaw),
    /// Sees that the old primary takes no writes.
    #[serde(rename = "db:check-fence")]
    CheckFence(CheckFence),
    /// Moves a service's names.
    #[serde(rename = "dns:update")]
    UpdateDns(UpdateDns),
    /// Moves a service's names by its health check's switch.
    #[serde(rename = "dns:switch")]
    Turn(Turn),
    /// Writes a row and reads it back.
    #[serde(rename = "db:write-probe")]
    WriteProbe(WriteProbe),
    /// Asks a site's probes for a while.
    #[serde(rename = "site:watch")]
    WatchSite(WatchSite),
    /// Makes a fresh standby.
    #[serde(rename = "db:reseed")]
    Reseed(Reseed),
    /// Looks how an instance stands.
    #[serde(rename = "db:status")]
    Status(Status),
    /// Signs in as applications do, and asks.
    #[serde(rename = "db:connect")]
    Connect(Connect),
    /// Says something in a channel.
    #[serde(rename = "alert:tell")]
    Tell(Tell),
    /// Wakes people.
    #[serde(rename = "page:raise")]
    Wake(Wake),
    /// Stops until people approve the rest.
    #[serde(rename = "gate")]
    Gate(Gate),
}

impl Act {
    /// Every action's name.
    pub const NAMES: &'static [&'static str] = &[
        "db:await-restorable",
        "db:backup",
        "db:restore",
        "db:align",
        "db:compare",
        "db:verify",
        "db:switch",
        "db:retire",
        "backup:prune",
        "db:check-standby",
        "db:freeze",
        "db:await-standby",
        "db:promote",
        "db:thaw",
        "db:check-fence",
        "dns:update",
        "dns:switch",
        "db:write-probe",
        "site:watch",
        "db:reseed",
        "db:status",
        "db:connect",
        "alert:tell",
        "page:raise",
        "gate",
    ];

    /// What it does, behind one interface.
    #[must_use]
    pub fn action(&self) -> &dyn Action {
        match self {
            Self::AwaitRestorable(action) => action,
            Self::Backup(action) => action,
            Self::Restore(action) => action,
            Self::Align(action) => action,
            Self::Compare(action) => action,
            Self::Verify(action) => action,
            Self::Switch(action) => action,
            Self::Retire(action) => action,
            Self::Prune(action) => action,
            Self::CheckStandby(action) => action,
            Self::Freeze(action) => action,
            Self::AwaitStandby(action) => action,
            Self::Promote(action) => action,
            Self::Thaw(action) => action,
            Self::CheckFence(action) => action,
            Self::UpdateDns(action) => action,
            Self::Turn(action) => action,
            Self::WriteProbe(action) => action,
            Self::WatchSite(action) => action,
            Self::Reseed(action) => action,
            Self::Status(action) => action,
            Self::Connect(action) => action,
            Self::Tell(action) => action,
            Self::Wake(action) => action,
            Self::Gate(action) => action,
        }
    }
}

/// What an action does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing: it only looks.
    Looks,
    /// It adds something that was not there, and a second call does this.
    Adds(SecondCall),
    /// It replaces or deletes what somebody relies on, and a second call does this.
    Destroys(SecondCall),
}

impl Class {
    /// Whether it replaces or deletes what somebody relies on.
    #[must_use]
    pub fn destroys(self) -> bool {
        matches!(self, Self::Destroys(_))
    }

    /// What a second call does; `None` where there is no call.
    #[must_use]
    pub fn second_call(self) -> Option<SecondCall> {
        match self {
            Self::Looks => None,
            Self::Adds(second) | Self::Destroys(second) => Some(second),
        }
    }
}

/// What a second call would do, when nobody knows whether the first one was received. Every action that has a call says so, with the
/// reason: none of these is the one that holds where nobody has thought about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondCall {
    /// It is refused, or finds what the first one made: the name is taken, the token is used, the before-image is gone.
    Refused,
    /// It does the same once more, which leaves all as it is, or costs less than not doing it at all.
    Repeats,
    /// It may be made only while the world still equals the before-image.
    OnlyIfUnchanged,
}

/// What was found when looking for an action's effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// No trace of it.
    Absent,
    /// It is being made.
    Underway {
        /// 0 to 100, where the vendor says.
        percent: Option<u8>,
        /// What it is doing, in the vendor's words.
        note: String,
    },
    /// It is there, and ours.
    Done(Finding),
    /// Something stands in its place that is not ours. It is neither adopted nor overwritten.
    Foreign(String),
    /// It is there and no good, or it shows that going on would be wrong.
    Broken(Finding),
}

/// What came of an action.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// One line for people.
    pub summary: String,
    /// The facts, for the report and the audit.
    #[serde(default)]
    pub detail: Value,
}

impl Finding {
    /// A line without further facts.
    pub fn said(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), detail: Value::Null }
    }

    /// What the vendor has refused for good, having done nothing: the same call gets the same answer.
    pub fn refused(why: impl Into<String>) -> Self {
        Self { summary: why.into(), detail: serde_json::json!({"refused": true}) }
    }

    /// Whether the vendor has refused it for good.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.detail.get("refused").and_then(Value::as_bool).unwrap_or_default()
    }
}

/// A step of a run in one word, from the tags that its effects bear: the key of records that it keeps for itself.
fn step_key(tags: &Tags) -> String {
    let tag = |name: &str| tags.get(name).map(String::as_str).unwrap_or_default();
    format!("{}/{}", tag(OWNER_TAG), tag(STEP_TAG))
}

/// An instance is busy with what passes by itself, a backup mostly: nobody need be asked, and it is looked at again.
fn busy(instance: &str, status: &Phase) -> CallError {
    CallError::NotNow { code: WRONG_STATE.to_owned(), why: format!("{instance} is {status}") }
}

/// Sees that an instance is at rest, since the vendor refuses to change one that is not.
async fn at_rest(world: &World, region: &str, instance: &str) -> Result<(), CallError> {
    match world.databases.instance(region, instance).await? {
        Some(found) if matches!(found.status, Phase::Underway(_)) => Err(busy(instance, &found.status)),
        _ => Ok(()),
    }
}

/// Which run and step an effect must bear the tags of to be ours.
#[derive(Debug, Clone, Copy)]
pub struct Ownership<'a> {
    /// The tags of this step.
    pub tags: &'a Tags,
}

impl Ownership<'_> {
    /// Whether a resource with these tags was made by this step of this run.
    #[must_use]
    pub fn holds(&self, tags: &Tags) -> bool {
        self.tags.iter().all(|(key, value)| tags.get(key) == Some(value)) || planted(Bug::ForeignAdopted)
    }

    /// Whether a resource with these tags was made by this run.
    #[must_use]
    pub fn same_run(&self, tags: &Tags) -> bool {
        self.tags.get(OWNER_TAG).is_some_and(|run| tags.get(OWNER_TAG) == Some(run)) || planted(Bug::ForeignAdopted)
    }
}

/// One primitive, bound to its arguments.
#[async_trait]
pub trait Action: Send + Sync {
    /// Its class, and why a second call does what that says.
    fn class(&self) -> Class;

    /// What the policy is asked for it, beside the verb of the runbook that it is in.
    fn verb(&self) -> Verb {
        match self.class() {
            Class::Looks => Verb::Look,
            Class::Adds(_) | Class::Destroys(_) => Verb::Run,
        }
    }

    /// How long the vendor may show no trace of a call that it took.
    fn settles_within(&self) -> SignedDuration {
        SignedDuration::from_secs(90)
    }

    /// Every argument but [`Action::settings`], as the approval card shows them: what is not shown can't be in the digest.
    fn card(&self) -> Vec<Mrkdwn>;

    /// The settings among the arguments. Steps of a run share them, so the card shows them once for all.
    fn settings(&self) -> Option<&Settings> {
        None
    }

    /// Looks for its effect.
    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError>;

    /// Says what is no longer as it was proposed for, if anything is.
    async fn drift(&self, world: &World) -> Result<Option<String>, CallError>;

    /// Makes the call, once. For what only looks there is none to make.
    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError>;
}
