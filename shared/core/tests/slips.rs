//! What responders type wrong: whether each slip is read as meant, or gets the right suggestion. `cargo nextest run -p mayday-core
//! --test slips --no-capture` prints the score and what is missed.
#![expect(clippy::print_stdout, reason = "the score is what this is for")]

use jiff::Timestamp;
use mayday_core::{
    command::{
        Command, Known, guess, parse,
        restore::{Args, Source},
    },
    when::{Zones, instant},
};

const SLIPS: &str = include_str!("../../../tests/fixtures/slips.tsv");

fn known() -> Known<'static> {
    Known { databases: vec!["inventory", "orders", "billing", "prod-eu"], services: vec!["shop", "warehouse"] }
}

/// What somebody typed, and the command that they meant.
fn slips() -> Vec<(&'static str, &'static str)> {
    let rows = SLIPS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    // A line without a tab is one whose answer is always wrong.
    rows.map(|line| line.split_once('\t').unwrap_or((line, "no tab"))).collect()
}

/// The name of the plan that a command is about.
fn target(command: &Command) -> Option<&String> {
    match command {
        Command::Backup(args) => args.database.as_ref(),
        Command::Backups(args) => args.database.as_ref(),
        Command::Restore(args) => args.database.as_ref(),
        Command::Health(args) => args.service.as_ref(),
        Command::Diagnose(args) => args.service.as_ref(),
        Command::Failover(args) => args.service.as_ref(),
        Command::Failback(args) => args.service.as_ref(),
        _ => None,
    }
}

/// The command that is done as it was typed. What names nothing in the plan, or no time, is refused and done by nobody.
fn read(typed: &str) -> Option<Command> {
    let known = known();
    let is_known = |name: &String| known.databases.iter().chain(&known.services).any(|one| one == name);
    let is_time = |command: &Command| match command {
        Command::Restore(Args { source: Some(Source::At(at)), .. }) => instant(at, Timestamp::UNIX_EPOCH, Zones::default()).is_ok(),
        _ => true,
    };
    parse(typed).ok().filter(|command| target(command).is_none_or(is_known) && is_time(command))
}

#[test]
fn nine_tenths_of_all_slips_are_understood_or_get_the_right_suggestion() {
    let slips = slips();
    assert!(slips.len() >= 200, "{} are too few to mean anything", slips.len());
    let (mut read_as_meant, mut suggested) = (0, 0);
    for (typed, meant) in &slips {
        let meant = parse(meant).unwrap_or_else(|refusal| panic!("{meant:?} is no command: {refusal}"));
        match read(typed) {
            Some(command) if command == meant => read_as_meant += 1,
            Some(command) => println!("misread: {typed:?} as {command:?}"),
            None => match guess(typed, &known()) {
                Some(line) if parse(&line).is_ok_and(|command| command == meant) => suggested += 1,
                other => println!("missed: {typed:?} got {other:?}, not {meant:?}"),
            },
        }
    }
    let (right, all) = (read_as_meant + suggested, slips.len());
    println!("{right} of {all} slips ({} %): {read_as_meant} read as meant, {suggested} with the right suggestion", 100 * right / all);
    assert!(10 * right >= 9 * all, "{right} of {all} are less than nine tenths");
}

#[test]
fn b9_b14_a_name_that_was_not_typed_is_suggested_and_never_read() {
    for typed in ["restore prоd-eu --latest", "restore prod --latest", "backup Inventory", "backup inventor"] {
        assert_eq!(read(typed), None, "{typed:?}");
    }
    assert_eq!(guess("restore prоd-eu --latest", &known()).as_deref(), Some("restore prod-eu --latest"));
}

#[test]
fn what_is_no_command_gets_no_suggestion() {
    for typed in ["", "?!", "lorem ipsum dolor sit amet", "merry christmas", "42", "\u{202e}\u{200b}", "<@U1|bob>"] {
        assert_eq!(guess(typed, &known()), None, "{typed:?}");
    }
}

#[test]
fn b12_a_long_story_is_not_searched_for_a_command() {
    assert_eq!(guess(&"restore inventory ".repeat(100), &known()), None);
    assert_eq!(guess(&"x".repeat(10_000), &known()), None);
}
