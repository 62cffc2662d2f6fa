//! An audit chain as the product writes it, in memory.

use jiff::Timestamp;
use mayday_core::{
    audit::{Entry, Event},
    digest::digest_of,
    failure::Fault,
    ident::{Actor, Identity},
};
use serde_json::json;

/// A chain of so many entries, of the kinds and sizes that a restore leaves behind.
///
/// # Errors
/// When an event has no digest.
pub(crate) fn chain(length: u64) -> Result<Vec<Entry>, Fault> {
    let mut previous = "0".repeat(64);
    (1..=length)
        .map(|seq| {
            let event = event(seq);
            let hash = digest_of(&(seq, &previous, &event))?;
            Ok(Entry { seq, previous: std::mem::replace(&mut previous, hash.clone()), event, hash })
        })
        .collect()
}

fn event(seq: u64) -> Event {
    let person = Actor::Person(Identity { org: "T0MAYDAY01".to_owned(), user: format!("U{seq:09}") });
    let digest = Some("5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".to_owned());
    let detail = match seq % 3 {
        0 => json!({"after_version": seq, "votes_before": 0, "needed": 1}),
        1 => {
            json!({"after_version": seq, "of": {"step": "restore", "action": {"restore": {"new_instance": "orders-r-01kb3m6v9d", "tags": ["a", "b"]}}}})
        }
        _ => json!({"reason": "rows lost, “case 7” — é", "after_version": seq}),
    };
    Event {
        at: Timestamp::from_millisecond(1_763_820_000_000 + i64::try_from(seq).unwrap_or(0) * 977).unwrap_or_default(),
        actor: if seq.is_multiple_of(2) { person } else { Actor::System("runner".to_owned()) },
        what: if seq.is_multiple_of(3) { "approval.approve" } else { "step.intent" }.to_owned(),
        about: format!("r-{seq:010}"),
        digest: digest.filter(|_| !seq.is_multiple_of(5)),
        detail,
    }
}
