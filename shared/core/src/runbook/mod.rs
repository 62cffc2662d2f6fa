//! Runbooks: YAML lists of steps. Built-in ones ship with the product, an organization's own stand beside its plan; what a
//! step needs is worked out when the runbook is proposed ([`crate::proposal`]).
//!
//! Two ways of writing a step are understood. That of the plans: `name`, `commands` (`npm run db:status`), `timeout`,
//! `retries`, `condition`. And ours beside it: `id`, `action`, `on`, `arguments`, `needs`, `parallel`, `gate`, `undo`,
//! `on_failure`, `fact`. Each step begins when the one before it is over, unless `needs` or `parallel` says else.

mod arguments;
pub mod condition;
mod fact;
mod load;
mod raw;
pub(crate) mod reference;
mod word;

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

pub(crate) use arguments::takes_no;
pub use load::{RunbookError, load};

use crate::{
    action::Act,
    failure::{Failure, Fault, Refusal},
    ident::StepId,
    plan::{Plan, Span, ValueKind},
    port::World,
    proposal::{self, Flow},
};

/// A runbook, with each command a step of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Runbook {
    /// Its name.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// When people reach for it, in words.
    pub trigger: Option<String>,
    /// Its steps, in the order of the file.
    pub steps: Vec<Step>,
}

/// One step, or one command of a step that has several (`NAME-1`, `NAME-2`, …).
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in the runbook.
    pub id: StepId,
    /// What people call it.
    pub name: String,
    /// The action, or the command without `npm run`; empty for a gate.
    pub action: String,
    /// Whether it was written as a command: `db:restore` is a whole runbook as a command, and one call as an action.
    pub is_command: bool,
    /// The command's flags or the action's arguments, by name.
    pub arguments: BTreeMap<String, String>,
    /// On what, where the action could be meant for more than one thing.
    pub on: On,
    /// How long it may take before a person is asked.
    pub timeout: Span,
    /// How often a call that was certainly not taken (throttled, not reached) is made again.
    pub retries: u32,
    /// How it stands to the others.
    pub flow: Flow,
    /// The run stops here until people approve the rest.
    pub gate: Option<Gate>,
    /// For which services its command is done, where that is not the target itself.
    pub for_each: Option<ForEach>,
    /// What undoes it.
    pub undo: Vec<Call>,
}

/// Services that a step is done for: those that others need first, and what needs nothing of each other at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ForEach {
    /// These, by name.
    Named(Vec<String>),
    /// Those that a word stands for.
    All(Those),
}

/// Services by a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Those {
    /// The target, and all that it can't do without.
    Dependencies,
}

/// A command or an action with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The verb: `db:status`.
    pub verb: String,
    /// By name.
    pub arguments: BTreeMap<String, String>,
}

/// A stop in the middle, until people who see what is known by then approve the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Which of the plan's `approvals` decides.
    #[serde(default)]
    pub quorum: Quorums,
    /// What they are asked, in a sentence.
    pub message: String,
}

/// The quorums of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quorums {
    /// Those who decide on what replaces or deletes.
    #[default]
    Destructive,
    /// Those who decide on moving people.
    Traffic,
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

impl Runbook {
    /// The arguments that its steps speak of, each with what it must be where it stands.
    #[must_use]
    pub fn used(&self) -> BTreeMap<String, ValueKind> {
        arguments::used(self)
    }

    /// With what it was told in the place of `${arguments.NAME}`.
    #[must_use]
    pub fn told(&self, arguments: &BTreeMap<String, String>) -> Self {
        let fill = |values: &mut BTreeMap<String, String>| {
            values.values_mut().for_each(|value| *value = reference::with_arguments(value, arguments));
        };
        let mut told = self.clone();
        for step in &mut told.steps {
            fill(&mut step.arguments);
            step.undo.iter_mut().for_each(|call| fill(&mut call.arguments));
            if let Some(gate) = &mut step.gate {
                gate.message = reference::with_arguments(&gate.message, arguments);
            }
        }
        told
    }

    /// The verbs that are not built yet, with the steps that use them. Such a runbook loads, and does not run.
    #[must_use]
    pub fn missing(&self) -> Vec<(StepId, String)> {
        let calls = |step: &Step| -> Vec<(StepId, String)> {
            let own = (step.gate.is_none() && !is_built(&step.action, step.is_command)).then(|| step.action.clone());
            let undo = step.undo.iter().filter(|call| !is_built(&call.verb, true)).map(|call| call.verb.clone());
            own.into_iter().chain(undo).map(|verb| (step.id.clone(), verb)).collect()
        };
        self.steps.iter().flat_map(calls).collect()
    }
}

fn is_built(verb: &str, is_command: bool) -> bool {
    (is_command && proposal::COMMANDS.contains(&verb)) || Act::NAMES.contains(&verb)
}

const BACKUP: &str = include_str!("../../../../runbooks/backup.yaml");
const RESTORE: &str = include_str!("../../../../runbooks/restore.yaml");
const RETIRE: &str = include_str!("../../../../runbooks/retire.yaml");

const FAILOVER: &str = include_str!("../../../../runbooks/failover.yaml");
const FAILBACK: &str = include_str!("../../../../runbooks/failback.yaml");

/// The built-in runbooks' texts, by name.
pub const BUILT_IN: &[(&str, &str)] =
    &[("backup", BACKUP), ("restore", RESTORE), ("retire", RETIRE), ("failover", FAILOVER), ("failback", FAILBACK)];

/// Loads a built-in runbook.
///
/// # Errors
/// When there is none of that name; never because of its content, which a test loads.
pub fn built_in(name: &str) -> Result<Loaded, Fault> {
    static LOADED: LazyLock<BTreeMap<&str, Result<Loaded, RunbookError>>> =
        LazyLock::new(|| BUILT_IN.iter().map(|(name, text)| (*name, load(text))).collect());
    let loaded = LOADED.get(name).ok_or_else(|| Fault::new(format!("there is no built-in runbook {name}")))?;
    loaded.clone().map_err(|error| Fault::because(format!("the built-in runbook {name} can't be read"), error))
}

/// The runbook of this name: the organization's own, or else a built-in one.
///
/// # Errors
/// A refusal when there is none, or its file is not there or can't be used; a fault when it can't be read.
pub async fn of(world: &World, plan: &Plan, name: &str) -> Result<Loaded, Failure> {
    let Some(own) = plan.runbooks.get(name) else {
        if BUILT_IN.iter().any(|(known, _)| *known == name) {
            return Ok(built_in(name)?);
        }
        return Err(Refusal::new(format!("There is no runbook “{name}”.")).instead("`/dr runbook` lists them.").into());
    };
    let way_out = "Check it with `mayday plan check` and put it in place again.";
    let blob = world.blobs.get(&own.file).await?;
    let blob = blob.ok_or_else(|| Refusal::new(format!("The file {} of the runbook {name} is not there.", own.file)).instead(way_out))?;
    let text = String::from_utf8(blob.bytes).map_err(|_| Refusal::new(format!("{} is not UTF-8.", own.file)).instead(way_out))?;
    load(&text).map_err(|error| Refusal::new(format!("{} can't be used: {error}.", own.file)).instead(way_out).into())
}

#[cfg(test)]
mod tests;
