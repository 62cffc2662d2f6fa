use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::failure::CallError;

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind of record: `run`, `approval`, `audit`, …
    pub partition: String,
    /// The record's id, unique in its partition, sorting as it should be listed.
    pub id: String,
}

/// One record. The body is plain JSON; adapters store it as the vendor's own types.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it stands.
    pub key: Key,
    /// Counts the writes, from 1. A write states the version that it makes.
    pub version: u64,
    /// Until when the record may be acted on; judged by [`Expect::LiveVersion`].
    pub live_until: Option<Timestamp>,
    /// The record. Shared, since rows are handed on more often than they are written.
    pub body: Arc<Value>,
}

/// What must be true of the stored row for a write to land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is none.
    Absent,
    /// It has this version.
    Version(u64),
    /// It has this version, and its `live_until` is later than the given time.
    LiveVersion(u64, Timestamp),
}

/// What came of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Write {
    /// It landed.
    Landed,
    /// The condition was not met; nothing changed.
    Conflict,
}

/// Which part of a partition to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Only ids after this one, in the direction of reading.
    pub after: Option<String>,
    /// Highest id first.
    pub newest_first: bool,
    /// At most so many rows.
    pub limit: usize,
}

/// The bot's records: single items, strongly consistent reads, conditional writes. No transactions, on purpose: the
/// table may be a strongly consistent global table, which has none.
#[async_trait]
pub trait Table: Send + Sync {
    /// One row.
    async fn get(&self, key: &Key) -> Result<Option<Row>, CallError>;

    /// Writes a row whole if the condition holds. After [`CallError::Unknown`] the row must be read back:
    /// [`Store`](crate::store::Store) does.
    async fn put(&self, row: &Row, expect: Expect) -> Result<Write, CallError>;

    /// Deletes a row if it has this version.
    async fn delete(&self, key: &Key, version: u64) -> Result<Write, CallError>;

    /// Rows of one partition in the order of their ids.
    async fn list(&self, partition: &str, page: &Page) -> Result<Vec<Row>, CallError>;
}
