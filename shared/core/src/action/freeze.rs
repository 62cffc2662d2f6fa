use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Node, Ownership, SecondCall, Seen, node::Looked};
use crate::{
    failure::CallError,
    mrkdwn,
    planted::{Bug, planted},
    policy::{Permit, Verb},
    port::{SqlChange, World},
    standby::{FROZEN_BY, OLD_SESSIONS, READ_ONLY},
    view::{Code, Mrkdwn},
};

/// `db:freeze`: ends all writes to a database. New sessions only read, those from before are ended, and a write is seen to
/// fail. `db:thaw` undoes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The primary.
    pub primary: Node,
    /// Whether it answered when this was proposed. Where it did not, that it does not answer is what keeps writes from it;
    /// when it answers again, that is another world, and another proposal.
    pub answers: bool,
    /// The run that sets the mark.
    pub run: String,
}

#[async_trait]
impl Action for Freeze {
    /// The same setting and the same mark once more; the sessions that it ends only read.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::Repeats)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let how = if self.answers {
            mrkdwn!("new sessions only read, all others are ended, and a write is seen to fail")
        } else {
            mrkdwn!("it does not answer: nothing is done to it, and this stops when it answers again")
        };
        vec![
            mrkdwn!("{}, {}", self.primary.card(), self.primary.sign_in()),
            how,
            mrkdwn!("the mark of {} in {} shows how far a standby has come", Code(&self.run), Code("mayday.mark")),
        ]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        if planted(Bug::FreezeUnchecked) {
            return Ok(Seen::Done(Finding::said("nobody writes at night")));
        }
        let gone = |why: String| Seen::Done(Finding::said(format!("{why}, so it takes no writes")));
        let found = match (self.primary.look(world, Some(owner)).await, self.answers) {
            (Ok(Looked::There(found)), _) => found,
            (Ok(Looked::Not(why)), false) => return Ok(gone(why)),
            (Ok(Looked::Not(why)), true) => return Ok(Seen::Broken(Finding::said(why))),
            (Err(error), false) if error.is_silence() => return Ok(Seen::Done(Finding::said(self.primary.out_of_reach(error.why())))),
            (Err(error), _) => return Err(error),
        };
        let said = match (self.primary.ask(world, &found, &[READ_ONLY, FROZEN_BY, OLD_SESSIONS]).await?, self.answers) {
            (Ok(said), true) => said,
            (Ok(_), false) => {
                return Ok(Seen::Broken(Finding::said(format!("{} answers again: ask for a new proposal", self.primary.instance))));
            }
            (Err(why), false) => return Ok(gone(format!("{} does not answer ({why})", self.primary.instance))),
            (Err(why), true) => return Err(CallError::NotNow { code: "Unreachable".to_owned(), why }),
        };
        let frozen = said.of(READ_ONLY) == Some("on") && said.of(FROZEN_BY) == Some(&self.run);
        Ok(if frozen && said.of(OLD_SESSIONS) == Some("0") {
            Seen::Done(Finding { summary: format!("{} takes no writes", self.primary.instance), detail: json!({"mark": self.run}) })
        } else {
            Seen::Absent
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        if self.answers {
            return self.primary.drift(world).await;
        }
        let found = match self.primary.look(world, None).await {
            Ok(Looked::There(found)) => found,
            // Its region is as silent as it was.
            Ok(Looked::Not(_)) => return Ok(None),
            Err(error) if error.is_silence() => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(self.primary.ask(world, &found, &[READ_ONLY]).await?.is_ok().then(|| format!("{} answers again", self.primary.instance)))
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let target = self.primary.target(world).await?;
        permit.check(world.clock.now())?;
        world.sql.change(permit, &target, &SqlChange::Freeze { run: self.run.clone() }).await.map(drop)
    }
}
