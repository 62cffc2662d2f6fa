use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{failure::CallError, policy::Permit};

/// Where to sign in, and as whom. This is also the inspector function's request, so names are part of its interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlTarget {
    /// The region.
    pub region: String,
    /// The host to connect to.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database's name on the server.
    pub database: String,
    /// The secret with `username` and `password`.
    pub secret: String,
}

/// What the inspector function is invoked with. It sits where no endpoint of the vendor can be reached, so whoever asks
/// fetches the sign-in and passes it along; the payload travels and rests encrypted, and neither side logs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectorRequest {
    /// Where to sign in.
    pub target: SqlTarget,
    /// As whom.
    pub user: String,
    /// With what.
    pub password: String,
    /// What to ask.
    pub probes: Vec<Probe>,
    /// What to change before that, if anything: the one way of this function to write.
    #[serde(default)]
    pub change: Option<SqlChange>,
}

/// The changes that can be made to a database by SQL, and no others. What they write of their own stands in the schema
/// `mayday`, apart from everything that is the organization's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlChange {
    /// New sessions only read, everybody else's are ended, and a write as theirs is seen to fail; then the mark
    /// [`Mark::Frozen`] is set: whoever has the mark has all that was ever committed before.
    Freeze {
        /// For which run.
        run: String,
    },
    /// New sessions write again.
    Thaw,
    /// Writes a row as an application would: the mark [`Mark::Written`].
    WriteProbe {
        /// For which run.
        run: String,
    },
}

/// A row of `mayday.mark`: what was done here, and by which run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The database takes no writes any more.
    Frozen,
    /// A write went through.
    Written,
}

impl Mark {
    /// Its key in the table.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Written => "written",
        }
    }
}

impl fmt::Debug for InspectorRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InspectorRequest({} questions to {})", self.probes.len(), self.target.host)
    }
}

/// A question that reads: one statement whose first row's first column is the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What the answer is called.
    pub name: String,
    /// The statement. It runs in a read-only transaction with a time-out.
    pub sql: String,
}

/// What one question was answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeResult {
    /// The question's name.
    pub name: String,
    /// The first row's first column as text; `None` for NULL or no row.
    pub value: Option<String>,
    /// The database's words when it refused.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What an inspection found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Why no connection came about, if none did.
    pub connection_error: Option<String>,
    /// `SHOW server_version`.
    pub server_version: Option<String>,
    /// The answers, in the order of the questions.
    pub results: Vec<ProbeResult>,
    /// What came of the change that was asked for.
    #[serde(default)]
    pub changed: Option<Changed>,
}

/// What came of a change by SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// It was made; in words.
    Made(String),
    /// The database refused, with its code (`25006`) and words. What a freeze did before that stays done.
    Refused {
        /// `SQLSTATE`, or a word of ours.
        code: String,
        /// In the database's words.
        why: String,
    },
    /// The connection was lost, or the time was up: nobody knows.
    Unknown(String),
}

/// Reads from a database through the inspector, which sits in the database's network.
#[async_trait]
pub trait Sql: Send + Sync {
    /// Signs in and asks. A database that can't be reached is an answer ([`Inspection::connection_error`]), not an error.
    async fn inspect(&self, target: &SqlTarget, probes: &[Probe]) -> Result<Inspection, CallError>;

    /// Signs in and changes something; the answer says in words what was done.
    ///
    /// # Errors
    /// [`CallError::NotNow`] when no connection came about, [`CallError::Refused`] with the database's own code when it
    /// refused, [`CallError::Unknown`] when the connection was lost on the way.
    async fn change(&self, permit: &Permit, target: &SqlTarget, change: &SqlChange) -> Result<String, CallError>;
}
