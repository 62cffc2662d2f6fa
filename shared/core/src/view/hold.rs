//! Recovery points that people hold.

use super::{Block, Code, Message, Moment, Mrkdwn, Prose};
use crate::{backup::Hold, mrkdwn};

fn user(hold: &Hold) -> Mrkdwn {
    mrkdwn!("{}", hold.by)
}

/// It is held now, or was already.
#[must_use]
pub fn backup_held(hold: &Hold) -> Message {
    Message::sentence(mrkdwn!(
        "✅ {} of {} is held since {} by {}: {}. It stays until somebody says {}.",
        Code(&hold.snapshot),
        hold.database,
        Moment(hold.at),
        user(hold),
        Prose(&hold.reason),
        Code(&format!("/dr backups release {}", hold.snapshot))
    ))
}

/// It is not held any more.
#[must_use]
pub fn backup_released(hold: &Hold) -> Message {
    Message::sentence(mrkdwn!(
        "✅ {} of {} is not held any more: it is deleted when the time of its class is over, and stays if it has none.",
        Code(&hold.snapshot),
        hold.database
    ))
}

/// A list of recovery points, with those that are held.
#[must_use]
pub fn with_holds(mut list: Message, holds: &[Hold]) -> Message {
    let line = |hold: &Hold| mrkdwn!("• {} since {} by {}: {}", Code(&hold.snapshot), Moment(hold.at), user(hold), Prose(&hold.reason));
    if !holds.is_empty() && !list.blocks.is_empty() {
        let lines = std::iter::once(mrkdwn!("*Held*")).chain(holds.iter().map(line));
        list.blocks.extend(Block::paragraphs([Mrkdwn::join(lines, "\n")]));
    }
    list
}
