//! Reading: filters and pages.

use std::collections::BTreeSet;

use super::{
    Answer, NAMESPACE, Rds,
    fault::{invalid, no_instance, no_snapshot},
    model::{Instance, Snapshot},
    xml,
};
use crate::{
    service::Reply,
    wire::query::{self, Params},
};

/// The name at the end of an ARN, or the name itself.
pub(super) fn name_of(identifier: &str) -> &str {
    identifier.rsplit_once(":db:").or_else(|| identifier.split_once(":snapshot:")).map_or(identifier, |(_, name)| name)
}

/// The request's `Filters`: names with their values, of which an ARN says the same as the name at its end.
fn filters(params: &Params) -> Vec<(String, BTreeSet<String>)> {
    let each = params.structures("Filters.Filter");
    each.iter()
        .map(|filter| {
            let values = filter.texts("Values.Value");
            (filter.get("Name").unwrap_or_default().to_owned(), values.iter().map(|value| name_of(value).to_lowercase()).collect())
        })
        .collect()
}

/// One page of `items`, which are in the order of their keys, and the marker of the next.
pub(super) fn page<T>(items: Vec<T>, params: &Params, key: impl Fn(&T) -> String) -> Result<(Vec<T>, Option<String>), Reply> {
    let size: usize = params.get("MaxRecords").map_or(Ok(100), str::parse).map_err(|_| invalid("Invalid value for MaxRecords"))?;
    // Source: the API's reference, "Constraints: Minimum 20, maximum 100."
    if !(20..=100).contains(&size) {
        return Err(invalid(&format!("Invalid value {size} for MaxRecords. Must be between 20 and 100")));
    }
    let after = match params.get("Marker").filter(|marker| !marker.is_empty()) {
        Some(marker) => {
            Some(hex::decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| invalid("Invalid marker"))?)
        }
        None => None,
    };
    let mut rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
    let found: Vec<T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let marker = found.last().filter(|_| more).map(|last| hex::encode(key(last)));
    Ok((found, marker))
}

fn instance_passes(one: &Instance, (name, values): &(String, BTreeSet<String>)) -> Result<bool, Reply> {
    Ok(match name.as_str() {
        "db-instance-id" => values.contains(&one.identifier),
        "dbi-resource-id" => values.contains(&one.resource.to_lowercase()),
        "engine" => values.contains("postgres"),
        "db-cluster-id" | "domain" => false,
        _ => return Err(invalid(&format!("Unrecognized filter name: {name}"))),
    })
}

fn snapshot_passes(one: &Snapshot, (name, values): &(String, BTreeSet<String>)) -> Result<bool, Reply> {
    Ok(match name.as_str() {
        "db-instance-id" => values.contains(&one.of.identifier),
        "db-snapshot-id" => values.contains(&one.identifier),
        "dbi-resource-id" => values.contains(&one.of.resource.to_lowercase()),
        "snapshot-type" => values.contains(if one.automated { "automated" } else { "manual" }),
        "engine" => values.contains("postgres"),
        _ => return Err(invalid(&format!("Unrecognized filter name: {name}"))),
    })
}

impl Rds {
    pub(super) fn describe_instances(&self, region: &str, params: &Params) -> Answer {
        let world = self.store.read();
        let wanted = params.get("DBInstanceIdentifier").filter(|name| !name.is_empty()).map(|name| name_of(name).to_lowercase());
        let filters = filters(params);
        let mut found = Vec::new();
        for one in world.instances.values().filter(|one| one.region == region) {
            let mut passes = wanted.as_ref().is_none_or(|wanted| *wanted == one.identifier);
            for filter in &filters {
                passes = passes && instance_passes(one, filter)?;
            }
            if passes {
                found.push(one);
            }
        }
        if let (Some(wanted), true) = (wanted, found.is_empty() && filters.is_empty()) {
            return Err(no_instance(&wanted));
        }
        found.sort_by(|one, other| one.identifier.cmp(&other.identifier));
        let (found, marker) = page(found, params, |one| one.identifier.clone())?;
        Ok(query::reply("DescribeDBInstances", NAMESPACE, |xml| {
            xml.optional("Marker", marker);
            xml.list("DBInstances", "DBInstance", found, |xml, one| xml::instance(xml, &world, one));
        }))
    }

