use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, busy};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{BACKING_UP, Phase, Settings, World},
    view::{Code, Mrkdwn},
};

/// `db:align`: sets on an instance of this run what a restore could not, and reboots it where a change waits for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Align {
    /// The region.
    pub region: String,
    /// The instance, made by an earlier step of the same run.
    pub instance: String,
    /// What it must be set up with.
    pub settings: Settings,
}

#[async_trait]
impl Action for Align {
    /// Nothing refuses it: settings would be set once more, and an instance rebooted that serves by then.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::OnlyIfUnchanged)
    }

    fn verb(&self) -> Verb {
        Verb::Restore
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![mrkdwn!(
            "set what {} in {} lacks of the settings below; reboot it if one of them waits for that",
            Code(&self.instance),
            self.region
        )]
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.settings)
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let Some(instance) = world.databases.instance(&self.region, &self.instance).await? else {
            return Ok(Seen::Broken(Finding::said(format!("{} is gone", self.instance))));
        };
        if !owner.same_run(&instance.settings.tags) {
            return Ok(Seen::Foreign(format!("{} was not made by this run", self.instance)));
        }
        let differences = self.settings.differences(&instance.settings);
        Ok(match instance.status {
            Phase::Available if differences.is_empty() && !instance.pending_reboot => {
                Seen::Done(Finding::said(format!("{} has all that the old instance had", self.instance)))
            }
            Phase::Available => Seen::Absent,
            // Not by this step: the vendor backs up what it has just restored.
            ref status @ Phase::Underway(ref note) if note == BACKING_UP => return Err(busy(&self.instance, status)),
            Phase::Underway(note) => Seen::Underway { percent: None, note },
            Phase::Leaving => Seen::Broken(Finding::said(format!("{} is being deleted", self.instance))),
            Phase::Broken(why) => Seen::Broken(Finding::said(format!("{} is {why}", self.instance))),
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let current = world.databases.instance(&self.region, &self.instance).await?;
        permit.check(world.clock.now())?;
        match current {
            Some(instance) if self.settings.differences(&instance.settings).is_empty() => {
                world.databases.reboot(permit, &self.region, &self.instance).await
            }
            _ => world.databases.align(permit, &self.region, &self.instance, &self.settings).await,
        }
    }
}
