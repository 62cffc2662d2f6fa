//! What a way had taken and did not deliver after all: a letter that bounced, a text message that no telephone took.

use serde_json::json;

use super::{Attempt, AttemptOutcome, Page, due, send};
use crate::{
    audit,
    failure::Fault,
    ident::Actor,
    port::World,
    store::{Kept, Store},
};

/// How often a write that lost a race is made again.
const RACES: u32 = 20;

/// A vendor's word that something it had taken did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The id under which it was taken.
    pub reference: String,
    /// Their words.
    pub why: String,
}

/// Counts what did not arrive as undelivered: the person's next way is tried at once, and where nobody of the level is reached by any
/// way, the next level is woken at once. `None`: it is nothing of an open page's.
///
/// # Errors
/// When the records can't be read or written; and while something is being sent whose id nobody has written down yet: the report comes
/// again.
pub async fn undelivered(world: &World, report: &Undelivered) -> Result<Option<Page>, Fault> {
    let plan = send::plan_now(world).await?;
    for _ in 0..RACES {
        let pages = Store::of(world).list::<Page>(&due::LOOKED_AT).await?;
        let Some((kept, index)) = pages.iter().find_map(|kept| Some((kept, meant(&kept.value, report)?))) else {
            let sending = pages.iter().any(|kept| kept.value.is_open() && kept.value.attempts.iter().any(Attempt::is_intended));
            return if sending { Err(Fault::new("a report is of something that is not written down yet")) } else { Ok(None) };
        };
        let mut next = kept.value.clone();
        let Some(attempt) = next.attempts.get_mut(index) else { return Ok(None) };
        // It came before: the report is repeated.
        if matches!(attempt.outcome, AttemptOutcome::Undelivered(_)) {
            return Ok(Some(next));
        }
        attempt.outcome = AttemptOutcome::Undelivered(send::short(&report.why));
        let attempt = attempt.clone();
        let now = world.clock.now();
        if next.is_open() {
            next.attempts.extend(send::instead(&plan, &next, &attempt, now));
            if next.next_at.is_some() && !reaches_anybody(&next) {
                next.next_at = Some(now);
            }
        }
        audit::append(world, event(kept, &attempt, now)).await?;
        if let Ok(kept) = Store::of(world).replace(kept, next).await? {
            let kept = send::deliver(world, &plan, kept).await?;
            let hurry = kept.value.is_open() && kept.value.next_at.is_some_and(|next| next <= now);
            return Ok(Some(if hurry { send::climb(world, kept).await?.value } else { kept.value }));
        }
    }
    Err(Fault::new("a page is written by too many at once"))
}

/// Which attempt of a page a report is about.
fn meant(page: &Page, report: &Undelivered) -> Option<usize> {
    let reference = Some(report.reference.as_str()).filter(|reference| !reference.is_empty())?;
    page.attempts.iter().position(|made| made.reference.as_deref() == Some(reference))
}

/// Whether anybody of the level that was woken last is, or is about to be, reached.
fn reaches_anybody(page: &Page) -> bool {
    let mut level = page.attempts.iter().filter(|made| (made.round, made.level) == (page.round, page.level));
    level.any(|made| made.arrived() || made.is_intended())
}

fn event(kept: &Kept<Page>, attempt: &Attempt, at: jiff::Timestamp) -> audit::Event {
    audit::Event {
        at,
        actor: Actor::System("page".to_owned()),
        what: "page.undelivered".to_owned(),
        about: kept.value.id.0.clone(),
        digest: None,
        detail: json!({"person": attempt.person, "channel": attempt.channel, "found": attempt.outcome, "after_version": kept.version()}),
    }
}
