//! Pages as they stand in Slack: the one living message, what is said in its thread, and what whoever was woken reads.

use super::{Block, Code, Element, Message, Moment, Mrkdwn, Prose, Style};
use crate::{
    ident::Identity,
    mrkdwn,
    page::{Attempt, AttemptOutcome, Happened, Page, State, Told, Way, ladder, next_rung},
    plan::{Channel, Plan},
};

/// How many lines of who was reached how a card has: the newest ones, for a page that climbs for hours.
const SHOWN: usize = 20;

/// The page as it stands: what is wrong, who has it, who was woken by which way, what comes next, and the buttons that make sense now.
#[must_use]
pub fn page_card(plan: &Plan, page: &Page) -> Message {
    let standing = standing(plan, page);
    let text = mrkdwn!("{} {}: {}. {}", mark(page), page.severity.to_string(), page.subject, standing);
    let mut blocks = vec![Block::title(format!("{} {}: {}", mark(page), page.severity, page.subject))];
    blocks.extend(Block::paragraphs([standing, mrkdwn!("{}", Prose(&page.why))]));
    blocks.extend(Block::paragraphs(reached(plan, page)));
    let about = page.run.as_ref().map(|run| mrkdwn!(" · about {}", Code(run))).unwrap_or_default();
    blocks.push(Block::small_print(mrkdwn!(
        "Raised by {} at {} · {}{}",
        page.raised_by,
        Moment(page.raised_at),
        Code(page.id.as_str()),
        about
    )));
    let buttons = buttons(page);
    if !buttons.is_empty() {
        blocks.push(Block::Actions { block_id: "page".to_owned(), elements: buttons });
    }
    Message { text, blocks }
}

fn buttons(page: &Page) -> Vec<Element> {
    let id = page.id.as_str();
    let acknowledge = Element::button("ack", "Acknowledge", id, Some(Style::Primary));
    let still_on_it = Element::button("ack", "Still on it", id, Some(Style::Primary));
    let escalate = Element::button("escalate", "Escalate now", id, None);
    let resolve = Element::button("resolve", "Resolve", id, None);
    match &page.state {
        State::Open => vec![acknowledge, escalate, resolve],
        State::Acknowledged(by) if by.asked_at.is_some() => vec![still_on_it, resolve, escalate],
        State::Acknowledged(_) => vec![resolve, escalate],
        State::Resolved { .. } => Vec::new(),
    }
}

fn mark(page: &Page) -> &'static str {
    match &page.state {
        State::Open => "🚨",
        State::Acknowledged(_) => "👀",
        State::Resolved { .. } => "✅",
    }
}

/// A person by mention if they are in the plan, else by the name that they are known by.
fn who(plan: &Plan, name: &str) -> Mrkdwn {
    match plan.people.get(name) {
        Some(person) => mrkdwn!("{}", Identity { org: String::new(), user: person.slack.clone() }),
        None => mrkdwn!("{}", name),
    }
}

fn several(plan: &Plan, names: &[String]) -> Mrkdwn {
    Mrkdwn::join(names.iter().map(|name| who(plan, name)), ", ")
}

