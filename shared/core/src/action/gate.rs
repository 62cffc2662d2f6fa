use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Action, Class, Ownership, Seen};
use crate::{
    failure::CallError,
    mrkdwn,
    plan::Quorum,
    policy::Permit,
    port::World,
    view::{Mrkdwn, Span, one_of},
};

/// `gate`: the run waits here until people who see what is known by then approve the rest. It touches nothing; the engine
/// asks them ([`crate::run`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// What they are asked.
    pub message: String,
    /// How many and who.
    pub quorum: Quorum,
}

#[async_trait]
impl Action for Gate {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let Quorum { needed, roles, within } = &self.quorum;
        vec![
            mrkdwn!("stops until people have seen what is known by then, and approved the rest"),
            mrkdwn!("they are asked: {}", self.message),
            mrkdwn!("{} must approve with the role {}, within {}", *needed, one_of(roles), Span(within.0)),
        ]
    }

    async fn observe(&self, _: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        Ok(Seen::Absent)
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
