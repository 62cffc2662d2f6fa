use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, Class, Finding, Ownership, Seen};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::Permit,
    port::World,
    view::{Code, Moment, Mrkdwn},
    when::utc,
};

/// `db:await-restorable`: waits until an instance's log reaches a moment. The log trails by up to five minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitRestorable {
    /// The region.
    pub region: String,
    /// The instance whose log it is.
    pub instance: String,
    /// Its `DbiResourceId`.
    pub resource_id: String,
    /// The moment.
    pub at: Timestamp,
}

#[async_trait]
impl Action for AwaitRestorable {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![mrkdwn!(
            "until the log of {} ({}, {}) reaches {}",
            Code(&self.instance),
            Code(&self.resource_id),
            self.region,
            Moment(self.at)
        )]
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let Some(instance) = world.databases.instance(&self.region, &self.instance).await? else {
            return Ok(Seen::Broken(Finding::said(format!("{} is gone", self.instance))));
        };
        if instance.resource_id != self.resource_id {
            return Ok(Seen::Foreign(format!("{} is another instance now ({})", self.instance, instance.resource_id)));
        }
        Ok(match instance.latest_restorable {
            Some(latest) if latest >= self.at => Seen::Done(Finding::said(format!("the log reaches {}", utc(latest)))),
            Some(latest) => Seen::Underway { percent: None, note: format!("the log reaches {}", utc(latest)) },
            None => Seen::Broken(Finding::said(format!("{} keeps no log to restore from", self.instance))),
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