    pub(super) fn describe_snapshots(&self, region: &str, params: &Params) -> Answer {
        let now = self.shared.clock.now();
        let world = self.store.read();
        let text = |name: &str| params.get(name).filter(|name| !name.is_empty());
        let wanted = text("DBSnapshotIdentifier").map(|name| name_of(name).to_lowercase());
        let of = text("DBInstanceIdentifier").map(|name| name_of(name).to_lowercase());
        let filters = filters(params);
        let mut found = Vec::new();
        let named = filters.iter().find(|(name, _)| name == "db-instance-id").map(|(_, values)| values);
        for one in world.snapshots_of(named).into_iter().filter(|one| one.region == region) {
            let mut passes = wanted.as_ref().is_none_or(|wanted| *wanted == one.identifier)
                && of.as_ref().is_none_or(|of| *of == one.of.identifier)
                && text("DbiResourceId").is_none_or(|resource| resource == one.of.resource)
                && text("SnapshotType").is_none_or(|kind| kind == if one.automated { "automated" } else { "manual" });
            for filter in &filters {
                passes = passes && snapshot_passes(one, filter)?;
            }
            if passes {
                found.push(one);
            }
        }
        if let (Some(wanted), true) = (wanted, found.is_empty()) {
            return Err(no_snapshot(&wanted));
        }
        found.sort_by(|one, other| one.identifier.cmp(&other.identifier));
        let (found, marker) = page(found, params, |one| one.identifier.clone())?;
        Ok(query::reply("DescribeDBSnapshots", NAMESPACE, |xml| {
            xml.optional("Marker", marker);
            xml.list("DBSnapshots", "DBSnapshot", found, |xml, one| xml::snapshot(xml, one, self.percent(one, now)));
        }))
    }

    pub(super) fn describe_automated_backups(&self, region: &str, params: &Params) -> Answer {
        let world = self.store.read();
        let of = params.get("DBInstanceIdentifier").filter(|name| !name.is_empty()).map(|name| name_of(name).to_lowercase());
        let resource = params.get("DbiResourceId").filter(|resource| !resource.is_empty());
        let living = world.instances.values().filter(|one| one.setup.retention > 0).map(|one| (one, "active"));
        let kept = world.retained.values().map(|one| (one, "retained"));
        let mut found: Vec<(&Instance, &str)> = living
            .chain(kept)
            .filter(|(one, _)| one.region == region)
            .filter(|(one, _)| {
                of.as_ref().is_none_or(|of| *of == one.identifier) && resource.is_none_or(|resource| resource == one.resource)
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| one.resource.cmp(&other.resource));
        let (found, marker) = page(found, params, |(one, _)| one.resource.clone())?;
        Ok(query::reply("DescribeDBInstanceAutomatedBackups", NAMESPACE, |xml| {
            xml.optional("Marker", marker);
            xml.list("DBInstanceAutomatedBackups", "DBInstanceAutomatedBackup", found, |xml, (one, status)| {
                let earliest = world.automated(&one.resource).iter().find_map(|snapshot| snapshot.finished);
                xml::automated_backup(xml, one, status, earliest.map(|earliest| earliest.at));
            });
        }))
    }

    /// How far a snapshot has come: by time, and complete only when it is.
    fn percent(&self, one: &Snapshot, now: jiff::Timestamp) -> i64 {
        if one.finished.is_some() {
            return 100;
        }
        let passed = now.duration_since(one.began).as_secs_f64();
        let expected = (self.options.pace.as_secs_f64() * 2.0).max(0.001);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to two digits")]
        let percent = (passed / expected * 100.0).clamp(0.0, 99.0) as i64;
        percent
    }
}
