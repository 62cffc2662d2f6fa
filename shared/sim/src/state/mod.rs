//! What the world is: plain data, no futures. Ports read and change it; invariants and tests look at it.

mod around;
pub(crate) mod chat;
pub(crate) mod data;
pub(crate) mod databases;
pub(crate) mod outside;
pub(crate) mod rows;

use std::collections::BTreeMap;

use mayday_core::{
    port::{Body, Profile, RecordSet, Row, SecretText},
    store::Record,
};
use serde_json::Value;

pub use around::Around;
pub use chat::{ChatLog, Said};
pub use data::Data;
pub use databases::{Databases, Follows, InstanceState, SnapshotState};
pub use outside::{Outside, Service};
pub use rows::Rows;

use crate::fault::Millis;

/// The whole world.
#[derive(Debug, Default)]
pub struct State {
    /// Our records.
    pub rows: Rows,
    /// Files, each with all its versions.
    pub blobs: BTreeMap<String, Vec<Vec<u8>>>,
    /// Instances and snapshots.
    pub databases: Databases,
    /// Secrets by region and name.
    pub secrets: BTreeMap<(String, String), SecretState>,
    /// Hosted zones.
    pub zones: Zones,
    /// What stands around the bot.
    pub around: Around,
    /// Regions that were lost, and until when.
    pub lost: BTreeMap<String, Millis>,
    /// Services, and whether we see them.
    pub outside: Outside,
    /// Everything that was said.
    pub chat: ChatLog,
    /// What went out by PagerDuty, telephone and email.
    pub sent: Vec<Outgoing>,
    /// Who there is, by user id.
    pub people: BTreeMap<String, Profile>,
    /// Every change of the world that took place, in order.
    pub effects: Vec<Effect>,
}

impl State {
    /// One record, as the domain reads it: from its row, or from the file that the row names.
    #[must_use]
    pub fn record<T: Record>(&self, id: &str) -> Option<T> {
        self.read(self.rows.get(T::PARTITION, id)?)
    }

    /// All records of a kind, in the order of their ids.
    #[must_use]
    pub fn records<T: Record>(&self) -> Vec<T> {
        self.rows.all(T::PARTITION).filter_map(|row| self.read(row)).collect()
    }

    fn read<T: Record>(&self, row: &Row) -> Option<T> {
        match row.body.get("blob").and_then(Value::as_str) {
            None => row.body.record().ok(),
            Some(blob) => {
                let body: Value = serde_json::from_slice(self.blobs.get(blob)?.last()?).ok()?;
                Body::from(body).record().ok()
            }
        }
    }
}

/// A secret with its versions, oldest first; the last is current.
#[derive(Debug, Default)]
pub struct SecretState {
    /// Version id and value.
    pub versions: Vec<(String, SecretText)>,
    /// Those that are written and were never current.
    pub pending: Vec<(String, SecretText)>,
}

/// Zones, and what the name servers know of them.
#[derive(Debug, Default)]
pub struct Zones {
    /// Records by zone and name.
    pub records: BTreeMap<(String, String), RecordSet>,
    /// What the name servers still answer until a time, by name.
    pub still: BTreeMap<String, (Millis, RecordSet)>,
    /// When each change is known everywhere, by its id.
    pub changes: BTreeMap<String, Millis>,
}

impl Zones {
    /// What the name servers answer.
    #[must_use]
    pub fn answer(&self, name: &str, at: Millis) -> Option<&RecordSet> {
        match self.still.get(name) {
            Some((until, old)) if at < *until => Some(old),
            _ => self.records.iter().find(|((_, known), _)| known == name).map(|(_, record)| record),
        }
    }
}

/// What was handed to a way of waking people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// When, in milliseconds since the epoch.
    pub at: Millis,
    /// `trigger`, `acknowledge`, `resolve`, `sms`, `call` or `email`.
    pub way: &'static str,
    /// A dedup key, a number, an address.
    pub to: String,
    /// The text.
    pub text: String,
}

/// A change of the world outside, made under a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// When, in milliseconds since the epoch.
    pub at: Millis,
    /// For which run.
    pub run: String,
    /// For which step.
    pub step: String,
    /// The port's method.
    pub method: &'static str,
    /// On what.
    pub target: String,
    /// Whether something was different afterwards.
    pub changed: bool,
}
