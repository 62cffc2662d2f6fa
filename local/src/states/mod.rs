//! Step Functions: an interpreter of the states that the product's machine uses, and the service's interface.
//!
//! [`definition`], [`path`], [`choice`] and [`retry`] are the language; [`record`] and [`execution`] what is kept; [`interpreter`] and
//! [`task`] carry executions on; [`tokens`] holds callbacks; [`api`] is what clients call.
//!
//! Waits, retries and the time-outs of callbacks run on the stack's clock. The time-out of a plain invocation is real
//! time, as the function's own is: a clock that jumps must not end code that works.

mod api;
pub mod choice;
pub mod definition;
pub mod execution;
mod interpreter;
pub mod path;
pub mod record;
pub mod retry;
mod task;
pub mod tokens;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use api::StatesService;

use crate::{
    service::{ACCOUNT, Service, Shared},
    states::{
        definition::Definition,
        execution::Execution,
        record::{Cursor, Files, Phase, Record, Status},
        tokens::Tokens,
    },
};

/// The product's state machine, as it is shipped.
pub const RUN: &str = include_str!("../../../infra/run.asl.json");

/// An error inside an execution, by the names of the Amazon States Language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `States.Timeout`, `Lambda.ServiceException`, or a function's own error type.
    pub error: String,
    /// What is said of it.
    pub cause: String,
}

impl Failure {
    /// An error.
    #[must_use]
    pub fn new(error: &str, cause: &str) -> Self {
        Self { error: error.to_owned(), cause: cause.to_owned() }
    }

    /// `States.Runtime`: ends the execution, whatever it would catch.
    #[must_use]
    pub fn runtime(cause: &str) -> Self {
        Self::new("States.Runtime", cause)
    }

    /// Whether one of these names is for it, as `ErrorEquals` has them.
    #[must_use]
    pub fn matches(&self, names: &[String]) -> bool {
        let terminal = matches!(self.error.as_str(), "States.Runtime" | "States.DataLimitExceeded");
        names.iter().any(|name| match name.as_str() {
            "States.ALL" => !terminal,
            "States.TaskFailed" => !terminal && self.error != "States.Timeout",
            name => self.error != "States.Runtime" && self.error == name,
        })
    }
}

/// A state machine that executions can be started of.
#[derive(Debug)]
pub struct Machine {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    text: String,
    definition: Definition,
    created: Timestamp,
}

/// Why an execution is not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStarted {
    /// There is no such state machine.
    NoMachine,
    /// The name is not one.
    InvalidName,
    /// There is another execution of that name.
    Exists,
    /// It can't be written down.
    Disk,
}

/// The service of one stack.
pub struct States {
    shared: Arc<Shared>,
    lambda: Arc<dyn Service>,
    region: String,
    machines: Mutex<BTreeMap<String, Arc<Machine>>>,
    executions: Mutex<BTreeMap<String, Arc<Execution>>>,
    tokens: Tokens,
}

impl States {
    /// Opens the service. `lambda` is what tasks call, through the fault table like everybody.
    ///
    /// # Errors
    /// When the data directory can't be used.
    pub fn open(shared: Arc<Shared>, lambda: Arc<dyn Service>, region: &str) -> anyhow::Result<Arc<Self>> {
        let tokens = Tokens::open(shared.folder(region).join("states").join("answers"))?;
        let region = region.to_owned();
        Ok(Arc::new(Self { shared, lambda, region, machines: Mutex::default(), executions: Mutex::default(), tokens }))
    }

    /// Adds a state machine, and goes on with the executions that an earlier stack left running.
    ///
    /// # Errors
    /// When the definition holds something unknown, or the data directory can't be used.
    pub fn add(self: &Arc<Self>, name: &str, definition: &str) -> anyhow::Result<()> {
        let arn = format!("arn:aws:states:{}:{ACCOUNT}:stateMachine:{name}", self.region);
        let parsed = Definition::parse(definition).with_context(|| format!("the state machine {name}"))?;
        let text = definition.to_owned();
        let machine =
            Arc::new(Machine { arn: arn.clone(), name: name.to_owned(), text, definition: parsed, created: self.shared.clock.now() });
        std::fs::create_dir_all(self.folder(name))?;
        lock(&self.machines).insert(arn, machine.clone());
        self.resume(&machine)
    }

