//! What the product really does: taken from the runbooks that it runs, not from what the document says of them.

use mayday_core::{plan::Plan, runbook::BUILT_IN};
use serde_json::{Map, Value, json};

use crate::RenderError;

/// The organization's own runbooks as they are written: by name, with `title` and `text`.
pub(crate) fn own(plan: &Plan, file: &dyn Fn(&str) -> Option<String>) -> Result<Value, RenderError> {
    let mut own = Map::new();
    for (name, runbook) in &plan.runbooks {
        let text = file(&runbook.file).ok_or_else(|| RenderError::Missing(runbook.file.clone()))?;
        let title = read(&text).get("name").and_then(Value::as_str).unwrap_or(name).to_owned();
        let written: Vec<&str> = text.lines().skip_while(|line| line.is_empty() || line.starts_with('#')).collect();
        own.insert(name.clone(), json!({"title": title, "text": written.join("\n"), "steps": names(&text)}));
    }
    Ok(Value::Object(own))
}

/// The steps of each scenario's runbook, by the scenario's name.
pub(crate) fn steps(plan: &Plan, own: &Value) -> Value {
    let steps = plan.scenarios.iter().filter_map(|(name, scenario)| {
        let runbook = scenario.runbook.as_ref()?;
        let steps = match own.get(runbook) {
            Some(own) => own.get("steps")?.clone(),
            None => names(BUILT_IN.iter().find(|(known, _)| known == runbook)?.1),
        };
        Some((name.clone(), steps))
    });
    Value::Object(steps.collect())
}

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or(Value::Null)
}

fn names(text: &str) -> Value {
    let runbook = read(text);
    let steps = runbook.get("steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Value::Array(steps.iter().filter_map(|step| step.get("name").cloned()).collect())
}

/// Everybody on the escalation with the level that wakes them first, in its order.
pub(crate) fn ladder(plan: &Plan) -> Value {
    let mut ladder: Vec<Value> = Vec::new();
    let mut seen = Vec::new();
    for level in &plan.on_call.escalation {
        for name in &level.notify {
            let people = plan.on_call.rotations.get(name).map_or(std::slice::from_ref(name), |rotation| rotation.people.as_slice());
            for name in people.iter().filter(|name| plan.people.contains_key(*name)) {
                if !seen.contains(&name) {
                    seen.push(name);
                    ladder.push(json!({"person": name, "level": level.name}));
                }
            }
        }
    }
    Value::Array(ladder)
}
