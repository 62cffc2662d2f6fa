use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, Seen};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::Permit,
    port::{Phase, World},
    view::{Code, Mrkdwn},
};

/// `db:status`: looks how an instance stands and says so. That it does not stand well is what it is asked for, and no
/// failure: later conditions read the facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The region.
    pub region: String,
    /// The instance that the traffic goes to when this is proposed.
    pub instance: String,
}

#[async_trait]
impl Action for Status {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![mrkdwn!("how {} in {} stands", Code(&self.instance), self.region)]
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let Some(instance) = world.databases.instance(&self.region, &self.instance).await? else {
            let detail = json!({"status": "gone", "facts": {"instance_gone": true, "instance_unavailable": true}});
            return Ok(Seen::Done(Finding { summary: format!("{} is gone", self.instance), detail }));
        };
        let well = instance.status == Phase::Available;
        let restorable = instance.latest_restorable.map(|at| format!("; it can be restored up to {at}")).unwrap_or_default();
        Ok(Seen::Done(Finding {
            summary: format!("{} is {}{restorable}", self.instance, instance.status),
            detail: json!({
                "status": instance.status.to_string(),
                "latest_restorable": instance.latest_restorable,
                "facts": {"instance_gone": false, "instance_unavailable": !well},
            }),
        }))
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
