//! Whatever stands in a plan or a runbook, it is read or every fault of it is told with its place.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::LazyLock;

use jiff::Timestamp;
use mayday_core::{
    plan::{self, Weight},
    runbook,
};
use mayday_fuzz::{Edits, corpus};

const WORDS: [&str; 24] = [
    ": ",
    "- ",
    "\n",
    "\n  ",
    "  ",
    "#",
    "&a ",
    "*a",
    "<<: *a",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">\n",
    "---\n",
    "!!binary ",
    "\"",
    "'",
    "~",
    "1e999",
    "\t",
    "\u{feff}",
    "[[[[[[[[",
];

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

static PLANS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    ["plans/demo.yaml", "plans/inventory/plan.yaml", "plans/capliquify/plan.yaml"]
        .map(|path| std::fs::read(format!("{ROOT}/{path}")).unwrap())
        .to_vec()
});

static RUNBOOKS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    ["runbooks", "plans/capliquify/runbooks"].into_iter().flat_map(|folder| corpus(&format!("{ROOT}/{folder}")).unwrap()).collect()
});

fn plan_of(edits: &Edits) {
    let text = String::from_utf8_lossy(&edits.of(&PLANS, &WORDS)).into_owned();
    let lines = text.lines().count() + 1;
    let checked = plan::examine(&text, &|_| None, Timestamp::UNIX_EPOCH);
    let loaded = plan::load(&text);
    let findings = match &checked {
        Ok((_, findings)) => {
            let told = findings.iter().any(|finding| finding.weight == Weight::Error);
            assert!(loaded.is_ok() || told, "refused, and nothing was told");
            findings
        }
        Err(error) => {
            assert!(loaded.is_err(), "loaded, though it can't be read: {}", error.message);
            assert!(!error.message.trim().is_empty());
            &error.findings
        }
    };
    let place = findings.iter().filter_map(|finding| finding.at).find(|at| at.line == 0 || at.line > lines);
    assert_eq!(place, None, "a place outside the file");
}

#[test]
fn l1_a_plan_is_read_or_all_its_faults_are_told() {
    assert!(PLANS.iter().all(|plan| plan::load(std::str::from_utf8(plan).unwrap()).is_ok()), "the seeds are plans");
    bolero::check!().with_iterations(1_000).with_type::<Edits>().for_each(plan_of);
}

fn runbook_of(edits: &Edits) {
    let text = String::from_utf8_lossy(&edits.of(&RUNBOOKS, &WORDS)).into_owned();
    match runbook::load(&text) {
        Ok(loaded) => assert!(!loaded.runbook.steps.is_empty()),
        Err(error) => assert!(!error.message.trim().is_empty()),
    }
}

#[test]
fn l1_a_runbook_is_read_or_refused_with_a_sentence() {
    assert!(
        RUNBOOKS.len() > 6 && RUNBOOKS.iter().all(|runbook| runbook::load(std::str::from_utf8(runbook).unwrap()).is_ok()),
        "the seeds are runbooks"
    );
    bolero::check!().with_iterations(5_000).with_type::<Edits>().for_each(runbook_of);
}
