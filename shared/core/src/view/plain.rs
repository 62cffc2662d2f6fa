//! What Slack shows as blocks, as plain text for a terminal. The one place where that is made.

use super::{Block, Element, Form, Message};
use crate::command::SLASH;

/// What stands before a command that is typed at a terminal.
const PROGRAM: &str = "mayday";
/// A line between parts.
const RULE: &str = "────────────────────────────────────────";

/// A message as text. `name` says who a user id is.
#[must_use]
pub fn plain(message: &Message, name: &dyn Fn(&str) -> Option<String>) -> String {
    if message.blocks.is_empty() {
        return text(message.text.as_str(), name);
    }
    blocks(&message.blocks, name)
}

/// What stands in a form beside its questions.
#[must_use]
pub fn plain_form(form: &Form, name: &dyn Fn(&str) -> Option<String>) -> String {
    blocks(&form.blocks, name)
}

fn blocks(blocks: &[Block], name: &dyn Fn(&str) -> Option<String>) -> String {
    let parts = blocks.iter().map(|block| match block {
        Block::Header { text } => {
            let title = clean(&text.0);
            format!("{title}\n{}", "=".repeat(title.chars().count()))
        }
        Block::Section { text: said, accessory } => {
            let next = accessory.as_ref().and_then(next).map(|next| format!("\n{next}"));
            format!("{}{}", text(said.as_str(), name), next.unwrap_or_default())
        }
        Block::Fields { fields: parts } | Block::Context { elements: parts } => {
            parts.iter().map(|part| text(part.as_str(), name)).collect::<Vec<_>>().join("\n")
        }
        Block::Divider {} => RULE.to_owned(),
        Block::Actions { elements, .. } => elements.iter().filter_map(next).collect::<Vec<_>>().join("\n"),
        Block::Input { .. } => String::new(),
    });
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// A button, as what is typed for it.
fn next(element: &Element) -> Option<String> {
    let Element::Button { action_id, text, value, .. } = element else { return None };
    let typed = match action_id.as_str() {
        "approve" | "deny" | "cancel" | "retry" | "skip" | "ack" | "escalate" | "resolve" | "retire" => format!("{action_id} {value}"),
        "use" => format!("dr {value}"),
        open if open.starts_with("open_") => format!("dr {value}"),
        other => format!("press {other} {value}"),
    };
    Some(format!("  {}  →  {PROGRAM} {}", clean(&text.0), clean(&typed)))
}

/// Slack's `mrkdwn` as text: names for mentions, the time itself for a date, no marks for bold and italics.
fn text(mrkdwn: &str, name: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = mrkdwn;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let behind = rest.get(first.len_utf8()..).unwrap_or_default();
        let follows = behind.chars().next().unwrap_or(' ');
        match first {
            '`' => {
                let (code, after) = behind.split_once('`').unwrap_or((behind, ""));
                out.push('`');
                out.push_str(&typed(&clean(&unescaped(code))));
                out.push('`');
                rest = after;
                before = '`';
                continue;
            }
            '<' => {
                let (inside, after) = behind.split_once('>').unwrap_or((behind, ""));
                out.push_str(&clean(&reference(inside, name)));
                rest = after;
                before = '>';
                continue;
            }
            '\u{200b}' => {
                // What stands between two of these was written by somebody, and is no mark.
                if let Some((marked, after)) = behind.split_once('\u{200b}').filter(|(marked, _)| matches!(*marked, "*" | "_" | "~" | "`"))
                {
                    out.push_str(marked);
                    rest = after;
                    before = ' ';
                    continue;
                }
            }
            '*' | '_' | '~' if !(before.is_alphanumeric() && follows.is_alphanumeric()) => {}
            plain => out.push(plain),
        }
        before = first;
        rest = behind;
    }
    clean(&unescaped(&out))
}

/// What stands between angle brackets: a person, a channel, a moment or a link.
fn reference(inside: &str, name: &dyn Fn(&str) -> Option<String>) -> String {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    match target.split_at_checked(1) {
        Some(("@", user)) => name(user).unwrap_or_else(|| user.to_owned()),
        Some(("#", channel)) => format!("#{channel}"),
        Some(("!", _)) => label.to_owned(),
        _ if label.is_empty() => target.to_owned(),
        _ => format!("{label} ({target})"),
    }
}

/// A command of Slack's as it is typed here.
fn typed(code: &str) -> String {
    match code.strip_prefix(SLASH).filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
        Some(rest) => format!("{PROGRAM} dr{rest}"),
        None => code.to_owned(),
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Nothing that a terminal would obey.
fn clean(text: &str) -> String {
    let visible = |character: char| match character {
        '\n' => '\n',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        plain => plain,
    };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        ident::Identity,
        mrkdwn,
        view::{Code, Moment, Prose, Style},
    };

    fn named(user: &str) -> Option<String> {
        (user == "U0ANA00001").then(|| "ana".to_owned())
    }

    #[test]
    fn a_message_reads_as_text_with_names_times_and_what_to_type() {
        let ana = Identity { org: "T1".to_owned(), user: "U0ANA00001".to_owned() };
        let at: Timestamp = "2026-11-22T14:02:11Z".parse().unwrap();
        let message = Message {
            text: mrkdwn!("short"),
            blocks: vec![
                Block::title("Restore inventory"),
                Block::paragraph(mrkdwn!("*Asked by* {} at {}: {}", ana, Moment(at), "a_b *not bold* <tag> & `x`")),
                Block::Divider {},
                Block::paragraph(mrkdwn!("{}", Prose("Take it back with `/dr cancel p-1`."))),
                Block::Actions {
                    block_id: "b".to_owned(),
                    elements: vec![
                        Element::button("approve", "Approve…", "p-1", Some(Style::Primary)),
                        Element::button("use", "Use this", "restore inventory", None),
                    ],
                },
            ],
        };
        insta::assert_snapshot!(plain(&message, &named), @r"
        Restore inventory
        =================

        Asked by ana at 2026-11-22 (14:02:11 UTC): a_b *not bold* <tag> & `x`

        ────────────────────────────────────────

        Take it back with `mayday dr cancel p-1`.

          Approve…  →  mayday approve p-1
          Use this  →  mayday dr restore inventory
        ");
    }

    #[test]
    fn k1_nothing_that_people_wrote_commands_the_terminal() {
        let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\r<!channel>\u{202e}";
        let message = Message::sentence(mrkdwn!("{} {} {}", evil, Code(evil), Prose(evil)));
        let shown = plain(&message, &named);
        assert!(shown.chars().all(|character| !character.is_control()), "{shown:?}");
        let button = Message {
            text: mrkdwn!("x"),
            blocks: vec![Block::Actions { block_id: "b".to_owned(), elements: vec![Element::button(evil, evil, evil, None)] }],
        };
        assert!(plain(&button, &named).chars().all(|character| !character.is_control()));
    }
}
