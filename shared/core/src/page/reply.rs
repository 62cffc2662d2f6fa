//! Acknowledgments from outside Slack: replies by text message, and PagerDuty's webhooks.

use jiff::Timestamp;
use serde_json::json;

use super::{Acked, Hand, Page, Way, acknowledge, close, contact::digits, not_over, send::plan_now};
use crate::{
    audit,
    failure::Fault,
    ident::{Actor, Identity},
    plan::{Person, Plan},
    port::World,
    view,
};

/// What came of a text message.
#[derive(Debug, Clone, PartialEq)]
pub enum Replied {
    /// The page is theirs.
    Acknowledged(Page),
    /// Somebody else has it, or it is over.
    Late(Page),
    /// They are in the plan, and no open page has that code for them.
    NoSuchCode,
    /// Nobody in the plan has that number, or it does not say `ACK` and four digits: nothing was done.
    Ignored,
}

/// Takes a text message: `ACK 4711`, from a number of the plan, with the code that this person was sent. Nothing else does anything.
///
/// # Errors
/// When the records can't be read or written.
pub async fn from_sms(world: &World, from: &str, text: &str) -> Result<Replied, Fault> {
    let plan = plan_now(world).await?;
    let (Some((name, person)), Some(code)) = (owner(&plan, from), code(text)) else {
        note(world, "sms.ignored", "", json!({"known_number": owner(&plan, from).is_some(), "said_a_code": code(text).is_some()})).await?;
        return Ok(Replied::Ignored);
    };
    let pages = not_over(world).await?;
    let Some(page) = pages.iter().find(|page| page.codes.get(name).is_some_and(|known| *known == code)) else {
        note(world, "sms.wrong_code", name, json!({"code": code})).await?;
        answer(world, person, view::page_no_such_code(&code)).await;
        return Ok(Replied::NoSuchCode);
    };
    let identity = Identity { org: plan.slack.organization.clone(), user: person.slack.clone() };
    let hand = Hand { name: name.to_owned(), user: Some(person.slack.clone()), actor: Actor::Person(identity), how: Way::Sms };
    match acknowledge(world, &page.id, &hand).await? {
        Some(Acked::Theirs(page)) => {
            answer(world, person, view::page_yours(&page)).await;
            Ok(Replied::Acknowledged(page))
        }
        Some(Acked::Late(page)) => {
            answer(world, person, view::page_late(&page)).await;
            Ok(Replied::Late(page))
        }
        None => Ok(Replied::NoSuchCode),
    }
}

/// Whose number it is. Digits are compared, all of them.
fn owner<'a>(plan: &'a Plan, from: &str) -> Option<(&'a str, &'a Person)> {
    let from = digits(from);
    let is_it = |person: &&Person| !from.is_empty() && person.phone.as_deref().is_some_and(|phone| digits(phone) == from);
    let mut owners = plan.people.iter().filter(|(_, person)| is_it(person));
    // A number that two people share proves nothing.
    match (owners.next(), owners.next()) {
        (Some((name, person)), None) => Some((name, person)),
        _ => None,
    }
}

/// `ACK` and four digits, and nothing else.
pub(super) fn code(text: &str) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    let (ack, code, rest) = (words.next()?, words.next()?, words.next());
    let is_code = code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit());
    (ack.eq_ignore_ascii_case("ack") && is_code && rest.is_none()).then(|| code.to_owned())
}

async fn answer(world: &World, person: &Person, text: String) {
    let Some(number) = person.phone.as_deref().and_then(super::e164) else { return };
    if let Err(error) = world.phone.sms(&number, &text).await {
        tracing::warn!(error = %error, "a text message was not answered");
    }
}

/// What PagerDuty says has happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerEvent {
    /// `incident.acknowledged`, `incident.resolved`, …
    pub kind: String,
    /// The key under which we told it of the trouble.
    pub dedup_key: String,
    /// Who did it, if it was a human: what PagerDuty calls them.
    pub human: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Takes PagerDuty's word that a human has acknowledged or resolved. What a machine did there, what is about no page of ours, and what
/// happened before the page was raised does nothing.
///
/// # Errors
/// When the records can't be read or written.
pub async fn from_pagerduty(world: &World, event: &PagerEvent) -> Result<Option<Page>, Fault> {
    let Some(human) = &event.human else { return Ok(None) };
    let pages = not_over(world).await?;
    let Some(page) = pages.into_iter().find(|page| page.dedup_key() == event.dedup_key && event.at >= page.raised_at) else {
        return Ok(None);
    };
    let actor = Actor::System(format!("pagerduty/{human}"));
    let hand = Hand { name: format!("{human} (PagerDuty)"), user: None, actor, how: Way::Pagerduty };
    match event.kind.as_str() {
        "incident.acknowledged" => Ok(acknowledge(world, &page.id, &hand).await?.map(|acked| match acked {
            Acked::Theirs(page) | Acked::Late(page) => page,
        })),
        "incident.resolved" => close(world, &page.id, &hand).await,
        _ => Ok(None),
    }
}

async fn note(world: &World, what: &str, about: &str, detail: serde_json::Value) -> Result<(), Fault> {
    let event = audit::Event {
        at: world.clock.now(),
        actor: Actor::System("sms".to_owned()),
        what: what.to_owned(),
        about: about.to_owned(),
        digest: None,
        detail,
    };
    audit::append(world, event).await.map(drop)
}
