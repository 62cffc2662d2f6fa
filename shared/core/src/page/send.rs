//! Waking a level: what is intended is written down first, then sent, then what came of it is written down.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Attempt, AttemptOutcome, Happened, Page, PagerState, ROUNDS,
    contact::e164,
    note,
    roster::{everybody, ladder, woken},
};
use crate::{
    audit,
    failure::{CallError, Failure, Fault},
    ident::Actor,
    plan::{self, Channel, Level, Person, Plan},
    planted::{Bug, planted},
    port::{self, Alert, Letter, Posted, Sent, World},
    store::{Kept, Store},
    view,
};

/// How often a write that lost a race is made again.
const RACES: u32 = 20;
/// The name under which PagerDuty stands among the people.
pub(super) const PAGERDUTY: &str = "PagerDuty";
/// What is tried instead of a way that failed, in this order.
const INSTEAD: [Channel; 4] = [Channel::Sms, Channel::Phone, Channel::Email, Channel::Slack];
/// The most of an error's words that are kept, in characters.
const LONGEST: usize = 120;

/// The plan in force.
pub(super) async fn plan_now(world: &World) -> Result<Arc<Plan>, Fault> {
    Ok(plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?.plan)
}

/// Wakes the next level, or says that nobody answers when there is none left.
pub(super) async fn climb(world: &World, kept: Kept<Page>) -> Result<Kept<Page>, Fault> {
    let plan = plan_now(world).await?;
    let now = world.clock.now();
    let ladder = ladder(&plan, &kept.value);
    let mut next = kept.value.clone();
    match next_rung(&plan, &kept.value) {
        Some((round, level)) => {
            let Some(step) = ladder.get(level) else { return Err(Fault::new("a page climbs where there is no level")) };
            let people = woken(&plan, step, now);
            next.attempts.extend(again_by_other_ways(&plan, &kept.value, round, level, now));
            next.attempts.extend(by_all_ways(&next, step, &people, (round, level), now));
            (next.round, next.level) = (round, level);
            // A level that has nobody now is not waited for.
            let wait = if people.is_empty() { SignedDuration::ZERO } else { step.within.0 };
            next.next_at = Some(now.saturating_add(wait).unwrap_or(Timestamp::MAX));
            next.happened(now, Happened::Woken { round, level: step.name.clone(), people });
        }
        None => {
            let all = everybody(&plan);
            let place = (next.round.saturating_add(1), 0);
            next.attempts.extend(by_all_ways(&next, &all, &woken(&plan, &all, now), place, now));
            next.round = place.0;
            next.next_at = None;
            next.unanswered_at = Some(now);
            next.happened(now, Happened::Unanswered);
        }
    }
    codes(world, &mut next).await?;
    let event = audit::Event {
        at: now,
        actor: Actor::System("page".to_owned()),
        what: if next.unanswered_at == Some(now) { "page.unanswered" } else { "page.woken" }.to_owned(),
        about: next.id.0.clone(),
        digest: None,
        detail: json!({"round": next.round, "level": next.level, "after_version": kept.version()}),
    };
    audit::append(world, event).await?;
    match Store::of(world).replace(&kept, next).await? {
        Ok(kept) => deliver(world, &plan, kept).await,
        // Somebody else climbs, or has acknowledged.
        Err(_) => note::reload(world, &kept.value.id).await,
    }
}

/// Which round and level comes next; `None`: all were woken as often as they should be.
#[must_use]
pub fn next_rung(plan: &Plan, page: &Page) -> Option<(u8, usize)> {
    let (levels, rounds) = (ladder(plan, page).len(), plan.on_call.rounds.unwrap_or(ROUNDS).max(1));
    if page.unanswered_at.is_some() || levels == 0 {
        return None;
    }
    if page.round < page.begun {
        return Some((page.begun, 0));
    }
    if page.level + 1 < levels {
        return Some((page.round, page.level + 1));
    }
    let climbed = page.round.saturating_sub(page.begun).saturating_add(1);
    (climbed < rounds).then_some((page.round.saturating_add(1), 0))
}

/// Everybody of a level by every way of it, all at once; from the second round on by every way that there is.
fn by_all_ways(page: &Page, step: &Level, people: &[String], (round, level): (u8, usize), now: Timestamp) -> Vec<Attempt> {
    let more = if round > 1 { [Channel::Pagerduty].iter().chain(&INSTEAD) } else { [].iter().chain(&[]) };
    let ways: BTreeSet<Channel> = step.by.iter().chain(more).copied().collect();
    let known =
        |person: &str, channel| page.attempts.iter().any(|made| (made.at, made.person.as_str(), made.channel) == (now, person, channel));
    let mut attempts: Vec<Attempt> = Vec::new();
    for channel in ways {
        let whom: Vec<&str> = match channel {
            // It is one incident there, however many levels are woken here: a second trigger in a round wakes nobody.
            Channel::Pagerduty if page.attempts.iter().any(|made| made.channel == channel && made.round == round && made.arrived()) => {
                continue;
            }
            Channel::Pagerduty => vec![PAGERDUTY],
            Channel::StatusPage | Channel::Social => continue,
            _ => people.iter().map(String::as_str).collect(),
        };
        let fresh = whom.into_iter().filter(|person| !known(person, channel));
        attempts.extend(fresh.map(|person| intended(person, channel, None, (round, level), now)));
    }
    attempts
}