/// How it stands, in one or two sentences.
fn standing(plan: &Plan, page: &Page) -> Mrkdwn {
    match &page.state {
        State::Acknowledged(by) if by.asked_at.is_some() => {
            mrkdwn!("*{} has it, and was asked whether they are still on it.* Without an answer others are woken again.", who(plan, &by.by))
        }
        State::Acknowledged(by) => mrkdwn!("*{} has it*, since {}, {}.", who(plan, &by.by), Moment(by.at), way(by.how)),
        State::Resolved { by, at, why } if why.is_empty() => mrkdwn!("*Over*: {} resolved it at {}.", who(plan, by), Moment(*at)),
        State::Resolved { at, why, .. } => mrkdwn!("*Over* at {}: {}", Moment(*at), Prose(why)),
        State::Open if page.unanswered_at.is_some() => mrkdwn!(
            "*Nobody answers.* Everybody in the plan was told by every way that there is, and nobody is woken any more. Whoever reads this: press Acknowledge."
        ),
        State::Open => {
            let levels = ladder(plan, page);
            let now = levels.get(page.level).filter(|_| page.round > 0).map(|level| mrkdwn!(" {} was woken.", level.name));
            let name =
                next_rung(plan, page).and_then(|(_, level)| levels.get(level)).map_or("Everybody in the plan", |level| level.name.as_str());
            let next = page.next_at.filter(|_| page.round > 0);
            let next = next.map(|at| mrkdwn!(" {} is woken at {}, unless somebody acknowledges.", name, Moment(at)));
            mrkdwn!("*Nobody has acknowledged it.*{}{}", now.unwrap_or_default(), next.unwrap_or_default())
        }
    }
}

fn way(how: Way) -> &'static str {
    match how {
        Way::Button => "by the button",
        Way::Command => "by command",
        Way::Sms => "by text message",
        Way::Pagerduty => "in PagerDuty",
    }
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Slack => "Slack",
        Channel::Email => "email",
        Channel::Sms => "text message",
        Channel::Phone => "call",
        Channel::Pagerduty => "PagerDuty",
        Channel::StatusPage => "status page",
        Channel::Social => "social media",
    }
}

/// Round, level and person of an attempt.
type Reached<'a> = (u8, usize, &'a str);

