//! Who is on call, how people are reached, who helps from outside; and the form of a page.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Block, Code, Form, Message, Moment, Mrkdwn, forms};
use crate::{
    ident::Identity,
    mrkdwn,
    page::{on_call_now, turn},
    plan::{Person, Plan, Severity, Support},
};

/// Who can be reached and how, to whoever asked alone.
#[must_use]
pub fn contacts(plan: &Plan, now: Timestamp) -> Message {
    let on_call = on_call(plan, now);
    let text = match plan.on_call.escalation.first() {
        Some(first) => {
            let people: Vec<String> = first.notify.iter().flat_map(|name| on_call_now(plan, name, now)).collect();
            mrkdwn!("On call now ({}): {}.", first.name, names(plan, &people))
        }
        None => mrkdwn!("The plan says nothing of who is on call: a page wakes everybody in it."),
    };
    let mut blocks = vec![Block::title("Contacts"), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(on_call));
    blocks.push(Block::paragraph(mrkdwn!("*People*")));
    blocks.extend(Block::paragraphs(plan.people.iter().map(|(name, one)| person(name, one))));
    if !plan.support.is_empty() {
        blocks.push(Block::paragraph(mrkdwn!("*Help from outside*")));
        blocks.extend(Block::paragraphs(plan.support.values().map(support)));
    }
    blocks.push(Block::small_print(mrkdwn!("Only you see this. To wake somebody: {}", Code("/dr page NAME \"what is wrong\""))));
    Message { text, blocks }
}

/// The levels in order, each with whoever it wakes now.
fn on_call(plan: &Plan, now: Timestamp) -> Vec<Mrkdwn> {
    let levels = plan.on_call.escalation.iter().map(|level| {
        let people: Vec<String> = level.notify.iter().flat_map(|name| on_call_now(plan, name, now)).collect();
        let until = level
            .notify
            .iter()
            .filter_map(|name| turn(plan.on_call.rotations.get(name)?, &plan.timezone, now))
            .map(|turn| turn.until)
            .min();
        let until = until.map(|until| mrkdwn!(", until {}", Moment(until))).unwrap_or_default();
        mrkdwn!("• *{}*: {}{}; waited for {}", level.name, names(plan, &people), until, super::Span(level.within.0))
    });
    levels.collect()
}

fn names(plan: &Plan, people: &[String]) -> Mrkdwn {
    if people.is_empty() {
        return mrkdwn!("nobody");
    }
    let mention = |name: &String| match plan.people.get(name) {
        Some(person) => mrkdwn!("{}", Identity { org: String::new(), user: person.slack.clone() }),
        None => mrkdwn!("{}", name),
    };
    Mrkdwn::join(people.iter().map(mention), ", ")
}

fn person(name: &str, person: &Person) -> Mrkdwn {
    let called = person.name.as_deref().unwrap_or(name);
    let title = person.title.as_ref().map(|title| mrkdwn!(", {}", title)).unwrap_or_default();
    let mention = Identity { org: String::new(), user: person.slack.clone() };
    let reached = Mrkdwn::join(
        [
            person.phone.as_deref().map(|phone| mrkdwn!("☎ {}", Code(phone))),
            person.email.as_deref().map(|email| mrkdwn!("✉ {}", Code(email))),
        ]
        .into_iter()
        .flatten(),
        " · ",
    );
    let reached = if reached.as_str().is_empty() { mrkdwn!("in Slack only") } else { reached };
    mrkdwn!("• *{}* ({}){}, {}: {}", called, mention, title, Code(name), reached)
}

fn support(support: &Support) -> Mrkdwn {
    let parts = [
        support.contact.as_deref().map(|contact| mrkdwn!("{}", Code(contact))),
        support.account.as_deref().map(|account| mrkdwn!("account {}", Code(account))),
        support.priority.as_deref().map(|priority| mrkdwn!("priority {}", priority)),
        support.status_page.as_deref().map(|page| mrkdwn!("status {}", Code(page))),
    ];
    mrkdwn!("• *{}*: {}", support.title, Mrkdwn::join(parts.into_iter().flatten(), " · "))
}

/// What the form sends back for the plan's own levels.
pub const PAGE_LADDER: &str = "on-call-levels";

/// The form of a page. Handles: `who`, `what`, `sev`.
#[must_use]
pub fn page_form(plan: &Plan, who: Option<&str>, typed: &BTreeMap<String, String>, problem: Option<&str>) -> Form {
    let mut blocks = forms::problem(problem);
    blocks
        .push(Block::paragraph(mrkdwn!("Whoever is woken has to acknowledge; until somebody does, the next level of the plan is woken.")));
    let what = "One line: it is read on a locked screen.";
    let given = typed.get("what").map(String::as_str);
    blocks.push(forms::input("what", "What is wrong", Some(what), false, forms::line("what", given, false)));
    let mut people = vec![(PAGE_LADDER.to_owned(), "Whoever is on call".to_owned())];
    people.extend(plan.on_call.rotations.keys().map(|name| (name.clone(), format!("Rotation {name}"))));
    people.extend(plan.people.iter().map(|(name, person)| {
        let title = person.title.as_ref().map(|title| format!(", {title}")).unwrap_or_default();
        (name.clone(), format!("{}{title}", person.name.as_deref().unwrap_or(name)))
    }));
    let who = who.or_else(|| typed.get("who").map(String::as_str)).unwrap_or(PAGE_LADDER);
    blocks.push(forms::input("who", "Wake first", None, false, forms::pick_named("who", &people, who)));
    let severities: Vec<(String, String)> = Severity::ALL
        .iter()
        .enumerate()
        .map(|(index, severity)| {
            let means = plan.communication.severities.get(severity).map(|notice| format!(", {}: {}", notice.title, notice.means));
            ((index + 1).to_string(), format!("{severity}{}", means.unwrap_or_default()))
        })
        .collect();
    let sev = typed.get("sev").map_or("1", String::as_str);
    blocks.push(forms::input("sev", "How bad it is", None, false, forms::pick_named("sev", &severities, sev)));
    forms::form("page", "Wake people", "Wake them", blocks)
}
