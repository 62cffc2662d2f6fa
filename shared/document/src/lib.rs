//! The plan as the document that people read: Markdown, made from the plan file and from what the product really runs, so
//! that the two can't drift apart. No function links this.

mod outline;
mod running;
#[cfg(test)]
mod tests;
mod words;

use mayday_core::plan::{Path, Plan, PlanError, keys, load};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Map, Value, json};

const TEMPLATE: &str = include_str!("../templates/plan.md.j2");

/// Why a plan was not made into a document.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The plan can't be used.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A runbook that it names can't be read.
    #[error("{0} can't be read: put it beside the plan")]
    Missing(String),
    /// The template does not fit the plan: our mistake.
    #[error("the plan can't be shown")]
    Template(#[from] minijinja::Error),
    /// The plan has no plain form: our mistake.
    #[error("the plan can't be shown")]
    Form(#[from] serde_json::Error),
}

/// Renders a plan. `file` reads a file beside the plan by its name there, such as `runbooks/database-recovery.yaml`.
///
/// # Errors
/// When the plan can't be used, or a runbook that it names can't be read.
pub fn render(text: &str, file: impl Fn(&str) -> Option<String>) -> Result<String, RenderError> {
    let plan = load(text)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("spoken", words::spoken);
    environment.add_filter("between", words::between);
    environment.add_filter("clock", words::clock);
    environment.add_filter("channel", words::channel);
    environment.add_template("plan", TEMPLATE)?;
    let context = context(&plan, text, &file)?;
    let rendered = environment.get_template("plan")?.render(minijinja::value::Serde(&context))?;
    Ok(tidy(&rendered))
}

fn context(plan: &Plan, text: &str, file: &dyn Fn(&str) -> Option<String>) -> Result<Value, RenderError> {
    let whole = serde_json::to_value(plan)?;
    // The plan keeps its entries by name; a document has them in the order in which they were written.
    let mut ordered = Map::new();
    for part in ["scenarios", "tiers", "data", "support", "databases", "drills", "people", "roles", "runbooks"] {
        ordered.insert(part.to_owned(), listed(&whole, text, part));
    }
    let mut groups: Vec<Value> = Vec::new();
    for group in ordered.get("scenarios").and_then(Value::as_array).into_iter().flatten().filter_map(|one| one.get("group")) {
        if group.is_string() && !groups.contains(group) {
            groups.push(group.clone());
        }
    }
    let runbooks = running::own(plan, file)?;
    Ok(json!({
        "plan": whole,
        "of": ordered,
        "groups": groups,
        "sections": outline::sections(plan)?,
        "runbooks": runbooks,
        "running": running::steps(plan, &runbooks),
        "ladder": running::ladder(plan),
    }))
}

/// The entries of a part of the plan as a list, each with its name as `key`.
fn listed(plan: &Value, text: &str, part: &str) -> Value {
    let entries = keys(text, &Path::of(&[part])).into_iter().filter_map(|key| {
        let mut entry = plan.get(part)?.get(&key)?.as_object()?.clone();
        entry.insert("key".to_owned(), Value::String(key));
        Some(Value::Object(entry))
    });
    Value::Array(entries.collect())
}

/// No line ends in spaces, and no more than one empty line stands between two others.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && empty) {
            tidied.push_str(line);
            tidied.push('\n');
        }
        empty = line.is_empty();
    }
    tidied
}
