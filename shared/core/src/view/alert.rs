//! Alerts: what is wrong and what to do, and that it is over.

use super::{Block, Message, Moment, Mrkdwn, Prose, Span};
use crate::{
    alert::{Level, Standing},
    mrkdwn,
};

/// An alert in the channel; edited when it is over.
#[must_use]
pub fn alert(standing: &Standing) -> Message {
    let said = &standing.alert;
    let mark = match (standing.resolved, said.level) {
        (Some(_), _) => "✅",
        (None, Level::Warning) => "⚠️",
        (None, Level::Broken) => "❌",
    };
    let text = mrkdwn!("{} {}", mark, Prose(&said.sentence));
    let way_out = said.way_out.as_ref().filter(|_| standing.is_open()).map(|way_out| mrkdwn!("{}", Prose(way_out)));
    let since = match standing.resolved {
        None => mrkdwn!("since {}", Moment(standing.since)),
        Some(over) => over_after(standing, over),
    };
    let mut blocks = vec![Block::paragraph(Mrkdwn::join([text.clone()].into_iter().chain(way_out), "\n"))];
    blocks.push(Block::small_print(since));
    Message { text, blocks }
}

/// Said in the alert's thread when it is over.
#[must_use]
pub fn alert_over(standing: &Standing) -> Message {
    let over = standing.resolved.unwrap_or(standing.since);
    Message::sentence(mrkdwn!("✅ {}: {}", standing.alert.subject, over_after(standing, over)))
}

fn over_after(standing: &Standing, over: jiff::Timestamp) -> Mrkdwn {
    mrkdwn!("over since {}, after {}", Moment(over), Span(over.duration_since(standing.since)))
}
