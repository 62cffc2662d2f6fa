use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{failure::CallError, policy::Permit};

/// A simple record set: one name, one type, its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Fully qualified, without the final dot, in lower case.
    pub name: String,
    /// `A`, `CNAME`, …
    pub kind: String,
    /// Seconds that resolvers may keep it.
    pub ttl: i64,
    /// The values, as in a zone file.
    pub values: Vec<String>,
}

/// Whether all name servers know of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStatus {
    /// Not yet.
    Pending,
    /// All of them.
    InSync,
}

/// Hosted zones, and what the name servers answer.
#[async_trait]
pub trait Dns: Send + Sync {
    /// The record set; `None` when there is none.
    async fn record(&self, zone: &str, name: &str, kind: &str) -> Result<Option<RecordSet>, CallError>;

    /// Replaces exactly `old` by `new` in one batch, and returns the change's id. Refused by the vendor
    /// (`InvalidChangeBatch`) when the record is not `old` any more.
    async fn replace(&self, permit: &Permit, zone: &str, old: &RecordSet, new: &RecordSet) -> Result<String, CallError>;

    /// How far a change is.
    async fn change(&self, id: &str) -> Result<ChangeStatus, CallError>;

    /// What the name servers say now: the CNAME that a name points to, if it is one.
    async fn lookup_cname(&self, name: &str) -> Result<Option<String>, CallError>;
}
