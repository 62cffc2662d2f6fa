use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, Class, Finding, Ownership, SecondCall, Seen};
use crate::{
    backup::{self, CLASS_TAG, DATABASE_TAG},
    failure::{CallError, Fault},
    mrkdwn,
    plan::BackupClass,
    planted::{Bug, planted},
    policy::Permit,
    port::{Phase, World},
    view::{Code, Moment, Mrkdwn},
};

/// `backup:prune`: deletes a backup whose time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prune {
    /// The region.
    pub region: String,
    /// The database of the plan.
    pub database: String,
    /// The snapshot.
    pub snapshot: String,
    /// The `DbiResourceId` of the instance that it is of.
    pub resource_id: String,
    /// Its class.
    pub class: BackupClass,
    /// When it was taken.
    pub taken_at: Timestamp,
}

#[async_trait]
impl Action for Prune {
    /// What is gone is refused; but under its name there may be another snapshot by then.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::OnlyIfUnchanged)
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![mrkdwn!(
            "snapshot {} of {} ({}, {}), class {}, taken {}",
            Code(&self.snapshot),
            self.database,
            Code(&self.resource_id),
            self.region,
            self.class.to_string(),
            Moment(self.taken_at)
        )]
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let Some(snapshot) = world.databases.snapshot(&self.region, &self.snapshot).await? else {
            return Ok(Seen::Done(Finding::said(format!("{} is deleted", self.snapshot))));
        };
        let ours = snapshot.tags.get(DATABASE_TAG) == Some(&self.database) && snapshot.tags.contains_key(CLASS_TAG);
        let ours = ours || planted(Bug::NotOursPruned);
        Ok(match snapshot.status {
            _ if !ours || snapshot.resource_id != self.resource_id => {
                Seen::Foreign(format!("{} is not the backup that was to be deleted", self.snapshot))
            }
            Phase::Leaving => Seen::Underway { percent: None, note: format!("{} is being deleted", self.snapshot) },
            _ => Seen::Absent,
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        Ok(match world.databases.snapshot(&self.region, &self.snapshot).await? {
            Some(snapshot) if snapshot.taken_at != Some(self.taken_at) || snapshot.resource_id != self.resource_id => {
                Some(format!("{} is another snapshot now", self.snapshot))
            }
            _ => None,
        })
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        // Since the permit somebody may have asked for it; that we are about to delete it is written down by now.
        if backup::is_meant(world, &self.snapshot).await.map_err(Fault::unread)? {
            return Err(CallError::refused("Meant", format!("{} is to be restored from, or held", self.snapshot)));
        }
        permit.check(world.clock.now())?;
        world.databases.delete_snapshot(permit, &self.region, &self.snapshot).await
    }
}
