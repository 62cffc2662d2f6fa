use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, restore::same_instance};
use crate::{
    database::{Route, rerouted},
    failure::CallError,
    mrkdwn,
    planted::{Bug, planted},
    policy::{Permit, Verb},
    port::{Phase, World},
    view::{Code, Mrkdwn, place},
};

/// `db:retire`: deletes an instance that traffic no longer goes to, after a final snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retire {
    /// The region.
    pub region: String,
    /// The instance.
    pub instance: String,
    /// Its `DbiResourceId`.
    pub resource_id: String,
    /// The name of the snapshot that stays of it.
    pub final_snapshot: String,
    /// Where traffic is led, which must be elsewhere.
    pub route: Route,
}

#[async_trait]
impl Action for Retire {
    /// The final snapshot's name is taken once the first call was.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Retire
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![
            mrkdwn!("delete {} ({}, {}) with its automated backups", Code(&self.instance), Code(&self.resource_id), self.region),
            mrkdwn!("what stays: the final snapshot {}", Code(&self.final_snapshot)),
            mrkdwn!("only while traffic is led to {} by the {}", Code(self.route.host()), place(&self.route)),
        ]
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let instance = world.databases.instance(&self.region, &self.instance).await?.filter(|found| found.resource_id == self.resource_id);
        match instance {
            Some(instance) if instance.status == Phase::Leaving => Ok(Seen::Underway { percent: None, note: "deleting".to_owned() }),
            Some(_) => Ok(Seen::Absent),
            None => Ok(match world.databases.snapshot(&self.region, &self.final_snapshot).await? {
                Some(snapshot) if snapshot.status == Phase::Available => Seen::Done(Finding {
                    summary: format!("{} is gone; {} stays", self.instance, self.final_snapshot),
                    detail: json!({"final_snapshot": self.final_snapshot}),
                }),
                Some(snapshot) => Seen::Underway { percent: Some(snapshot.percent), note: "the final snapshot is being made".to_owned() },
                None => Seen::Broken(Finding::said(format!(
                    "{} is gone, and there is no final snapshot {}",
                    self.instance, self.final_snapshot
                ))),
            }),
        }
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        if self.route.instance() == self.instance {
            return Ok(Some(format!("{} carries the traffic", self.instance)));
        }
        if let Some(what) = rerouted(world, &self.route).await? {
            return Ok(Some(what));
        }
        same_instance(world, &self.region, &self.instance, &self.resource_id).await
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let last = Some(self.final_snapshot.as_str()).filter(|_| !planted(Bug::LastSnapshotLeftOut));
        world.databases.delete_instance(permit, &self.region, &self.instance, last).await
    }
}
