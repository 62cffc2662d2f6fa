use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    failure::CallError,
    planted::{Bug, planted},
    policy::Permit,
};

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

/// One record's part of a batch: exactly `before` goes, `after` comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordChange {
    /// As it was when it was looked at.
    pub before: RecordSet,
    /// As it is to be: the same name and kind.
    pub after: RecordSet,
}

/// Whether all name servers know of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStatus {
    /// Not yet.
    Pending,
    /// All of them.
    InSync,
}

/// A file that a health check reads: what it says decides which of two records the name servers answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchPlace {
    /// The region that it is in: the standby's.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The key in it.
    pub key: String,
}

/// What a switch says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turned {
    /// Its version as the vendor names it (ETag): another text is another version.
    pub version: String,
    /// `home` or `away`, then who turned it.
    pub text: String,
}

impl Turned {
    /// A switch that nobody has turned yet: there is no file.
    #[must_use]
    pub fn never() -> Self {
        Self { version: "none".to_owned(), text: "home".to_owned() }
    }

    /// Whether the name servers lead to the secondary site by it. What is neither word leads home, as the health check has it.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.text.split_whitespace().next() == Some("away")
    }
}

/// Hosted zones, and what the name servers answer.
#[async_trait]
pub trait Dns: Send + Sync {
    /// The record set; `None` when there is none.
    async fn record(&self, zone: &str, name: &str, kind: &str) -> Result<Option<RecordSet>, CallError>;

    /// The record sets of many names of one zone, in their order.
    async fn records(&self, zone: &str, names: &[String], kind: &str) -> Vec<Result<Option<RecordSet>, CallError>> {
        one_by_one(self, zone, names, kind).await
    }

    /// Changes records of one zone in one batch, which lands whole or not at all, and returns the change's id. Refused by
    /// the vendor (`InvalidChangeBatch`) when one of them is not as it was any more, and by [`sound`] before that.
    async fn change_batch(&self, permit: &Permit, zone: &str, changes: &[RecordChange]) -> Result<String, CallError>;

    /// [`Self::change_batch`] for one record.
    async fn replace(&self, permit: &Permit, zone: &str, old: &RecordSet, new: &RecordSet) -> Result<String, CallError> {
        self.change_batch(permit, zone, &[RecordChange { before: old.clone(), after: new.clone() }]).await
    }

    /// How far a change is.
    async fn change(&self, id: &str) -> Result<ChangeStatus, CallError>;

    /// What a switch says; [`Turned::never`] where nobody has turned it yet. Asks its own region and nothing else.
    async fn switch(&self, place: &SwitchPlace) -> Result<Turned, CallError> {
        Err(CallError::refused("NoSwitch", format!("nobody here can read {} of {}", place.key, place.bucket)))
    }

    /// Has a switch say something else, unless it does not say `before` any more (`PreconditionFailed`). Calls its own region and nothing
    /// else.
    async fn turn(&self, permit: &Permit, place: &SwitchPlace, before: &Turned, after: &str) -> Result<(), CallError> {
        let _ = (permit, before, after);
        Err(CallError::refused("NoSwitch", format!("nobody here can turn {} of {}", place.key, place.bucket)))
    }

    /// What the name servers say now: the CNAME that a name points to, if it is one.
    async fn lookup_cname(&self, name: &str) -> Result<Option<String>, CallError>;

    /// What the name servers say now: the addresses that a name leads to, through its aliases. Empty when there are none.
    async fn lookup_addresses(&self, name: &str) -> Result<Vec<String>, CallError>;
}

/// The record sets of some names, a call each.
pub async fn one_by_one(dns: &(impl Dns + ?Sized), zone: &str, names: &[String], kind: &str) -> Vec<Result<Option<RecordSet>, CallError>> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        found.push(dns.record(zone, name, kind).await);
    }
    found
}

/// Whether a batch may be sent at all: it changes something, every record keeps its name and kind, and none is left without
/// a value. A name that answers nothing is what an outage looks like from outside, so no approval makes it right.
///
/// # Errors
/// `UnsoundBatch`, with the reason. Every adapter asks this before it calls.
pub fn sound(changes: &[RecordChange]) -> Result<(), CallError> {
    let refused = |why: String| Err(CallError::refused("UnsoundBatch", why));
    if changes.is_empty() {
        return refused("there is nothing to change".to_owned());
    }
    for RecordChange { before, after } in changes {
        if after.values.iter().all(|value| value.trim().is_empty()) && !planted(Bug::RecordsEmptied) {
            return refused(format!("{} would be left without any value", after.name));
        }
        if (&before.name, &before.kind) != (&after.name, &after.kind) {
            return refused(format!("{} {} would be replaced by {} {}", before.kind, before.name, after.kind, after.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, kind: &str, values: &[&str]) -> RecordSet {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        RecordSet { name: name.to_owned(), kind: kind.to_owned(), ttl: 60, values }
    }

    #[test]
    fn g11_no_batch_leaves_a_name_without_an_answer() {
        let a = |values: &[&str]| record("shop.example", "A", values);
        let change = |before: RecordSet, after: RecordSet| sound(&[RecordChange { before, after }]);
        assert!(change(a(&["192.0.2.1"]), a(&["192.0.2.2"])).is_ok());
        for after in [a(&[]), a(&[""]), record("shop.example", "CNAME", &["x.example"]), record("other.example", "A", &["192.0.2.2"])] {
            assert!(change(a(&["192.0.2.1"]), after.clone()).is_err_and(|error| error.is_code("UnsoundBatch")), "{after:?}");
        }
        assert!(sound(&[]).is_err());
    }
}
