//! Hosted zones in Route 53, and what name servers answer.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_route53::{
    Client,
    error::BuildError,
    types::{Change, ChangeAction, ChangeBatch, ChangeStatus as VendorStatus, ResourceRecord, ResourceRecordSet, RrType},
};
use aws_sdk_s3::primitives::ByteStream;
use mayday_core::{
    failure::CallError,
    policy::{OWNER_TAG, Permit},
    port::{ChangeStatus, Clock, Dns, RecordChange, RecordSet, SwitchPlace, Turned, one_by_one, sound},
};
use mayday_resolver::{LookupError, Resolver};
use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    blobs,
    classify::{Kind, classify},
    client::{Connection, Regional, Twin},
    databases::pages::Way,
    settings::Service,
};

/// Route 53 takes five requests a second of a whole account. Source: “Quotas” in its developer guide.
const BUDGET: usize = 5;
/// How long a request counts. Two regions' functions make five a second together, and a short conversation waits for nothing.
const COUNTS: Duration = Duration::from_secs(2);
/// The largest page of records.
const PAGE: i32 = 300;
/// A zone has 10,000 records unless AWS has raised that, and they are so many pages: up to as many names are asked for one by one.
const PAGES: usize = 34;

/// Route 53, which has no regions, the switches of its health checks, and the name servers that this function asks.
pub struct Route53Dns {
    clients: Twin<Client>,
    switches: Regional<aws_sdk_s3::Client>,
    resolver: Resolver,
    clock: Arc<dyn Clock>,
    /// When each of the last requests was made, and when it counts no more.
    budget: Mutex<VecDeque<Interval>>,
}

impl Route53Dns {
    /// Route 53 through this connection, look-ups through this resolver; by this clock permits run out.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, resolver: Resolver, clock: Arc<dyn Clock>) -> Self {
        let switches = Regional::new(connection, Service::S3, blobs::client);
        Self { clients: connection.twin(Service::Route53, Client::new), switches, resolver, clock, budget: Mutex::default() }
    }

    /// Waits until one more request to Route 53 is within the budget. What AWS throttles nevertheless is tried again with jitter, as
    /// all reads are.
    async fn within_budget(&self) {
        let mut budget = self.budget.lock().await;
        let oldest = if budget.len() < BUDGET { None } else { budget.pop_front() };
        let mut one = oldest.unwrap_or_else(|| {
            let mut one = interval(COUNTS);
            one.set_missed_tick_behavior(MissedTickBehavior::Delay);
            one
        });
        one.tick().await;
        budget.push_back(one);
    }

    /// All records of a kind in a zone, by name.
    async fn all(&self, zone: &str, kind: &str) -> Result<BTreeMap<String, Result<RecordSet, CallError>>, CallError> {
        let zone = self.zone_id(zone).await?;
        let list = self.clients.reads.list_resource_record_sets().hosted_zone_id(zone).max_items(PAGE);
        let (mut found, mut way, mut next) = (BTreeMap::new(), Way::default(), list.clone());
        loop {
            self.within_budget().await;
            let page = next.send().await.map_err(|error| classify(Kind::Read, error))?;
            let wanted = page.resource_record_sets.into_iter().filter(|set| set.r#type.as_str() == kind);
            found.extend(wanted.map(|set| (plain(&set.name), simple(set))));
            let marker = page.next_record_name.as_ref().filter(|_| page.is_truncated);
            let marker = marker.map(|name| format!("{name} {:?} {:?}", page.next_record_type, page.next_record_identifier));
            if !way.goes_on(marker)? {
                return Ok(found);
            }
            next = list.clone().set_start_record_name(page.next_record_name).set_start_record_type(page.next_record_type);
            next = next.set_start_record_identifier(page.next_record_identifier);
        }
    }

    /// The id of a zone that is given by id or by name, private ones too.
    async fn zone_id(&self, zone: &str) -> Result<String, CallError> {
        if let Some(id) = as_zone_id(zone) {
            return Ok(id.to_owned());
        }
        let wanted = plain(zone);
        self.within_budget().await;
        let found = self.clients.reads.list_hosted_zones_by_name().dns_name(&wanted).send().await;
        let found = found.map_err(|error| classify(Kind::Read, error))?;
        let mut ids =
            found.hosted_zones.iter().filter(|zone| plain(&zone.name) == wanted).map(|zone| zone.id.trim_start_matches("/hostedzone/"));
        match (ids.next(), ids.next()) {
            (Some(id), None) => Ok(id.to_owned()),
            (None, _) => Err(CallError::refused("NoSuchHostedZone", format!("there is no hosted zone {wanted}"))),
            // A public and a private one, or private ones of several networks: which is meant, only the plan can say.
            (Some(one), Some(other)) => Err(CallError::refused(
                "AmbiguousHostedZone",
                format!("{wanted} is the name of several hosted zones ({one}, {other}, …): name one by its id"),
            )),
        }
    }
}

