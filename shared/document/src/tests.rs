//! A reader of the original recognizes the document: line by line.

use std::collections::BTreeSet;

use super::render;

/// A plan file of the folder `plans`, rendered.
fn rendered(plan: &str) -> String {
    let folder = format!("{}/../../plans/{plan}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(format!("{folder}/plan.yaml")).unwrap();
    render(&text, |file| std::fs::read_to_string(format!("{folder}/{file}")).ok()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn original(plan: &str) -> String {
    std::fs::read_to_string(format!("{}/../../tests/fixtures/seeds/{plan}.md", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A line without what only its place on the page decides: marks of lists and headings, and how wide its spaces are.
fn plain(line: &str) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    while words.first().is_some_and(|word| {
        matches!(*word, "-" | "[" | "]" | "✅") || word.trim_end_matches('.').parse::<u32>().is_ok() && word.ends_with('.')
    }) {
        words.remove(0);
    }
    words.join(" ")
}

/// What kind of line each is: a heading, a table's row, in a fence, or anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Heading,
    Row,
    Fenced,
    Words,
}

fn lines(text: &str) -> BTreeSet<(Kind, String)> {
    let mut fenced = false;
    let mut lines = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let (kind, line) = match trimmed {
            _ if fenced => (Kind::Fenced, line.split_whitespace().collect::<Vec<_>>().join(" ")),
            _ if trimmed.starts_with('#') => (Kind::Heading, trimmed.trim_start_matches('#').trim().to_owned()),
            // The line between a table's head and its body is as wide as somebody liked.
            _ if trimmed.starts_with("|-") => continue,
            _ if trimmed.starts_with('|') => (Kind::Row, plain(trimmed)),
            "---" => continue,
            _ => (Kind::Words, plain(trimmed)),
        };
        lines.insert((kind, line));
    }
    lines
}

/// Every line of the original, as what it is, stands in the document; but for these.
fn recognizes(plan: &str, but: &[(&str, &str)]) {
    let (original, rendered) = (lines(&original(plan)), lines(&rendered(plan)));
    assert!(original.len() > 100, "the original was read");
    let missing: Vec<_> = original.difference(&rendered).collect();
    let excepted = |line: &str| but.iter().any(|(excepted, _)| *excepted == line);
    let lost: Vec<_> = missing.iter().filter(|(_, line)| !excepted(line)).collect();
    assert!(lost.is_empty(), "{} lines are lost: {lost:#?}", lost.len());
    let needless: Vec<_> = but.iter().filter(|(excepted, _)| !missing.iter().any(|(_, line)| line == excepted)).collect();
    assert!(needless.is_empty(), "these are there: {needless:?}");
}

#[test]
fn r75_every_line_of_the_inventory_system_s_plan_is_in_the_document() {
    recognizes("inventory", &[]);
}

#[test]
fn r75_every_line_of_capliquify_s_plan_is_in_the_document() {
    recognizes("capliquify", &[]);
}

#[test]
fn r75_the_document_says_what_really_runs() {
    let document = rendered("inventory");
    for words in [
        "**Complete Database Loss**: runbook `restore`: 1. Wait until that moment can be restored; 2. Restore to a new instance",
        "| inventory | production | eu-west-1 | 1 hour | 4 hours | 24 hours |",
        "| inventory | daily | 2 AM UTC (`0 2 * * *`) | 14 days |",
        "What replaces or deletes needs 1 of dba or manager besides whoever asked, within 30 minutes.",
        "the next level after 5 minutes without an acknowledgment",
    ] {
        assert!(document.contains(words), "{words}\nis not in\n{document}");
    }
    assert!(
        rendered("capliquify")
            .contains("**Database Failure**: runbook `database-recovery`: 1. Initial Assessment; 2. Attempt Reconnection;")
    );
}

#[test]
fn r75_a_plan_without_an_outline_of_its_own_becomes_a_document_too() {
    let text = std::fs::read_to_string(format!("{}/../../plans/demo.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let document = render(&text, |_| None).unwrap();
    assert!(document.starts_with("# Disaster Recovery Plan\n") && document.contains("## What Mayday runs"), "{document}");
    assert!(document.contains("| inventory | production | eu-west-1 |"), "{document}");
}

#[test]
fn r75_a_runbook_that_is_not_beside_the_plan_is_named() {
    let text = std::fs::read_to_string(format!("{}/../../plans/capliquify/plan.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let error = render(&text, |_| None).unwrap_err().to_string();
    assert_eq!(error, "runbooks/application-recovery.yaml can't be read: put it beside the plan");
}
