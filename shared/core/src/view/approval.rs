//! Proposals before those who decide.

use jiff::Timestamp;

use super::{Block, Code, Element, Form, Message, Mrkdwn, Plain, Style};
use crate::{
    approval::{Approval, State},
    mrkdwn,
    proposal::Proposal,
};

/// The card: everything that the digest covers, who may decide, and how it stands.
#[must_use]
pub fn approval_card(proposal: &Proposal, approval: &Approval, now: Timestamp) -> Message {
    let mut blocks = vec![Block::title(proposal.title.clone())];
    for step in &proposal.steps {
        for line in step.act.action().card() {
            blocks.push(Block::paragraph(mrkdwn!("{}: {}", step.name, line)));
        }
    }
    if approval.is_open(now) {
        let button = |action: &str, text: &str, style| Element::Button {
            action_id: action.to_owned(),
            text: Plain(text.to_owned()),
            value: proposal.id.0.clone(),
            style,
        };
        blocks.push(Block::Actions {
            block_id: "decide".to_owned(),
            elements: vec![
                button("approve", "Approve…", Some(Style::Primary)),
                button("deny", "Deny", Some(Style::Danger)),
                button("cancel", "Take back", None),
            ],
        });
    }
    Message { text: mrkdwn!("{}: {}", proposal.title, standing(approval)), blocks }
}

fn standing(approval: &Approval) -> Mrkdwn {
    match &approval.state {
        State::Pending => mrkdwn!("{} more must approve", approval.missing()),
        State::Approved { at } => mrkdwn!("approved at {}", super::At(*at)),
        State::Denied { by, at } => mrkdwn!("denied by {} at {}", by, super::At(*at)),
        State::Cancelled { by, at } => mrkdwn!("taken back by {} at {}", by, super::At(*at)),
        State::Expired => mrkdwn!("expired"),
    }
}

/// The form in which an approver types the phrase.
#[must_use]
pub fn phrase_form(proposal: &Proposal, typed: &str, difference: Option<&str>) -> Form {
    let mut blocks = vec![Block::paragraph(mrkdwn!("Type this to approve:")), Block::paragraph(mrkdwn!("{}", Code(&proposal.phrase)))];
    if let Some(difference) = difference {
        blocks.push(Block::paragraph(mrkdwn!(":warning: {}", difference)));
    }
    blocks.push(Block::Input {
        block_id: "phrase".to_owned(),
        label: Plain("Phrase".to_owned()),
        element: Element::PlainTextInput {
            action_id: "phrase".to_owned(),
            initial_value: (!typed.is_empty()).then(|| typed.to_owned()),
            placeholder: None,
            multiline: false,
        },
        hint: None,
        optional: false,
    });
    Form {
        callback: "approval_phrase".to_owned(),
        title: "Approve".to_owned(),
        submit: Some("Approve".to_owned()),
        reference: proposal.id.0.clone(),
        blocks,
    }
}

/// To whoever asked, where they asked: where it waits and for whom.
#[must_use]
pub fn proposed(proposal: &Proposal, channel: &str) -> Message {
    Message::sentence(mrkdwn!("{} waits for approval in {} ({}).", proposal.title, super::Channel(channel), Code(proposal.id.as_str())))
}

/// To whoever decided: it was counted.
#[must_use]
pub fn decision_counted(approval: &Approval, proposal: &Proposal) -> Message {
    Message::sentence(mrkdwn!("{}: {}.", proposal.title, standing(approval)))
}

/// To whoever decided too late or twice: how it stands, and who was first.
#[must_use]
pub fn decided_already(approval: &Approval, proposal: &Proposal) -> Message {
    Message::sentence(mrkdwn!("Nothing changed: {} is {} already.", proposal.title, standing(approval)))
}

/// In the card's thread and to whoever asked: what was decided.
#[must_use]
pub fn decision_reply(approval: &Approval, proposal: &Proposal) -> Message {
    Message::sentence(mrkdwn!("{}: {}.", proposal.title, standing(approval)))
}
