//! What the tick does when it can't read who must be woken: it wakes people without the records, from the plan alone, and by every way
//! at once, since nothing can be kept of what came of one. What little must be remembered is a file beside the plan.

use std::{pin::Pin, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    ROUNDS,
    contact::e164,
    roster::{ladder_of, woken},
    send::plan_now,
};
use crate::{
    failure::{CallError, Fault},
    plan::{Person, Plan, Severity},
    port::{Alert, Letter, Sent, World},
    together,
    view::{self, Dark},
};

/// Where it is kept since when nobody watches.
pub const UNWATCHED_KEY: &str = "page/unwatched.json";
/// PagerDuty's key of the trouble: however often it is triggered, it is one incident, and PagerDuty wakes whom it knows.
pub const UNWATCHED: &str = "mayday/records";
/// What is over by the next tick wakes nobody. Ticks come every minute, and one that reads nothing takes half of one.
const PATIENCE: SignedDuration = SignedDuration::from_secs(45);
/// Who is named as the source where not even the plan can be read.
const NAMELESS: &str = "Mayday";

/// Since when nobody watches, and who was woken for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Unwatched {
    since: Timestamp,
    /// How many levels were woken.
    woken: u32,
    /// When the next level is; absent: all of them were, as often as the plan says.
    next_at: Option<Timestamp>,
}

/// Called by every tick with why it could not see to the pages, if it could not. Says how many levels were woken for that.
///
/// # Errors
/// When not even the file can be read or written: then PagerDuty has been told, which needs none of it.
pub async fn unwatched(world: &World, why: Option<&Fault>) -> Result<usize, Fault> {
    match why {
        Some(why) => wake(world, &why.chain()).await,
        None => over(world).await.map(|()| 0),
    }
}

async fn wake(world: &World, why: &str) -> Result<usize, Fault> {
    let now = world.clock.now();
    let (kept, plan) = match (kept(world).await, plan_now(world).await) {
        (Ok(kept), Ok(plan)) => (kept, plan),
        // Neither the records nor the files: that is no hiccup, and PagerDuty takes the same trouble as one incident.
        (Err(fault), _) | (_, Err(fault)) => {
            let dark = Dark { since: now, why };
            logged("PagerDuty", &world.pager.trigger(&alert(NAMELESS, &dark)).await);
            return Err(fault);
        }
    };
    let Some(mut kept) = kept else {
        keep(world, Some(&Unwatched { since: now, woken: 0, next_at: now.checked_add(PATIENCE).ok() })).await?;
        return Ok(0);
    };
    if kept.next_at.is_none_or(|next| now < next) {
        return Ok(0);
    }
    let levels = ladder_of(&plan);
    let rungs = u32::try_from(levels.len()).unwrap_or(u32::MAX).saturating_mul(u32::from(plan.on_call.rounds.unwrap_or(ROUNDS).max(1)));
    let Some(level) = usize::try_from(kept.woken).ok().and_then(|woken| levels.get(woken % levels.len().max(1))) else { return Ok(0) };
    let dark = Dark { since: kept.since, why };
    if !by_every_way(world, &plan, &woken(&plan, level, now), &dark).await {
        // Nobody was reached: the next tick tries the same people again.
        return Ok(0);
    }
    kept.woken += 1;
    kept.next_at = now.checked_add(level.within.0).ok().filter(|_| kept.woken < rungs);
    keep(world, Some(&kept)).await?;
    Ok(1)
}

type Way<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Whether any way took it, or may have.
async fn by_every_way(world: &World, plan: &Plan, people: &[String], dark: &Dark<'_>) -> bool {
    let mut ways: Vec<Way<'_>> = vec![
        Box::pin(async { logged("PagerDuty", &world.pager.trigger(&alert(&plan.organization, dark)).await) }),
        Box::pin(async {
            // The channel wakes nobody.
            let posted = world.chat.post(&plan.slack.channel, None, &view::unwatched(dark)).await;
            logged("the channel", &posted.map(|_| Sent::Undelivered { why: String::new() }))
        }),
    ];
    for person in people.iter().filter_map(|name| plan.people.get(name)) {
        ways.extend(ways_of(world, plan, person, dark));
    }
    together::together(ways).await.contains(&true)
}

fn ways_of<'a>(world: &'a World, plan: &'a Plan, person: &'a Person, dark: &'a Dark<'_>) -> Vec<Way<'a>> {
    let mut ways: Vec<Way<'a>> = vec![Box::pin(async {
        let posted = world.chat.post(&person.slack, None, &view::unwatched(dark)).await;
        logged("Slack", &posted.map(|posted| Sent::Accepted { reference: posted.ts }))
    })];
    if let Some(number) = person.phone.as_deref().and_then(e164) {
        let number: Arc<str> = number.into();
        let to = number.clone();
        ways.push(Box::pin(async move { logged("a text message", &world.phone.sms(&to, &view::unwatched_sms(dark)).await) }));
        ways.push(Box::pin(async move { logged("a call", &world.phone.call(&number, &view::unwatched_call(dark)).await) }));
    }
    if let Some(email) = &person.email {
        ways.push(Box::pin(async {
            let (subject, text, html) = view::unwatched_email(plan, dark);
            logged("a letter", &world.mail.send(&Letter { to: vec![email.clone()], subject, text, html }).await)
        }));
    }
    ways
}

/// Whether a way took it, or may have: the log is all that can be kept.
fn logged(way: &str, came: &Result<Sent, CallError>) -> bool {
    match came {
        Ok(Sent::Accepted { .. }) => tracing::warn!(way, "people are told that the records can't be read"),
        Ok(Sent::Undelivered { why }) => tracing::warn!(way, why, "did not reach anybody"),
        Err(error) => tracing::warn!(way, error = %error, "did not answer"),
    }
    matches!(came, Ok(Sent::Accepted { .. }) | Err(CallError::Unknown { .. }))
}

fn alert(source: &str, dark: &Dark<'_>) -> Alert {
    Alert {
        dedup_key: UNWATCHED.to_owned(),
        severity: Severity::Sev1,
        summary: view::unwatched_line(dark),
        source: source.to_owned(),
        details: dark.why.to_owned(),
    }
}

/// The pages can be seen to: whoever was woken is told.
async fn over(world: &World) -> Result<(), Fault> {
    let Some(kept) = kept(world).await? else { return Ok(()) };
    if kept.woken > 0 {
        let plan = plan_now(world).await?;
        // An incident that stays open at PagerDuty would go on waking people: that it is over must arrive.
        match world.pager.resolve(UNWATCHED).await {
            Ok(_) | Err(CallError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Err(error) = world.chat.post(&plan.slack.channel, None, &view::watched_again(kept.since, world.clock.now())).await {
            tracing::warn!(error = %error, "that the records can be read again was not told in Slack");
        }
    }
    keep(world, None).await
}

async fn kept(world: &World) -> Result<Option<Unwatched>, Fault> {
    let Some(blob) = world.blobs.get(UNWATCHED_KEY).await? else { return Ok(None) };
    serde_json::from_slice(&blob.bytes).map_err(|error| Fault::because(format!("{UNWATCHED_KEY} can't be read"), error))
}

async fn keep(world: &World, what: Option<&Unwatched>) -> Result<(), Fault> {
    let bytes = serde_json::to_vec(&what).map_err(|error| Fault::because("a file has no JSON form", error))?;
    world.blobs.put(UNWATCHED_KEY, bytes).await?;
    Ok(())
}
