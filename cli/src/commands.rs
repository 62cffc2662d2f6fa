//! `mayday commands`: the reference of what is typed in Slack, as Markdown, made from the grammar that is parsed.

use std::fmt::Write as _;

use mayday_core::command::{SLASH, Verb, arguments, usage};

/// Prints it.
pub(crate) fn print() {
    print!("{}", reference());
}

/// The whole reference.
fn reference() -> String {
    let mut out = format!(
        "# What to type\n\nMade by `mayday commands`; `{SLASH} help VERB` says the same in Slack, with the names of your own plan.\n\n| verb | |\n|---|---|\n"
    );
    for verb in Verb::ALL {
        _ = writeln!(out, "| [{0}](#{0}) | {1} |", verb.name(), verb.summary());
    }
    for verb in Verb::ALL {
        section(&mut out, *verb);
    }
    out
}

fn section(out: &mut String, verb: Verb) {
    _ = write!(out, "\n## {}\n\n{}\n\n```\n{}\n```\n", verb.name(), verb.summary(), usage(verb));
    let arguments = arguments(verb);
    if !arguments.is_empty() {
        out.push_str("\n| argument | |\n|---|---|\n");
        for argument in arguments {
            let needed = if argument.required { " Needed." } else { "" };
            _ = writeln!(out, "| `{}` | {}{needed} |", argument.typed.replace('|', "\\|"), argument.help.replace('|', "\\|"));
        }
    }
    out.push_str("\n| for example | |\n|---|---|\n");
    for (typed, meaning) in verb.examples() {
        _ = writeln!(out, "| `{SLASH} {typed}` | {meaning} |");
    }
    let spellings: Vec<String> = verb.spellings().iter().map(|(spelling, _)| format!("`{spelling}`")).collect();
    if !spellings.is_empty() {
        _ = write!(out, "\nRecovery plans also write {}.\n", spellings.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_the_documentation_is_that_of_this_release() {
        let kept = include_str!("../../docs/commands.md");
        assert!(kept == reference(), "type `cargo run -p mayday -- commands > docs/commands.md`");
    }

    #[test]
    fn the_runbooks_in_the_documentation_load() {
        let text = include_str!("../../docs/runbook.md");
        let examples: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(examples.len(), 2);
        for example in examples {
            let loaded = mayday_core::runbook::load(example).unwrap();
            assert_eq!(loaded.runbook.missing(), [], "{}", loaded.runbook.name);
        }
    }
}
