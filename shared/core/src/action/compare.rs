use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, Seen};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::Permit,
    port::{Instance, Settings, World},
    view::{Code, Mrkdwn},
};

/// `db:compare`: holds every field of the restored instance against the old one's, and explains each difference. One that
/// has no explanation stops the run before any traffic moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// The region.
    pub region: String,
    /// The restored instance.
    pub instance: String,
    /// The old instance's name and `DbiResourceId`.
    pub old_instance: String,
    /// Its `DbiResourceId`.
    pub old_resource_id: String,
    /// What the old one was set up with when this was proposed.
    pub settings: Settings,
}

impl Compare {
    fn identity(&self, instance: &Instance) -> Vec<serde_json::Value> {
        let line = |field: &str, was: &str, is: &str, why: &str| json!({"field": field, "was": was, "is": is, "why": why});
        vec![
            line("id", &self.old_instance, &instance.id, "a restore makes a new instance"),
            line("resource_id", &self.old_resource_id, &instance.resource_id, "a restore makes a new instance"),
            line(
                "endpoint",
                "the old one's own",
                instance.endpoint.as_ref().map_or("", |endpoint| &endpoint.host),
                "applications follow the indirection, not this name",
            ),
            line("ca_certificate_valid_till", "the old one's own", "newly issued", "each instance has a server certificate of its own"),
        ]
    }
}

#[async_trait]
impl Action for Compare {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![mrkdwn!(
            "every setting of {} in {} against those below, which {} ({}) had",
            Code(&self.instance),
            self.region,
            Code(&self.old_instance),
            Code(&self.old_resource_id)
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
        let unexplained = self.settings.differences(&instance.settings);
        let lines = self.identity(&instance);
        if unexplained.is_empty() {
            let summary = format!("all {} settings are as they were", self.settings.listed().len());
            return Ok(Seen::Done(Finding { summary, detail: json!({"explained": lines}) }));
        }
        let said: Vec<String> =
            unexplained.iter().map(|difference| format!("{} was {} and is {}", difference.field, difference.was, difference.is)).collect();
        Ok(Seen::Broken(Finding {
            summary: format!("the new instance is not like the old one: {}", said.join("; ")),
            detail: json!({"explained": lines, "unexplained": unexplained}),
        }))
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
