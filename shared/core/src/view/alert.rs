//! Alerts: what is wrong and what to do, and that it is over.

use super::{Block, Element, Message, Moment, Mrkdwn, Prose, Span};
use crate::{
    alert::{Kind, Level, Standing},
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
    let mut blocks = Block::paragraphs([text.clone()].into_iter().chain(way_out));
    let moves = if standing.is_open() { moves(standing) } else { Vec::new() };
    if !moves.is_empty() {
        blocks.push(Block::Actions { block_id: "alert".to_owned(), elements: moves });
    }
    blocks.push(Block::small_print(since));
    Message { text, blocks }
}

/// Commands that the way out names, and what a button says for each.
const MOVES: [(&str, &str); 2] = [("diagnose", "Diagnose"), ("failover", "Fail over…")];

/// The next moves as buttons: what the way out says to type of a service that is not well, and to wake people.
fn moves(standing: &Standing) -> Vec<Element> {
    if standing.alert.kind != Kind::Health {
        return Vec::new();
    }
    let way_out = standing.alert.way_out.as_deref().unwrap_or_default();
    let commands = way_out.split('`').skip(1).step_by(2).filter_map(|typed| typed.strip_prefix("/dr "));
    let named = commands.filter_map(|command| {
        let (verb, text) = MOVES.iter().find(|(verb, _)| command.split(' ').next() == Some(verb))?;
        Some(Element::button(&format!("open_{verb}"), text, command, None))
    });
    named.chain([Element::button("open_page", "Page…", "page", None)]).collect()
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
