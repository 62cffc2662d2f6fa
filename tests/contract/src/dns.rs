//! [`Dns`].

use jiff::SignedDuration;
use mayday_core::{
    policy::Permit,
    port::{ChangeStatus, Dns, RecordChange, RecordSet},
};

use crate::{Time, assert_refused};

/// What is there: a private zone `db.contract.internal` whose `orders` is a CNAME with 60 s, to `old.example.com`, and whose
/// `api` is an A with 60 s, of 192.0.2.1.
#[derive(Debug, Clone)]
pub struct Zone<'a> {
    /// The zone's id.
    pub id: &'a str,
}

const NAME: &str = "db.contract.internal";

/// All promises, in the order in which they leave the record as the next one wants it.
pub async fn everything(dns: &dyn Dns, time: &dyn Time, zone: &Zone<'_>) {
    a_record_is_found_by_the_zones_name_and_id(dns, zone).await;
    what_is_not_there_is_none_and_a_zone_must_be(dns).await;
    a_record_that_somebody_moved_is_not_replaced(dns).await;
    a_change_is_known_everywhere_after_a_while(dns, time).await;
    a_batch_lands_whole_or_not_at_all(dns, time).await;
    no_batch_leaves_a_name_without_an_answer(dns).await;
}

fn record(ttl: i64, value: &str) -> RecordSet {
    RecordSet { name: format!("orders.{NAME}"), kind: "CNAME".to_owned(), ttl, values: vec![value.to_owned()] }
}

/// With capitals and final dots, too.
pub async fn a_record_is_found_by_the_zones_name_and_id(dns: &dyn Dns, zone: &Zone<'_>) {
    let expected = Some(record(60, "old.example.com"));
    assert_eq!(dns.record(NAME, &format!("orders.{NAME}"), "CNAME").await.unwrap(), expected);
    assert_eq!(dns.record(zone.id, &format!("Orders.{NAME}."), "CNAME").await.unwrap(), expected);
}

/// Another name's record, or another type's, is not the one that was asked for.
pub async fn what_is_not_there_is_none_and_a_zone_must_be(dns: &dyn Dns) {
    assert_eq!(dns.record(NAME, &format!("aaa.{NAME}"), "CNAME").await.unwrap(), None);
    assert_eq!(dns.record(NAME, &format!("orders.{NAME}"), "A").await.unwrap(), None);
    assert_refused(dns.record("nowhere.example", "orders.nowhere.example", "CNAME").await, "NoSuchHostedZone");
    assert_eq!(dns.lookup_cname(&format!("aaa.{NAME}")).await.unwrap(), None);
}

/// The batch lands whole or not at all: value and TTL must be as they were seen.
pub async fn a_record_that_somebody_moved_is_not_replaced(dns: &dyn Dns) {
    let permit = Permit::for_test("r-contract");
    let (old, new) = (record(60, "old.example.com"), record(60, "new.example.com"));
    assert_refused(dns.replace(&permit, NAME, &record(60, "elsewhere.example.com"), &new).await, "InvalidChangeBatch");
    assert_refused(dns.replace(&permit, NAME, &record(61, "old.example.com"), &new).await, "InvalidChangeBatch");
    assert_eq!(dns.record(NAME, &old.name, "CNAME").await.unwrap(), Some(old));
}

/// Records change at once, name servers later.
pub async fn a_change_is_known_everywhere_after_a_while(dns: &dyn Dns, time: &dyn Time) {
    let permit = Permit::for_test("r-contract");
    let (old, new) = (record(60, "old.example.com"), record(30, "new.example.com"));
    let change = dns.replace(&permit, NAME, &old, &new).await.unwrap();
    assert_eq!(dns.change(&change).await.unwrap(), ChangeStatus::Pending);
    assert_eq!(dns.record(NAME, &old.name, "CNAME").await.unwrap(), Some(new.clone()));
    time.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(dns.change(&change).await.unwrap(), ChangeStatus::InSync);
    assert_eq!(dns.lookup_cname(&old.name).await.unwrap().as_deref(), Some("new.example.com"));
    // Made a second time, it finds the record moved, by itself.
    assert_refused(dns.replace(&permit, NAME, &old, &new).await, "InvalidChangeBatch");
}

fn api(value: &str) -> RecordSet {
    RecordSet { name: format!("api.{NAME}"), kind: "A".to_owned(), ttl: 60, values: vec![value.to_owned()] }
}

fn moved(before: RecordSet, after: RecordSet) -> RecordChange {
    RecordChange { before, after }
}

/// One record that is not as it was keeps all of them where they are; together they move, and the addresses are answered.
pub async fn a_batch_lands_whole_or_not_at_all(dns: &dyn Dns, time: &dyn Time) {
    let permit = Permit::for_test("r-contract");
    let orders = || moved(record(30, "new.example.com"), record(30, "newest.example.com"));
    let half = [orders(), moved(api("192.0.2.99"), api("192.0.2.2"))];
    assert_refused(dns.change_batch(&permit, NAME, &half).await, "InvalidChangeBatch");
    assert_eq!(dns.record(NAME, &record(30, "").name, "CNAME").await.unwrap(), Some(record(30, "new.example.com")));

    let change = dns.change_batch(&permit, NAME, &[orders(), moved(api("192.0.2.1"), api("192.0.2.2"))]).await.unwrap();
    assert_eq!(dns.record(NAME, &api("").name, "A").await.unwrap(), Some(api("192.0.2.2")));
    time.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(dns.change(&change).await.unwrap(), ChangeStatus::InSync);
    assert_eq!(dns.lookup_addresses(&api("").name).await.unwrap(), ["192.0.2.2"]);
    assert_eq!(dns.lookup_cname(&record(30, "").name).await.unwrap().as_deref(), Some("newest.example.com"));
}

/// Refused before anything is sent.
pub async fn no_batch_leaves_a_name_without_an_answer(dns: &dyn Dns) {
    let permit = Permit::for_test("r-contract");
    let empty = RecordSet { values: Vec::new(), ..api("") };
    assert_refused(dns.change_batch(&permit, NAME, &[moved(api("192.0.2.2"), empty)]).await, "UnsoundBatch");
    assert_refused(dns.change_batch(&permit, NAME, &[]).await, "UnsoundBatch");
    assert_eq!(dns.record(NAME, &api("").name, "A").await.unwrap(), Some(api("192.0.2.2")));
}
