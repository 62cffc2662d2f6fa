use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Node, Ownership, Seen, node::Looked};
use crate::{
    failure::CallError,
    mrkdwn,
    planted::{Bug, planted},
    policy::{OWNER_TAG, Permit},
    port::World,
    standby::{FROZEN_BY, OLD_SESSIONS, READ_ONLY},
    view::Mrkdwn,
};

/// `db:check-fence`: sees that the old primary takes no writes, before anybody is led elsewhere. Two that take writes are
/// worse than none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFence {
    /// The old primary.
    pub primary: Node,
    /// Whether it answered when this was proposed. Where it did not, the silence of its whole region does not keep people there, too.
    #[serde(default = "answered", skip_serializing_if = "Clone::clone")]
    pub answers: bool,
    /// What takes over from it. It has all that was committed there up to the promotion: whether the old primary was frozen, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Node>,
}

impl CheckFence {
    /// Whether this run is known to have frozen it, though nobody can ask it any more. What ends its writes is in its own catalog,
    /// and stands there when its region comes back; the mark that its successor has was set after that.
    async fn was_frozen(&self, world: &World, owner: Ownership<'_>) -> Result<bool, CallError> {
        let (Some(successor), Some(run)) = (&self.successor, owner.tags.get(OWNER_TAG)) else { return Ok(false) };
        let Looked::There(found) = successor.look(world, Some(owner)).await? else { return Ok(false) };
        Ok(successor.ask(world, &found, &[FROZEN_BY]).await?.is_ok_and(|said| said.of(FROZEN_BY) == Some(run)))
    }
}

/// What was proposed before this was asked is held to what it said.
fn answered() -> bool {
    true
}

#[async_trait]
impl Action for CheckFence {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let must = match self.answers {
            true => mrkdwn!("it must refuse writes or not answer; else this stops, and nobody is led elsewhere"),
            false => mrkdwn!("it does not answer: if it still does not, people are led elsewhere; if it takes writes, nobody is"),
        };
        let mut lines = vec![mrkdwn!("{}, {}", self.primary.card(), self.primary.sign_in()), must];
        if let Some(successor) = &self.successor {
            let mark = mrkdwn!("{}, {}", successor.card(), successor.sign_in());
            lines.push(mrkdwn!("should its region fall silent meanwhile, this run's mark in {} must show that it was frozen before", mark));
        }
        lines
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let fenced = |why: String| Seen::Done(Finding::said(why));
        // What nobody saw is seen to when its region is back: `failover/returned.rs`.
        let unseen = |why: String| Seen::Done(Finding { summary: why, detail: json!({"unseen": true}) });
        let found = match self.primary.look(world, Some(owner)).await {
            Ok(Looked::There(found)) => found,
            Ok(Looked::Not(why)) => return Ok(fenced(why)),
            Err(error) if !self.answers && error.is_silence() => return Ok(unseen(self.primary.out_of_reach(error.why()))),
            Err(error) if error.is_silence() && self.was_frozen(world, owner).await? => {
                return Ok(unseen(self.primary.silent_since_frozen(error.why())));
            }
            Err(error) => return Err(error),
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