/// Whoever was woken on the level before and did not answer: by a way that was not tried yet.
fn again_by_other_ways(plan: &Plan, page: &Page, round: u8, level: usize, now: Timestamp) -> Vec<Attempt> {
    let Some(before) = level.checked_sub(1) else { return Vec::new() };
    let people: BTreeSet<String> = page
        .log
        .iter()
        .rev()
        .find_map(|told| match &told.what {
            Happened::Woken { people, .. } => Some(people.iter().cloned().collect()),
            _ => None,
        })
        .unwrap_or_default();
    let untried = |person: &String| {
        let tried = |channel| page.attempts.iter().any(|made| made.person == *person && made.channel == channel);
        INSTEAD.into_iter().find(|channel| !tried(*channel) && reaches(plan, person, *channel))
    };
    people.iter().filter_map(|person| Some(intended(person, untried(person)?, None, (round, before), now))).collect()
}

fn intended(person: &str, channel: Channel, instead_of: Option<Channel>, (round, level): (u8, usize), at: Timestamp) -> Attempt {
    let outcome = AttemptOutcome::Intended;
    Attempt { at, round, level, person: person.to_owned(), channel, instead_of, outcome, posted: None, reference: None }
}

/// Whether the plan says how to reach somebody that way.
fn reaches(plan: &Plan, person: &str, channel: Channel) -> bool {
    let Some(person) = plan.people.get(person) else { return false };
    match channel {
        Channel::Sms | Channel::Phone => number(person).is_some(),
        Channel::Email => person.email.is_some(),
        Channel::Slack => true,
        Channel::Pagerduty | Channel::StatusPage | Channel::Social => false,
    }
}

fn number(person: &Person) -> Option<String> {
    person.phone.as_deref().and_then(e164)
}

/// Gives everybody who is woken a code to reply with, unlike any other that is open.
async fn codes(world: &World, page: &mut Page) -> Result<(), Fault> {
    let everybody: BTreeSet<String> = page.attempts.iter().map(|made| made.person.clone()).filter(|person| person != PAGERDUTY).collect();
    let without: Vec<String> = everybody.into_iter().filter(|person| !page.codes.contains_key(person)).collect();
    if without.is_empty() {
        return Ok(());
    }
    let others = Store::of(world).list::<Page>(&super::due::LOOKED_AT).await?;
    let open = others.iter().filter(|other| !other.value.is_resolved());
    let mut taken: BTreeSet<String> =
        open.flat_map(|other| other.value.codes.values().cloned()).chain(page.codes.values().cloned()).collect();
    for person in without {
        let start = u16::try_from(world.random.bits() % 9_000).unwrap_or(0);
        let free = (0..9_000).map(|step| (1_000 + (start + step) % 9_000).to_string()).find(|code| !taken.contains(code));
        let code = free.ok_or_else(|| Fault::new("every code is in use"))?;
        taken.insert(code.clone());
        page.codes.insert(person, code);
    }
    Ok(())
}

/// Sends everything that is intended, Slack last: it is the one that may keep us waiting. A way that fails is replaced at once.
pub(super) async fn deliver(world: &World, plan: &Plan, kept: Kept<Page>) -> Result<Kept<Page>, Fault> {
    let mut kept = kept;
    while let Some(index) = next_intended(&kept.value) {
        let Some(attempt) = kept.value.attempts.get(index).cloned() else { break };
        let came = hand_over(world, plan, &kept.value, &attempt).await;
        kept = record(world, plan, kept, index, came).await?;
    }
    note::settle(world, plan, kept).await
}

fn next_intended(page: &Page) -> Option<usize> {
    if !page.is_open() {
        return None;
    }
    let waiting = page.attempts.iter().enumerate().filter(|(_, made)| made.outcome == AttemptOutcome::Intended);
    waiting.min_by_key(|(index, made)| (made.channel == Channel::Slack, *index)).map(|(index, _)| index)
}

/// What came of handing an attempt over.
#[derive(Debug, Clone)]
struct Came {
    outcome: AttemptOutcome,
    posted: Option<Posted>,
    reference: Option<String>,
}

impl From<AttemptOutcome> for Came {
    fn from(outcome: AttemptOutcome) -> Self {
        Self { outcome, posted: None, reference: None }
    }
}

