//! Route 53: hosted zones, atomic batches of changes that take a while to arrive, and the answers that the DNS gives.

mod batch;
mod health;
mod record;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::record::{AliasTarget, RecordSet};
use self::record::{absolute, in_order};
use crate::{
    kept::Kept,
    seed::SeedZone,
    service::{Call, Reply, Service, Shared},
    wire::{self, rest, xml::Xml},
};

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
/// How long a change is on its way to the name servers, in the stack's time. AWS: "typically within 60 seconds".
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(2);
/// The TTL of an alias, which has none of its own.
const ALIAS_TTL: u64 = 60;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Zone {
    id: String,
    name: String,
    private: bool,
    comment: Option<String>,
    reference: String,
    /// As the API tells them.
    records: Vec<RecordSet>,
    /// As the name servers had them, each from its time on, oldest first.
    answers: Vec<(Timestamp, Vec<RecordSet>)>,
}

impl Zone {
    /// What the name servers answer at a time.
    fn at(&self, now: Timestamp) -> &[RecordSet] {
        self.answers.iter().rev().find(|(from, _)| *from <= now).map_or(&[], |(_, records)| records)
    }

    fn publish(&mut self, from: Timestamp, now: Timestamp) {
        // What was overtaken before now is never answered again.
        while self.answers.get(1).is_some_and(|(next, _)| *next <= now) {
            self.answers.remove(0);
        }
        self.answers.push((from, self.records.clone()));
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    id: String,
    submitted: Timestamp,
    comment: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    zones: Vec<Zone>,
    changes: Vec<Change>,
}

/// The service.
#[derive(Debug)]
pub struct Route53 {
    shared: Arc<Shared>,
    state: Kept<State>,
    /// Health checks that fail. One that nobody spoke of is healthy, as a new one is.
    unhealthy: Mutex<BTreeMap<String, bool>>,
}

type Answer = Result<Reply, Reply>;

impl Route53 {
    /// Opens the service over what is in the data directory.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn open(shared: Arc<Shared>) -> anyhow::Result<Arc<Self>> {
        let state = Kept::open(shared.data.join("route53").join("zones.json"))?;
        Ok(Arc::new(Self { shared, state, unhealthy: Mutex::default() }))
    }

    /// Makes a zone with its records, unless there is one of that name. Returns the zone's id.
    pub fn seed(&self, seed: &SeedZone) -> String {
        let name = absolute(&seed.name);
        let now = self.shared.clock.now();
        self.state.change(|state| {
            if let Some(known) = state.zones.iter().find(|zone| zone.name == name && zone.private == seed.private) {
                return known.id.clone();
            }
            let mut zone = new_zone(&name, seed.private, None, "seed");
            for (record, kind, ttl, value) in &seed.records {
                zone.records.push(RecordSet::simple(record, kind, *ttl, value));
            }
            zone.records.extend(seed.failovers.iter().flat_map(RecordSet::failover_pair));
            in_order(&mut zone.records);
            zone.publish(now, now);
            let id = zone.id.clone();
            state.zones.push(zone);
            id
        })
    }

    /// Says what a health check found. Failover records follow.
    pub fn set_health(&self, check: &str, healthy: bool) {
        self.unhealthy.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(check.to_owned(), !healthy);
    }

    /// The zones with their records, as the API tells them: for the console.
    #[must_use]
    pub fn zones(&self) -> Vec<(String, Vec<RecordSet>)> {
        self.state.read().zones.iter().map(|zone| (zone.name.clone(), zone.records.clone())).collect()
    }

    /// The zones' ids with their names.
    #[must_use]
    pub fn ids(&self) -> Vec<(String, String)> {
        self.state.read().zones.iter().map(|zone| (zone.id.clone(), zone.name.clone())).collect()
    }

