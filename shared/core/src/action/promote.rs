use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Node, Ownership, SecondCall, Seen, busy, node::Looked};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{BACKING_UP, Instance, Phase, ReplicaSource, World},
    view::{Code, Mrkdwn},
};

/// `db:promote`: makes a standby a primary. There is no way back but another standby of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promote {
    /// The standby.
    pub standby: Node,
    /// What it follows until then.
    pub source: ReplicaSource,
    /// `DbiResourceId` of that: whose reign ends.
    pub source_resource_id: String,
    /// For how many days it keeps backups from then on.
    pub backup_retention_days: i32,
}

#[async_trait]
impl Action for Promote {
    /// The vendor refuses it for what is no replica, but says so too while the first one is on its way.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::OnlyIfUnchanged)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let ReplicaSource { region, instance } = &self.source;
        vec![
            mrkdwn!("{}, {}", self.standby.card(), self.standby.sign_in()),
            mrkdwn!("it no longer follows {} ({}, {})", Code(instance), Code(&self.source_resource_id), Code(region)),
            mrkdwn!("backups are kept for {} days from then on", self.backup_retention_days),
        ]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let found = match self.standby.look(world, Some(owner)).await? {
            Looked::There(found) => found,
            Looked::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        Ok(match (&found.status, &found.replica_of) {
            // Not ours: a promotion is refused until the backup is over.
            (Phase::Underway(note), Some(_)) if note == BACKING_UP => return Err(busy(&found.id, &found.status)),
            (Phase::Available, None) => Seen::Done(Finding {
                summary: format!("{} is a primary", found.id),
                detail: json!({"instance": found.id, "resource_id": found.resource_id}),
            }),
            (Phase::Available, Some(_)) => Seen::Absent,
            (Phase::Underway(note), _) => Seen::Underway { percent: None, note: note.clone() },
            (other, _) => Seen::Broken(Finding::said(format!("{} is {other}", found.id))),
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        match self.standby.look(world, None).await? {
            // One that this run is yet to make is not there when it is proposed.
            Looked::Not(_) if self.standby.resource_id.is_none() => Ok(None),
            Looked::Not(why) => Ok(Some(why)),
            Looked::There(Instance { replica_of: Some(source), .. }) if source == self.source => Ok(None),
            Looked::There(found) => Ok(Some(match found.replica_of {
                Some(other) => format!("{} follows {} now", found.id, other.instance),
                None => format!("{} is no replica any more", found.id),
            })),
        }
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        world.databases.promote(permit, &self.standby.region, &self.standby.instance, self.backup_retention_days).await
    }
}