/// Who was tried by which way, one line for each person on each level, newest last.
fn reached(plan: &Plan, page: &Page) -> Vec<Mrkdwn> {
    let mut lines: Vec<(Reached<'_>, Vec<Mrkdwn>)> = Vec::new();
    for made in &page.attempts {
        let key = (made.round, made.level, made.person.as_str());
        match lines.iter_mut().find(|(known, _)| *known == key) {
            Some((_, tried)) => tried.push(attempt(made)),
            None => lines.push((key, vec![attempt(made)])),
        }
    }
    let left_out = lines.len().saturating_sub(SHOWN);
    let earlier = (left_out > 0).then(|| mrkdwn!("{} earlier ones are in the audit.", left_out));
    let lines =
        lines.into_iter().skip(left_out).map(|((_, _, person), tried)| mrkdwn!("• {}: {}", who(plan, person), Mrkdwn::join(tried, ", ")));
    earlier.into_iter().chain(lines).collect()
}

fn attempt(made: &Attempt) -> Mrkdwn {
    let instead = made.instead_of.map(|failed| mrkdwn!(" instead of {}", channel(failed))).unwrap_or_default();
    let name = channel(made.channel);
    match &made.outcome {
        AttemptOutcome::Intended => mrkdwn!("⏳ {}{}", name, instead),
        AttemptOutcome::Accepted => mrkdwn!("{}{} sent", name, instead),
        AttemptOutcome::Undelivered(why) => mrkdwn!("❌ {}{} not delivered ({})", name, instead, why),
        AttemptOutcome::Unknown(why) => mrkdwn!("⚠️ {}{} perhaps sent ({})", name, instead, why),
    }
}

/// What is said in the thread at every change.
#[must_use]
pub fn page_reply(plan: &Plan, page: &Page, told: &Told) -> Message {
    Message::sentence(match &told.what {
        Happened::Woken { level, people, .. } if people.is_empty() => {
            mrkdwn!("⚠️ {} has nobody on call now: the next level is woken.", level)
        }
        Happened::Woken { round, level, people } if *round > 1 => {
            mrkdwn!("🔔 Round {}: {} was woken: {}.", u32::from(*round), level, several(plan, people))
        }
        Happened::Woken { level, people, .. } => mrkdwn!("🔔 {} was woken: {}.", level, several(plan, people)),
        Happened::Unanswered => mrkdwn!("🚨 Nobody answers. Everybody in the plan was told now, and nobody is woken any more."),
        Happened::Acknowledged { by, how } => mrkdwn!("👀 {} has it, {}.", who(plan, by), way(*how)),
        Happened::Asked { by } => mrkdwn!("⏳ {} was quiet for half an hour, and was asked whether they are still on it.", who(plan, by)),
        Happened::StillOnIt { by } => mrkdwn!("👀 {} is still on it.", who(plan, by)),
        Happened::Reopened { by } => mrkdwn!("🚨 {} did not answer. The escalation begins again.", who(plan, by)),
        Happened::Escalated { by } => mrkdwn!("⏫ {} wants the next level to be woken at once.", who(plan, by)),
        Happened::Resolved { by, why } if why.is_empty() => mrkdwn!("✅ {} resolved it. {}", who(plan, by), lasted(page, told)),
        Happened::Resolved { why, .. } => mrkdwn!("✅ It is over: {} {}", Prose(why), lasted(page, told)),
    })
}

fn lasted(page: &Page, told: &Told) -> Mrkdwn {
    mrkdwn!("It was open for {}.", super::Span(told.at.duration_since(page.raised_at)))
}

/// In place of a direct message whose buttons mean nothing any more.
#[must_use]
pub fn page_taken(plan: &Plan, page: &Page) -> Message {
    Message::sentence(mrkdwn!("{} {}: {}. {}", mark(page), page.severity.to_string(), page.subject, standing(plan, page)))
}

/// To whoever has taken a page and went quiet.
#[must_use]
pub fn page_still_on_it(page: &Page) -> Message {
    let text = mrkdwn!(
        "⏳ Are you still on *{}*? You took it, and nothing was heard of it for half an hour. Without an answer within 10 min others are woken.",
        page.subject
    );
    let elements = buttons(page);
    Message { text: text.clone(), blocks: vec![Block::paragraph(text), Block::Actions { block_id: "still_on_it".to_owned(), elements }] }
}

/// To whoever has acknowledged.
#[must_use]
pub fn page_acknowledged(page: &Page) -> Message {
    Message::sentence(mrkdwn!(
        "👀 *{}* is yours: nobody else is woken. You are asked again in 30 min; {} says that it is over.",
        page.subject,
        Code(&format!("/dr ack {} --resolve", page.id))
    ))
}

/// To whoever came too late, or asked for something that makes no sense any more: how it stands.
#[must_use]
pub fn page_stands(plan: &Plan, page: &Page) -> Message {
    Message::sentence(mrkdwn!("{} *{}*: {}", mark(page), page.subject, standing(plan, page)))
}

/// To whoever has raised a page.
#[must_use]
pub fn page_raised(plan: &Plan, page: &Page) -> Message {
    Message::sentence(mrkdwn!(
        "🔔 People are woken: *{}*. {} Watch it in {}; it is {}.",
        page.subject,
        standing(plan, page),
        super::Channel(&plan.slack.channel),
        Code(page.id.as_str())
    ))
}

/// All pages that are not over.
#[must_use]
pub fn pages_list(plan: &Plan, pages: &[Page]) -> Message {
    if pages.is_empty() {
        return Message::sentence(mrkdwn!("✅ No page is open."));
    }
    let text = if pages.len() == 1 { mrkdwn!("One page is open.") } else { mrkdwn!("{} pages are open.", pages.len()) };
    let mut blocks = vec![Block::title("Open pages"), Block::paragraph(text.clone())];
    for page in pages.iter().take(SHOWN) {
        blocks.push(Block::paragraph(mrkdwn!(
            "{} *{}: {}*\n• {}\n• {}",
            mark(page),
            page.severity.to_string(),
            page.subject,
            standing(plan, page),
            Code(page.id.as_str())
        )));
        blocks.push(Block::Actions { block_id: page.id.0.clone(), elements: buttons(page) });
    }
    Message { text, blocks }
}