    /// What the name servers answer for a name and type now: TTL in seconds and value. `None` when no zone has the name.
    #[must_use]
    pub fn resolve(&self, name: &str, kind: &str) -> Option<Vec<(u64, String)>> {
        let name = absolute(name);
        let now = self.shared.clock.now();
        let state = self.state.read();
        let zones = state.zones.iter().filter(|zone| name == zone.name || name.ends_with(&format!(".{}", zone.name)));
        let zone = zones.max_by_key(|zone| zone.name.len())?;
        let here: Vec<&RecordSet> = zone.at(now).iter().filter(|set| set.name == name).collect();
        if here.is_empty() {
            return None;
        }
        let of_kind: Vec<&RecordSet> = here.into_iter().filter(|set| set.kind == kind).collect();
        let Some(chosen) = self.choose(&of_kind) else { return Some(Vec::new()) };
        let (alias, ttl, values) = (chosen.alias.clone(), chosen.ttl.unwrap_or(ALIAS_TTL), chosen.values.clone());
        drop(state);
        match alias {
            Some(target) => self.resolve(&target.name, kind),
            None => Some(values.into_iter().map(|value| (ttl, value)).collect()),
        }
    }

    /// Among record sets of one name and type: the primary while it is healthy, the heaviest, the only one.
    fn choose<'a>(&self, sets: &[&'a RecordSet]) -> Option<&'a RecordSet> {
        let unhealthy = self.unhealthy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let healthy = |set: &RecordSet| set.health_check.as_ref().is_none_or(|check| !unhealthy.get(check).copied().unwrap_or(false));
        let rank = |set: &&&RecordSet| (healthy(set), set.failover.as_deref() == Some("PRIMARY"), set.weight.unwrap_or(0));
        sets.iter().max_by_key(rank).copied()
    }

    fn answer(&self, call: &Call) -> Answer {
        let segments = path(call);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.operation.as_str(), segments.as_slice()) {
            ("ListHostedZones", _) => Ok(self.list_zones(call)),
            ("ListHostedZonesByName", _) => Ok(self.list_zones_by_name(call)),
            ("CreateHostedZone", _) => self.create_zone(call),
            ("GetHostedZone", [_, _, id]) => self.get_zone(id),
            ("ListResourceRecordSets", [_, _, id, _]) => self.list_records(id, call),
            ("ChangeResourceRecordSets", [_, _, id, _]) => self.change_records(id, call),
            ("GetChange", [_, _, id]) => self.get_change(id),
            _ => Err(refusal(StatusCode::NOT_FOUND, "UnknownOperationException", "the local stack has no such operation")),
        }
    }

    fn list_zones(&self, call: &Call) -> Reply {
        let query = rest::query(call);
        let size = query.get("maxitems").and_then(|size| size.parse().ok()).unwrap_or(100).clamp(1, 100);
        let state = self.state.read();
        let skip = query.get("marker").and_then(|marker| state.zones.iter().position(|zone| zone.id == *marker)).unwrap_or(0);
        let page: Vec<&Zone> = state.zones.iter().skip(skip).take(size).collect();
        let next = state.zones.get(skip + size);
        respond(StatusCode::OK, "ListHostedZonesResponse", |xml| {
            xml.list("HostedZones", "HostedZone", page, zone_xml);
            xml.text("Marker", query.get("marker").map_or("", String::as_str));
            xml.text("IsTruncated", next.is_some());
            xml.optional("NextMarker", next.map(|zone| &zone.id));
            xml.text("MaxItems", size);
        })
    }

    fn list_zones_by_name(&self, call: &Call) -> Reply {
        let query = rest::query(call);
        let size: usize = query.get("maxitems").and_then(|size| size.parse().ok()).unwrap_or(100).clamp(1, 100);
        let from = query.get("dnsname").map(|name| record::order(&absolute(name)));
        let from_id = query.get("hostedzoneid").map(|id| bare(id).to_owned()).unwrap_or_default();
        let state = self.state.read();
        let mut zones: Vec<&Zone> = state.zones.iter().collect();
        zones.sort_by_key(|zone| (record::order(&zone.name), zone.id.clone()));
        zones.retain(|zone| from.as_ref().is_none_or(|from| (record::order(&zone.name), &zone.id) >= (from.clone(), &from_id)));
        let next = zones.get(size).copied();
        zones.truncate(size);
        respond(StatusCode::OK, "ListHostedZonesByNameResponse", |xml| {
            xml.list("HostedZones", "HostedZone", zones, zone_xml);
            xml.optional("DNSName", query.get("dnsname"));
            xml.text("IsTruncated", next.is_some());
            xml.optional("NextDNSName", next.map(|zone| &zone.name));
            xml.optional("NextHostedZoneId", next.map(|zone| &zone.id));
            xml.text("MaxItems", size);
        })
    }

    fn create_zone(&self, call: &Call) -> Answer {
        let request: batch::CreateZone = batch::read(call)?;
        let now = self.shared.clock.now();
        let private = request.vpc.is_some();
        let comment = request.config.and_then(|config| config.comment);
        let mut zone = new_zone(&absolute(&request.name), private, comment, &request.caller_reference);
        zone.publish(now, now);
        let change = Change { id: id_of('C'), submitted: now, comment: None };
        let known = self.state.change(|state| {
            let known = state.zones.iter().any(|one| one.reference == zone.reference);
            if !known {
                state.zones.push(zone.clone());
                state.changes.push(change.clone());
            }
            known
        });
        if known {
            return Err(refusal(
                StatusCode::CONFLICT,
                "HostedZoneAlreadyExists",
                "A hosted zone has already been created with the specified caller reference.",
            ));
        }
        let reply = respond(StatusCode::CREATED, "CreateHostedZoneResponse", |xml| {
            xml.element("HostedZone", |xml| zone_xml(xml, &zone));
            self.change_xml(xml, &change);
            surroundings(xml, &zone);
        });
        Ok(wire::with_header(reply, "location", &format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", zone.id)))
    }

    fn get_zone(&self, id: &str) -> Answer {
        let state = self.state.read();
        let zone = state.zones.iter().find(|zone| zone.id == id).ok_or_else(|| no_zone(id))?;
        Ok(respond(StatusCode::OK, "GetHostedZoneResponse", |xml| {
            xml.element("HostedZone", |xml| zone_xml(xml, zone));
            surroundings(xml, zone);
        }))
    }

    fn list_records(&self, id: &str, call: &Call) -> Answer {
        let query = rest::query(call);
        let size: usize = query.get("maxitems").and_then(|size| size.parse().ok()).unwrap_or(300).clamp(1, 300);
        let text = |name: &str| query.get(name).cloned().unwrap_or_default();
        let from = query.get("name").map(|name| (record::order(&absolute(name)), text("type"), text("identifier")));
        let state = self.state.read();
        let zone = state.zones.iter().find(|zone| zone.id == id).ok_or_else(|| no_zone(id))?;
        let key = |set: &RecordSet| (record::order(&set.name), set.kind.clone(), set.identifier.clone().unwrap_or_default());
        let mut sets: Vec<&RecordSet> = zone.records.iter().filter(|set| from.as_ref().is_none_or(|from| key(set) >= *from)).collect();
        let next = sets.get(size).copied();
        sets.truncate(size);
        Ok(respond(StatusCode::OK, "ListResourceRecordSetsResponse", |xml| {
            xml.list("ResourceRecordSets", "ResourceRecordSet", sets, |xml, set| set.write(xml));
            xml.text("IsTruncated", next.is_some());
            if let Some(next) = next {
                xml.text("NextRecordName", &next.name);
                xml.text("NextRecordType", &next.kind);
                xml.optional("NextRecordIdentifier", next.identifier.as_ref());
            }
            xml.text("MaxItems", size);
        }))
    }

    fn change_records(&self, id: &str, call: &Call) -> Answer {
        let request: batch::ChangeRecords = batch::read(call)?;
        let now = self.shared.clock.now();
        let change = Change { id: id_of('C'), submitted: now, comment: request.batch.comment.clone() };
        let changes = request.batch.changes();
        self.state.change(|state| {
            let zone = state.zones.iter_mut().find(|zone| zone.id == id).ok_or_else(|| no_zone(id))?;
            zone.records = batch::applied(&zone.name, &zone.records, changes)?;
            zone.publish(now + ON_ITS_WAY, now);
            state.changes.push(change.clone());
            Ok::<(), Reply>(())
        })?;
        Ok(respond(StatusCode::OK, "ChangeResourceRecordSetsResponse", |xml| self.change_xml(xml, &change)))
    }

    fn get_change(&self, id: &str) -> Answer {
        let state = self.state.read();
        let missing = || refusal(StatusCode::NOT_FOUND, "NoSuchChange", &format!("Could not find resource with ID: {id}"));
        let change = state.changes.iter().find(|change| change.id == id).ok_or_else(missing)?;
        Ok(respond(StatusCode::OK, "GetChangeResponse", |xml| self.change_xml(xml, change)))
    }

    fn change_xml(&self, xml: &mut Xml, change: &Change) {
        let arrived = self.shared.clock.now() >= change.submitted + ON_ITS_WAY;
        xml.element("ChangeInfo", |xml| {
            xml.text("Id", format!("/change/{}", change.id));
            xml.text("Status", if arrived { "INSYNC" } else { "PENDING" });
            xml.text("SubmittedAt", change.submitted.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"));
            xml.optional("Comment", change.comment.as_ref());
        });
    }
}

/// The path without its empty last segment: the API's own has a slash at the end of `rrset/`.
fn path(call: &Call) -> Vec<String> {
    let mut segments = rest::segments(call);
    segments.retain(|segment| !segment.is_empty());
    segments
}

/// `/hostedzone/Z1` → `Z1`.
fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn id_of(first: char) -> String {
    format!("{first}{}", ulid::Ulid::generate())
}

fn new_zone(name: &str, private: bool, comment: Option<String>, reference: &str) -> Zone {
    let reference = if reference == "seed" { format!("seed-{name}-{private}") } else { reference.to_owned() };
    let records = vec![
        RecordSet::simple(name, "NS", 172_800, "ns-1.local."),
        RecordSet::simple(name, "SOA", 900, "ns-1.local. hostmaster.local. 1 7200 900 1209600 86400"),
    ];
    Zone { id: id_of('Z'), name: name.to_owned(), private, comment, reference, records, answers: Vec::new() }
}

fn zone_xml(xml: &mut Xml, zone: &Zone) {
    xml.text("Id", format!("/hostedzone/{}", zone.id));
    xml.text("Name", &zone.name);
    xml.text("CallerReference", &zone.reference);
    xml.element("Config", |xml| {
        xml.optional("Comment", zone.comment.as_ref());
        xml.text("PrivateZone", zone.private);
    });
    xml.text("ResourceRecordSetCount", zone.records.len());
}

/// Name servers of a public zone, VPCs of a private one.
fn surroundings(xml: &mut Xml, zone: &Zone) {
    if zone.private {
        xml.list("VPCs", "VPC", ["vpc-local"], |xml, vpc| {
            xml.text("VPCRegion", "eu-west-1");
            xml.text("VPCId", vpc);
        });
    } else {
        xml.element("DelegationSet", |xml| xml.element("NameServers", |xml| xml.text("NameServer", "ns-1.local")));
    }
}

fn respond(status: StatusCode, root: &str, write: impl FnOnce(&mut Xml)) -> Reply {
    let mut xml = Xml::default();
    xml.root(root, NAMESPACE, write);
    rest::xml(status, xml)
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Reply {
    rest::xml_error(status, NAMESPACE, code, message)
}

fn no_zone(id: &str) -> Reply {
    refusal(StatusCode::NOT_FOUND, "NoSuchHostedZone", &format!("No hosted zone found with ID: {id}"))
}

#[async_trait]
impl Service for Route53 {
    fn name(&self) -> &'static str {
        "route53"
    }

    fn operation(&self, call: &Call) -> String {
        let segments = path(call);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let operation = match (&call.method, segments.as_slice()) {
            (&Method::GET, [_, "hostedzone"]) => "ListHostedZones",
            (&Method::GET, [_, "hostedzonesbyname"]) => "ListHostedZonesByName",
            (&Method::POST, [_, "hostedzone"]) => "CreateHostedZone",
            (&Method::GET, [_, "hostedzone", _]) => "GetHostedZone",
            (&Method::GET, [_, "hostedzone", _, "rrset"]) => "ListResourceRecordSets",
            (&Method::POST, [_, "hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
            (&Method::GET, [_, "change", _]) => "GetChange",
            _ => "",
        };
        operation.to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        self.answer(call).unwrap_or_else(|refusal| refusal)
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        refusal(status, code, message)
    }
}
