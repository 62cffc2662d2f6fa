//! What callers send, and a batch of changes: all of it or nothing.

use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    NAMESPACE,
    record::{AliasTarget, RecordSet, absolute, in_order},
    refusal,
};
use crate::{
    service::{Call, Reply},
    wire::{rest, xml::Xml},
};

/// Reads a request's XML.
pub(super) fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    let text = String::from_utf8_lossy(&call.body);
    quick_xml::de::from_str(&text).map_err(|error| refusal(StatusCode::BAD_REQUEST, "InvalidInput", &format!("Invalid XML: {error}")))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateZone {
    pub(super) name: String,
    pub(super) caller_reference: String,
    #[serde(rename = "HostedZoneConfig")]
    pub(super) config: Option<ZoneConfig>,
    #[serde(rename = "VPC")]
    pub(super) vpc: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ZoneConfig {
    pub(super) comment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChangeRecords {
    #[serde(rename = "ChangeBatch")]
    pub(super) batch: Batch,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    pub(super) comment: Option<String>,
    changes: Changes,
}

#[derive(Debug, Deserialize)]
struct Changes {
    #[serde(rename = "Change", default)]
    change: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    action: String,
    resource_record_set: Set,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Set {
    name: String,
    r#type: String,
    set_identifier: Option<String>,
    weight: Option<u64>,
    region: Option<String>,
    failover: Option<String>,
    #[serde(rename = "TTL")]
    ttl: Option<u64>,
    resource_records: Option<Records>,
    alias_target: Option<Alias>,
    health_check_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Records {
    #[serde(rename = "ResourceRecord", default)]
    record: Vec<Record>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    hosted_zone_id: String,
    #[serde(rename = "DNSName")]
    name: String,
    #[serde(default)]
    evaluate_target_health: bool,
}

impl Batch {
    /// The actions with their record sets.
    pub(super) fn changes(self) -> Vec<(String, RecordSet)> {
        self.changes.change.into_iter().map(|change| (change.action, change.resource_record_set.into())).collect()
    }
}

impl From<Set> for RecordSet {
    fn from(set: Set) -> Self {
        Self {
            name: absolute(&set.name),
            kind: set.r#type.to_uppercase(),
            identifier: set.set_identifier,
            weight: set.weight,
            region: set.region,
            failover: set.failover,
            ttl: set.ttl,
            values: set.resource_records.map(|records| records.record.into_iter().map(|record| record.value).collect()).unwrap_or_default(),
            alias: set.alias_target.map(|alias| AliasTarget {
                zone: alias.hosted_zone_id,
                name: absolute(&alias.name),
                evaluate_health: alias.evaluate_target_health,
            }),
            health_check: set.health_check_id,
        }
    }
}

/// A zone's records after a batch, or why there is no such thing, in AWS's words.
pub(super) fn applied(zone: &str, records: &[RecordSet], changes: Vec<(String, RecordSet)>) -> Result<Vec<RecordSet>, Reply> {
    let mut after = records.to_vec();
    let mut messages = Vec::new();
    if changes.is_empty() {
        return Err(refusal(StatusCode::BAD_REQUEST, "InvalidInput", "A change batch has one change at least."));
    }
    for (action, set) in changes {
        if let Err(message) = apply(zone, &mut after, &action, set) {
            messages.push(message);
        }
    }
    if messages.is_empty() {
        in_order(&mut after);
        return Ok(after);
    }
    Err(invalid_batch(&messages))
}

fn apply(zone: &str, records: &mut Vec<RecordSet>, action: &str, set: RecordSet) -> Result<(), String> {
    let (name, kind, label) = (&set.name, &set.kind, set.label());
    if *name != zone && !name.ends_with(&format!(".{zone}")) {
        return Err(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    let place = records.iter().position(|one| one.same_place(&set));
    let known = place.and_then(|place| records.get(place));
    match (action, known) {
        ("DELETE", None) => return Err(format!("Tried to delete resource record set {label} but it was not found")),
        ("DELETE", Some(known)) if !known.matches(&set) => {
            return Err(format!("Tried to delete resource record set {label} but the values provided do not match the current values"));
        }
        ("CREATE", Some(_)) => return Err(format!("Tried to create resource record set {label} but it already exists")),
        ("DELETE" | "CREATE" | "UPSERT", _) => {}
        (other, _) => return Err(format!("Invalid action {other}: CREATE, DELETE or UPSERT")),
    }
    if let Some(place) = place {
        records.remove(place);
    }
    if action == "DELETE" {
        return Ok(());
    }
    if set.values.is_empty() == set.alias.is_none() {
        return Err(format!("Invalid request: give resource record set {label} either values with a TTL or an alias target"));
    }
    let conflict = records.iter().find(|one| one.name == *name && one.kind != *kind && (one.kind == "CNAME" || kind == "CNAME"));
    if conflict.is_some() {
        return Err(format!(
            "RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {zone}"
        ));
    }
    records.push(set);
    Ok(())
}

/// The messages stand in the error twice: as one text, which older clients read, and as the list of the API's model.
fn invalid_batch(messages: &[String]) -> Reply {
    let mut body = Xml::default();
    body.root("ErrorResponse", NAMESPACE, |xml| {
        xml.element("Error", |xml| {
            xml.text("Type", "Sender");
            xml.text("Code", "InvalidChangeBatch");
            xml.text("Message", format!("[{}]", messages.join(", ")));
            xml.element("Messages", |xml| messages.iter().for_each(|message| xml.text("Message", message)));
        });
        xml.text("RequestId", crate::wire::uuid());
    });
    rest::xml(StatusCode::BAD_REQUEST, body)
}
