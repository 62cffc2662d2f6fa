//! Short answers to one person.

use super::{Block, Code, Form, Message};
use crate::{
    failure::Refusal,
    mrkdwn,
    proposal::Proposal,
    run::{Intervention, Run},
};

/// Our own sentence, and the way out.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Message {
    let way_out = refusal.way_out.as_deref().unwrap_or_default();
    Message::sentence(mrkdwn!(":no_entry: {} {}", refusal.sentence, way_out))
}

/// Something broke: what the person can do, and what to tell those who mend it.
#[must_use]
pub fn fault(reference: &str) -> Message {
    Message::sentence(mrkdwn!(
        ":warning: Something broke on our side, and this may not have been done. Look before you try again: `/dr status`. Reference {}.",
        Code(reference)
    ))
}

/// A message in place of a form.
#[must_use]
pub fn told_form(title: &str, message: &Message) -> Form {
    let blocks = if message.blocks.is_empty() { vec![Block::paragraph(message.text.clone())] } else { message.blocks.clone() };
    Form { callback: "told".to_owned(), title: title.to_owned(), submit: None, reference: String::new(), blocks }
}

/// A form's content as a message, for a person who has closed the form.
#[must_use]
pub fn of_form(form: &Form) -> Message {
    let blocks: Vec<Block> = form.blocks.iter().filter(|block| !matches!(block, Block::Input { .. })).cloned().collect();
    Message { text: mrkdwn!("{}", form.title), blocks }
}

/// A form that could not be opened: its trigger was too old.
#[must_use]
pub fn form_expired(form: &Form) -> Message {
    Message::sentence(mrkdwn!("The form “{}” could not be opened in time. Press the button or type the command again.", form.title))
}

/// To whoever asked for something that nobody must approve: it runs.
#[must_use]
pub fn started(run: &Run, proposal: &Proposal, channel: &str) -> Message {
    Message::sentence(mrkdwn!("{} has started ({}); watch it in {}.", proposal.title, Code(run.id.as_str()), super::Channel(channel)))
}

/// To whoever decided about a run: it was noted.
#[must_use]
pub fn intervention_noted(run: &Run, what: Intervention) -> Message {
    let noted = match what {
        Intervention::Retry => "the step is tried again",
        Intervention::Skip => "the run goes on without the step",
        Intervention::Stop => "it stops at the next safe point",
    };
    Message::sentence(mrkdwn!("{}: {}.", run.title, noted))
}