#[async_trait]
impl Dns for Route53Dns {
    async fn record(&self, zone: &str, name: &str, kind: &str) -> Result<Option<RecordSet>, CallError> {
        let zone = self.zone_id(zone).await?;
        let list = self.clients.reads.list_resource_record_sets().hosted_zone_id(zone).start_record_name(name);
        let list = list.start_record_type(RrType::from(kind)).max_items(1);
        self.within_budget().await;
        let found = list.send().await.map_err(|error| classify(Kind::Read, error))?;
        // The list starts at the name and goes on to others behind it.
        let found =
            found.resource_record_sets.into_iter().next().filter(|set| plain(&set.name) == plain(name) && set.r#type.as_str() == kind);
        found.map(simple).transpose()
    }

    async fn records(&self, zone: &str, names: &[String], kind: &str) -> Vec<Result<Option<RecordSet>, CallError>> {
        if names.len() <= PAGES {
            return one_by_one(self, zone, names, kind).await;
        }
        match self.all(zone, kind).await {
            Ok(all) => names.iter().map(|name| all.get(&plain(name)).cloned().transpose()).collect(),
            Err(error) => names.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn change_batch(&self, permit: &Permit, zone: &str, changes: &[RecordChange]) -> Result<String, CallError> {
        sound(changes)?;
        let zone = self.zone_id(zone).await?;
        let batch = compare_and_set(permit, changes).map_err(|error| CallError::refused("InvalidRequest", error.to_string()))?;
        self.within_budget().await;
        // The zone was looked up and the budget waited for since whoever calls asked: a successor may have changed the names meanwhile.
        permit.check(self.clock.now())?;
        let change = self.clients.changes.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch);
        let made = change.send().await.map_err(|error| classify(Kind::Change, error))?;
        let info = made.change_info.ok_or_else(|| CallError::Unknown { why: "the answer names no change".to_owned() })?;
        Ok(info.id.trim_start_matches("/change/").to_owned())
    }

    async fn change(&self, id: &str) -> Result<ChangeStatus, CallError> {
        self.within_budget().await;
        let found = self.clients.reads.get_change().id(id).send().await.map_err(|error| classify(Kind::Read, error))?;
        match found.change_info.map(|info| info.status) {
            Some(VendorStatus::Insync) => Ok(ChangeStatus::InSync),
            _ => Ok(ChangeStatus::Pending),
        }
    }

    async fn switch(&self, place: &SwitchPlace) -> Result<Turned, CallError> {
        let read = self.switches.in_region(&place.region).reads.get_object().bucket(&place.bucket).key(&place.key);
        let found = match read.send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => return Ok(Turned::never()),
            Err(error) => return Err(classify(Kind::Read, error)),
        };
        let version = found.e_tag.clone().unwrap_or_default();
        let lost = |why: String| CallError::NotNow { code: "NoAnswer".to_owned(), why };
        let bytes = found.body.collect().await.map_err(|error| lost(error.to_string()))?;
        Ok(Turned { version, text: String::from_utf8_lossy(&bytes.to_vec()).trim().to_owned() })
    }

    async fn turn(&self, permit: &Permit, place: &SwitchPlace, before: &Turned, after: &str) -> Result<(), CallError> {
        tracing::info!(bucket = place.bucket, key = place.key, by = ?permit.authority(), "a switch is turned");
        let put = self.switches.in_region(&place.region).changes.put_object().bucket(&place.bucket).key(&place.key);
        let put = match *before == Turned::never() {
            true => put.if_none_match("*"),
            false => put.if_match(&before.version),
        };
        put.content_type("text/plain")
            .body(ByteStream::from(after.as_bytes().to_vec()))
            .send()
            .await
            .map(drop)
            .map_err(|error| classify(Kind::Change, error))
    }

    async fn lookup_cname(&self, name: &str) -> Result<Option<String>, CallError> {
        self.resolver.cname(name).await.map_err(unanswered)
    }

    async fn lookup_addresses(&self, name: &str) -> Result<Vec<String>, CallError> {
        let found = self.resolver.addresses(name).await.map_err(unanswered)?;
        Ok(found.into_iter().map(|address| address.to_string()).collect())
    }
}

fn unanswered(error: LookupError) -> CallError {
    match error {
        LookupError::BadName(_) => CallError::refused("BadName", error.to_string()),
        _ => CallError::NotNow { code: "NoAnswer".to_owned(), why: error.to_string() },
    }
}

/// One batch, which lands whole or not at all: an UPSERT would overwrite what somebody else has just set.
fn compare_and_set(permit: &Permit, changes: &[RecordChange]) -> Result<ChangeBatch, BuildError> {
    let run = permit.owner_tags().remove(OWNER_TAG).unwrap_or_default();
    let mut batch = ChangeBatch::builder().comment(format!("mayday {run}"));
    for RecordChange { before, after } in changes {
        batch = batch.changes(change(ChangeAction::Delete, before)?).changes(change(ChangeAction::Create, after)?);
    }
    batch.build()
}

fn change(action: ChangeAction, set: &RecordSet) -> Result<Change, BuildError> {
    let values = set.values.iter().map(|value| ResourceRecord::builder().value(value).build()).collect::<Result<Vec<_>, _>>()?;
    let record = ResourceRecordSet::builder().name(&set.name).r#type(RrType::from(set.kind.as_str())).ttl(set.ttl);
    Change::builder().action(action).resource_record_set(record.set_resource_records(Some(values)).build()?).build()
}

fn simple(set: ResourceRecordSet) -> Result<RecordSet, CallError> {
    let is_simple = set.set_identifier.is_none() && set.alias_target.is_none();
    match (set.ttl, set.resource_records) {
        (Some(ttl), Some(records)) if is_simple => Ok(RecordSet {
            name: plain(&set.name),
            kind: set.r#type.as_str().to_owned(),
            ttl,
            values: records.into_iter().map(|record| record.value).collect(),
        }),
        _ => Err(CallError::refused("NotASimpleRecord", format!("{} is an alias or has a routing policy", plain(&set.name)))),
    }
}

/// Ids are `Z` and capitals; a zone's name is compared in lower case and mostly has a dot.
fn as_zone_id(zone: &str) -> Option<&str> {
    let id = zone.strip_prefix("/hostedzone/").unwrap_or(zone);
    let looks_like_one = id.len() > 8 && id.starts_with('Z') && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    looks_like_one.then_some(id)
}

/// Lower case, no final dot, and an asterisk where Route 53 writes its octal code.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase().replace("\\052", "*")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tokio::time::Instant;

