//! The form that asks for what a runbook must be told.

use std::collections::BTreeMap;

use super::{
    Block, Form,
    forms::{form, input, line, pick, problem},
};
use crate::{
    mrkdwn,
    plan::{Argument, ValueKind},
};

/// What the form of a runbook shows at first: what was given on the line, and what can be picked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunbookChoices {
    /// The runbook.
    pub name: String,
    /// What it can be run on.
    pub targets: Vec<String>,
    /// What was named.
    pub target: Option<String>,
    /// What it must be told.
    pub arguments: BTreeMap<String, Argument>,
    /// What was typed of that, by name.
    pub typed: BTreeMap<String, String>,
    /// Why, as far as it was said.
    pub reason: Option<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The handle of an argument's field.
#[must_use]
pub fn argument_handle(name: &str) -> String {
    format!("argument-{name}")
}

/// The form for a runbook. Handles: `target`, one for each argument by [`argument_handle`], `reason`.
#[must_use]
pub fn runbook_form(choices: &RunbookChoices) -> Form {
    let mut blocks = problem(choices.problem.as_deref());
    blocks.push(Block::paragraph(mrkdwn!(
        "*{}* You see exactly what would be done before anything is done; what replaces or deletes waits for approval.",
        choices.name.as_str()
    )));
    let only = choices.targets.first().filter(|_| choices.targets.len() == 1).map(String::as_str);
    blocks.push(input("target", "On what", None, false, pick("target", &choices.targets, choices.target.as_deref().or(only))));
    blocks.extend(choices.arguments.iter().map(|(name, argument)| field(name, argument, choices.typed.get(name))));
    let why = "Those who approve see it, and it is kept.";
    blocks.push(input("reason", "Why", Some(why), true, line("reason", choices.reason.as_deref(), true)));
    Form { reference: choices.name.clone(), ..form("runbook", "Run a runbook", "Propose the run", blocks) }
}

fn field(name: &str, argument: &Argument, typed: Option<&String>) -> Block {
    let handle = argument_handle(name);
    let shown = typed.or(argument.default.as_ref()).map(String::as_str);
    let truths = ["yes".to_owned(), "no".to_owned()];
    let choices = if argument.kind == ValueKind::Truth { truths.as_slice() } else { &argument.choices };
    let shown = match (argument.kind, shown) {
        (ValueKind::Truth, Some("true" | "on")) => Some("yes"),
        (ValueKind::Truth, Some("false" | "off")) => Some("no"),
        (_, shown) => shown,
    };
    let element = if choices.is_empty() { line(&handle, shown, false) } else { pick(&handle, choices, shown) };
    let hint = match argument.kind {
        ValueKind::Moment => Some("Such as 14:05, 2026-11-22 14:05 Berlin or 10m ago."),
        ValueKind::Number => Some("A number."),
        ValueKind::Text | ValueKind::Truth => None,
    };
    input(&handle, &argument.title, hint, !argument.is_needed(), element)
}
