//! Around a decision: the form for the phrase, and what each of those concerned is told.

use jiff::Timestamp;

use super::{
    Block, Channel, Code, Form, Message, Moment, Mrkdwn,
    approval::{consequence_lines, deed, short_digest, standing, wanting},
    card::one_of,
    forms,
};
use crate::{
    approval::{Approval, State},
    mrkdwn,
    policy::Verb,
    proposal::Proposal,
};

/// Characters of a form's title and of its button.
const MAX_SUBMIT: usize = 24;

/// The form in which an approver types the phrase. What was typed stays, and how it differs is said above it.
#[must_use]
pub fn phrase_form(proposal: &Proposal, typed: &str, difference: Option<&str>) -> Form {
    let target = &proposal.target;
    let mut blocks = Block::paragraphs([
        mrkdwn!("*{}*", proposal.title),
        mrkdwn!("*Target* the {} {}, {}, {}", target.kind.to_string(), Code(&target.name), target.environment, Code(&target.region)),
    ]);
    blocks.extend(Block::paragraphs(consequence_lines(proposal)));
    let digest = proposal.digest().unwrap_or_default();
    blocks.push(Block::small_print(mrkdwn!(
        "You approve exactly what the card shows, digest {}. It starts with the last approval that it needs.",
        Code(short_digest(&digest))
    )));
    blocks.extend(forms::phrase_question(&proposal.phrase, typed, difference));
    Form {
        callback: "approval_phrase".to_owned(),
        title: format!("Approve this {}", noun(proposal)),
        submit: Some(submit(proposal)),
        reference: proposal.id.0.clone(),
        blocks,
    }
}

fn noun(proposal: &Proposal) -> &'static str {
    match proposal.verb {
        Verb::Restore => "restore",
        Verb::Retire => "deletion",
        Verb::Backup => "backup",
        Verb::Failover => "failover",
        Verb::Run => "run",
        Verb::Look | Verb::Page | Verb::Approve => "proposal",
    }
}

/// The deed, as much of it as the button has room for: `Restore orders to 14:02`.
fn submit(proposal: &Proposal) -> String {
    let deed = deed(proposal);
    let mut letters = deed.chars();
    let deed: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let moment = proposal.consequences.recovery_point.map(|point| format!("{deed} to {}", point.strftime("%H:%M")));
    let verb = deed.split(' ').next().unwrap_or("Approve").to_owned();
    let fitting = moment.into_iter().chain([deed]).find(|text| text.chars().count() <= MAX_SUBMIT);
    fitting.unwrap_or_else(|| format!("{verb} it"))
}

/// To whoever asked, where they asked: where it waits and for whom.
#[must_use]
pub fn proposed(proposal: &Proposal, channel: &str) -> Message {
    let id = proposal.id.as_str();
    let whom = proposal.quorum.as_ref().map_or_else(
        || mrkdwn!("for approval"),
        |quorum| match quorum.needed {
            1 => mrkdwn!("for one person with the role {}", one_of(&quorum.roles)),
            needed => mrkdwn!("for {} people with the role {}", needed, one_of(&quorum.roles)),
        },
    );
    Message::sentence(mrkdwn!(
        "⏳ *{}* waits in {} {} to approve it, until {}. You can't approve it yourself; you get a message when it is decided. {} takes it back.",
        proposal.title,
        Channel(channel),
        whom,
        Moment(proposal.expires_at),
        Code(&format!("/dr cancel {id}"))
    ))
}

/// To whoever decided: it was counted.
#[must_use]
pub fn decision_counted(approval: &Approval, proposal: &Proposal) -> Message {
    let title = &proposal.title;
    Message::sentence(match &approval.state {
        State::Pending => mrkdwn!("✅ Your approval of *{}* counts: {}, until {}.", title, wanting(approval), Moment(approval.expires_at)),
        State::Approved { .. } => mrkdwn!(
            "✅ Your approval of *{}* counts, and it was the last one that was needed. It starts now as {}: close this to watch it.",
            title,
            Code(approval.proposal.run().as_str())
        ),
        State::Denied { .. } => mrkdwn!("❌ You denied *{}*. Nothing was done, and nothing will be.", title),
        State::Cancelled { .. } => mrkdwn!("⏹ You took back *{}*. Nothing was done, and nothing will be.", title),
        State::Expired => mrkdwn!("⌛ *{}* had expired. Nothing was done.", title),
    })
}

/// To whoever decided too late or twice: how it stands, and who was first.
#[must_use]
pub fn decided_already(approval: &Approval, proposal: &Proposal, now: Timestamp) -> Message {
    let twice = if approval.is_open(now) { " Your approval was counted before." } else { "" };
    Message::sentence(mrkdwn!("Nothing changed.{} *{}*: {}", twice, proposal.title, standing(approval, now)))
}

/// In the card's thread and to whoever asked: what was decided.
#[must_use]
pub fn decision_reply(approval: &Approval, proposal: &Proposal) -> Message {
    let voter: Mrkdwn = approval.votes.last().map(|vote| mrkdwn!("{}", vote.by)).unwrap_or_default();
    let again = match &approval.state {
        State::Pending => return Message::sentence(mrkdwn!("✅ {} approved *{}*: {}.", voter, proposal.title, wanting(approval))),
        State::Expired => mrkdwn!(" {}, ask for it again if it is still wanted: the world is looked at anew.", approval.requester),
        State::Approved { .. } | State::Denied { .. } | State::Cancelled { .. } => mrkdwn!(""),
    };
    // Whatever is final stands, whenever it is told.
    Message::sentence(mrkdwn!("*{}*: {}{}", proposal.title, standing(approval, approval.expires_at), again))
}
