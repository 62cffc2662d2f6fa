use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Action, Class, Finding, Node, Ownership, SecondCall, Seen, node::Looked};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::{Permit, Verb},
    port::{SqlChange, World},
    standby::READ_ONLY,
    view::Mrkdwn,
};

/// `db:thaw`: lets a database take writes again. A promoted standby needs it too: the freeze of its source came to it with
/// all the rest of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thaw {
    /// The instance.
    pub node: Node,
}

#[async_trait]
impl Action for Thaw {
    /// The same setting is taken away once more; sessions that it ends come back as writers.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::Repeats)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![
            mrkdwn!("{}, {}", self.node.card(), self.node.sign_in()),
            mrkdwn!("new sessions write again; those that only read are ended, so that they come back as such"),
        ]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let found = match self.node.look(world, Some(owner)).await? {
            Looked::There(found) => found,
            Looked::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        match self.node.ask(world, &found, &[READ_ONLY]).await? {
            Ok(said) if said.of(READ_ONLY) == Some("off") => Ok(Seen::Done(Finding::said(format!("{} takes writes", found.id)))),
            Ok(_) => Ok(Seen::Absent),
            // It has just been promoted, and is starting.
            Err(why) => Err(CallError::NotNow { code: "Unreachable".to_owned(), why }),
        }
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        self.node.drift(world).await
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let target = self.node.target(world).await?;
        permit.check(world.clock.now())?;
        world.sql.change(permit, &target, &SqlChange::Thaw).await.map(drop)
    }
}
