use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::read;
use crate::{
    ident::RunId,
    plan::{Current, Found, Measure, Measured, Path, PlanSection, Refused, Span, load},
    view::{self, Message},
};

const INVENTORY: &str = include_str!("../../../../../plans/inventory/plan.yaml");

fn current(refused: bool) -> Current {
    let bad = INVENTORY.replacen("needed: 1", "needed: 9", 1);
    let error = load(&bad).unwrap_err();
    let refused = refused.then(|| Refused { version: "v-9Zz1".to_owned(), why: error.message, findings: error.findings });
    Current { plan: Arc::new(load(INVENTORY).unwrap()), version: "v-3Lk9".to_owned(), digest: "ab".repeat(32), refused }
}

fn measured() -> Vec<Measured> {
    let span = |minutes| Some(Span(SignedDuration::from_mins(minutes)));
    let found = |minutes| {
        let at: Timestamp = "2026-11-22T14:00:00Z".parse().unwrap();
        Some(Found { was: SignedDuration::from_mins(minutes), run: RunId("r-1".to_owned()), at })
    };
    let one = |name: &str, measure, most, found| Measured { name: name.to_owned(), measure, aim: span(60), most, found };
    vec![
        one("database inventory", Measure::Rto, span(240), found(12)),
        one("scenario Data Corruption", Measure::Rto, span(240), found(90)),
        one("tier Critical Systems", Measure::Rto, span(240), found(300)),
        one("database inventory", Measure::Rpo, None, found(5)),
        one("scenario Regional Outage", Measure::Rto, span(480), None),
    ]
}

#[track_caller]
fn says(message: &Message, wanted: &[&str]) {
    let said = read(message);
    for words in wanted {
        assert!(said.contains(words), "{words}\nis not in\n{said}");
    }
}

#[test]
fn l4_a_plan_that_was_refused_is_told_with_what_stays_in_force() {
    let current = current(true);
    let told = view::plan_refused(&current, current.refused.as_ref().unwrap());
    says(&told, &["v-9Zz1", "can't be used", "nothing could ever be approved", "v-3Lk9", "stays in force"]);
}

#[test]
fn the_plan_at_a_glance_says_which_version_is_in_force() {
    says(&view::plan_overview(&current(false)), &["v-3Lk9", "abababababab", "4 scenarios", "5 people"]);
}

#[test]
fn r72_objectives_are_shown_with_what_was_measured() {
    let shown = view::plan_objectives(&current(false), &measured());
    says(
        &shown,
        &[
            "5 objectives",
            "1 of them never measured",
            "✅ *database inventory* RTO",
            "⚠️ *scenario Data Corruption*",
            "❌ *tier Critical Systems*",
        ],
    );
}

#[test]
fn k1_what_a_plan_s_author_wrote_stays_text() {
    let mut current = current(false);
    let scenario = Arc::make_mut(&mut current.plan).scenarios.get_mut("database-loss").unwrap();
    scenario.title = "<!channel> *now*".to_owned();
    scenario.recovery = Some("<https://evil.example|Approve here>".to_owned());
    let shown = view::plan_section(&current, PlanSection::Scenarios);
    let text = serde_json::to_string(&shown.blocks).unwrap();
    assert!(!text.contains("<!channel>") && !text.contains("<https://evil"), "{text}");
    let finding = crate::plan::Finding {
        weight: crate::plan::Weight::Error,
        path: Path::default(),
        at: None,
        sentence: "there is no key “<!here>” here".to_owned(),
        way_out: None,
    };
    let text = serde_json::to_string(&view::plan_check(&current, &[finding], &[]).blocks).unwrap();
    assert!(!text.contains("<!here>"), "{text}");
}

#[test]
fn every_part_of_a_plan_is_shown_and_fits() {
    for (name, words) in [
        ("scenarios", "Complete Database Loss"),
        ("backups", "0 2 * * *"),
        ("phases", "Assessment"),
        ("communication", "Stakeholder Update"),
        ("support", "support@railway.app"),
        ("drills", "Quarterly recovery test"),
    ] {
        let message = view::plan_section(&current(false), name.parse().unwrap());
        assert!(read(&message).contains(words), "{name}: {}", read(&message));
        assert!(message.blocks.len() <= 50);
    }
}
