//! Puts words together that belong to one value, so that nobody needs quotation marks for a time or a reason.

use super::{SLASH, Token, Verb, parse, shown};
use crate::{failure::Refusal, when};

/// What a flag takes, by the name of its value in the grammar.
enum Takes {
    Nothing,
    /// One word.
    Word,
    /// Words that belong to a time.
    When,
    /// All words up to the next flag.
    Text,
}

/// A line for clap: the verb, and each flag in one piece with its value.
pub(super) fn line(verb: Verb, flags: &[&str], tokens: &[Token]) -> Result<Vec<String>, Refusal> {
    let grammar = parse::grammar();
    let grammar = grammar.find_subcommand(verb.name());
    let mut line = vec![verb.name().to_owned()];
    line.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let mut rest = tokens;
    while let Some((token, behind)) = rest.split_first() {
        rest = behind;
        match token {
            // What is a flag and what is not was settled by the splitter.
            Token::Word(dashes) if dashes == "--" => {}
            Token::Flag { name, value } => {
                let name = name.to_lowercase();
                let takes = takes(grammar, &name);
                let (value, behind) = value_of(&takes, value.as_deref(), rest);
                rest = behind;
                line.push(value.map_or_else(|| name.clone(), |value| format!("{name}={value}")));
            }
            other => line.push(argument(verb, other)?),
        }
    }
    Ok(line)
}

/// The value of a flag, and the tokens behind it. `attached` stood behind `=`.
fn value_of<'a>(takes: &Takes, attached: Option<&Token>, behind: &'a [Token]) -> (Option<String>, &'a [Token]) {
    if let (Takes::Nothing, None) = (takes, attached) {
        return (None, behind);
    }
    let (first, behind) = match (attached, behind.split_first()) {
        (Some(attached), _) => (attached, behind),
        (None, None | Some((Token::Flag { .. }, _))) => return (None, behind),
        (None, Some((next, behind))) => (next, behind),
    };
    // What is in quotation marks is all of the value.
    if matches!(first, Token::Quoted(_)) {
        return (Some(first.text()), behind);
    }
    let first = first.text();
    let following = behind.iter().take_while(|token| !matches!(token, Token::Flag { .. }));
    let more = match takes {
        Takes::Nothing | Takes::Word => 0,
        Takes::Text => following.count(),
        Takes::When => {
            let words = following.map_while(|token| if let Token::Word(word) = token { Some(word.as_str()) } else { None });
            when::extent(&std::iter::once(first.as_str()).chain(words).collect::<Vec<_>>()).saturating_sub(1)
        }
    };
    let (more, behind) = behind.split_at_checked(more).unwrap_or((behind, &[]));
    let texts: Vec<String> = std::iter::once(first).chain(more.iter().map(Token::text)).collect();
    (Some(texts.join(" ")), behind)
}

fn takes(grammar: Option<&clap::Command>, flag: &str) -> Takes {
    let is_it = |argument: &&clap::Arg| {
        let long = |name: &str| flag.strip_prefix("--") == Some(name);
        let short = |letter: char| flag.strip_prefix('-').is_some_and(|name| name.chars().eq([letter]));
        argument.get_long().is_some_and(long)
            || argument.get_all_aliases().unwrap_or_default().into_iter().any(long)
            || argument.get_short().is_some_and(short)
    };
    let Some(argument) = grammar.and_then(|grammar| grammar.get_arguments().find(is_it)) else { return Takes::Nothing };
    if !argument.get_action().takes_values() {
        return Takes::Nothing;
    }
    match argument.get_value_names().and_then(<[_]>::first).map(clap::builder::Str::as_str) {
        Some("TEXT") => Takes::Text,
        Some("WHEN") => Takes::When,
        _ => Takes::Word,
    }
}

/// A word that is no flag's.
fn argument(verb: Verb, token: &Token) -> Result<String, Refusal> {
    let text = token.text();
    if text.starts_with('-') {
        return Err(Refusal::new(format!("{} is neither a flag nor a name.", shown(&text)))
            .instead(format!("Type {SLASH} help {} for what there is.", verb.name())));
    }
    // In quotation marks it is a name, even if a verb is called the same.
    if !matches!(verb, Verb::Help | Verb::Page | Verb::Can) && matches!(token, Token::Word(_)) && parse::verb(&text).is_some() {
        return Err(Refusal::new(format!("There are two verbs: {} and {}.", verb.name(), shown(&text)))
            .instead("Type one command at a time; a database of that name goes into quotation marks."));
    }
    Ok(text)
}
