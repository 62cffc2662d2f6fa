use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Action, Class, Finding, Ownership, SecondCall, Seen,
    update_dns::{heard, moved},
};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{RecordChange, SwitchPlace, Turned, World},
    view::{Code, Mrkdwn},
};

/// `dns:switch`: moves all of a service's names by the file that their health check reads, and by nothing else: no record is changed, and
/// nothing outside of the standby's region is called. It replaces exactly the version that was approved, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The file that the health check reads.
    pub switch: SwitchPlace,
    /// What it says now.
    pub before: Turned,
    /// What it is to say: where the service is, and by which run.
    pub after: String,
    /// What the name servers answer before and after, name by name.
    pub names: Vec<RecordChange>,
}

#[async_trait]
impl Action for Turn {
    /// S3 refuses to replace another version of the file than the one that was approved.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let SwitchPlace { region, bucket, key } = &self.switch;
        let mut lines = vec![
            mrkdwn!("the file {} of {} ({}), which a health check reads", Code(key), Code(bucket), region),
            mrkdwn!("from {} (version {}) to {}", Code(&self.before.text), Code(&self.before.version), Code(&self.after)),
            mrkdwn!("all at once, as soon as the health check has read it:"),
        ];
        lines.extend(self.names.iter().map(moved));
        lines
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        match world.dns.switch(&self.switch).await? {
            now if now.text == self.after => {}
            now if now == self.before => return Ok(Seen::Absent),
            now => return Ok(Seen::Foreign(format!("somebody else has turned the switch: it says {}", now.text))),
        }
        for RecordChange { after, .. } in &self.names {
            if !heard(world, after).await? {
                return Ok(Seen::Underway { percent: None, note: format!("name servers still give the old answer for {}", after.name) });
            }
        }
        let names: Vec<&str> = self.names.iter().map(|change| change.after.name.as_str()).collect();
        Ok(Seen::Done(Finding {
            summary: format!("the switch says {}; the name servers answer as wanted", self.after),
            detail: json!({"names": names}),
        }))
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        let now = world.dns.switch(&self.switch).await?;
        Ok((now != self.before).then(|| format!("the switch in {} says {} now", self.switch.bucket, now.text)))
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        permit.check(world.clock.now())?;
        world.dns.turn(permit, &self.switch, &self.before, &self.after).await
    }
}
