//! Short answers to one person.

use super::{Block, Channel, Code, Element, Form, Message, Plain, Prose, Style};
use crate::{
    failure::Refusal,
    mrkdwn,
    proposal::Proposal,
    run::{Intervention, Run},
};

/// Characters of a form's title.
const MAX_TITLE: usize = 24;
/// Characters of what a button carries; Slack takes 2,000.
const MAX_VALUE: usize = 1_900;

/// Our own sentence, and the way out.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Message {
    let text = match &refusal.way_out {
        Some(way_out) => mrkdwn!("⛔ {} {}", Prose(&refusal.sentence), Prose(way_out)),
        None => mrkdwn!("⛔ {}", Prose(&refusal.sentence)),
    };
    // A button takes 2,000 characters of value.
    let Some(line) = refusal.suggestion.as_ref().filter(|line| line.chars().count() <= MAX_VALUE) else { return Message::sentence(text) };
    let buttons = Block::Actions {
        block_id: "suggestion".to_owned(),
        elements: vec![Element::button("use", "Use this", line, Some(Style::Primary))],
    };
    Message { text: text.clone(), blocks: Block::paragraphs([text]).into_iter().chain([buttons]).collect() }
}

/// Something broke: what the person can do, and what to tell those who mend it.
#[must_use]
pub fn fault(reference: &str) -> Message {
    Message::sentence(mrkdwn!(
        "⚠️ Something broke on our side, and what you asked for may or may not have been done. Look before you try again: {}. To those who mend it, say {}.",
        Code("/dr status"),
        Code(reference)
    ))
}

/// A message in place of a form.
#[must_use]
pub fn told_form(title: &str, message: &Message) -> Form {
    // A button in a form has no message to stand in, and is not answered.
    let shown = |block: &&Block| !matches!(block, Block::Actions { .. });
    let blocks = if message.blocks.is_empty() {
        Block::paragraphs([message.text.clone()])
    } else {
        message.blocks.iter().filter(shown).cloned().collect()
    };
    Form { callback: "told".to_owned(), title: Plain::short(title, MAX_TITLE).0, submit: None, reference: String::new(), blocks }
}

/// Until there is something to show.
#[must_use]
pub fn looking() -> Message {
    Message::sentence(mrkdwn!("Looking…"))
}

/// A form's content as a message, for a person who has closed the form.
#[must_use]
pub fn of_form(form: &Form) -> Message {
    let blocks: Vec<Block> = form.blocks.iter().filter(|block| !matches!(block, Block::Input { .. })).cloned().collect();
    let first = blocks.iter().find_map(|block| match block {
        Block::Section { text, .. } => Some(text.clone()),
        _ => None,
    });
    let text = first.unwrap_or_else(|| mrkdwn!("The form “{}” was closed before it could be filled. Nothing was done.", form.title));
    Message { text, blocks }
}

/// A form that could not be opened: its trigger was too old. A button gives a new one.
#[must_use]
pub fn form_expired(form: &Form) -> Message {
    let text = mrkdwn!("The form “{}” could not be opened in time. Nothing was done.", form.title);
    let (action, value) = match form.callback.as_str() {
        "approval_phrase" => ("approve", form.reference.as_str()),
        "restore" => ("open_restore", "restore"),
        "backup" => ("open_backup", "backup"),
        "page" => ("open_page", "page"),
        _ => return Message::sentence(mrkdwn!("{} Type it again.", text)),
    };
    let button = Element::button(action, "Open the form", value, Some(Style::Primary));
    let buttons = Block::Actions { block_id: "reopen".to_owned(), elements: vec![button] };
    Message { text: text.clone(), blocks: vec![Block::paragraph(text), buttons] }
}

/// To whoever asked for something that nobody must approve: it runs.
#[must_use]
pub fn started(run: &Run, proposal: &Proposal, channel: &str) -> Message {
    Message::sentence(mrkdwn!(
        "▶ *{}* has begun: nobody has to approve it, since it only adds. Watch it in {}; it is {}.",
        proposal.title,
        Channel(channel),
        Code(run.id.as_str())
    ))
}

/// To whoever decided about a run: it was noted.
#[must_use]
pub fn intervention_noted(run: &Run, what: Intervention) -> Message {
    Message::sentence(match what {
        Intervention::Retry => mrkdwn!("▶ Noted: the failed step of *{}* is tried again.", run.title),
        Intervention::Skip => mrkdwn!("⏭ Noted: *{}* goes on without the failed step. That is on the record under your name.", run.title),
        Intervention::Stop => {
            mrkdwn!("⏹ Noted: *{}* stops at the next safe point. A call that is on its way is waited for first.", run.title)
        }
    })
}
