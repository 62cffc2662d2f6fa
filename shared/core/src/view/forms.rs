//! The forms in which people pick what they did not type.

use std::collections::BTreeMap;

use super::{Block, Choice, Code, Element, Form, Mrkdwn, Plain, Prose};
use crate::{backup::RecoveryPoint, mrkdwn};

/// Choices of a select.
const MAX_CHOICES: usize = 100;
/// Characters of a choice's text, and of what comes back for it.
const MAX_CHOICE: usize = 75;
const MAX_VALUE: usize = 150;
/// Characters that a field can show at first.
const MAX_TYPED: usize = 3_000;

/// What a restore form shows at first: what was given on the line, and what can be picked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RestoreChoices {
    /// The databases of the plan.
    pub databases: Vec<String>,
    /// The one that was named.
    pub database: Option<String>,
    /// Its recovery points, once they are known.
    pub points: Option<Vec<RecoveryPoint>>,
    /// What was typed before, by handle, where the form is shown again.
    pub typed: BTreeMap<String, String>,
    /// What is wrong with it, and the handle of the field that it is wrong with.
    pub problem: Option<(String, String)>,
}

/// Picked where the moment says what is wanted back, and not a recovery point.
pub const BY_MOMENT: &str = "by-moment";
/// Picked for the newest recovery point that passed its checks.
pub const LAST_KNOWN_GOOD: &str = "last-known-good";

/// The form for a restore. Handles: `database`, `at`, `point` ([`BY_MOMENT`], [`LAST_KNOWN_GOOD`] or a recovery point's id), `reason`.
/// What is wrong is said right above the field that it is wrong with.
#[must_use]
pub fn restore_form(choices: &RestoreChoices) -> Form {
    let typed = |handle: &str| choices.typed.get(handle).map(String::as_str);
    let at = "Just before the mistake, such as 14:05, 2026-11-22 14:05 Berlin or 10m ago. Left empty, it is the latest moment there is.";
    let point = "With the newest that passed its checks, a moment above means: only from before it.";
    let why = "Those who approve see it, and it is kept.";
    let fields = [
        ("database", input("database", "Database", None, false, pick("database", &choices.databases, choices.database.as_deref()))),
        ("at", input("at", "Go back to this moment", Some(at), true, line("at", typed("at"), false))),
        ("point", input("point", "Or to a recovery point?", Some(point), false, points(choices.points.as_deref(), typed("point")))),
        ("reason", input("reason", "Why", Some(why), true, line("reason", typed("reason"), true))),
    ];
    let mut blocks = vec![Block::paragraph(mrkdwn!(
        "You see exactly what would be done before anything is done, and somebody else must approve it. The instance of today stays as it is."
    ))];
    for (handle, field) in fields {
        let wrong = choices.problem.as_ref().filter(|(at, _)| at == handle);
        blocks.extend(problem(wrong.map(|(_, what)| what.as_str())));
        blocks.push(field);
    }
    form("restore", "Restore a database", "Propose the restore", blocks)
}

/// The form for a backup. Handles: `database`, `reason`.
#[must_use]
pub fn backup_form(databases: &[String], picked: Option<&str>, wrong: Option<&str>) -> Form {
    let only = databases.first().filter(|_| databases.len() == 1).map(String::as_str);
    let mut blocks = vec![Block::paragraph(mrkdwn!("It adds a snapshot and takes nothing away, so it starts at once."))];
    blocks.extend(problem(wrong));
    blocks.push(input("database", "Database", None, false, pick("database", databases, picked.or(only))));
    blocks.push(input("reason", "Why", Some("It is kept with the run."), true, line("reason", None, true)));
    form("backup", "Back up a database", "Back up now", blocks)
}

/// The form for a command, for where none can be typed: in threads. Handle: `command`.
#[must_use]
pub fn ask_form(typed: &str, wrong: Option<&str>) -> Form {
    let mut blocks = problem(wrong);
    let hint = "As behind /dr: status, why, restore … What changes anything is shown to you before it is done.";
    blocks.push(input("command", "What do you want?", Some(hint), true, line("command", Some(typed), false)));
    form("ask", "Ask Mayday", "Ask", blocks)
}

pub(super) fn form(callback: &str, title: &str, submit: &str, blocks: Vec<Block>) -> Form {
    Form { callback: callback.to_owned(), title: title.to_owned(), submit: Some(submit.to_owned()), reference: String::new(), blocks }
}

