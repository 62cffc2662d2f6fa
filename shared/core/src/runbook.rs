//! Runbooks: YAML lists of steps. Built-in ones ship with the product; what a step's action needs is worked out when the
//! runbook is proposed ([`crate::proposal`]).

use serde::{Deserialize, Serialize};

use crate::{
    action::Act,
    failure::Fault,
    ident::{StepId, sha256_hex},
    plan::Span,
};

/// A runbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Its name.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique in the runbook.
    pub id: StepId,
    /// What people call it.
    pub name: String,
    /// The action.
    pub action: String,
    /// On what, where the action could be meant for more than one thing: `serving`, `restored`, `traffic`.
    #[serde(default)]
    pub on: On,
    /// How long it may take before a person is asked.
    pub timeout: Span,
    /// How often a call that was certainly not taken (throttled, not reached) is made again.
    #[serde(default = "three")]
    pub retries: u32,
}

fn three() -> u32 {
    3
}

/// Which instance a step is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// The one that carries traffic when this is proposed.
    #[default]
    Serving,
    /// The one that this run makes.
    Restored,
    /// Whichever the applications reach.
    Traffic,
}

/// A runbook's text and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says.
    pub runbook: Runbook,
    /// SHA-256 of the text.
    pub digest: String,
}

const BACKUP: &str = include_str!("../../../runbooks/backup.yaml");
const RESTORE: &str = include_str!("../../../runbooks/restore.yaml");
const RETIRE: &str = include_str!("../../../runbooks/retire.yaml");

/// The built-in runbooks' texts, by name.
pub const BUILT_IN: [(&str, &str); 3] = [("backup", BACKUP), ("restore", RESTORE), ("retire", RETIRE)];

/// Loads a built-in runbook.
///
/// # Errors
/// When there is none of that name; never because of its content, which a test loads.
pub fn built_in(name: &str) -> Result<Loaded, Fault> {
    let text = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    load(text.ok_or_else(|| Fault::new(format!("there is no built-in runbook {name}")))?)
}

/// Reads a runbook.
///
/// # Errors
/// The first thing wrong with it, with line and column where they are known.
pub fn load(text: &str) -> Result<Loaded, Fault> {
    let runbook: Runbook = serde_saphyr::from_str(text).map_err(|error| Fault::because("a runbook can't be read", error))?;
    for (index, step) in runbook.steps.iter().enumerate() {
        if !Act::NAMES.contains(&step.action.as_str()) {
            return Err(Fault::new(format!("{}: step {} calls {}, which is not built yet", runbook.name, step.id, step.action)));
        }
        if runbook.steps.iter().take(index).any(|earlier| earlier.id == step.id) {
            return Err(Fault::new(format!("{}: two steps are called {}", runbook.name, step.id)));
        }
    }
    Ok(Loaded { runbook, digest: sha256_hex(text.as_bytes()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_ones_load_and_bear_their_names() {
        for (name, _) in BUILT_IN {
            let loaded = built_in(name).unwrap();
            assert_eq!(loaded.runbook.name, name);
            assert!(!loaded.runbook.steps.is_empty());
        }
    }

    #[test]
    fn a_verb_that_is_not_built_is_named() {
        let text = "{name: x, summary: x, steps: [{id: a, name: A, action: 'db:conjure', timeout: 1m}]}";
        assert_eq!(load(text).unwrap_err().to_string(), "x: step a calls db:conjure, which is not built yet");
    }
}
