//! The Amazon States Language, as far as it is interpreted here. What is not known is refused when the machine is loaded.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Failure,
    choice::Branch,
    path::{Path, Slot, Template},
    retry::{Catcher, Retrier},
};

/// A state machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Definition {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// The state that an execution begins with.
    pub start_at: String,
    /// The states, by name.
    pub states: BTreeMap<String, State>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "Type")]
pub enum State {
    /// Does something.
    Task(Box<Task>),
    /// Branches.
    Choice(Choice),
    /// Lets time pass.
    Wait(Wait),
    /// Passes its input on, or a fixed result.
    Pass(Box<Pass>),
    /// Ends the execution well.
    Succeed(Succeed),
    /// Ends it badly.
    Fail(Fail),
}

/// A Task state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Task {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// What it calls.
    pub resource: Resource,
    /// What of the input the state sees.
    #[serde(default)]
    pub input_path: Slot,
    /// What it calls it with.
    pub parameters: Option<Template>,
    /// What of the answer it keeps.
    pub result_selector: Option<Template>,
    /// Where in the input it keeps it.
    #[serde(default)]
    pub result_path: Slot,
    /// What of that goes on to the next state.
    #[serde(default)]
    pub output_path: Slot,
    timeout_seconds: Option<u64>,
    timeout_seconds_path: Option<Path>,
    heartbeat_seconds: Option<u64>,
    heartbeat_seconds_path: Option<Path>,
    /// What is tried again.
    #[serde(default)]
    pub retry: Vec<Retrier>,
    /// What is caught.
    #[serde(default)]
    pub catch: Vec<Catcher>,
    /// What follows.
    #[serde(flatten)]
    pub then: Then,
}

/// What a Task calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Resource {
    /// `arn:aws:states:::lambda:invoke`: the answer in an envelope.
    Invoke,
    /// `arn:aws:states:::lambda:invoke.waitForTaskToken`: ends when the token comes back.
    InvokeAndWait,
    /// A function's own ARN: its answer as it is.
    Function(String),
}

impl TryFrom<String> for Resource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "arn:aws:states:::lambda:invoke" => Ok(Self::Invoke),
            "arn:aws:states:::lambda:invoke.waitForTaskToken" => Ok(Self::InvokeAndWait),
            arn if arn.starts_with("arn:aws:lambda:") => Ok(Self::Function(text)),
            other => Err(format!("the resource `{other}` is not known here")),
        }
    }
}

/// `Next` or `End`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenThen")]
pub enum Then {
    /// The state that follows.
    Next(String),
    /// The execution ends well.
    End,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenThen {
    next: Option<String>,
    end: Option<bool>,
}

impl TryFrom<WrittenThen> for Then {
    type Error = String;

    fn try_from(written: WrittenThen) -> Result<Self, String> {
        match (written.next, written.end) {
            (Some(next), None) => Ok(Self::Next(next)),
            (None, Some(true)) => Ok(Self::End),
            _ => Err("a state has either a `Next` or `\"End\": true`".to_owned()),
        }
    }
}

/// A Choice state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Choice {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// The branches, tried in turn.
    pub choices: Vec<Branch>,
    /// What follows when none holds.
    pub default: Option<String>,
}

/// A Wait state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Wait {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    seconds: Option<u64>,
    seconds_path: Option<Path>,
    /// What follows.
    #[serde(flatten)]
    pub then: Then,
}

/// A Pass state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Pass {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// What of the input the state sees.
    #[serde(default)]
    pub input_path: Slot,
    /// A fixed result.
    pub result: Option<Value>,
    /// A result made of the input.
    pub parameters: Option<Template>,
    /// Where in the input it keeps it.
    #[serde(default)]
    pub result_path: Slot,
    /// What of that goes on to the next state.
    #[serde(default)]
    pub output_path: Slot,
    /// What follows.
    #[serde(flatten)]
    pub then: Then,
}

/// A Succeed state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Succeed {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// What of the input the state sees.
    #[serde(default)]
    pub input_path: Slot,
    /// What of that is the execution's output.
    #[serde(default)]
    pub output_path: Slot,
}

/// A Fail state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Fail {
    #[serde(rename = "Comment")]
    _comment: Option<String>,
    /// The error's name.
    pub error: Option<String>,
    /// What is said of it.
    pub cause: Option<String>,
}

