use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, at_rest, restore::same_instance};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{Phase, ReplicaSource, Replication, Settings, World},
    view::{Code, Mrkdwn},
};

/// `db:reseed`: makes a fresh standby of whichever instance serves now. What served before has gone its own way and is kept,
/// but never followed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reseed {
    /// What people call the database.
    pub name: String,
    /// What to make of what.
    pub replication: Replication,
    /// `DbiResourceId` of the source.
    pub source_resource_id: String,
}

#[async_trait]
impl Action for Reseed {
    /// The replica's name is taken once the first call was.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let Replication { source: ReplicaSource { region: from, instance }, region, new_instance, .. } = &self.replication;
        vec![
            mrkdwn!(
                "new read replica {} of {} in {}, which follows {} ({}, {})",
                Code(new_instance),
                Code(&self.name),
                Code(region),
                Code(instance),
                Code(&self.source_resource_id),
                Code(from)
            ),
            mrkdwn!("with what the call takes of the settings below"),
        ]
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.replication.settings)
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let Replication { region, new_instance, source, .. } = &self.replication;
        let Some(found) = world.databases.instance(region, new_instance).await? else {
            return at_rest(world, &source.region, &source.instance).await.map(|()| Seen::Absent);
        };
        if !owner.holds(&found.settings.tags) {
            return Ok(Seen::Foreign(format!("an instance {new_instance} exists that this run did not make")));
        }
        Ok(match found.status {
            Phase::Available if found.replica_of.as_ref() == Some(source) => Seen::Done(Finding {
                summary: format!("{new_instance} follows {}", source.instance),
                detail: json!({"instance": found.id, "resource_id": found.resource_id}),
            }),
            Phase::Available => Seen::Broken(Finding::said(format!("{new_instance} does not follow {}", source.instance))),
            Phase::Underway(note) => Seen::Underway { percent: None, note },
            other => Seen::Broken(Finding::said(format!("{new_instance} is {other}"))),
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        let ReplicaSource { region, instance } = &self.replication.source;
        same_instance(world, region, instance, &self.source_resource_id).await
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        world.databases.replicate(permit, &self.replication).await
    }
}
