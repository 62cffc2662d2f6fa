//! Help in two tiers: what there is for you, and how one verb is used. Both are written from the list of verbs.

use super::{Block, Code, Element, Message, Mrkdwn, Plain};
use crate::{
    command::{SLASH, Verb, arguments, usage},
    mrkdwn,
};

/// What there is to type, for somebody who may use these verbs; the others are named with what would unlock them.
#[must_use]
pub fn help_overview(who_may: &[Verb]) -> Message {
    let (may, may_not): (Vec<Verb>, Vec<Verb>) = Verb::ALL.iter().partition(|verb| who_may.contains(verb));
    let lines = may.iter().map(|verb| mrkdwn!("{}  {}", Code(&format!("{SLASH} {}", verb.name())), verb.summary()));
    let list = Mrkdwn::join(lines, "\n");
    let mut blocks = vec![Block::title("What you can do here"), Block::paragraph(list)];
    let buttons: Vec<Element> = may.iter().filter_map(|verb| button(*verb)).collect();
    if !buttons.is_empty() {
        blocks.push(Block::Actions { block_id: "help".to_owned(), elements: buttons });
    }
    if !may_not.is_empty() {
        let names = Mrkdwn::join(may_not.iter().map(|verb| mrkdwn!("{}", Code(verb.name()))), ", ");
        blocks.push(Block::small_print(mrkdwn!(
            "Not for you here: {}. The plan says who may; ask its owner, or somebody who has the role.",
            names
        )));
    }
    let more = mrkdwn!("{} shows how a verb is used, with examples.", Code(&format!("{SLASH} help VERB")));
    blocks.push(Block::small_print(more));
    let names: Vec<&str> = may.iter().map(|verb| verb.name()).collect();
    Message { text: mrkdwn!("What you can do here: {}.", names.join(", ")), blocks }
}

/// How a verb is used: usage, what each part means, examples.
#[must_use]
pub fn help_verb(verb: Verb) -> Message {
    let text = mrkdwn!("{}: {}", Code(&usage(verb)), verb.summary());
    let mut blocks = vec![Block::title(format!("{SLASH} {}", verb.name())), Block::paragraph(mrkdwn!("{}\n{}", verb.summary(), Code(&usage(verb))))];
    let parts = arguments(verb);
    if !parts.is_empty() {
        let lines = parts.iter().map(|part| mrkdwn!("{}  {}", Code(&part.typed), sentence(&part.help)));
        blocks.push(Block::paragraph(Mrkdwn::join(lines, "\n")));
    }
    let examples = verb.examples().iter().map(|(typed, meaning)| mrkdwn!("{}  {}", Code(&format!("{SLASH} {typed}")), *meaning));
    blocks.push(Block::paragraph(mrkdwn!("*Examples*\n{}", Mrkdwn::join(examples, "\n"))));
    if !verb.spellings().is_empty() {
        let names = Mrkdwn::join(verb.spellings().iter().map(|(spelling, _)| mrkdwn!("{}", Code(spelling))), ", ");
        blocks.push(Block::small_print(mrkdwn!("Also understood, as plans spell it: {}", names)));
    }
    Message { text, blocks }
}

/// The button that opens a verb's form or answer, for those that people need in a hurry.
fn button(verb: Verb) -> Option<Element> {
    let text = match verb {
        Verb::Status => "Status",
        Verb::Backup => "Back up now",
        Verb::Restore => "Restore",
        Verb::Approvals => "Approvals",
        Verb::Runs => "Runs",
        Verb::Help | Verb::Backups | Verb::Why | Verb::Cancel => return None,
    };
    // Handles are unique in a message, so the verb is part of it.
    let action_id = format!("open_{}", verb.name());
    Some(Element::Button { action_id, text: Plain(text.to_owned()), value: verb.name().to_owned(), style: None })
}

/// Help text of the grammar has no full stop of its own.
fn sentence(help: &str) -> String {
    if help.ends_with('.') { help.to_owned() } else { format!("{help}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as a person reads it.
    fn read(message: &Message) -> String {
        let mut lines = vec![format!("({})", message.text)];
        for block in &message.blocks {
            lines.push(match block {
                Block::Header { text } => format!("# {}", text.0),
                Block::Section { text, .. } => text.to_string(),
                Block::Context { elements } => elements.iter().map(|element| format!("- {element}")).collect(),
                Block::Actions { elements, .. } => elements.iter().map(pressed).collect::<Vec<_>>().join(" "),
                other => format!("{other:?}"),
            });
        }
        lines.join("\n")
    }

    fn pressed(element: &Element) -> String {
        match element {
            Element::Button { text, action_id, .. } => format!("[{}: {action_id}]", text.0),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn b13_the_overview_names_what_you_may_and_what_you_may_not() {
        insta::assert_snapshot!(read(&help_overview(Verb::ALL)), @"");
        insta::assert_snapshot!(read(&help_overview(&[Verb::Help, Verb::Status, Verb::Runs, Verb::Why])), @"");
    }

    #[test]
    fn the_help_of_a_verb_explains_every_part_and_has_examples() {
        insta::assert_snapshot!(read(&help_verb(Verb::Restore)), @"");
        insta::assert_snapshot!(read(&help_verb(Verb::Status)), @"");
    }

    #[test]
    fn every_verb_s_help_fits_into_a_message() {
        for verb in Verb::ALL {
            let message = help_verb(*verb);
            let shown = read(&message);
            for (typed, _) in verb.examples() {
                assert!(shown.contains(typed), "{verb:?} does not show {typed:?}");
            }
            for block in &message.blocks {
                if let Block::Section { text, .. } = block {
                    assert!(!text.as_str().is_empty() && text.as_str().chars().count() < 3_000, "{verb:?}");
                }
            }
        }
    }

    #[test]
    fn nobody_who_may_nothing_gets_an_empty_block() {
        let message = help_overview(&[]);
        assert!(message.blocks.iter().all(|block| !matches!(block, Block::Section { text, .. } if text.as_str().is_empty())));
    }
}
