use jiff::{SignedDuration, Timestamp};

use super::{ANSWER, Happened, Page, QUIET, State, note, send};
use crate::{
    failure::Fault,
    planted::{Bug, planted},
    port::World,
    store::{Kept, Store},
};

/// How many pages a tick looks at.
pub(super) const LOOKED_AT: send::Listing = send::Listing { after: None, newest_first: true, limit: 200 };
/// What was intended so long ago was not sent: whoever meant to is dead. Longer than one visit to a page takes.
const LOST: SignedDuration = SignedDuration::from_mins(2);
/// A page that has been over for so long is told no more.
const STALE_NEWS: SignedDuration = SignedDuration::from_hours(24);

/// Does what is due on every page. How late it comes does not matter: one level is woken, and the next one's time is reckoned from then.
///
/// # Errors
/// When the records can't be read; a page that fails is logged, and the others are done.
pub async fn due(world: &World) -> Result<usize, Fault> {
    let mut woken = 0;
    let mut broken = None;
    for kept in Store::of(world).list::<Page>(&LOOKED_AT).await? {
        let id = kept.value.id.clone();
        match one(world, kept).await {
            Ok(climbed) => woken += usize::from(climbed),
            Err(fault) => {
                tracing::error!(page = id.as_str(), fault = fault.chain(), "a page was not driven on");
                broken = Some(fault);
            }
        }
    }
    broken.map_or(Ok(woken), Err)
}

async fn one(world: &World, kept: Kept<Page>) -> Result<bool, Fault> {
    let now = world.clock.now();
    match &kept.value.state {
        State::Open if kept.value.next_at.is_some_and(|next| next <= now) && !planted(Bug::NoEscalation) => {
            let round = (kept.value.round, kept.value.level);
            let kept = send::climb(world, kept).await?;
            Ok((kept.value.round, kept.value.level) != round)
        }
        State::Open => {
            let plan = send::plan_now(world).await?;
            // What is intended and new is on its way by whoever wrote it.
            let lost = kept.value.attempts.iter().any(|made| made.is_intended() && now.duration_since(made.at) >= LOST);
            if lost {
                send::deliver(world, &plan, kept).await?
            } else {
                note::settle(world, &plan, kept).await?
            };
            Ok(false)
        }
        State::Acknowledged(by) => match by.asked_at {
            Some(asked) if now.duration_since(asked) >= ANSWER => reopen(world, kept).await.map(|()| true),
            // Whoever meant to ask is dead, or nothing would take the question.
            Some(asked) if by.unasked && now.duration_since(asked) >= LOST => note::ask(world, kept).await.map(|()| false),
            None if now.duration_since(by.heard_at) >= QUIET => ask(world, kept).await.map(|()| false),
            _ => settle(world, kept).await,
        },
        State::Resolved { at, .. } if now.duration_since(*at) < STALE_NEWS => settle(world, kept).await,
        State::Resolved { .. } => Ok(false),
    }
}

async fn settle(world: &World, kept: Kept<Page>) -> Result<bool, Fault> {
    let plan = send::plan_now(world).await?;
    note::settle(world, &plan, kept).await.map(|_| false)
}

/// Asks whoever has taken it and gone quiet.
async fn ask(world: &World, kept: Kept<Page>) -> Result<(), Fault> {
    let now = world.clock.now();
    let mut next = kept.value.clone();
    let State::Acknowledged(by) = &mut next.state else { return Ok(()) };
    (by.asked_at, by.unasked) = (Some(now), true);
    let by = by.by.clone();
    next.happened(now, Happened::Asked { by });
    match Store::of(world).replace(&kept, next).await? {
        Ok(kept) => note::ask(world, kept).await,
        Err(_) => Ok(()),
    }
}

/// They did not answer: it is open again, and the ladder is climbed from its foot.
async fn reopen(world: &World, kept: Kept<Page>) -> Result<(), Fault> {
    let next = reopened(&kept.value, world.clock.now());
    match Store::of(world).replace(&kept, next).await? {
        Ok(kept) => send::climb(world, kept).await.map(drop),
        Err(_) => Ok(()),
    }
}

fn reopened(page: &Page, now: Timestamp) -> Page {
    let mut next = page.clone();
    let by = match &page.state {
        State::Acknowledged(by) => by.by.clone(),
        State::Open | State::Resolved { .. } => String::new(),
    };
    next.state = State::Open;
    (next.begun, next.unanswered_at, next.next_at) = (next.round.saturating_add(1), None, Some(now));
    next.forget_unsent();
    next.happened(now, Happened::Reopened { by });
    next
}
