//! One execution as it lives in memory: its record, its history, and what is not yet on disk.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{
    Failure,
    record::{self, Cursor, Files, Record, Status},
};

/// An execution.
#[derive(Debug)]
pub struct Execution {
    files: Files,
    live: Mutex<Live>,
    stop: Notify,
}

#[derive(Debug)]
struct Live {
    record: Record,
    history: Vec<Value>,
}

impl Execution {
    /// An execution with the history that it has so far.
    #[must_use]
    pub fn new(files: Files, record: Record, history: Vec<Value>) -> Self {
        Self { files, live: Mutex::new(Live { record, history }), stop: Notify::new() }
    }

    /// A copy of the record.
    #[must_use]
    pub fn record(&self) -> Record {
        self.lock().record.clone()
    }

    /// A copy of the history.
    #[must_use]
    pub fn history(&self) -> Vec<Value> {
        self.lock().history.clone()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn running(&self) -> bool {
        self.lock().record.status == Status::Running
    }

    /// Adds an event; it is on disk after the next [`Self::commit`]. Nothing is added after the end.
    pub fn note(&self, at: Timestamp, kind: &str, details: Option<(&str, Value)>) {
        let mut live = self.lock();
        if live.record.status != Status::Running {
            return;
        }
        let event = record::event(live.history.len() + 1, at, kind, details);
        live.history.push(event);
    }

    /// Moves to another place, or to another phase in it, and writes that down.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn commit(&self, cursor: Cursor) -> anyhow::Result<()> {
        self.change(|record| record.cursor = cursor)
    }

    /// Ends well.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn succeed(&self, at: Timestamp, output: Value) -> anyhow::Result<()> {
        self.note(at, "ExecutionSucceeded", Some(("executionSucceededEventDetails", json!({"output": output.to_string()}))));
        self.change(|record| {
            record.status = Status::Succeeded;
            record.stopped = Some(at);
            record.output = Some(output);
        })
    }

    /// Ends badly.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn fail(&self, at: Timestamp, failure: &Failure) -> anyhow::Result<()> {
        let details = json!({"error": failure.error, "cause": failure.cause});
        self.note(at, "ExecutionFailed", Some(("executionFailedEventDetails", details)));
        self.change(|record| {
            record.status = Status::Failed;
            record.stopped = Some(at);
            record.error = Some(failure.error.clone());
            record.cause = Some(failure.cause.clone());
        })
    }

    /// Is stopped from outside; nothing happens when it had ended before.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn abort(&self, at: Timestamp, error: Option<String>, cause: Option<String>) -> anyhow::Result<()> {
        if !self.running() {
            return Ok(());
        }
        let details = json!({"error": error, "cause": cause});
        self.note(at, "ExecutionAborted", Some(("executionAbortedEventDetails", details)));
        self.change(|record| {
            record.status = Status::Aborted;
            record.stopped = Some(at);
            record.error = error;
            record.cause = cause;
        })?;
        self.stop.notify_one();
        Ok(())
    }

    /// Waits until it is stopped from outside.
    pub async fn aborted(&self) {
        self.stop.notified().await;
    }

    /// An execution that has ended stays as it ended, whatever a task of it still wanted.
    fn change(&self, edit: impl FnOnce(&mut Record)) -> anyhow::Result<()> {
        let mut live = self.lock();
        if live.record.status != Status::Running {
            return Ok(());
        }
        edit(&mut live.record);
        let saved = live.record.events;
        live.record.events = live.history.len();
        self.files.save(&live.record, live.history.get(saved..).unwrap_or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
