use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
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
    pub body: Arc<Body>,
}

/// A row's JSON, and what it was read as: a row that is handed on is not read twice.
pub struct Body {
    json: Value,
    record: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Body {
    /// The member `record` as a record; one that is absent is read as `null`.
    ///
    /// # Errors
    /// When it is none.
    pub fn record<T: DeserializeOwned + Clone + Send + Sync + 'static>(&self) -> Result<T, serde_json::Error> {
        if let Some(known) = self.record.get().and_then(|known| known.downcast_ref::<T>()) {
            return Ok(known.clone());
        }
        let record = T::deserialize(self.json.get("record").unwrap_or(&Value::Null))?;
        // Read as something else before: then that one stays.
        let _ = self.record.set(Box::new(record.clone()));
        Ok(record)
    }
}

impl From<Value> for Body {
    fn from(json: Value) -> Self {
        Self { json, record: OnceLock::new() }
    }
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.json
    }
}

impl DerefMut for Body {
    /// What is changed is read anew.
    fn deref_mut(&mut self) -> &mut Value {
        self.record = OnceLock::new();
        &mut self.json
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        Self::from(self.json.clone())
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
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

    /// Many rows, in the order of their keys, in as few calls as there can be.
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, CallError>;

    /// Writes a row whole if the condition holds. After [`CallError::Unknown`] the row must be read back:
    /// [`Store`](crate::store::Store) does.
    async fn put(&self, row: &Row, expect: Expect) -> Result<Write, CallError>;

    /// Deletes a row if it has this version.
    async fn delete(&self, key: &Key, version: u64) -> Result<Write, CallError>;

    /// Rows of one partition in the order of their ids.
    async fn list(&self, partition: &str, page: &Page) -> Result<Vec<Row>, CallError>;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_read_is_known_until_it_is_changed() {
        let mut body = Body::from(json!({"record": 7}));
        assert_eq!(body.record::<u64>().unwrap(), 7);
        assert_eq!(body.record::<String>().unwrap_err().to_string(), "invalid type: integer `7`, expected a string");
        assert_eq!(body.record::<u64>().unwrap(), 7);
        body["record"] = 8.into();
        assert_eq!(body.record::<u64>().unwrap(), 8);
        assert_eq!(body.clone().record::<i64>().unwrap(), 8);
    }
}
