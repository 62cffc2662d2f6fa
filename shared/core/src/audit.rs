//! The audit chain: what was done, by whom, by what right; each entry holds the hash of the one before.
//!
//! An entry is written before the effect that it speaks of. If it can't be written, the effect does not happen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    digest::digest_of,
    failure::Fault,
    ident::Actor,
    port::{Page, World},
    store::{Created, Kept, Record, Store},
};

/// One entry. It is read only in the very form in which it was written: what would mean the same otherwise was altered too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Entry {
    /// The place in the chain, from 1.
    pub seq: u64,
    /// The hash of the entry before; 64 zeros in the first.
    pub previous: String,
    /// What is said.
    pub event: Event,
    /// SHA-256 of the canonical form of all the above.
    pub hash: String,
}

#[derive(Deserialize)]
struct Stored {
    seq: u64,
    previous: String,
    event: Event,
    hash: String,
}

impl TryFrom<Value> for Entry {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let Stored { seq, previous, event, hash } = Stored::deserialize(&value).map_err(|error| error.to_string())?;
        let entry = Self { seq, previous, event, hash };
        match serde_json::to_value(&entry) {
            Ok(written) if written == value => Ok(entry),
            _ => Err("it is not in the form in which entries are written".to_owned()),
        }
    }
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, by our clock. The order is the sequence number's, not the time's.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What: `approval.approved`, `step.intent`, `command.refused`, …
    pub what: String,
    /// About which run, proposal or target.
    pub about: String,
    /// The digest that was decided on or carried out, where there is one.
    pub digest: Option<String>,
    /// What else there is to know, before and after where something changed.
    pub detail: Value,
}

impl Record for Entry {
    const PARTITION: &'static str = "audit";

    fn id(&self) -> String {
        entry_id(self.seq)
    }
}

/// An entry's id: twelve digits, so that ids sort as numbers.
#[must_use]
pub fn entry_id(seq: u64) -> String {
    format!("{seq:012}")
}

/// Where the end of the chain is put away.
pub const ANCHOR_KEY: &str = "audit/head.json";

/// How many writers may race for one place in the chain before an append gives up.
const RACES: u32 = 50;

/// Appends an event, and returns when it stands.
///
/// # Errors
/// When it can't be written: then what it speaks of must not be done.
pub async fn append(world: &World, event: Event) -> Result<u64, Fault> {
    let store = Store::of(world);
    let event = Event { detail: without_absent(event.detail), ..event };
    let newest = Page { after: None, newest_first: true, limit: 1 };
    for _ in 0..RACES {
        let head: Option<Kept<Entry>> = store.list(&newest).await?.into_iter().next();
        let (seq, previous) = head.map_or((1, genesis()), |head| (head.value.seq + 1, head.value.hash));
        let hash = hash_of(seq, &previous, &event)?;
        let entry = Entry { seq, previous, event: event.clone(), hash };
        if let Created::New(_) = store.create(entry).await? {
            return Ok(seq);
        }
    }
    Err(Fault::new("the audit chain is written by too many at once"))
}

/// The same without members that are absent. The hash does not cover their names, so an entry has none.
fn without_absent(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_absent).collect(),
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| !member.is_null());
            Value::Object(members.map(|(key, member)| (key, without_absent(member))).collect())
        }
        plain => plain,
    }
}

fn has_absent(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_absent),
        Value::Object(members) => members.values().any(|member| member.is_null() || has_absent(member)),
        _ => false,
    }
}

fn genesis() -> String {
    "0".repeat(64)
}

fn hash_of(seq: u64, previous: &str, event: &Event) -> Result<String, Fault> {
    digest_of(&(seq, previous, event))
}

/// The end of a chain that verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are.
    pub seq: u64,
    /// The last one's hash.
    pub hash: String,
}