/// Writes down what came of an attempt, whoever else has written the page meanwhile, and what is tried instead.
async fn record(world: &World, plan: &Plan, kept: Kept<Page>, index: usize, came: Came) -> Result<Kept<Page>, Fault> {
    let mut kept = kept;
    for _ in 0..RACES {
        let mut next = kept.value.clone();
        let Some(attempt) = next.attempts.get_mut(index) else { return Err(Fault::new("an attempt is gone")) };
        let Came { outcome, posted, reference } = came.clone();
        (attempt.outcome, attempt.posted, attempt.reference) = (outcome, posted, reference);
        let attempt = attempt.clone();
        if attempt.channel == Channel::Pagerduty && attempt.arrived() {
            next.pagerduty = Some(PagerState::Triggered);
            next.next_at = next.next_at.filter(|_| !planted(Bug::TakenIsAcknowledged));
        }
        if !matches!(attempt.outcome, AttemptOutcome::Accepted) {
            next.attempts.extend(instead(plan, &next, &attempt, world.clock.now()));
        }
        match Store::of(world).replace(&kept, next).await? {
            Ok(kept) => return Ok(kept),
            Err(_) => kept = note::reload(world, &kept.value.id).await?,
        }
    }
    Err(Fault::new("a page is written by too many at once"))
}

/// What is tried instead of an attempt that failed, or of which nobody knows: the person's next way that was not tried on this level.
pub(super) fn instead(plan: &Plan, page: &Page, failed: &Attempt, now: Timestamp) -> Vec<Attempt> {
    let place = (failed.round, failed.level);
    let people = if failed.person == PAGERDUTY {
        let level = ladder(plan, page).get(failed.level).map(|level| woken(plan, level, now));
        if page.unanswered_at.is_some() { Vec::new() } else { level.unwrap_or_default() }
    } else {
        vec![failed.person.clone()]
    };
    let mut attempts = Vec::new();
    for person in people.into_iter().filter(|_| !planted(Bug::NoOtherWay)) {
        let tried = |channel| {
            page.attempts.iter().any(|made| made.person == person && made.channel == channel && (made.round, made.level) == place)
        };
        // With PagerDuty gone, whoever is already reached by another way is woken by that.
        if failed.person == PAGERDUTY && INSTEAD.into_iter().any(tried) {
            continue;
        }
        let other = INSTEAD.into_iter().find(|channel| !tried(*channel) && reaches(plan, &person, *channel));
        attempts.extend(other.map(|other| intended(&person, other, Some(failed.channel), place, now)));
    }
    attempts
}

async fn hand_over(world: &World, plan: &Plan, page: &Page, attempt: &Attempt) -> Came {
    let missing = |what: &str| AttemptOutcome::Undelivered(format!("the plan has no {what}")).into();
    let code = page.codes.get(&attempt.person).map(String::as_str);
    let sent = match (attempt.channel, plan.people.get(&attempt.person)) {
        (Channel::Pagerduty, _) => world.pager.trigger(&alert(plan, page)).await,
        (Channel::Sms, Some(person)) => match number(person) {
            Some(number) => world.phone.sms(&number, &view::page_sms(page, code)).await,
            None => return missing("telephone number"),
        },
        (Channel::Phone, Some(person)) => match number(person) {
            Some(number) => world.phone.call(&number, &view::page_call(page, code)).await,
            None => return missing("telephone number"),
        },
        (Channel::Email, Some(person)) => match &person.email {
            Some(email) => {
                let (subject, text, html) = view::page_email(plan, page, code);
                world.mail.send(&Letter { to: vec![email.clone()], subject, text, html }).await
            }
            None => return missing("email address"),
        },
        (Channel::Slack, Some(person)) => {
            return match world.chat.post(&person.slack, None, &view::page_card(plan, page)).await {
                Ok(posted) => Came { outcome: AttemptOutcome::Accepted, posted: Some(posted), reference: None },
                Err(error) => failed(&error).into(),
            };
        }
        (Channel::StatusPage | Channel::Social, _) | (_, None) => return missing("such way"),
    };
    match sent {
        Ok(Sent::Accepted { reference }) => Came { outcome: AttemptOutcome::Accepted, posted: None, reference: Some(reference) },
        Ok(Sent::Undelivered { why }) => AttemptOutcome::Undelivered(short(&why)).into(),
        Err(error) => failed(&error).into(),
    }
}

/// Whatever the error, the next way is tried: with a page, twice is better than not at all.
fn failed(error: &CallError) -> AttemptOutcome {
    match error {
        CallError::NotNow { code, .. } if code == "ratelimited" => AttemptOutcome::Undelivered("too many requests".to_owned()),
        CallError::NotNow { .. } | CallError::Refused { .. } => AttemptOutcome::Undelivered(short(error.why())),
        CallError::Unknown { why } => AttemptOutcome::Unknown(short(why)),
    }
}

pub(super) fn short(words: &str) -> String {
    words.chars().take(LONGEST).collect()
}

fn alert(plan: &Plan, page: &Page) -> Alert {
    Alert {
        dedup_key: page.dedup_key(),
        severity: page.severity,
        summary: view::page_line(page),
        source: plan.organization.clone(),
        details: page.why.clone(),
    }
}

impl Attempt {
    /// Whether the way took it, or may have.
    #[must_use]
    pub fn arrived(&self) -> bool {
        matches!(self.outcome, AttemptOutcome::Accepted | AttemptOutcome::Unknown(_))
    }
}

/// Where pages are listed from.
pub(super) type Listing = port::Page;
