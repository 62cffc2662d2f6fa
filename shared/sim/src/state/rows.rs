use std::collections::BTreeMap;

use mayday_core::port::{Expect, Key, Row, Write};

/// The table.
#[derive(Debug, Default)]
pub struct Rows {
    partitions: BTreeMap<String, BTreeMap<String, Row>>,
    /// Every key in the order in which it was first written.
    born: Vec<Key>,
}

impl Rows {
    /// One row.
    #[must_use]
    pub fn get(&self, partition: &str, id: &str) -> Option<&Row> {
        self.partitions.get(partition)?.get(id)
    }

    /// A partition's rows, lowest id first.
    pub fn all(&self, partition: &str) -> impl DoubleEndedIterator<Item = &Row> {
        self.partitions.get(partition).into_iter().flat_map(BTreeMap::values)
    }

    /// The id that was first written last: ids of one second sort by chance.
    #[must_use]
    pub fn newest(&self, partition: &str) -> Option<&str> {
        self.born.iter().rev().find(|key| key.partition == partition).map(|key| key.id.as_str())
    }

    /// Every row there is.
    pub fn every(&self) -> impl Iterator<Item = &Row> {
        self.partitions.values().flat_map(BTreeMap::values)
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
        let key = row.key.clone();
        let before = self.partitions.entry(row.key.partition.clone()).or_default().insert(key.id.clone(), row);
        if before.is_none() {
            self.born.push(key);
        }
        before
    }

    /// Deletes if it has this version.
    pub fn delete(&mut self, key: &Key, version: u64) -> Write {
        match self.partitions.get_mut(&key.partition) {
            Some(rows) if rows.get(&key.id).is_some_and(|row| row.version == version) => {
                rows.remove(&key.id);
                Write::Landed
            }
            _ => Write::Conflict,
        }
    }
}