/// The first entry that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} {why}")]
pub struct Broken {
    /// Its place.
    pub seq: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Walks a chain from its beginning.
///
/// # Errors
/// The first bad entry.
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Head, Broken> {
    let mut head = Head { seq: 0, hash: genesis() };
    for entry in entries {
        let expected = head.seq + 1;
        let broken = |why: String| Err(Broken { seq: expected, why });
        if entry.seq != expected {
            return broken(format!("is missing: entry {} stands in its place", entry.seq));
        }
        if entry.previous != head.hash {
            return broken("does not follow from the one before".to_owned());
        }
        let hashed = hash_of(entry.seq, &entry.previous, &entry.event).ok();
        if hashed.as_deref() != Some(entry.hash.as_str()) || has_absent(&entry.event.detail) {
            return broken("was altered".to_owned());
        }
        head = Head { seq: entry.seq, hash: entry.hash.clone() };
    }
    Ok(head)
}

/// Checks a chain that verified against a head that was put away where the bot can't rewrite it.
///
/// # Errors
/// When the chain is shorter than it was, or another one.
pub fn check_anchor(head: &Head, entries: &[Entry], anchor: &Head) -> Result<(), Broken> {
    let place = usize::try_from(anchor.seq).ok().and_then(|seq| seq.checked_sub(1));
    match place.and_then(|place| entries.get(place)) {
        None if anchor.seq == 0 => Ok(()),
        None => Err(Broken { seq: head.seq + 1, why: format!("is missing: the chain once had {} entries", anchor.seq) }),
        Some(entry) if entry.hash == anchor.hash => Ok(()),
        Some(entry) => Err(Broken { seq: entry.seq, why: "is not the one that was anchored".to_owned() }),
    }
}

/// Reads the whole chain, oldest first.
///
/// # Errors
/// When the table can't be read.
pub async fn read_all(store: &Store) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let page = Page { after: entries.last().map(Record::id), newest_first: false, limit: 500 };
        let more: Vec<Kept<Entry>> = store.list(&page).await?;
        if more.is_empty() {
            return Ok(entries);
        }
        entries.extend(more.into_iter().map(|kept| kept.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u64) -> Vec<Entry> {
        let mut head = genesis();
        (1..=length)
            .map(|seq| {
                let event = Event {
                    at: Timestamp::UNIX_EPOCH,
                    actor: Actor::System("test".to_owned()),
                    what: "step.intent".to_owned(),
                    about: format!("r-{seq}"),
                    digest: None,
                    detail: Value::Null,
                };
                let hash = hash_of(seq, &head, &event).unwrap();
                Entry { seq, previous: std::mem::replace(&mut head, hash.clone()), event, hash }
            })
            .collect()
    }

    #[test]
    fn m1_the_first_bad_entry_is_named() {
        let good = chain(10_000);
        assert_eq!(verify(&good).unwrap().seq, 10_000);

        for place in [0, 1, 4_999, 9_998] {
            let seq = place as u64 + 1;
            let mut edited = good.clone();
            edited[place].event.about = "r-other".to_owned();
            assert_eq!(verify(&edited).unwrap_err(), Broken { seq, why: "was altered".to_owned() });

            let mut deleted = good.clone();
            deleted.remove(place);
            assert_eq!(verify(&deleted).unwrap_err().seq, seq);

            let mut swapped = good.clone();
            swapped.swap(place, place + 1);
            assert_eq!(verify(&swapped).unwrap_err().seq, seq);
        }
    }

    #[test]
    fn m1_a_chain_of_an_earlier_release_verifies() {
        let entry = serde_json::json!({
            "seq": 1,
            "previous": "0000000000000000000000000000000000000000000000000000000000000000",
            "event": {
                "at": "2026-11-22T02:49:04Z",
                "actor": {"system": "scheduler"},
                "what": "backup.asked",
                "about": "inventory",
                "digest": null,
                "detail": {"class": "daily"},
            },
            "hash": "673917274559086d73f51dd1f9dda24353618dc27cfb12ddfb8505307bcd6168",
        });
        let entry: Entry = serde_json::from_value(entry).unwrap();
        assert_eq!(verify([&entry]).map(|head| head.seq), Ok(1));
    }

    #[test]
    fn m1_a_truncated_chain_is_told_by_its_anchor() {
        let good = chain(10);
        let anchor = verify(&good).unwrap();
        let short = &good[..7];
        let head = verify(short).unwrap();
        assert_eq!(check_anchor(&head, short, &anchor).unwrap_err().seq, 8);
        assert_eq!(check_anchor(&anchor, &good, &anchor), Ok(()));
    }

    #[test]
    fn m1_a_chain_written_anew_is_told_by_its_anchor() {
        let anchor = verify(&chain(10)).unwrap();
        let mut other = chain(0);
        let mut head = genesis();
        for entry in chain(10) {
            let event = Event { about: "somebody else".to_owned(), ..entry.event };
            let hash = hash_of(entry.seq, &head, &event).unwrap();
            other.push(Entry { seq: entry.seq, previous: head, event, hash: hash.clone() });
            head = hash;
        }
        let forged = verify(&other).unwrap();
        assert_eq!(check_anchor(&forged, &other, &anchor).unwrap_err().seq, 10);
    }
}
