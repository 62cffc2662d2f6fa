use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, step_key};
use crate::{
    failure::{CallError, Fault},
    ident::RunId,
    mrkdwn,
    policy::{OWNER_TAG, Permit},
    port::{Tags, World},
    run::{self, SoFar},
    runbook::reference,
    store::{Created, Kept, Record, Store},
    view::{self, Code, Mrkdwn},
};

/// `alert:tell`: says something in a channel. What stands in it of the run's findings is filled in when it is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// The channel.
    pub channel: String,
    /// The words, with `${steps.ID.outputs.NAME}` for what is found out; absent: what came of every step so far.
    pub message: Option<String>,
}

/// That a step has said what it had to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    /// The run and the step.
    of: String,
    /// The words.
    text: String,
    /// When.
    at: Timestamp,
}

impl Record for Said {
    const PARTITION: &'static str = "said";

    fn id(&self) -> String {
        self.of.clone()
    }
}

/// The run that a step with these tags is of.
pub(super) fn run_of(tags: &Tags) -> RunId {
    RunId(tags.get(OWNER_TAG).cloned().unwrap_or_default())
}

/// What the run has found out, for words that are said.
pub(super) async fn so_far(world: &World, run: &RunId) -> Result<SoFar, CallError> {
    run::so_far(world, run).await.map_err(Fault::unread)
}

#[async_trait]
impl Action for Tell {
    /// It is said twice, which is better than not at all.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::Repeats)
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let what = match &self.message {
            Some(message) => mrkdwn!("says in {}: {}", Code(&self.channel), message),
            None => mrkdwn!("says in {} what came of every step so far", Code(&self.channel)),
        };
        vec![what]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let said: Option<Kept<Said>> = Store::of(world).load(&step_key(owner.tags)).await.map_err(Fault::unread)?;
        Ok(said.map_or(Seen::Absent, |said| {
            let Said { text, at, .. } = said.value;
            Seen::Done(Finding { summary: format!("said: {text}"), detail: json!({"said": text, "at": at}) })
        }))
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    /// Said first and noted then: whoever dies in between says it twice, which is better than not at all.
    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let tags = permit.owner_tags();
        let run = run_of(&tags);
        let so_far = so_far(world, &run).await?;
        let lines = match &self.message {
            Some(message) => vec![reference::with_outputs(message, &so_far.known)],
            None => so_far.lines,
        };
        permit.check(world.clock.now())?;
        world.chat.post(&self.channel, None, &view::step_said(&run, &lines)).await?;
        let said = Said { of: step_key(&tags), text: lines.join("; "), at: world.clock.now() };
        if let Err(fault) = Store::of(world).create(said).await.map(|_: Created<Said>| ()) {
            tracing::warn!(run = run.as_str(), fault = fault.chain(), "what was said was not noted, and will be said again");
        }
        Ok(())
    }
}
