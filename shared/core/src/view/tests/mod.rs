//! The bot's words in every situation, as people read them.

mod alert;
mod approval;
mod covered;
mod failover;
mod fleet;
mod forms;
mod health;
mod limits;
mod lists;
mod long;
mod pages;
mod plan;
mod policy;
mod run;
mod runbook;
mod safety;
pub(crate) mod sample;
mod unwatched;

use super::{Block, Element, Form, Message};

/// A message as a phone shows it: the notification in parentheses, then the blocks.
pub(super) fn read(message: &Message) -> String {
    let fallback = format!("({})", plain(message.text.as_str()));
    std::iter::once(fallback).chain(message.blocks.iter().map(read_block)).collect::<Vec<_>>().join("\n")
}

/// The same, without the digest, which changes with every field that a proposal gets.
pub(super) fn read_stable(message: &Message, digest: &str) -> String {
    read(message).replace(digest, "DIGEST").replace(&digest[..12], "DIG")
}

/// A form as a person sees it.
pub(super) fn read_form(form: &Form) -> String {
    let title = format!("[[ {} ]] {}", form.title, form.callback);
    let submit = form.submit.as_ref().map_or_else(|| "[Close]".to_owned(), |submit| format!("[Close] [{submit}] {}", form.reference));
    std::iter::once(title).chain(form.blocks.iter().map(read_block)).chain([submit]).collect::<Vec<_>>().join("\n")
}

fn read_block(block: &Block) -> String {
    match block {
        Block::Header { text } => format!("# {}", text.0),
        Block::Section { text, .. } => format!("{}\n", plain(text.as_str())),
        Block::Fields { fields } => fields.iter().map(|field| plain(field.as_str())).collect::<Vec<_>>().join(" | "),
        Block::Context { elements } => elements.iter().map(|part| format!("~ {}", plain(part.as_str()).replace('\n', "\n~ "))).collect(),
        Block::Divider {} => "----".to_owned(),
        Block::Actions { elements, .. } => elements.iter().map(read_element).collect::<Vec<_>>().join(" "),
        Block::Input { label, element, hint, optional, .. } => {
            let optional = if *optional { " (optional)" } else { "" };
            let hint = hint.as_ref().map(|hint| format!("\n   {}", hint.0)).unwrap_or_default();
            format!("{}{optional}: {}{hint}", label.0, read_element(element))
        }
    }
}

fn read_element(element: &Element) -> String {
    match element {
        Element::Button { action_id, text, value, .. } => format!("[{}]({action_id} {value})", text.0),
        Element::PlainTextInput { initial_value, .. } => format!("____{}____", initial_value.as_deref().unwrap_or_default()),
        Element::StaticSelect { options, initial_option, .. } => {
            let mark = |value: &str| if initial_option.as_ref().is_some_and(|first| first.value == value) { "(•)" } else { "( )" };
            options.iter().map(|option| format!("\n   {} {} = {}", mark(&option.value), option.text.0, option.value)).collect()
        }
    }
}

/// Text with its dates as phones show them that can't do better, and without what keeps names from being markup.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, (_, after))) = rest.split_once("<!date^").and_then(|(before, date)| Some((before, date.split_once('|')?))) {
        let (fallback, behind) = after.split_once('>').unwrap();
        out.push_str(before);
        out.push_str(fallback);
        rest = behind;
    }
    out.push_str(rest);
    out.replace('\u{200b}', "")
}

/// All that is read as markup; titles and buttons are plain text by their type.
pub(super) fn markup(blocks: &[Block]) -> String {
    let marked = blocks.iter().filter(|block| matches!(block, Block::Section { .. } | Block::Context { .. }));
    marked.map(read_raw).collect::<Vec<_>>().join("\n")
}

/// All that a message or form says.
pub(super) fn everything(blocks: &[Block]) -> String {
    blocks.iter().map(read_raw).collect::<Vec<_>>().join("\n")
}

fn read_raw(block: &Block) -> String {
    match block {
        Block::Section { text, .. } => text.to_string(),
        Block::Context { elements } => elements.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        other => read_block(other),
    }
}
