use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Action, Class, Finding, Node, Ownership, Seen, node::Looked};
use crate::{
    failure::CallError,
    mrkdwn,
    planted::{Bug, planted},
    policy::Permit,
    port::World,
    standby::{OLD_SESSIONS, READ_ONLY},
    view::Mrkdwn,
};

/// `db:check-fence`: sees that the old primary takes no writes, before anybody is led elsewhere. Two that take writes are
/// worse than none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFence {
    /// The old primary.
    pub primary: Node,
}

#[async_trait]
impl Action for CheckFence {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![
            mrkdwn!("{}, {}", self.primary.card(), self.primary.sign_in()),
            mrkdwn!("it must refuse writes or not answer; else this stops, and nobody is led elsewhere"),
        ]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let fenced = |why: String| Seen::Done(Finding::said(why));
        let found = match self.primary.look(world, Some(owner)).await? {
            Looked::There(found) => found,
            Looked::Not(why) => return Ok(fenced(why)),
        };
        let said = match self.primary.ask(world, &found, &[READ_ONLY, OLD_SESSIONS]).await? {
            Ok(said) => said,
            Err(why) => return Ok(fenced(format!("{} does not answer ({why})", found.id))),
        };
        let sessions = said.of(OLD_SESSIONS).unwrap_or("0");
        Ok(match (said.of(READ_ONLY), sessions) {
            _ if planted(Bug::FenceUnchecked) => fenced("it was frozen before".to_owned()),
            (Some("on"), "0") => fenced(format!("{} answers, and refuses writes", found.id)),
            (Some("on"), sessions) => {
                Seen::Broken(Finding::said(format!("{} has {sessions} sessions from before it was frozen, which may write", found.id)))
            }
            _ => Seen::Broken(Finding::said(format!("{} takes writes: there would be two primaries", found.id))),
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
