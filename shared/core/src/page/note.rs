//! What people and PagerDuty are told of how a page stands. All of it follows from the record, so that what fails is done on the next tick.

use serde_json::json;

use super::{AttemptOutcome, Happened, Page, PagerState, State, contact::e164, send::plan_now};
use crate::{
    audit,
    failure::{CallError, Fault},
    ident::{Actor, PageId, sha256_hex},
    plan::Plan,
    port::World,
    store::{Kept, Store},
    view,
};

/// How often a write that lost a race is made again.
const RACES: u32 = 20;

/// A page as it is now.
pub(super) async fn reload(world: &World, id: &PageId) -> Result<Kept<Page>, Fault> {
    Store::of(world).load(id.as_str()).await?.ok_or_else(|| Fault::new(format!("the page {id} is gone")))
}

/// Changes a page, whoever else writes it meanwhile.
pub(super) async fn edit(world: &World, kept: Kept<Page>, change: impl Fn(&mut Page)) -> Result<Kept<Page>, Fault> {
    let mut kept = kept;
    for _ in 0..RACES {
        let mut next = kept.value.clone();
        change(&mut next);
        if next == kept.value {
            return Ok(kept);
        }
        match Store::of(world).replace(&kept, next).await? {
            Ok(kept) => return Ok(kept),
            Err(_) => kept = reload(world, &kept.value.id).await?,
        }
    }
    Err(Fault::new("a page is written by too many at once"))
}

/// Brings people and PagerDuty up to date. What does not answer is told on the next tick.
pub(super) async fn settle(world: &World, plan: &Plan, kept: Kept<Page>) -> Result<Kept<Page>, Fault> {
    let kept = tell_pagerduty(world, kept).await?;
    let mut kept = match headline(world, plan, kept).await? {
        (kept, true) => kept,
        // Slack does not answer: the rest of it waits, too.
        (kept, false) => return Ok(kept),
    };
    while let Some(told) = kept.value.log.get(kept.value.told).cloned() {
        let Some(headline) = kept.value.headline.clone() else { break };
        let message = view::page_reply(plan, &kept.value, &told);
        if let Err(error) = world.chat.post(&headline.channel, Some(&headline.ts), &message).await {
            silent(&kept.value, &error);
            return Ok(kept);
        }
        let number = kept.value.told;
        kept = edit(world, kept, |page| page.told = page.told.max(number + 1)).await?;
    }
    take_buttons(world, plan, kept).await
}

fn silent(page: &Page, error: &CallError) {
    tracing::warn!(page = page.id.as_str(), error = %error, "a page was not told in Slack");
}

/// Posts or edits the one living message. `false`: Slack does not answer.
async fn headline(world: &World, plan: &Plan, kept: Kept<Page>) -> Result<(Kept<Page>, bool), Fault> {
    let card = view::page_card(plan, &kept.value);
    let form = serde_json::to_vec(&card).map_err(|error| Fault::because("a message has no JSON form", error))?;
    let shown = Some(sha256_hex(&form));
    if kept.value.shown == shown {
        return Ok((kept, true));
    }
    let told = match &kept.value.headline {
        Some(headline) => world.chat.update(headline, &card).await.map(|()| headline.clone()),
        None => world.chat.post(&plan.slack.channel, None, &card).await,
    };
    match told {
        Ok(headline) => {
            let kept = edit(world, kept, |page| {
                page.headline = Some(headline.clone());
                page.shown.clone_from(&shown);
            });
            Ok((kept.await?, true))
        }
        Err(error) => {
            silent(&kept.value, &error);
            Ok((kept, false))
        }
    }
}

/// The buttons of direct messages go when somebody has taken the page.
async fn take_buttons(world: &World, plan: &Plan, kept: Kept<Page>) -> Result<Kept<Page>, Fault> {
    if kept.value.is_open() {
        return Ok(kept);
    }
    let posted: Vec<_> = kept.value.attempts.iter().filter_map(|made| made.posted.clone()).collect();
    let mut kept = kept;
    for posted in posted {
        if let Err(error) = world.chat.update(&posted, &view::page_taken(plan, &kept.value)).await {
            // Its buttons are judged when they are pressed.
            silent(&kept.value, &error);
        }
        kept = edit(world, kept, |page| {
            page.attempts.iter_mut().filter(|made| made.posted.as_ref() == Some(&posted)).for_each(|made| made.posted = None);
        })
        .await?;
    }
    Ok(kept)
}

