//! Services, apps, probes, and where services can go.

use std::collections::BTreeSet;

use super::{around, databases, known, unknown, words};
use crate::plan::{Failover, Findings, Path, Plan, Probe, ProbeKind, Record, Service, order};

pub(super) fn check(found: &mut Findings, plan: &Plan) {
    for (name, app) in &plan.apps {
        let at = Path::of(&["apps", name]);
        named(found, &at, name);
        databases::region(found, &at.then("region"), &app.region);
    }
    for (name, service) in &plan.services {
        let at = Path::of(&["services", name]);
        named(found, &at, name);
        parts(found, plan, &at, service);
        probes(found, plan, &at.then("probes"), &service.probes);
        if let Some(failover) = &service.failover {
            sites(found, plan, &at.then("failover"), service, failover);
        }
    }
    cycles(found, plan);
}

fn named(found: &mut Findings, at: &Path, name: &str) {
    if !words::is_name(name) {
        found.error(at, format!("{at}: a name is 1 to 40 lower-case letters, digits and dashes"));
    }
}

fn parts(found: &mut Findings, plan: &Plan, at: &Path, service: &Service) {
    if let Some(tier) = &service.tier {
        known(found, &at.then("tier"), "tier", tier, &plan.tiers);
    }
    for (index, name) in service.databases.iter().enumerate() {
        let at = at.then("databases").then(index);
        known(found, &at, "database", name, &plan.databases);
        if let Some(database) = plan.databases.get(name).filter(|database| database.environment != service.environment) {
            found.error(&at, format!("{at}: {name} is in {}, the service in {}", database.environment, service.environment));
        }
    }
    for (index, name) in service.apps.iter().enumerate() {
        let at = at.then("apps").then(index);
        known(found, &at, "app", name, &plan.apps);
        if let Some(app) = plan.apps.get(name).filter(|app| app.environment != service.environment) {
            found.error(&at, format!("{at}: {name} is in {}, the service in {}", app.environment, service.environment));
        }
    }
    for (index, name) in service.depends_on.iter().enumerate() {
        known(found, &at.then("depends_on").then(index), "service", name, &plan.services);
    }
    let aim = service.tier.as_ref().and_then(|tier| plan.tiers.get(tier)).and_then(|tier| tier.objectives.rto);
    for (index, name) in service.databases.iter().enumerate() {
        if let (Some(aim), Some(database)) = (aim, plan.databases.get(name))
            && database.objectives.rto > aim
        {
            let sentence = format!("{at} must be back within {aim}, but its database {name} only within {}", database.objectives.rto);
            found.warn(&at.then("databases").then(index), sentence).instead("Make the database's rto as short, or the tier's longer");
        }
    }
}

fn probes(found: &mut Findings, plan: &Plan, at: &Path, probes: &[Probe]) {
    let mut names = BTreeSet::new();
    for (index, probe) in probes.iter().enumerate() {
        let at = at.then(index);
        if !names.insert(&probe.name) {
            found.error(&at.then("name"), format!("{at}: two probes are called “{}”", probe.name));
        }
        if probe.in_a_row == 0 {
            found.error(&at.then("in_a_row"), format!("{at}.in_a_row is 0: no answer would ever count"));
        }
        if probe.every.0.is_zero() || probe.within.0.is_zero() {
            found.error(&at, format!("{at}: every and within are longer than 0s"));
        }
        match &probe.how {
            ProbeKind::Http { url, status, .. } => {
                let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
                let host = host.and_then(|rest| rest.split(['/', '?', '#']).next()).map(|host| host.split(':').next().unwrap_or(host));
                if !host.is_some_and(words::is_host) {
                    found
                        .error(&at.then("http").then("url"), format!("{at}.http.url “{url}” is no address of the web"))
                        .instead("Write https://…");
                }
                if !(100..600).contains(status) {
                    found.error(&at.then("http").then("status"), format!("{at}.http.status {status} is no status of HTTP"));
                }
            }
            ProbeKind::Tcp { address } => {
                let fits = address
                    .rsplit_once(':')
                    .is_some_and(|(host, port)| words::is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0));
                if !fits {
                    found.error(&at.then("tcp").then("address"), format!("{at}.tcp.address “{address}” is no host:port"));
                }
            }
            ProbeKind::Postgres { database } => known(found, &at.then("postgres").then("database"), "database", database, &plan.databases),
            ProbeKind::Dns { name, kind, .. } => {
                if !words::is_host(name) {
                    found.error(&at.then("dns").then("name"), format!("{at}.dns.name “{name}” is no name"));
                }
                record_type(found, &at.then("dns").then("kind"), kind);
            }
        }
    }
}

