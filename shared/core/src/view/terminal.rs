//! What is said at a terminal only.

use super::{Code, Message};
use crate::mrkdwn;

/// To a principal that no person of the plan has.
#[must_use]
pub fn principal_unknown(principal: &str) -> Message {
    Message::sentence(mrkdwn!(
        "⛔ {} is nobody of the recovery plan, so nothing was done. Whoever maintains the plan can add it to a person, under {}.",
        Code(principal),
        Code("people.NAME.aws")
    ))
}

/// A request that came twice.
#[must_use]
pub fn answered_before() -> Message {
    Message::sentence(mrkdwn!(
        "This very request was answered before; nothing was done twice. {} and {} show what became of it.",
        Code("/dr approvals"),
        Code("/dr runs --all")
    ))
}

/// Who decides on what was just proposed, where there is no Slack.
#[must_use]
pub fn decide_at_terminal(proposal: &str) -> Message {
    Message::sentence(mrkdwn!(
        "Whoever may approve it types {} and you can watch it with {}. As soon as Slack answers, its card is in the channel too.",
        Code(&format!("mayday approve {proposal}")),
        Code(&format!("mayday watch {proposal}"))
    ))
}

/// There is nothing of that id.
#[must_use]
pub fn nothing_to_watch(about: &str) -> Message {
    Message::sentence(mrkdwn!("⛔ There is no proposal or run {}. {} lists them.", Code(about), Code("/dr runs --all")))
}
