//! Standing orders: what may be done with nobody awake.

use jiff::Timestamp;

use super::{Block, Channel, Code, Element, Form, Message, Moment, Mrkdwn, Style, forms};
use crate::{
    approval::{Approval, State},
    mrkdwn,
    policy::{self, Standing},
};

/// The standing orders of the plan, and what can be done about each.
#[must_use]
pub fn orders_list(orders: &[Standing], now: Timestamp) -> Message {
    if orders.is_empty() {
        return Message::sentence(mrkdwn!("The plan has no standing order: nothing is done while nobody is awake to approve it."));
    }
    let text = mrkdwn!("{} of {} standing orders hold.", orders.iter().filter(|standing| holds(standing, now)).count(), orders.len());
    let mut blocks = vec![Block::title("Standing orders"), Block::paragraph(text.clone())];
    for (number, standing) in orders.iter().enumerate().take(12) {
        blocks.extend(Block::paragraphs(lines(standing, now)));
        blocks.extend(buttons(standing, now, number));
    }
    Message { text, blocks }
}

fn holds(standing: &Standing, now: Timestamp) -> bool {
    standing.approval.as_ref().is_some_and(|approval| matches!(approval.state, State::Approved { .. })) && now < standing.order.expires
}

fn lines(standing: &Standing, now: Timestamp) -> Vec<Mrkdwn> {
    let order = &standing.order;
    let mut lines = vec![
        mrkdwn!("*{}*: {}", standing.name, order.summary),
        mrkdwn!(
            "{} of {} with nobody's say, until {}",
            order.verb.to_string(),
            Mrkdwn::join(order.services.iter().map(|service| mrkdwn!("{}", Code(service))), ", "),
            Moment(order.expires)
        ),
    ];
    lines.extend(order.conditions.iter().map(|condition| mrkdwn!("• only while {}", Code(condition))));
    lines.push(stands(standing, now));
    lines.push(mrkdwn!(
        "Digest {}: an edit of any of this in the plan ends the approval.",
        Code(standing.digest.get(..12).unwrap_or_default())
    ));
    lines
}

fn stands(standing: &Standing, now: Timestamp) -> Mrkdwn {
    if now >= standing.order.expires {
        return mrkdwn!("⌛ *Over* since {}.", Moment(standing.order.expires));
    }
    if !policy::can_stand(standing.order.verb) {
        return mrkdwn!("⛔ {} can't be done under a standing order.", standing.order.verb.to_string());
    }
    let Some(approval) = &standing.approval else { return mrkdwn!("❔ *Not approved*: nobody has asked for it.") };
    match &approval.state {
        State::Pending if approval.is_open(now) => mrkdwn!("⏳ *Waits for approval*: {}", wanting(approval)),
        State::Pending | State::Expired => mrkdwn!("⌛ *Not approved* in time. Edit the order to ask again."),
        State::Approved { at } => mrkdwn!("✅ *Approved* at {} by {}.", Moment(*at), votes(approval)),
        State::Denied { by, at } | State::Cancelled { by, at } => {
            mrkdwn!("❌ *Denied* by {} at {}. Edit the order to ask again.", by, Moment(*at))
        }
    }
}

fn wanting(approval: &Approval) -> Mrkdwn {
    let needed = usize::from(approval.quorum.needed);
    mrkdwn!(
        "{} of {} so far, by {}; {}, who asked, does not count.",
        needed.saturating_sub(approval.missing()),
        needed,
        approval.quorum.roles.join(" or "),
        approval.requester
    )
}

fn votes(approval: &Approval) -> Mrkdwn {
    Mrkdwn::join(approval.votes.iter().map(|vote| mrkdwn!("{}", vote.by)), ", ")
}

fn buttons(standing: &Standing, now: Timestamp, number: usize) -> Option<Block> {
    let id = standing.id();
    let elements = match &standing.approval {
        _ if now >= standing.order.expires || !policy::can_stand(standing.order.verb) => return None,
        None => vec![Element::button("order_ask", "Ask for its approval", &id, None)],
        Some(approval) if approval.is_open(now) => vec![
            Element::button("order_approve", &format!("Approve {}…", standing.name), &id, Some(Style::Primary)),
            Element::button("order_deny", "Deny", &id, Some(Style::Danger)),
        ],
        Some(_) => return None,
    };
    Some(Block::Actions { block_id: format!("order_{number}"), elements })
}

/// An order before those who approve it, in the channel.
#[must_use]
pub fn order_asked(standing: &Standing, now: Timestamp) -> Message {
    let text = mrkdwn!("The standing order {} wants approval: {}", standing.name, standing.order.summary);
    let mut blocks = vec![Block::title(format!("Standing order: {}", standing.name))];
    blocks.extend(Block::paragraphs(lines(standing, now)));
    blocks.extend(buttons(standing, now, 0));
    Message { text, blocks }
}

/// To whoever asked.
#[must_use]
pub fn order_put(standing: &Standing, channel: &str) -> Message {
    Message::sentence(mrkdwn!("The standing order {} waits for approval in {}.", standing.name, Channel(channel)))
}

/// How an order stands, in one line.
#[must_use]
pub fn order_stands(standing: &Standing, now: Timestamp) -> Message {
    Message::sentence(mrkdwn!("Standing order {}: {}", standing.name, stands(standing, now)))
}

/// The form in which an order is approved: all of its words, and a phrase to type.
#[must_use]
pub fn order_form(standing: &Standing, typed: &str, difference: Option<&str>) -> Form {
    let order = &standing.order;
    let mut words = vec![
        mrkdwn!("*{}*: {}", standing.name, order.summary),
        mrkdwn!(
            "From now until {} {} of {} is started with nobody's say",
            Moment(order.expires),
            order.verb.to_string(),
            order.services.join(", ")
        ),
    ];
    words.extend(order.conditions.iter().map(|condition| mrkdwn!("• while {}", Code(condition))));
    let mut blocks = Block::paragraphs(words);
    blocks.extend(forms::phrase_question(&standing.phrase(), typed, difference));
    Form {
        callback: "order_phrase".to_owned(),
        title: "Approve an order".to_owned(),
        submit: Some("Approve".to_owned()),
        reference: standing.id(),
        blocks,
    }
}