fn record_type(found: &mut Findings, at: &Path, kind: &str) {
    if !matches!(kind, "A" | "CNAME") {
        found.error(at, format!("{at} “{kind}” is not known")).instead("Write A or CNAME");
    }
}

fn sites(found: &mut Findings, plan: &Plan, at: &Path, service: &Service, failover: &Failover) {
    for (side, site) in [("primary", &failover.primary), ("secondary", &failover.secondary)] {
        databases::region(found, &at.then(side).then("region"), &site.region);
        probes(found, plan, &at.then(side).then("probes"), &site.probes);
    }
    if failover.primary.region == failover.secondary.region {
        found
            .error(
                &at.then("secondary").then("region"),
                format!("{at}: the secondary is in the primary's region, {}", failover.primary.region),
            )
            .instead("What is lost with a region must be elsewhere");
    }
    if failover.records.is_empty() {
        found.error(&at.then("records"), format!("{at}.records is empty: nothing would lead people to the other site"));
    }
    for (index, entry) in failover.records.iter().enumerate() {
        record(found, &at.then("records").then(index), entry);
    }
    if let Some(switch) = &failover.switch
        && !words::is_bucket(&switch.bucket)
    {
        let at = at.then("switch").then("bucket");
        found
            .error(&at, format!("{at} “{}” is no name of a bucket", switch.bucket))
            .instead("3 to 63 lower-case letters, digits and dashes");
    }
    let own: BTreeSet<&String> = service.databases.iter().collect();
    for name in failover.standbys.keys().filter(|name| !own.contains(name)) {
        unknown(found, &at.then("standbys").then(name), "database of this service", name, service.databases.iter());
    }
    for (index, name) in service.databases.iter().enumerate().filter(|(_, name)| !failover.standbys.contains_key(*name)) {
        let way_out = format!("Name its replica under failover.standbys.{name}");
        let path = Path(at.0.iter().take(2).cloned().collect()).then("databases").then(index);
        found.warn(&path, format!("{at} has no standby of {name}: the other site would have no data of it")).instead(way_out);
    }
}

fn record(found: &mut Findings, at: &Path, record: &Record) {
    record_type(found, &at.then("kind"), &record.kind);
    if !databases::within(&record.name, &record.zone) {
        found.error(&at.then("name"), format!("{at}: {} is not in the zone {}", record.name, record.zone));
    }
    for (side, values) in [("primary", &record.primary), ("secondary", &record.secondary)] {
        let at = at.then(side);
        if values.is_empty() || values.iter().any(|value| value.trim().is_empty()) {
            found.error(&at, format!("{at} is empty: a name without an answer is an outage")).instead("Write what the name leads to");
        } else if record.kind == "CNAME" && values.len() != 1 {
            found.error(&at, format!("{at} has {} values; a CNAME has one", values.len()));
        }
        for (index, value) in values.iter().enumerate() {
            let fits = if record.kind == "A" { value.parse::<std::net::Ipv4Addr>().is_ok() } else { words::is_host(value) };
            if !fits && !value.trim().is_empty() {
                found.error(&at.then(index), format!("{at} “{value}” is no value of a record of the type {}", record.kind));
            }
        }
    }
    if record.primary == record.secondary && !record.primary.is_empty() {
        found.error(&at.then("secondary"), format!("{at}: primary and secondary are the same, so nothing would move"));
    }
}

/// Names a circle of services that wait for each other.
fn cycles(found: &mut Findings, plan: &Plan) {
    let needs = plan.services.iter().map(|(name, service)| (name.as_str(), service.depends_on.iter().map(String::as_str).collect()));
    let Err(circle) = order::waves(&needs.collect()) else { return };
    let first = circle.first().copied().unwrap_or_default();
    found
        .error(&Path::of(&["services", first, "depends_on"]), format!("services depend on each other in a circle: {}", around(&circle)))
        .instead("Take one of these dependencies out: nothing could be recovered first");
}
