//! [`Table`]: conditional writes are the only synchronization, so nothing may land whose condition does not hold.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mayday_core::port::{Expect, Key, Page, Row, Table, Write};
use serde_json::{Value, json};

/// All promises. The table needs nothing in it.
pub async fn everything(table: &dyn Table) {
    a_record_comes_back_as_it_was_written(table).await;
    what_is_not_there_is_none(table).await;
    only_one_of_two_creations_lands(table).await;
    a_stale_version_changes_nothing(table).await;
    a_lease_is_judged_by_the_condition(table).await;
    only_the_version_that_was_read_is_deleted(table).await;
    a_partition_is_listed_in_pages_both_ways(table).await;
    a_listing_is_complete_beyond_the_vendors_page(table).await;
}

fn row(partition: &str, id: &str, version: u64, body: Value) -> Row {
    Row {
        key: Key { partition: format!("contract-{partition}"), id: id.to_owned() },
        version,
        live_until: None,
        body: Arc::new(body.into()),
    }
}

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Nulls, empty texts and empty lists included, and times to the millisecond.
pub async fn a_record_comes_back_as_it_was_written(table: &dyn Table) {
    let body =
        json!({"text": "", "list": [], "map": {}, "none": null, "yes": true, "big": u64::MAX, "low": -7, "deep": [{"a": ["ü", "\n"]}]});
    let mut written = row("whole", "a", 1, body);
    written.live_until = Some(noon() + SignedDuration::from_millis(123));
    assert_eq!(table.put(&written, Expect::Absent).await.unwrap(), Write::Landed);
    assert_eq!(table.get(&written.key).await.unwrap().unwrap(), written);
}

/// Neither a row nor a partition.
pub async fn what_is_not_there_is_none(table: &dyn Table) {
    let key = row("nowhere", "a", 1, json!({})).key;
    assert_eq!(table.get(&key).await.unwrap(), None);
    let page = Page { after: None, newest_first: false, limit: 10 };
    assert_eq!(table.list(&key.partition, &page).await.unwrap(), []);
}

/// The first decision is the decision.
pub async fn only_one_of_two_creations_lands(table: &dyn Table) {
    let (first, second) = (row("race", "a", 1, json!({"by": "first"})), row("race", "a", 1, json!({"by": "second"})));
    assert_eq!(table.put(&first, Expect::Absent).await.unwrap(), Write::Landed);
    assert_eq!(table.put(&second, Expect::Absent).await.unwrap(), Write::Conflict);
    assert_eq!(table.get(&first.key).await.unwrap().unwrap(), first);
}

/// A writer who read an older row does not overwrite a newer one, nor make one where none is.
pub async fn a_stale_version_changes_nothing(table: &dyn Table) {
    let rows: Vec<_> = (1..=3).map(|version| row("stale", "a", version, json!({"version": version}))).collect();
    assert_eq!(table.put(&rows[0], Expect::Version(0)).await.unwrap(), Write::Conflict);
    assert_eq!(table.put(&rows[0], Expect::Absent).await.unwrap(), Write::Landed);
    assert_eq!(table.put(&rows[1], Expect::Version(1)).await.unwrap(), Write::Landed);
    assert_eq!(table.put(&rows[2], Expect::Version(1)).await.unwrap(), Write::Conflict);
    assert_eq!(table.get(&rows[1].key).await.unwrap().unwrap(), rows[1]);
}

/// To the millisecond, with the end excluded; a row without an end is not alive.
pub async fn a_lease_is_judged_by_the_condition(table: &dyn Table) {
    let mut held = row("lease", "a", 1, json!({}));
    held.live_until = Some(noon());
    assert_eq!(table.put(&held, Expect::Absent).await.unwrap(), Write::Landed);
    let mut next = row("lease", "a", 2, json!({"next": true}));
    assert_eq!(table.put(&next, Expect::LiveVersion(1, noon())).await.unwrap(), Write::Conflict);
    assert_eq!(table.put(&next, Expect::LiveVersion(2, noon() - SignedDuration::from_secs(1))).await.unwrap(), Write::Conflict);
    assert_eq!(table.put(&next, Expect::LiveVersion(1, noon() - SignedDuration::from_millis(1))).await.unwrap(), Write::Landed);
    next.version = 3;
    assert_eq!(table.put(&next, Expect::LiveVersion(2, noon() - SignedDuration::from_hours(1))).await.unwrap(), Write::Conflict);
}

/// What somebody else has written since stays.
pub async fn only_the_version_that_was_read_is_deleted(table: &dyn Table) {
    let kept = row("delete", "a", 5, json!({}));
    assert_eq!(table.delete(&kept.key, 5).await.unwrap(), Write::Conflict);
    assert_eq!(table.put(&kept, Expect::Absent).await.unwrap(), Write::Landed);
    assert_eq!(table.delete(&kept.key, 4).await.unwrap(), Write::Conflict);
    assert_eq!(table.get(&kept.key).await.unwrap().unwrap(), kept);
    assert_eq!(table.delete(&kept.key, 5).await.unwrap(), Write::Landed);
    assert_eq!(table.get(&kept.key).await.unwrap(), None);
}

/// In the order of the ids, from either end, without the row that a page begins after.
pub async fn a_partition_is_listed_in_pages_both_ways(table: &dyn Table) {
    for id in ["c", "a", "e", "b", "d"] {
        assert_eq!(table.put(&row("pages", id, 1, json!({})), Expect::Absent).await.unwrap(), Write::Landed);
    }
    let ids = async |after: Option<&str>, newest_first, limit| {
        let page = Page { after: after.map(str::to_owned), newest_first, limit };
        let rows = table.list("contract-pages", &page).await.unwrap();
        rows.into_iter().map(|row| row.key.id).collect::<String>()
    };
    assert_eq!(ids(None, false, 10).await, "abcde");
    assert_eq!(ids(None, false, 2).await, "ab");
    assert_eq!(ids(Some("b"), false, 2).await, "cd");
    assert_eq!(ids(Some("bb"), false, 10).await, "cde");
    assert_eq!(ids(None, true, 2).await, "ed");
    assert_eq!(ids(Some("d"), true, 10).await, "cba");
    assert_eq!(ids(Some("e"), false, 10).await, "");
    assert_eq!(ids(None, false, 0).await, "");
}

/// `DynamoDB` ends a page at 1 MB.
pub async fn a_listing_is_complete_beyond_the_vendors_page(table: &dyn Table) {
    let large = "x".repeat(300_000);
    for number in 0..5 {
        let write = table.put(&row("large", &number.to_string(), 1, json!({"text": large})), Expect::Absent).await;
        assert_eq!(write.unwrap(), Write::Landed);
    }
    let page = Page { after: None, newest_first: false, limit: 100 };
    assert_eq!(table.list("contract-large", &page).await.unwrap().len(), 5);
}
