//! What is kept of an execution: a record that is replaced at each transition, and a history that only grows.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Step Functions' own")]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The ARN of its state machine.
    pub machine: String,
    /// How it stands.
    pub status: Status,
    /// Its input.
    pub input: Value,
    /// When it started, by the stack's clock.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// Its output, when it succeeded.
    pub output: Option<Value>,
    /// Its error, when it failed.
    pub error: Option<String>,
    /// What is said of the error.
    pub cause: Option<String>,
    /// Where it is.
    pub cursor: Cursor,
    /// How many events of the history belong to this record; later ones were written just before a crash.
    pub events: usize,
}

/// Where an execution is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The state.
    pub state: String,
    /// Its input.
    pub input: Value,
    /// When it was entered; `None` before that.
    pub entered: Option<Timestamp>,
    /// How often each retrier has struck.
    pub retries: Vec<u32>,
    /// What it is doing there.
    pub phase: Phase,
}

impl Cursor {
    /// About to enter a state.
    #[must_use]
    pub fn at(state: &str, input: Value) -> Self {
        Self { state: state.to_owned(), input, entered: None, retries: Vec::new(), phase: Phase::Begin }
    }
}

/// What an execution does in its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It begins, or begins again after a crash.
    Begin,
    /// It sleeps: a Wait, or before the next attempt.
    Sleep {
        /// Until then.
        until: Timestamp,
    },
    /// It waits for a token to come back.
    Callback {
        /// The token.
        token: String,
        /// Until then, if there is an end to it.
        deadline: Option<Timestamp>,
        /// Whether the function was invoked to its end.
        invoked: bool,
    },
}

/// The two files of one execution.
#[derive(Debug, Clone)]
pub struct Files {
    record: PathBuf,
    history: PathBuf,
}

impl Files {
    /// The files of the execution `name` in `dir`.
    #[must_use]
    pub fn of(dir: &Path, name: &str) -> Self {
        Self { record: dir.join(format!("{name}.json")), history: dir.join(format!("{name}.events")) }
    }

    /// Writes what is new: first the events, then the record that counts them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, record: &Record, new_events: &[Value]) -> anyhow::Result<()> {
        if !new_events.is_empty() {
            let mut file = std::fs::File::options().create(true).append(true).open(&self.history)?;
            let lines: String = new_events.iter().map(|event| format!("{event}\n")).collect();
            file.write_all(lines.as_bytes())?;
        }
        let draft = self.record.with_extension("draft");
        std::fs::write(&draft, serde_json::to_vec(record)?)?;
        std::fs::rename(&draft, &self.record).with_context(|| format!("can't write {}", self.record.display()))
    }

    /// Reads both, and cuts off events that the record does not count.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn load(&self) -> anyhow::Result<(Record, Vec<Value>)> {
        let record: Record = serde_json::from_slice(&std::fs::read(&self.record)?)?;
        let text = std::fs::read_to_string(&self.history)?;
        let lines: Vec<&str> = text.lines().take(record.events).collect();
        let events = lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<Vec<Value>, _>>()?;
        std::fs::write(&self.history, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        Ok((record, events))
    }
}

/// One event, in the shape that `GetExecutionHistory` answers. Its id is its place in the history, from 1.
#[must_use]
pub fn event(id: usize, at: Timestamp, kind: &str, details: Option<(&str, Value)>) -> Value {
    let mut event = json!({"id": id, "previousEventId": id.saturating_sub(1), "timestamp": epoch(at), "type": kind});
    if let (Some((name, details)), Some(fields)) = (details, event.as_object_mut()) {
        fields.insert(name.to_owned(), details);
    }
    event
}

/// Seconds since 1970, as AWS JSON writes times.
#[must_use]
pub fn epoch(at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double exactly")]
    let milliseconds = at.as_millisecond() as f64;
    milliseconds / 1000.0
}