impl Definition {
    /// Reads a definition whose placeholders are filled in.
    ///
    /// # Errors
    /// A sentence that says what is unknown, missing or leads nowhere.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let definition: Self = serde_json::from_str(text)?;
        let all = definition.states.iter().flat_map(|(name, state)| state.successors().into_iter().map(move |next| (name.as_str(), next)));
        for (from, next) in all.chain([("StartAt", definition.start_at.as_str())]) {
            anyhow::ensure!(definition.states.contains_key(next), "{from} leads to {next}, which is no state");
        }
        for (name, state) in &definition.states {
            state.check().map_err(|what| anyhow::anyhow!("{name}: {what}"))?;
        }
        Ok(definition)
    }
}

impl State {
    /// The type, as the history names it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Pass(_) => "Pass",
            Self::Succeed(_) => "Succeed",
            Self::Fail(_) => "Fail",
        }
    }

    fn successors(&self) -> Vec<&str> {
        match self {
            Self::Task(task) => task.then.next().into_iter().chain(task.catch.iter().map(|catcher| catcher.next.as_str())).collect(),
            Self::Choice(choice) => choice.choices.iter().map(|branch| branch.next.as_str()).chain(choice.default.as_deref()).collect(),
            Self::Wait(wait) => wait.then.next().into_iter().collect(),
            Self::Pass(pass) => pass.then.next().into_iter().collect(),
            Self::Succeed(_) | Self::Fail(_) => vec![],
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Task(task) if task.timeout_seconds.is_some() && task.timeout_seconds_path.is_some() => {
                Err("either `TimeoutSeconds` or `TimeoutSecondsPath`")
            }
            Self::Task(task) if task.heartbeat_seconds.is_some() && task.heartbeat_seconds_path.is_some() => {
                Err("either `HeartbeatSeconds` or `HeartbeatSecondsPath`")
            }
            Self::Wait(wait) if wait.seconds.is_some() == wait.seconds_path.is_some() => Err("either `Seconds` or `SecondsPath`"),
            Self::Choice(choice) if choice.choices.is_empty() => Err("`Choices` is empty"),
            _ => Ok(()),
        }
    }
}

impl Then {
    /// The state that follows, unless the execution ends.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        match self {
            Self::Next(next) => Some(next),
            Self::End => None,
        }
    }
}

impl Task {
    /// How long it may take, in seconds.
    ///
    /// # Errors
    /// `States.Runtime` when the path leads to no number.
    pub fn timeout(&self, input: &Value, context: &Value) -> Result<Option<u64>, Failure> {
        seconds(self.timeout_seconds, self.timeout_seconds_path.as_ref(), input, context)
    }

    /// How long it may be silent, in seconds.
    ///
    /// # Errors
    /// `States.Runtime` when the path leads to no number.
    pub fn heartbeat(&self, input: &Value, context: &Value) -> Result<Option<u64>, Failure> {
        seconds(self.heartbeat_seconds, self.heartbeat_seconds_path.as_ref(), input, context)
    }
}

impl Wait {
    /// How long it waits, in seconds.
    ///
    /// # Errors
    /// `States.Runtime` when the path leads to no number.
    pub fn length(&self, input: &Value, context: &Value) -> Result<u64, Failure> {
        seconds(self.seconds, self.seconds_path.as_ref(), input, context).map(Option::unwrap_or_default)
    }
}

fn seconds(fixed: Option<u64>, path: Option<&Path>, input: &Value, context: &Value) -> Result<Option<u64>, Failure> {
    let Some(path) = path else { return Ok(fixed) };
    let value = path.get(input, context)?;
    value.as_u64().map(Some).ok_or_else(|| Failure::runtime(&format!("{value} is not a number of seconds")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(state: Value) -> String {
        let definition = json!({"StartAt": "A", "States": {"A": state, "B": {"Type": "Succeed"}}});
        format!("{:#}", Definition::parse(&definition.to_string()).unwrap_err())
    }

    #[test]
    fn the_shipped_machine_is_understood() {
        Definition::parse(super::super::RUN).unwrap();
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(refusal(json!({"Type": "Map", "End": true})).contains("unknown variant `Map`"));
        assert!(refusal(json!({"Type": "Wait", "Timestamp": "x", "End": true})).contains("Timestamp"));
        assert!(refusal(json!({"Type": "Pass", "Assign": {}, "End": true})).contains("Assign"));
        assert!(refusal(json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true})).contains("sqs"));
        assert!(refusal(json!({"Type": "Pass", "Next": "C"})).contains("leads to C"));
        assert!(refusal(json!({"Type": "Pass"})).contains("either a `Next`"));
        assert!(
            refusal(json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "StringMatches": "*", "Next": "B"}]}))
                .contains("StringMatches")
        );
    }
}
