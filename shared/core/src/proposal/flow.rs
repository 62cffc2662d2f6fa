use serde::{Deserialize, Serialize};

use crate::ident::StepId;

/// How a step stands to the others. The default: it begins when the step before it in the list is over, and people decide
/// when it fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The steps that must be over before it begins; absent: the one before it in the list. Empty: none.
    #[serde(default)]
    pub after: Option<Vec<StepId>>,
    /// A CEL condition over facts and results; when it is false then, the step is not needed.
    #[serde(default)]
    pub condition: Option<String>,
    /// What is done when it fails; absent: the run goes on if a later condition reads its fact, else people decide.
    #[serde(default)]
    pub on_failure: Option<OnFailure>,
    /// The fact that its failure makes true.
    #[serde(default)]
    pub fact: Option<String>,
    /// The step of the runbook that it is one command of, where that has several or is tried again as a whole.
    #[serde(default)]
    pub group: Option<Group>,
    /// It undoes this step, and is done only when the run undoes what it has done.
    #[serde(default)]
    pub undoes: Option<StepId>,
    /// The database of the plan that it is about, where the target is not that database itself.
    #[serde(default)]
    pub database: Option<String>,
}

impl Flow {
    /// Whether there is nothing special about it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The fact that the failure of a step with this id makes true.
    #[must_use]
    pub fn fact_of(&self, id: &StepId) -> String {
        let of = self.group.as_ref().map_or(id, |group| &group.id);
        self.fact.clone().unwrap_or_else(|| format!("{}_failed", of.0.replace('-', "_")))
    }

    /// After exactly these steps.
    #[must_use]
    pub fn after(steps: impl IntoIterator<Item = StepId>) -> Self {
        Self { after: Some(steps.into_iter().collect()), ..Self::default() }
    }
}

/// What is done when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// People decide.
    Stop,
    /// The run goes on.
    Continue,
    /// What the run has done is undone, last things first.
    Undo,
}

/// A step of a runbook with several commands: if one of them fails, those after it are not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The step's id in the runbook.
    pub id: StepId,
    /// How often all of its commands are done again when one fails.
    #[serde(default)]
    pub again: u32,
}