/// Tells PagerDuty that somebody is at it or that it is over, if it was told of the trouble.
async fn tell_pagerduty(world: &World, kept: Kept<Page>) -> Result<Kept<Page>, Fault> {
    let wanted = match (&kept.value.state, kept.value.pagerduty) {
        (_, None) | (State::Open, _) => return Ok(kept),
        (State::Acknowledged(_), Some(_)) => PagerState::Acknowledged,
        (State::Resolved { .. }, Some(_)) => PagerState::Resolved,
    };
    if kept.value.pagerduty >= Some(wanted) {
        return Ok(kept);
    }
    let key = kept.value.dedup_key();
    let told = match wanted {
        PagerState::Resolved => world.pager.resolve(&key).await,
        PagerState::Triggered | PagerState::Acknowledged => world.pager.acknowledge(&key).await,
    };
    match told {
        Ok(_) | Err(CallError::Refused { .. }) => edit(world, kept, |page| page.pagerduty = page.pagerduty.max(Some(wanted))).await,
        Err(error) => {
            tracing::warn!(page = kept.value.id.as_str(), error = %error, "PagerDuty was not told how a page stands");
            Ok(kept)
        }
    }
}

/// Writes that a page is over, and tells everybody.
pub(super) async fn resolved(world: &World, kept: Kept<Page>, by: &str, why: &str) -> Result<Kept<Page>, Fault> {
    let now = world.clock.now();
    let event = audit::Event {
        at: now,
        actor: Actor::System("page".to_owned()),
        what: "page.resolved".to_owned(),
        about: kept.value.id.0.clone(),
        digest: None,
        detail: json!({"by": by, "why": why}),
    };
    audit::append(world, event).await?;
    let kept = edit(world, kept, |page| {
        if page.is_resolved() {
            return;
        }
        page.state = State::Resolved { by: by.to_owned(), at: now, why: why.to_owned() };
        page.next_at = None;
        page.forget_unsent();
        page.happened(now, Happened::Resolved { by: by.to_owned(), why: why.to_owned() });
    })
    .await?;
    let plan = plan_now(world).await?;
    settle(world, &plan, kept).await
}

/// Asks whoever has taken a page, by direct message and by text message, whether they are still on it.
pub(super) async fn ask(world: &World, kept: Kept<Page>) -> Result<(), Fault> {
    let plan = plan_now(world).await?;
    let State::Acknowledged(by) = &kept.value.state else { return Ok(()) };
    let person = plan.people.get(&by.by);
    let (now, mut asked) = (world.clock.now(), false);
    if let Some(user) = &by.user {
        match world.chat.post(user, None, &view::page_still_on_it(&kept.value)).await {
            Ok(_) => asked = true,
            Err(error) => silent(&kept.value, &error),
        }
    }
    if let Some(number) = person.and_then(|person| person.phone.as_deref()).and_then(e164) {
        let code = kept.value.codes.get(&by.by).map(String::as_str);
        match world.phone.sms(&number, &view::page_still_on_it_sms(&kept.value, code)).await {
            Ok(_) => asked = true,
            Err(error) => tracing::warn!(page = kept.value.id.as_str(), error = %error, "somebody was not asked by text message"),
        }
    }
    let kept = edit(world, kept, |page| {
        if let State::Acknowledged(by) = &mut page.state {
            // Whoever is asked late has as long to answer.
            if asked && by.unasked {
                (by.asked_at, by.unasked) = (Some(now), false);
            }
        }
    })
    .await?;
    settle(world, &plan, kept).await.map(drop)
}

impl Page {
    /// What was intended and not sent is not sent any more.
    pub(super) fn forget_unsent(&mut self) {
        for made in self.attempts.iter_mut().filter(|made| made.is_intended()) {
            made.outcome = AttemptOutcome::Undelivered("it was not needed any more".to_owned());
        }
    }
}

impl super::Attempt {
    pub(super) fn is_intended(&self) -> bool {
        self.outcome == AttemptOutcome::Intended
    }
}
