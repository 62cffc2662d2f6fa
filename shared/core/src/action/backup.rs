use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, at_rest};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{Phase, Tags, World},
    view::{Code, Mrkdwn},
};

/// `db:backup`: takes a snapshot under a name decided beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The region.
    pub region: String,
    /// The instance.
    pub instance: String,
    /// Its `DbiResourceId`.
    pub resource_id: String,
    /// The snapshot's name.
    pub snapshot: String,
    /// What it is tagged with beside its run: what it is for, by which retention finds it.
    #[serde(default)]
    pub tags: Tags,
}

#[async_trait]
impl Action for Backup {
    /// The snapshot's name is taken once the first call was.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Backup
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let what = mrkdwn!("snapshot {} of {} ({}, {})", Code(&self.snapshot), Code(&self.instance), Code(&self.resource_id), self.region);
        let tags = self.tags.iter().map(|(key, value)| mrkdwn!("tagged {}", Code(&format!("{key}={value}"))));
        [what].into_iter().chain(tags).collect()
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let Some(snapshot) = world.databases.snapshot(&self.region, &self.snapshot).await? else {
            return at_rest(world, &self.region, &self.instance).await.map(|()| Seen::Absent);
        };
        if !owner.holds(&snapshot.tags) {
            return Ok(Seen::Foreign(format!("a snapshot {} exists that this run did not make", self.snapshot)));
        }
        Ok(match snapshot.status {
            // GitLab's lesson of 2017: a backup that succeeded can be empty.
            Phase::Available if snapshot.size_gib == 0 => Seen::Broken(Finding::said(format!("{} is empty", self.snapshot))),
            Phase::Available => Seen::Done(Finding {
                summary: format!("{} is available ({} GiB)", self.snapshot, snapshot.size_gib),
                detail: json!({"snapshot": snapshot.id, "taken_at": snapshot.taken_at, "size_gib": snapshot.size_gib}),
            }),
            Phase::Underway(note) => Seen::Underway { percent: Some(snapshot.percent), note },
            Phase::Leaving => Seen::Broken(Finding::said(format!("{} is being deleted", self.snapshot))),
            Phase::Broken(why) => Seen::Broken(Finding::said(format!("{} is {why}", self.snapshot))),
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        super::restore::same_instance(world, &self.region, &self.instance, &self.resource_id).await
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        world.databases.create_snapshot(permit, &self.region, &self.instance, &self.snapshot, &self.tags).await
    }
}
