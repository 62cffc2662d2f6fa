//! From text to a [`Command`], by way of tokens and clap.

use std::sync::LazyLock;

use clap::{FromArgMatches as _, Subcommand as _};

use super::{Command, SLASH, Token, Verb, breakglass, gather, help, home, name, shown, split, usage};
use crate::failure::Refusal;

/// Reads what stands behind the slash command, as Slack sends it.
///
/// # Errors
/// Whatever is not understood completely: nothing is guessed, since some verbs destroy.
pub fn parse(text: &str) -> Result<Command, Refusal> {
    read(without_runner(&split(text)?))
}

/// Reads the tokens of a command.
fn read(tokens: &[Token]) -> Result<Command, Refusal> {
    let Some((first, rest)) = tokens.split_first() else { return Ok(Command::Home(home::Args {})) };
    let word = match first {
        Token::Word(word) if word == "?" && rest.is_empty() => return Ok(explained(None)),
        Token::Word(word) => word,
        flag if is_help(flag) => return Ok(explained(None)),
        other => {
            return Err(Refusal::new(format!("A command begins with a verb, and {} is none.", shown(&other.typed())))
                .instead(format!("Type {SLASH} help for what there is.")));
        }
    };
    let Some((verb, flags)) = verb(word) else { return Err(no_verb(word)) };
    let asks = rest.iter().any(is_help) || matches!(rest, [Token::Word(word)] if word == "?");
    if asks && verb != Verb::Help {
        return Ok(explained(Some(verb)));
    }
    if verb == Verb::Breakglass && !rest.is_empty() {
        return Ok(Command::Breakglass(breakglass::Args { command: Box::new(read(rest)?) }));
    }
    let line = gather::line(verb, flags, rest)?;
    let matches = grammar().clone().try_get_matches_from(line).map_err(|error| usage::refusal(&error, Some(verb)))?;
    Command::from_arg_matches(&matches).map_err(|error| usage::refusal(&error, Some(verb)))
}

/// The grammar of all verbs.
pub(super) fn grammar() -> &'static clap::Command {
    static GRAMMAR: LazyLock<clap::Command> = LazyLock::new(|| {
        let bare = clap::Command::new(SLASH).no_binary_name(true).subcommand_required(true).disable_help_flag(true);
        Command::augment_subcommands(bare.disable_help_subcommand(true)).mut_subcommands(|verb| verb.disable_help_flag(true))
    });
    &GRAMMAR
}

/// The verb that a word names, in any case, and the flags that its spelling stands for.
pub(super) fn verb(word: &str) -> Option<(Verb, &'static [&'static str])> {
    Verb::ALL.iter().find_map(|verb| {
        let plain = verb.name().eq_ignore_ascii_case(word).then_some([].as_slice());
        let spelled = || verb.spellings().iter().find(|(spelling, _)| spelling.eq_ignore_ascii_case(word)).map(|(_, flags)| *flags);
        plain.or_else(spelled).map(|flags| (*verb, flags))
    })
}

/// Plans have their commands behind `npm run`.
fn without_runner(tokens: &[Token]) -> &[Token] {
    match tokens {
        [Token::Word(npm), Token::Word(run), rest @ ..] if npm.eq_ignore_ascii_case("npm") && run.eq_ignore_ascii_case("run") => rest,
        _ => tokens,
    }
}

fn is_help(token: &Token) -> bool {
    matches!(token, Token::Flag { name, value: None } if name.eq_ignore_ascii_case("--help") || name == "-h")
}

fn explained(verb: Option<Verb>) -> Command {
    Command::Help(help::Args { verb })
}

fn no_verb(word: &str) -> Refusal {
    if word.eq_ignore_ascii_case(SLASH) {
        return Refusal::new(format!("{SLASH} is there twice.")).instead(format!("Type it once: {SLASH} help."));
    }
    match (name::checked(word), grammar().clone().try_get_matches_from([word])) {
        (Err(refusal), _) => refusal,
        (Ok(_), Err(error)) => usage::refusal(&error, None),
        (Ok(_), Ok(_)) => Refusal::new(format!("There is no verb {}.", shown(word))),
    }
}
