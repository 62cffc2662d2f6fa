use serde_json::json;

use super::{Acknowledgment, Happened, Page, PagerState, State, Way, due, note, send};
use crate::{
    audit,
    failure::Fault,
    ident::{Actor, PageId},
    port::World,
    store::{Kept, Store},
};

/// Whose hand is on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Hand {
    /// The short name in the plan, or what PagerDuty calls them.
    pub name: String,
    /// The user id, if they are in the plan.
    pub user: Option<String>,
    /// For the audit.
    pub actor: Actor,
    /// By which way.
    pub how: Way,
}

/// What came of an acknowledgment.
#[derive(Debug, Clone, PartialEq)]
pub enum Acked {
    /// It is theirs; or was already, and they are still on it.
    Theirs(Page),
    /// Somebody else was faster, or it is over.
    Late(Page),
}

/// How often a write that lost a race is made again.
const RACES: u32 = 20;

/// All pages that are not over, newest first.
///
/// # Errors
/// When the records can't be read.
pub async fn not_over(world: &World) -> Result<Vec<Page>, Fault> {
    let pages = Store::of(world).list::<Page>(&due::LOOKED_AT).await?;
    Ok(pages.into_iter().map(|kept| kept.value).filter(|page| !page.is_resolved()).collect())
}

/// Takes a page: nobody else is woken. The first one who does has it. `None`: there is no such page.
///
/// # Errors
/// When the records can't be read or written.
pub async fn acknowledge(world: &World, id: &PageId, hand: &Hand) -> Result<Option<Acked>, Fault> {
    for _ in 0..RACES {
        let found: Option<Kept<Page>> = Store::of(world).load(id.as_str()).await?;
        let Some(kept) = found else { return Ok(None) };
        let now = world.clock.now();
        let mut next = kept.value.clone();
        match &mut next.state {
            State::Open => {
                next.state = State::Acknowledged(Acknowledgment {
                    by: hand.name.clone(),
                    user: hand.user.clone(),
                    at: now,
                    how: hand.how,
                    heard_at: now,
                    asked_at: None,
                    unasked: false,
                });
                next.next_at = None;
                next.forget_unsent();
                if hand.how == Way::Pagerduty {
                    next.pagerduty = next.pagerduty.max(Some(PagerState::Acknowledged));
                }
                next.happened(now, Happened::Acknowledged { by: hand.name.clone(), how: hand.how });
            }
            State::Acknowledged(theirs) if theirs.by == hand.name => {
                theirs.heard_at = now;
                let asked = theirs.asked_at.take().is_some();
                theirs.unasked = false;
                if asked {
                    next.happened(now, Happened::StillOnIt { by: hand.name.clone() });
                }
            }
            State::Acknowledged(_) | State::Resolved { .. } => return Ok(Some(Acked::Late(kept.value))),
        }
        audit::append(world, event(&kept.value, hand, "page.acknowledged", now)).await?;
        if let Ok(kept) = Store::of(world).replace(&kept, next).await? {
            let plan = send::plan_now(world).await?;
            return Ok(Some(Acked::Theirs(note::settle(world, &plan, kept).await?.value)));
        }
    }
    Err(Fault::new("a page is written by too many at once"))
}

/// Wakes the next level at once, also when somebody had taken the page. `None`: there is no such page.
///
/// # Errors
/// When the records can't be read or written.
pub async fn escalate(world: &World, id: &PageId, hand: &Hand) -> Result<Option<Page>, Fault> {
    let found: Option<Kept<Page>> = Store::of(world).load(id.as_str()).await?;
    let Some(kept) = found else { return Ok(None) };
    if kept.value.is_resolved() {
        return Ok(Some(kept.value));
    }
    let now = world.clock.now();
    audit::append(world, event(&kept.value, hand, "page.escalated", now)).await?;
    let kept = note::edit(world, kept, |page| {
        if !page.is_resolved() {
            page.state = State::Open;
            page.next_at = Some(now);
            page.happened(now, Happened::Escalated { by: hand.name.clone() });
        }
    })
    .await?;
    Ok(Some(send::climb(world, kept).await?.value))
}

/// Says that the trouble is over. `None`: there is no such page.
///
/// # Errors
/// When the records can't be read or written.
pub async fn close(world: &World, id: &PageId, hand: &Hand) -> Result<Option<Page>, Fault> {
    let found: Option<Kept<Page>> = Store::of(world).load(id.as_str()).await?;
    let Some(kept) = found else { return Ok(None) };
    audit::append(world, event(&kept.value, hand, "page.closed", world.clock.now())).await?;
    let key = kept.value.key.clone();
    if hand.how == Way::Pagerduty {
        // It knows already.
        note::edit(world, kept, |page| page.pagerduty = page.pagerduty.max(Some(PagerState::Resolved))).await?;
    }
    super::resolve(world, &key, &hand.name, "").await?;
    Ok(Some(note::reload(world, id).await?.value))
}

fn event(page: &Page, hand: &Hand, what: &str, at: jiff::Timestamp) -> audit::Event {
    audit::Event {
        at,
        actor: hand.actor.clone(),
        what: what.to_owned(),
        about: page.id.0.clone(),
        digest: None,
        detail: json!({"by": hand.name, "how": hand.how}),
    }
}
