//! What clap says, as one sentence and the way out; and the usage of a verb, from the same grammar that is parsed.

use std::error::Error as _;

use clap::{
    Arg,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{SLASH, Verb, name::Refused, nearest, parse, shown};
use crate::failure::Refusal;

/// A part of what stands behind a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// How it is typed: `DATABASE`, `--at WHEN`, `--latest`.
    pub typed: String,
    /// What it is, in one sentence.
    pub help: String,
    /// Whether nothing works without it.
    pub required: bool,
}

/// What may stand behind a verb, in the order of the grammar.
#[must_use]
pub fn arguments(verb: Verb) -> Vec<Argument> {
    let describe = |argument: &Arg| Argument {
        typed: typed(argument),
        help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
        required: argument.is_required_set(),
    };
    parse::grammar().find_subcommand(verb.name()).map(|grammar| grammar.get_arguments().map(describe).collect()).unwrap_or_default()
}

/// The usage of a verb in one line: `/dr backup [DATABASE] [--reason TEXT]`.
#[must_use]
pub fn usage(verb: Verb) -> String {
    let mut parts = vec![SLASH.to_owned(), verb.name().to_owned()];
    let grammar = parse::grammar();
    let Some(grammar) = grammar.find_subcommand(verb.name()) else { return parts.join(" ") };
    // A group of which one may be chosen is written as such where its first member stands.
    let groups: Vec<Vec<&Arg>> = grammar
        .get_groups()
        .map(|group| grammar.get_arguments().filter(|argument| group.get_args().any(|id| id == argument.get_id())).collect())
        .filter(|members: &Vec<&Arg>| members.len() > 1 && members.len() < grammar.get_arguments().count())
        .collect();
    for argument in grammar.get_arguments() {
        let group = groups.iter().find(|members| members.iter().any(|member| member.get_id() == argument.get_id()));
        match group {
            None if argument.is_required_set() => parts.push(typed(argument)),
            None => parts.push(format!("[{}]", typed(argument))),
            Some(members) if members.first().is_some_and(|first| first.get_id() == argument.get_id()) => {
                parts.push(format!("[{}]", members.iter().map(|member| typed(member)).collect::<Vec<_>>().join(" | ")));
            }
            Some(_) => {}
        }
    }
    parts.join(" ")
}

/// What clap did not understand.
pub(super) fn refusal(error: &clap::Error, verb: Option<Verb>) -> Refusal {
    let context = |kind| error.get(kind).map(words).unwrap_or_default();
    let named = |kind| context(kind).iter().map(|argument| flag(argument)).collect::<Vec<_>>().join(", ");
    let invalid = context(ContextKind::InvalidArg).into_iter().next().unwrap_or_default();
    let value = context(ContextKind::InvalidValue).concat();
    let name = verb.map(Verb::name).unwrap_or_default();
    let sentence = match error.kind() {
        ErrorKind::ValueValidation => {
            if let Some(Refused(refusal)) = error.source().and_then(|source| source.downcast_ref()) {
                return refusal.clone();
            }
            format!("{} does not fit {}.", shown(&value), flag(&invalid))
        }
        ErrorKind::InvalidSubcommand => format!("There is no verb {}.", shown(&context(ContextKind::InvalidSubcommand).concat())),
        ErrorKind::InvalidValue if value.is_empty() => format!("{} needs {} behind it.", flag(&invalid), placeholder(&invalid)),
        ErrorKind::InvalidValue if verb == Some(Verb::Help) => format!("There is no verb {}.", shown(&value)),
        ErrorKind::UnknownArgument if invalid.starts_with('-') => format!("{name} has no flag {}.", shown(&invalid)),
        ErrorKind::UnknownArgument => format!("{} is one word too many for {name}.", shown(&invalid)),
        ErrorKind::TooManyValues => format!("{} takes no value, but {} stands behind it.", flag(&invalid), shown(&value)),
        ErrorKind::MissingRequiredArgument if invalid.starts_with('-') => {
            format!("That works only together with {}.", named(ContextKind::InvalidArg))
        }
        ErrorKind::MissingRequiredArgument => format!("{name} needs {}.", named(ContextKind::InvalidArg)),
        ErrorKind::ArgumentConflict => match named(ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == flag(&invalid) => format!("{} is there twice.", flag(&invalid)),
            prior => format!("{} and {prior} can't stand together: take one.", flag(&invalid)),
        },
        _ => "I don't understand that command.".to_owned(),
    };
    Refusal::new(sentence).instead(way_out(error, verb))
}

fn way_out(error: &clap::Error, verb: Option<Verb>) -> String {
    // What was typed, and what clap suggests for it. Its bound is wide: `--before` for `--force`.
    let suggestions = [
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ];
    let suggested = suggestions.into_iter().find_map(|(typed, suggested)| {
        let (typed, suggested) = (error.get(typed).map(words)?, error.get(suggested).map(words)?);
        nearest(typed.first()?, &suggested.iter().map(String::as_str).collect::<Vec<_>>()).map(str::to_owned)
    });
    match (suggested, verb) {
        (Some(suggested), None | Some(Verb::Help)) => format!("Did you mean {suggested}? Type {SLASH} help for what there is."),
        (None, None | Some(Verb::Help)) => format!("Type {SLASH} help for what there is."),
        (suggested, Some(verb)) => {
            let question = suggested.map(|suggested| format!("Did you mean {suggested}? ")).unwrap_or_default();
            let example = verb.examples().first().map(|(typed, _)| *typed).unwrap_or_default();
            format!("{question}For example: {SLASH} {example}. Type {SLASH} help {} for more.", verb.name())
        }
    }
}

fn words(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(word) => vec![word.clone()],
        ContextValue::Strings(words) => words.clone(),
        _ => Vec::new(),
    }
}

/// `--at <WHEN>` without its value, `<RUN>` without its brackets.
fn flag(argument: &str) -> String {
    argument.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>', '[', ']']).to_owned()
}

/// What stands for the value in `--at <WHEN>`.
fn placeholder(argument: &str) -> String {
    argument.split_whitespace().nth(1).unwrap_or("a value").trim_matches(['<', '>', '[', ']']).to_owned()
}

fn typed(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(<[_]>::first).map_or_else(|| argument.get_id().to_string(), ToString::to_string);
    match argument.get_long() {
        None => value.to_uppercase(),
        Some(long) if argument.get_action().takes_values() => format!("--{long} {value}"),
        Some(long) => format!("--{long}"),
    }
}
