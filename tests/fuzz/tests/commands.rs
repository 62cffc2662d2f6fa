//! Whatever is typed is a command or a sentence of ours.
#![expect(clippy::unwrap_used, reason = "a test")]

use mayday_core::command;
use mayday_fuzz::Edits;

/// Slack cuts a command at 3,000 characters or later; a refusal that repeats all of it could not be posted.
const LONGEST: usize = 1_500;

const WORDS: [&str; 20] = [
    " ",
    "--",
    "-",
    "=",
    "\"",
    "'",
    "“",
    "”",
    "—",
    "--help",
    "--reason",
    "help",
    "breakglass ",
    "\u{200b}",
    "\u{202e}",
    "<@U1>",
    "`",
    "\0",
    "\n",
    "é",
];

fn typed(edits: &Edits) {
    let seeds: Vec<&str> = include_str!("../corpus/commands.txt").lines().collect();
    check(&String::from_utf8_lossy(&edits.of(&seeds, &WORDS)));
}

#[track_caller]
fn check(text: &str) {
    match command::parse(text) {
        Ok(command) => assert!(!command.verb().name().is_empty()),
        Err(refusal) => {
            let said = refusal.to_string();
            assert!(!said.trim().is_empty() && !said.contains(['\n', '\0']) && !said.contains("Usage:"), "{text:?} said {said:?}");
            assert!(said.chars().count() <= LONGEST, "{text:?} said {} characters: {said}", said.chars().count());
            assert_eq!(command::parse(text).unwrap_err().to_string(), said, "the same is always said");
        }
    }
}

#[test]
fn b10_whatever_is_typed_is_a_command_or_a_sentence() {
    bolero::check!().with_iterations(30_000).with_type::<Edits>().for_each(typed);
}

#[test]
fn b12_the_longest_lines_are_read_or_refused() {
    for word in ["breakglass ", "help ", "--reason ", "\"", "'", "a=b ", "—", "`", "<@U1|x> ", "\u{202e}"] {
        check(&word.repeat(180 * 1024 / word.len()));
    }
}
