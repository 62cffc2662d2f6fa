use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Node, Ownership, SecondCall, Seen, node::Looked};
use crate::{
    database::member,
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{Instance, SqlChange, SqlTarget, World},
    standby::{IN_RECOVERY, WRITTEN_BY, ask_at},
    view::{Code, Mrkdwn},
};

/// `db:write-probe`: writes a row where the applications would, as they would, and reads it back. Reads alone are green on a
/// database that refuses every write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteProbe {
    /// The instance that must take it.
    pub node: Node,
    /// The run that writes.
    pub run: String,
}

impl WriteProbe {
    /// Where the applications there are led by their secret, which must be the instance that was meant.
    async fn led(&self, world: &World, found: &Instance) -> Result<Result<SqlTarget, String>, CallError> {
        let Node { region, secret, database, .. } = &self.node;
        let Some(endpoint) = &found.endpoint else { return Ok(Err(format!("{} has no endpoint", found.id))) };
        let current = world.secrets.current(region, secret).await?;
        let host = current.and_then(|current| member(&current.value, "host")).unwrap_or_default();
        if host != endpoint.host {
            return Ok(Err(format!("the applications in {region} are led to {host}, not to {}", found.id)));
        }
        let (region, database, secret) = (region.clone(), database.clone(), secret.clone());
        Ok(Ok(SqlTarget { region, host, port: endpoint.port, database, secret }))
    }
}

#[async_trait]
impl Action for WriteProbe {
    /// The same mark is written into the same row once more.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::Repeats)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![
            mrkdwn!("{}, {}", self.node.card(), self.node.sign_in()),
            mrkdwn!("write the mark of {} into {} by the host in that secret, and read it back", Code(&self.run), Code("mayday.mark")),
        ]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let found = match self.node.look(world, Some(owner)).await? {
            Looked::There(found) => found,
            Looked::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        let target = match self.led(world, &found).await? {
            Ok(target) => target,
            Err(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        let said = match ask_at(world, &target, &[WRITTEN_BY, IN_RECOVERY]).await? {
            Ok(said) => said,
            Err(why) => return Err(CallError::NotNow { code: "Unreachable".to_owned(), why }),
        };
        Ok(if said.of(WRITTEN_BY) == Some(&self.run) && said.of(IN_RECOVERY) == Some("f") {
            Seen::Done(Finding { summary: format!("{} took a write", found.id), detail: json!({"host": target.host}) })
        } else {
            Seen::Absent
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let target = self.node.target(world).await?;
        permit.check(world.clock.now())?;
        world.sql.change(permit, &target, &SqlChange::WriteProbe { run: self.run.clone() }).await.map(drop)
    }
}
