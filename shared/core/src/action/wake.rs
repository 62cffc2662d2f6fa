use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Action, Class, Finding, Ownership, SecondCall, Seen, step_key,
    tell::{run_of, so_far},
};
use crate::{
    failure::{CallError, Fault},
    ident::Actor,
    mrkdwn,
    page::{self, Page, PageKey, Raise},
    plan::Severity,
    policy::{Permit, Verb},
    port::{Tags, World},
    runbook::reference,
    store::{Kept, Record as _, Store},
    view::Mrkdwn,
};

/// `page:raise`: wakes people. It is done when the first of them has been called: whether somebody acknowledges is the page's to see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line, with `${steps.ID.outputs.NAME}` for what is found out.
    pub message: String,
    /// Whom to wake before the plan's levels, by their names in the plan.
    pub to: Vec<String>,
}

/// The page's key: a step pages once, however often its call is made.
fn key(tags: &Tags) -> String {
    format!("step/{}", step_key(tags))
}

#[async_trait]
impl Action for Wake {
    /// The page's key is taken: a second call finds the page of the first.
    fn class(&self) -> Class {
        Class::Adds(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Page
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let whom =
            if self.to.is_empty() { "whoever is on call".to_owned() } else { format!("{}, then whoever is on call", self.to.join(", ")) };
        vec![mrkdwn!("wakes {}, as {}: {}", whom, self.severity.to_string(), self.message)]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let wanted = PageKey { key: key(owner.tags), page: None, resolved_at: None };
        let known: Option<Kept<PageKey>> = Store::of(world).load(&wanted.id()).await.map_err(Fault::unread)?;
        let Some(id) = known.and_then(|known| known.value.page) else { return Ok(Seen::Absent) };
        // Whoever reserves the key may die before the page itself is written: then nobody was woken.
        let page: Option<Kept<Page>> = Store::of(world).load(id.as_str()).await.map_err(Fault::unread)?;
        Ok(match page {
            Some(_) => Seen::Done(Finding { summary: format!("people are woken: {id}"), detail: json!({"page": id}) }),
            None => Seen::Absent,
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let tags = permit.owner_tags();
        let run = run_of(&tags);
        let so_far = so_far(world, &run).await?;
        let raise = Raise {
            key: key(&tags),
            severity: self.severity,
            subject: reference::with_outputs(&self.message, &so_far.known),
            why: String::new(),
            by: Actor::System("runner".to_owned()),
            since: world.clock.now(),
            run: Some(run.0),
            to: self.to.clone(),
        };
        page::raise(world, raise).await.map(drop).map_err(|fault| CallError::Unknown { why: fault.chain() })
    }
}