    /// The ARN of the state machine of that name.
    #[must_use]
    pub fn machine_arn(&self, name: &str) -> String {
        format!("arn:aws:states:{}:{ACCOUNT}:stateMachine:{name}", self.region)
    }

    /// Starts an execution. The same name with the same input, while it runs, is the same execution.
    ///
    /// # Errors
    /// Why it is not started.
    pub fn start(self: &Arc<Self>, machine: &str, name: &str, input: Value) -> Result<Arc<Execution>, NotStarted> {
        let machine = lock(&self.machines).get(machine).cloned().ok_or(NotStarted::NoMachine)?;
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
        if name.is_empty() || name.len() > 80 || !name.chars().all(plain) {
            return Err(NotStarted::InvalidName);
        }
        let arn = format!("arn:aws:states:{}:{ACCOUNT}:execution:{}:{name}", self.region, machine.name);
        let execution = {
            let mut executions = lock(&self.executions);
            if let Some(there) = executions.get(&arn) {
                let record = there.record();
                let same = record.status == Status::Running && record.input == input;
                return if same { Ok(there.clone()) } else { Err(NotStarted::Exists) };
            }
            let execution = self.begin(&machine, name, arn.clone(), input).map_err(|_| NotStarted::Disk)?;
            executions.insert(arn, execution.clone());
            execution
        };
        self.tell(&execution.record());
        self.carry_on(machine, execution.clone());
        Ok(execution)
    }

    /// The execution with that ARN.
    #[must_use]
    pub fn execution(&self, arn: &str) -> Option<Arc<Execution>> {
        lock(&self.executions).get(arn).cloned()
    }

    /// All executions, newest first.
    #[must_use]
    pub fn executions(&self) -> Vec<Record> {
        let mut records: Vec<Record> = lock(&self.executions).values().map(|execution| execution.record()).collect();
        records.sort_by(|one, other| (other.started, &other.name).cmp(&(one.started, &one.name)));
        records
    }

    fn begin(&self, machine: &Machine, name: &str, arn: String, input: Value) -> anyhow::Result<Arc<Execution>> {
        let now = self.shared.clock.now();
        let record = Record {
            arn,
            name: name.to_owned(),
            machine: machine.arn.clone(),
            status: Status::Running,
            input: input.clone(),
            started: now,
            stopped: None,
            output: None,
            error: None,
            cause: None,
            cursor: Cursor::at(&machine.definition.start_at, input.clone()),
            events: 0,
        };
        let execution = Execution::new(Files::of(&self.folder(&machine.name), name), record, Vec::new());
        let details = json!({"input": input.to_string(), "roleArn": role()});
        execution.note(now, "ExecutionStarted", Some(("executionStartedEventDetails", details)));
        execution.commit(Cursor::at(&machine.definition.start_at, input))?;
        Ok(Arc::new(execution))
    }

    fn resume(self: &Arc<Self>, machine: &Arc<Machine>) -> anyhow::Result<()> {
        let folder = self.folder(&machine.name);
        for file in std::fs::read_dir(&folder)?.flatten() {
            let path = file.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            let files = Files::of(&folder, name);
            let (record, history) = files.load().with_context(|| format!("the execution {name}"))?;
            // Before anybody can send it back: the token is known again.
            if let (Status::Running, Phase::Callback { token, .. }) = (record.status, &record.cursor.phase) {
                self.tokens.wait_for(token, self.shared.clock.now());
            }
            let execution = Arc::new(Execution::new(files, record.clone(), history));
            lock(&self.executions).insert(record.arn.clone(), execution.clone());
            if record.status == Status::Running {
                self.carry_on(machine.clone(), execution);
            }
        }
        Ok(())
    }

    fn folder(&self, machine: &str) -> PathBuf {
        self.shared.folder(&self.region).join("states").join("executions").join(machine)
    }
}

impl std::fmt::Debug for States {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("States").field("machines", &self.machines).finish_non_exhaustive()
    }
}

fn role() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/mayday-run")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_catches_all_but_what_ends_the_execution() {
        let all = ["States.ALL".to_owned()];
        assert!(Failure::new("States.Timeout", "").matches(&all));
        assert!(!Failure::runtime("").matches(&all));
        let failed = ["States.TaskFailed".to_owned()];
        assert!(Failure::new("Retryable", "").matches(&failed));
        assert!(!Failure::new("States.Timeout", "").matches(&failed));
    }
}