pub(super) fn problem(problem: Option<&str>) -> Vec<Block> {
    Block::paragraphs(problem.map(|problem| mrkdwn!("⚠️ {}", Prose(problem))).into_iter().collect::<Vec<Mrkdwn>>())
}

pub(super) fn input(block_id: &str, label: &str, hint: Option<&str>, optional: bool, element: Element) -> Block {
    let hint = hint.map(|hint| Plain(hint.to_owned()));
    Block::Input { block_id: block_id.to_owned(), label: Plain(label.to_owned()), element, hint, optional }
}

pub(super) fn line(action_id: &str, typed: Option<&str>, multiline: bool) -> Element {
    let initial_value = typed.filter(|typed| !typed.is_empty()).map(|typed| typed.chars().take(MAX_TYPED).collect());
    Element::PlainTextInput { action_id: action_id.to_owned(), initial_value, placeholder: None, multiline }
}

/// One of some names; typed, where there are more than a select takes, or none.
pub(super) fn pick(action_id: &str, names: &[String], picked: Option<&str>) -> Element {
    let fits = |name: &str| (1..=MAX_VALUE).contains(&name.chars().count());
    if names.is_empty() || names.len() > MAX_CHOICES || !names.iter().all(|name| fits(name)) {
        return line(action_id, picked, false);
    }
    let choice = |name: &str| Choice { text: Plain::short(name, MAX_CHOICE), value: name.to_owned() };
    // Slack refuses a first choice that is not among the choices.
    let initial_option = picked.filter(|picked| names.iter().any(|name| name == picked)).map(choice);
    Element::StaticSelect { action_id: action_id.to_owned(), options: names.iter().map(|name| choice(name)).collect(), initial_option }
}

/// One of some values, each with its text; typed, where there are more than a select takes.
pub(super) fn pick_named(action_id: &str, choices: &[(String, String)], picked: &str) -> Element {
    if choices.is_empty() || choices.len() > MAX_CHOICES || choices.iter().any(|(value, _)| value.chars().count() > MAX_VALUE) {
        return line(action_id, Some(picked), false);
    }
    let choice = |(value, text): &(String, String)| Choice { text: Plain::short(text, MAX_CHOICE), value: value.clone() };
    let initial_option = choices.iter().find(|(value, _)| value == picked).map(choice);
    Element::StaticSelect { action_id: action_id.to_owned(), options: choices.iter().map(choice).collect(), initial_option }
}

/// What stands beside a moment: none, the newest good one, then each recovery point, newest first, once they are known. One that was
/// picked before is there all the same.
fn points(points: Option<&[RecoveryPoint]>, picked: Option<&str>) -> Element {
    let choice = |text: &str, value: &str| Choice { text: Plain::short(text, MAX_CHOICE), value: value.to_owned() };
    let known = |point: &RecoveryPoint| {
        let taken = point.taken_at().map(|at| at.strftime("%b %d %H:%M UTC").to_string()).unwrap_or_default();
        let verified = if point.is_verified() { "verified" } else { "not verified" };
        choice(&format!("{taken}, {verified}: {}", point.id()), point.id())
    };
    let mut options = vec![choice("No, by the moment above", BY_MOMENT), choice("The newest that passed its checks", LAST_KNOWN_GOOD)];
    options.extend(points.unwrap_or_default().iter().filter(|point| point.is_usable()).map(known));
    options.retain(|option| option.value.chars().count() <= MAX_VALUE);
    options.truncate(MAX_CHOICES - 1);
    if let Some(picked) = picked.filter(|picked| (1..=MAX_VALUE).contains(&picked.chars().count()))
        && !options.iter().any(|option| option.value == picked)
    {
        options.push(choice(picked, picked));
    }
    let chosen = picked.and_then(|picked| options.iter().find(|option| option.value == picked)).or_else(|| options.first());
    Element::StaticSelect { action_id: "point".to_owned(), initial_option: chosen.cloned(), options }
}

/// Asks to type a phrase. What was typed stays, and how it differs is said above it.
pub(super) fn phrase_question(phrase: &str, typed: &str, difference: Option<&str>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(difference) = difference {
        blocks.extend(Block::paragraphs([mrkdwn!("⚠️ *Not approved yet.* {}", Prose(difference))]));
    }
    blocks.push(Block::paragraph(mrkdwn!("Type this to approve:")));
    blocks.push(Block::paragraph(mrkdwn!("{}", Code(phrase))));
    let hint = "Capitals, spaces and dashes do not matter; everything else does.";
    blocks.push(input("phrase", "The phrase", Some(hint), false, line("phrase", Some(typed), false)));
    blocks
}
