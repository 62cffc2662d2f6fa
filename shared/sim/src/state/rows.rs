use std::collections::BTreeMap;

use mayday_core::{
    port::{Expect, Key, Row, Write},
    store::Record,
};

/// The table.
#[derive(Debug, Default)]
pub struct Rows(BTreeMap<String, BTreeMap<String, Row>>);

impl Rows {
    /// One row.
    #[must_use]
    pub fn get(&self, partition: &str, id: &str) -> Option<&Row> {
        self.0.get(partition)?.get(id)
    }

    /// A partition's rows, lowest id first.
    pub fn all(&self, partition: &str) -> impl DoubleEndedIterator<Item = &Row> {
        self.0.get(partition).into_iter().flat_map(BTreeMap::values)
    }

    /// Every row there is.
    pub fn every(&self) -> impl Iterator<Item = &Row> {
        self.0.values().flat_map(BTreeMap::values)
    }

    /// One record, as the domain reads it. Only those that fit into a row.
    #[must_use]
    pub fn record<T: Record>(&self, id: &str) -> Option<T> {
        serde_json::from_value(self.get(T::PARTITION, id)?.body.get("record")?.clone()).ok()
    }

    /// All records of a kind.
    #[must_use]
    pub fn records<T: Record>(&self) -> Vec<T> {
        self.all(T::PARTITION).filter_map(|row| serde_json::from_value(row.body.get("record")?.clone()).ok()).collect()
    }

    /// What a conditional write would come to.
    #[must_use]
    pub fn allows(&self, key: &Key, expect: Expect) -> bool {
        match (self.get(&key.partition, &key.id), expect) {
            (None, Expect::Absent) => true,
            (Some(row), Expect::Version(version)) => row.version == version,
            (Some(row), Expect::LiveVersion(version, now)) => row.version == version && row.live_until.is_some_and(|until| until > now),
            _ => false,
        }
    }

    /// Writes without a condition, and returns what was there.
    pub fn set(&mut self, row: Row) -> Option<Row> {
        self.0.entry(row.key.partition.clone()).or_default().insert(row.key.id.clone(), row)
    }

    /// Deletes if it has this version.
    pub fn delete(&mut self, key: &Key, version: u64) -> Write {
        match self.0.get_mut(&key.partition) {
            Some(rows) if rows.get(&key.id).is_some_and(|row| row.version == version) => {
                rows.remove(&key.id);
                Write::Landed
            }
            _ => Write::Conflict,
        }
    }
}
