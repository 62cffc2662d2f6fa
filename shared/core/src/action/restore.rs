use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, SecondCall, Seen};
use crate::{
    backup,
    failure::{CallError, Fault},
    mrkdwn,
    policy::{Permit, Verb},
    port::{Phase, Restoration, RestoreFrom, Settings, World},
    view::{Code, Moment, Mrkdwn},
};

/// `db:restore`: restores to a new instance. The source is only read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// What to make of what.
    pub restoration: Restoration,
    /// `DbiResourceId` of the instance whose data it is.
    pub source_resource_id: String,
}

#[async_trait]
impl Action for Restore {
    /// The instance's name is taken once the first call was.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Restore
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let Restoration { region, from, new_instance, owner, .. } = &self.restoration;
        let from = match from {
            RestoreFrom::Snapshot(id) => mrkdwn!("snapshot {}", Code(id)),
            RestoreFrom::Time { instance, at } => mrkdwn!("the log of {} up to {}", Code(instance), Moment(*at)),
            RestoreFrom::Latest { instance } => mrkdwn!("the log of {} up to its latest moment", Code(instance)),
        };
        let tags: Vec<Mrkdwn> = owner.iter().map(|(key, value)| mrkdwn!("{}", Code(&format!("{key}={value}")))).collect();
        vec![
            mrkdwn!("new instance {} in {} from {} (source {})", Code(new_instance), region, from, Code(&self.source_resource_id)),
            mrkdwn!("with the settings below, tagged {}", Mrkdwn::join(tags, ", ")),
        ]
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.restoration.settings)
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let Restoration { region, new_instance, .. } = &self.restoration;
        let Some(instance) = world.databases.instance(region, new_instance).await? else { return Ok(Seen::Absent) };
        if !owner.holds(&instance.settings.tags) {
            return Ok(Seen::Foreign(format!("an instance {new_instance} exists that this run did not make")));
        }
        Ok(match instance.status {
            Phase::Available => Seen::Done(Finding {
                summary: format!("{new_instance} is available"),
                detail: json!({"instance": instance.id, "resource_id": instance.resource_id, "endpoint": instance.endpoint}),
            }),
            Phase::Underway(note) => Seen::Underway { percent: None, note },
            Phase::Leaving => Seen::Broken(Finding::said(format!("{new_instance} is being deleted"))),
            Phase::Broken(why) => Seen::Broken(Finding::said(format!("{new_instance} is {why}"))),
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        let Restoration { region, from, .. } = &self.restoration;
        match from {
            RestoreFrom::Snapshot(id) => Ok(match world.databases.snapshot(region, id).await? {
                None => Some(format!("the snapshot {id} is gone")),
                Some(snapshot) if snapshot.status != Phase::Available => Some(format!("the snapshot {id} is not available any more")),
                Some(snapshot) if backup::is_deleting(world, &snapshot).await.map_err(Fault::unread)? => {
                    Some(format!("the snapshot {id} is being deleted, since its time is over"))
                }
                Some(_) => None,
            }),
            RestoreFrom::Time { instance, .. } | RestoreFrom::Latest { instance } => {
                same_instance(world, region, instance, &self.source_resource_id).await
            }
        }
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        world.databases.restore(permit, &self.restoration).await
    }
}

/// Drift of an instance's identity: the name may have been given to another one.
pub(super) async fn same_instance(world: &World, region: &str, instance: &str, resource_id: &str) -> Result<Option<String>, CallError> {
    Ok(match world.databases.instance(region, instance).await? {
        None => Some(format!("the instance {instance} is gone")),
        Some(found) if found.resource_id != resource_id => Some(format!("{instance} is another instance now ({})", found.resource_id)),
        Some(_) => None,
    })
}
