//! A changed byte anywhere in an audit chain is found.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::sync::LazyLock;

use bolero::TypeGenerator;
use mayday_core::audit::{self, Entry};

#[path = "support/chain.rs"]
mod chain;

const LENGTH: u64 = 10_000;

static CHAIN: LazyLock<Vec<Entry>> = LazyLock::new(|| chain::chain(LENGTH).unwrap());

#[derive(Debug, Clone, TypeGenerator)]
struct Changed {
    entry: u16,
    at: u16,
    /// Never the identity: added to the byte, wrapping, it is at least 1.
    #[generator(1_u8..=255)]
    by: u8,
}

fn is_found(changed: &Changed) {
    let place = usize::from(changed.entry) % CHAIN.len();
    let mut bytes = serde_json::to_vec(&CHAIN[place]).unwrap();
    let at = usize::from(changed.at) % bytes.len();
    bytes[at] = bytes[at].wrapping_add(changed.by);
    // What is no entry any more is not read at all; what still is one must not fit where it stands.
    let Ok(altered) = serde_json::from_slice::<Entry>(&bytes) else { return };
    let before: Vec<&Entry> = CHAIN.iter().take(place).collect();
    let chain = before.into_iter().chain([&altered]).chain(CHAIN.iter().skip(place + 1));
    let broken = audit::verify(chain).map_err(|broken| usize::try_from(broken.seq).unwrap());
    assert_eq!(broken, Err(place + 1), "{}", String::from_utf8_lossy(&bytes));
}

/// As [`is_found`], but with the entries before and after left out: they were verified, and what is changed is judged by itself.
fn is_found_alone(changed: &Changed) {
    let place = usize::from(changed.entry) % 3;
    let mut bytes = serde_json::to_vec(&CHAIN[place]).unwrap();
    let at = usize::from(changed.at) % bytes.len();
    bytes[at] = bytes[at].wrapping_add(changed.by);
    let Ok(altered) = serde_json::from_slice::<Entry>(&bytes) else { return };
    let entries: Vec<&Entry> = CHAIN.iter().take(place).chain([&altered]).collect();
    assert!(audit::verify(entries).is_err(), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn m1_a_changed_byte_anywhere_in_ten_thousand_entries_is_found_at_its_place() {
    assert_eq!(audit::verify(CHAIN.iter()).unwrap().seq, LENGTH);
    bolero::check!().with_iterations(60).with_type::<Changed>().for_each(is_found);
}

#[test]
fn m1_every_byte_counts() {
    bolero::check!().with_iterations(100_000).with_type::<Changed>().for_each(is_found_alone);
}

#[test]
fn m1_a_member_that_is_absent_can_not_be_slipped_in() {
    let mut entries: Vec<Entry> = CHAIN.iter().take(3).cloned().collect();
    entries[1].event.detail["slipped_in"] = serde_json::Value::Null;
    assert_eq!(audit::verify(&entries).unwrap_err().seq, 2, "the hash does not cover it, and it is found all the same");
}
