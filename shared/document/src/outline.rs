//! Which sections a document has.

use mayday_core::plan::{Plan, Section, Shows};
use serde_json::{Value, json};

/// All sections in order, each with its depth: the sections in a section follow it.
pub(crate) fn sections(plan: &Plan) -> Result<Value, serde_json::Error> {
    let own = usual(plan);
    let sections = if plan.document.sections.is_empty() { &own } else { &plan.document.sections };
    let mut flat = Vec::new();
    flatten(sections, 2, &mut flat)?;
    Ok(Value::Array(flat))
}

fn flatten(sections: &[Section], depth: usize, flat: &mut Vec<Value>) -> Result<(), serde_json::Error> {
    for section in sections {
        let mut value = serde_json::to_value(section)?;
        if let Some(fields) = value.as_object_mut() {
            fields.remove("parts");
            fields.insert("marks".to_owned(), json!("#".repeat(depth.min(6))));
            fields.insert("number".to_owned(), json!(number(&section.title)));
        }
        flat.push(value);
        flatten(&section.parts, depth + 1, flat)?;
    }
    Ok(())
}

/// The number that a title begins with: what is generated in its section counts on from it.
fn number(title: &str) -> &str {
    let number = title.split(' ').next().unwrap_or_default().trim_end_matches('.');
    let is_number = !number.is_empty() && number.chars().all(|character| character.is_ascii_digit() || character == '.');
    if is_number { number } else { "" }
}

/// The outline of a plan that has none of its own: everything that it says.
fn usual(plan: &Plan) -> Vec<Section> {
    let section = |title: &str, shows: Shows| Section { title: title.to_owned(), shows: Some(shows), ..Section::default() };
    let document = &plan.document;
    let all = [
        (document.overview.is_some(), section("Overview", Shows::Overview)),
        (!plan.scenarios.is_empty(), section("Disaster Scenarios", Shows::Scenarios)),
        (!plan.phases.is_empty(), section("Recovery Procedures", Shows::Phases)),
        (!plan.scenarios.is_empty(), section("Recovery Time Objectives (RTO)", Shows::Rto)),
        (!plan.scenarios.is_empty(), section("Recovery Point Objectives (RPO)", Shows::Rpo)),
        (!plan.tiers.is_empty(), section("Tiers", Shows::Tiers)),
        (!plan.communication.severities.is_empty(), section("Severity Levels", Shows::Severities)),
        (!plan.communication.severities.is_empty(), section("Communication Matrix", Shows::Matrix)),
        (!plan.on_call.escalation.is_empty(), section("Emergency Contacts", Shows::Contacts)),
        (!plan.support.is_empty(), section("External Support", Shows::SupportTable)),
        (!plan.drills.is_empty(), section("Drills", Shows::Drills)),
        (!plan.runbooks.is_empty(), section("Runbooks", Shows::Runbooks)),
        (!document.locations.is_empty(), section("Locations", Shows::Locations)),
        (!document.checklist.is_empty(), section("Emergency Checklist", Shows::Checklist)),
    ];
    all.into_iter().filter(|(shown, _)| *shown).map(|(_, section)| section).collect()
}
