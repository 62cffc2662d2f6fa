use jiff::Timestamp;

use super::Message;
use crate::{
    mrkdwn,
    proposal::Proposal,
    run::{Run, Told},
};

/// A run's one living message.
#[must_use]
pub fn run_headline(run: &Run, proposal: &Proposal, _now: Timestamp) -> Message {
    Message::sentence(mrkdwn!("{} ({})", proposal.title, run.id.as_str()))
}

/// One short reply in the thread at every change.
#[must_use]
pub fn run_reply(run: &Run, _proposal: &Proposal, told: &Told) -> Message {
    Message::sentence(mrkdwn!("{}: {}", run.id.as_str(), format!("{:?}", told.what)))
}

/// What is posted when a run has ended.
#[must_use]
pub fn run_report(run: &Run, proposal: &Proposal) -> Message {
    Message::sentence(mrkdwn!("{}: {}", proposal.title, format!("{:?}", run.state)))
}
