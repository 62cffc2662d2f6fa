//! What happened, in the order in which it happened: printed when a seed fails.

use std::{collections::VecDeque, fmt};

use crate::{
    executor::TaskId,
    fault::{Fate, Millis},
    region::Region,
};

/// Which port was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the port of the same name")]
pub enum Port {
    Table,
    Blobs,
    Databases,
    Secrets,
    Dns,
    Probes,
    Sql,
    Chat,
    Directory,
    Pager,
    Phone,
    Mail,
    Workflow,
}

/// A call at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The port.
    pub port: Port,
    /// The method.
    pub method: &'static str,
    /// On what.
    pub about: String,
    /// Whether it changes anything.
    pub changes: bool,
    /// The region that it asks, where what it asks is in one.
    pub region: Option<Region>,
}

impl Call {
    /// The same, of something in a region.
    pub(crate) fn in_region(self, name: &str) -> Self {
        Self { region: Region::of(name), ..self }
    }
}

/// One line of the trace.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    at: Millis,
    task: TaskId,
    what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A call reached the gate, and this was decided on it.
    Call(u64, Call, Fate),
    /// Anything else worth a line.
    Said(String),
}

/// The last so many lines are kept.
const KEPT: usize = 20_000;

/// The trace of a simulation.
#[derive(Debug, Default)]
pub(crate) struct Trace(VecDeque<Line>);

impl Trace {
    pub(crate) fn add(&mut self, at: Millis, task: TaskId, what: What) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Line { at, task, what });
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(ToString::to_string)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10.3} s  task {:<4} ", self.at as f64 / 1_000.0, self.task.0)?;
        match &self.what {
            What::Said(text) => f.write_str(text),
            What::Call(number, call, fate) => {
                write!(f, "#{number} {:?}.{} {}", call.port, call.method, call.about)?;
                if *fate == Fate::Well { Ok(()) } else { write!(f, "  ← {fate:?}") }
            }
        }
    }
}
