use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Action, Class, Finding, Node, Ownership, Seen,
    check_standby::{Following, following, in_words},
    node::Looked,
};
use crate::{
    failure::CallError,
    mrkdwn,
    planted::{Bug, planted},
    policy::Permit,
    port::World,
    standby::{FROZEN_BY, IN_RECOVERY, LAG, RECEIVERS},
    view::{Code, Mrkdwn},
};

/// `db:await-standby`: waits until a standby has everything that its source ever committed: the gate before a promotion.
///
/// A freeze sets a mark in the source after the last write. Whoever has replayed the mark has replayed all before it: no
/// clock and no estimate is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitStandby {
    /// The standby.
    pub standby: Node,
    /// The instance that it follows.
    pub source: String,
    /// The run whose mark must have arrived. Absent where the source did not answer, and could set none: then all that was
    /// received must have been replayed.
    pub mark: Option<String>,
}

#[async_trait]
impl Action for AwaitStandby {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let what = match &self.mark {
            Some(run) => mrkdwn!("wait until it has all that {} committed: the mark of {}", Code(&self.source), Code(run)),
            None => mrkdwn!("wait until it has replayed all that it received from {}", Code(&self.source)),
        };
        vec![mrkdwn!("{}, {}", self.standby.card(), self.standby.sign_in()), what]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let found = match self.standby.look(world, Some(owner)).await? {
            Looked::There(found) => found,
            Looked::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        let said = match self.standby.ask(world, &found, &[IN_RECOVERY, RECEIVERS, LAG, FROZEN_BY]).await? {
            Ok(said) => said,
            Err(why) => return Err(CallError::NotNow { code: "Unreachable".to_owned(), why }),
        };
        let lag = match following(&found, &self.source, &said) {
            Following::Closely(lag) | Following::Cut(lag) => lag,
            Following::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        let has_all = match &self.mark {
            Some(run) => said.of(FROZEN_BY) == Some(run),
            None => lag <= 0.0,
        };
        let has_all = has_all || planted(Bug::StandbyBehind) || planted(Bug::FreezeUnchecked);
        Ok(match (has_all, &self.mark) {
            (true, Some(_)) => Seen::Done(Finding {
                summary: format!("{} has all that {} ever committed", found.id, self.source),
                detail: json!({"lost_seconds": 0}),
            }),
            (true, None) => Seen::Done(Finding::said(format!("{} has replayed all that it received", found.id))),
            (false, _) => Seen::Underway { percent: None, note: format!("{} is still {} behind", found.id, in_words(lag)) },
        })
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        self.standby.drift(world).await
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