    use super::*;
    use crate::databases::paging::answering;

    /// Noon of a day, and from there on as the test's time goes.
    struct Noon(Instant);

    const NOON: Timestamp = Timestamp::constant(1_795_435_200, 0);

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            NOON + self.0.elapsed()
        }
    }

    fn route53(connection: &Arc<Connection>) -> Route53Dns {
        Route53Dns::new(connection, Resolver::from_list("127.0.0.1:53").unwrap(), Arc::new(Noon(Instant::now())))
    }

    #[test]
    fn zones_are_told_by_id_or_by_name() {
        assert_eq!(as_zone_id("/hostedzone/Z0123456789ABC"), Some("Z0123456789ABC"));
        assert_eq!(as_zone_id("Z0123456789ABC"), Some("Z0123456789ABC"));
        assert_eq!(as_zone_id("zebra.example"), None);
        assert_eq!(as_zone_id("ZOO"), None);
    }

    #[test]
    fn names_are_compared_without_dots_and_codes() {
        assert_eq!(plain("\\052.Example.COM."), "*.example.com");
    }

    fn page(names: std::ops::Range<usize>, next: Option<&str>) -> String {
        let one = |number: usize| {
            format!(
                "<ResourceRecordSet><Name>db-{number}.example.com.</Name><Type>CNAME</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
                 <Value>tenant-{number}.rds</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
            )
        };
        let all: String = names.map(one).collect();
        let next = next.map(|name| format!("<NextRecordName>{name}</NextRecordName><NextRecordType>CNAME</NextRecordType>"));
        format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{all}</ResourceRecordSets><IsTruncated>{}</IsTruncated>{}\
             <MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
            next.is_some(),
            next.unwrap_or_default()
        )
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("db-{number}.example.com")).collect()
    }

    #[tokio::test]
    async fn where_a_thousand_names_lead_is_told_by_the_pages_of_their_zone() {
        let (connection, http) = answering(vec![page(0..300, Some("db-300.example.com.")), page(300..600, None)]);
        let dns = route53(&connection);
        let found = dns.records("Z0123456789ABC", &names(1_000), "CNAME").await;
        let value = |number: usize| found[number].as_ref().unwrap().as_ref().map(|record| record.values[0].as_str());
        assert_eq!((value(0), value(599), value(600)), (Some("tenant-0.rds"), Some("tenant-599.rds"), None));
        let asked: Vec<String> = http.actual_requests().map(|request| request.uri().to_owned()).collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked[1].contains("name=db-300.example.com.") && asked[1].contains("type=CNAME"), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_five_requests_in_two_seconds_go_to_route_53() {
        let (connection, http) = answering((0..12).map(|number| page(number..number + 1, None)).collect());
        let dns = route53(&connection);
        let began = tokio::time::Instant::now();
        let mut asked = Vec::new();
        for name in names(12) {
            assert!(dns.record("Z0123456789ABC", &name, "CNAME").await.unwrap().is_some());
            asked.push(began.elapsed().as_secs());
        }
        assert_eq!(asked, [0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 4, 4]);
        assert_eq!(http.actual_requests().count(), 12);
    }

    #[tokio::test(start_paused = true)]
    async fn f4_a_batch_that_waited_for_the_budget_beyond_its_permit_is_not_sent() {
        let change = "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>\
                      <SubmittedAt>2026-11-23T12:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>";
        let looks = (0..5).map(|number| page(number..number + 1, None));
        let (connection, http) = answering(looks.chain([change.to_owned()]).collect());
        let dns = route53(&connection);
        for name in names(5) {
            dns.record("Z0123456789ABC", &name, "CNAME").await.unwrap();
        }
        let before = RecordSet { name: "db-0.example.com".to_owned(), kind: "CNAME".to_owned(), ttl: 60, values: vec!["here".to_owned()] };
        let changes = [RecordChange { after: RecordSet { values: vec!["there".to_owned()], ..before.clone() }, before }];
        let until = |seconds| Permit::for_test_until("r-1", NOON + Duration::from_secs(seconds));
        let late = dns.change_batch(&until(1), "Z0123456789ABC", &changes).await.unwrap_err();
        assert!(late.is_code("PermitOver"), "{late}");
        assert_eq!(http.actual_requests().count(), 5, "it was not sent");
        assert_eq!(dns.change_batch(&until(60), "Z0123456789ABC", &changes).await, Ok("C1".to_owned()));
    }
}
