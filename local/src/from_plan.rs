//! The first world of a stack, from a plan: its people and channel in Slack, its databases in RDS, its zones in Route 53, the
//! sites that its probes ask.

use std::collections::BTreeSet;

use mayday_core::plan::{Failover, Plan, PlanError, ProbeKind, Service, Traffic, load};
use reqwest::Url;

use crate::seed::{Seed, SeedChannel, SeedDatabase, SeedFailover, SeedPage, SeedPerson, SeedSite, SeedStandby, SeedSwitch, SeedZone};

/// How many rows a seeded database has: enough that bringing them back is work.
pub const ROWS: u64 = 100_000;

/// Reads a plan file and makes the world that it speaks of.
///
/// # Errors
/// When the plan can't be loaded.
pub fn seed(plan_yaml: &str, rows: u64) -> Result<Seed, PlanError> {
    let plan = load(plan_yaml)?;
    let people = plan.people.iter().map(|(name, person)| SeedPerson {
        id: person.slack.clone(),
        name: name.clone(),
        real_name: person.name.clone().or_else(|| person.title.clone()).unwrap_or_else(|| capitalized(name)),
        roles: person.roles.clone(),
    });
    let channels = [(plan.slack.channel.as_str(), "recovery"), ("C0GENERAL0", "general")];
    Ok(Seed {
        team_id: plan.slack.organization.clone(),
        app_id: "A0MAYDAY01".to_owned(),
        bot_user_id: "U0MAYDAY01".to_owned(),
        people: people.collect(),
        channels: channels.map(|(id, name)| SeedChannel { id: id.to_owned(), name: name.to_owned() }).to_vec(),
        databases: plan
            .databases
            .iter()
            .map(|(name, database)| SeedDatabase {
                instance: instance(name, &database.environment),
                region: database.region.clone(),
                secret: database.secret.clone(),
                database: database.database.clone(),
                rows,
            })
            .collect(),
        standbys: standbys(&plan),
        regions: regions(&plan),
        bot_regions: Vec::new(),
        plan_yaml: plan_yaml.to_owned(),
        zones: zones(&plan),
        switches: switches(&plan),
        sites: sites(&plan),
    })
}

/// What a seeded database's instance is called.
#[must_use]
pub fn instance(database: &str, environment: &str) -> String {
    format!("{database}-{environment}")
}

/// The regions of databases, then those that services can go to: home is the first.
fn regions(plan: &Plan) -> Vec<String> {
    let homes: BTreeSet<&String> = plan.databases.values().map(|database| &database.region).collect();
    let away: BTreeSet<&String> = failovers(plan).map(|(_, failover)| &failover.secondary.region).collect();
    let mut regions: Vec<String> = homes.iter().copied().cloned().collect();
    regions.extend(away.difference(&homes).copied().cloned());
    if regions.is_empty() { vec!["eu-west-1".to_owned()] } else { regions }
}

fn failovers(plan: &Plan) -> impl Iterator<Item = (&Service, &Failover)> {
    plan.services.values().filter_map(|service| Some((service, service.failover.as_ref()?)))
}

/// The standbys of services' databases.
fn standbys(plan: &Plan) -> Vec<SeedStandby> {
    let standby = |region: &str, (name, standby): (&String, &mayday_core::plan::Standby)| {
        let database = plan.databases.get(name)?;
        Some(SeedStandby {
            of: instance(name, &database.environment),
            of_region: database.region.clone(),
            instance: standby.instance.clone(),
            region: region.to_owned(),
            secret: standby.secret.clone(),
        })
    };
    let of =
        |failover: &Failover| failover.standbys.iter().filter_map(|named| standby(&failover.secondary.region, named)).collect::<Vec<_>>();
    failovers(plan).flat_map(|(_, failover)| of(failover)).collect()
}

/// Seconds that a service's names may be kept.
const NAME_TTL: u64 = 60;
/// Addresses of sites that are made up: blocks for documentation, RFC 5737.
const SITES: [&str; 2] = ["192.0.2.10", "198.51.100.10"];

/// The zones of the databases that are reached by a name, each name leading to its instance; and those of services, each
/// name leading home.
fn zones(plan: &Plan) -> Vec<SeedZone> {
    let mut zones: Vec<SeedZone> = Vec::new();
    let mut add = |zone: &str, private: bool, record: (String, String, u64, String)| {
        if let Some(known) = zone_of(&mut zones, zone, private)
            && !known.records.iter().any(|(name, kind, _, value)| (name, kind, value) == (&record.0, &record.1, &record.3))
        {
            known.records.push(record);
        }
    };
    for (name, database) in &plan.databases {
        let Traffic::Cname { zone, name: record } = &database.traffic else { continue };
        let host = crate::rds::endpoint(&instance(name, &database.environment), &database.region);
        add(zone, true, (record.clone(), "CNAME".to_owned(), 5, host));
    }
    for (failover, record) in failovers(plan).flat_map(|(_, failover)| failover.records.iter().map(move |record| (failover, record))) {
        for value in record.primary.iter().filter(|_| failover.switch.is_none()) {
            add(&record.zone, false, (record.name.clone(), record.kind.clone(), NAME_TTL, value.clone()));
        }
        // Where an alias leads within its zone, there is something.
        for (values, site) in [&record.primary, &record.secondary].into_iter().zip(SITES) {
            let own = |value: &&String| record.kind == "CNAME" && value.trim_end_matches('.').ends_with(&record.zone);
            for value in values.iter().filter(own) {
                add(&record.zone, false, (value.trim_end_matches('.').to_owned(), "A".to_owned(), NAME_TTL, site.to_owned()));
            }
        }
    }
    for (name, service) in &plan.services {
        let Some(failover) = service.failover.as_ref().filter(|failover| failover.switch.is_some()) else { continue };
        for record in &failover.records {
            let Some(zone) = zone_of(&mut zones, &record.zone, false) else { continue };
            zone.failovers.push(SeedFailover {
                name: record.name.clone(),
                kind: record.kind.clone(),
                ttl: NAME_TTL,
                primary: record.primary.clone(),
                secondary: record.secondary.clone(),
                check: check(name),
            });
        }
    }
    zones
}

/// The zone of a name, made now where there is none.
fn zone_of<'a>(zones: &'a mut Vec<SeedZone>, name: &str, private: bool) -> Option<&'a mut SeedZone> {
    let place = zones.iter().position(|known| known.name == name).unwrap_or_else(|| {
        zones.push(SeedZone { name: name.to_owned(), private, records: Vec::new(), failovers: Vec::new() });
        zones.len() - 1
    });
    zones.get_mut(place)
}

/// The health check of a service's names.
fn check(service: &str) -> String {
    format!("check-{service}")
}

fn switches(plan: &Plan) -> Vec<SeedSwitch> {
    let switch = |(name, service): (&String, &Service)| {
        let failover = service.failover.as_ref()?;
        let place = failover.switch.as_ref()?.of(name, &failover.secondary);
        Some(SeedSwitch { check: check(name), region: place.region, bucket: place.bucket, key: place.key })
    };
    plan.services.iter().filter_map(switch).collect()
}

/// The hosts that probes ask by plain HTTP. A name that leads to sites is asked at each of them.
fn sites(plan: &Plan) -> Vec<SeedSite> {
    let mut sites: Vec<SeedSite> = Vec::new();
    let own = plan.services.values().flat_map(|service| &service.probes);
    let away = failovers(plan).flat_map(|(_, failover)| failover.primary.probes.iter().chain(&failover.secondary.probes));
    for probe in own.chain(away) {
        let ProbeKind::Http { url, status, contains } = &probe.how else { continue };
        // An address is somebody else's, and nobody has the certificate of a name.
        let Some(url) = Url::parse(url).ok().filter(|url| url.scheme() == "http" && url.domain().is_some()) else { continue };
        let (Some(host), Some(port)) = (url.domain(), url.port_or_known_default()) else { continue };
        let page =
            SeedPage { port, path: url.path().to_owned(), status: *status, says: contains.clone().unwrap_or_else(|| "well".to_owned()) };
        for host in hosts(plan, host) {
            match sites.iter_mut().find(|site| site.host == host) {
                Some(site) if site.pages.contains(&page) => {}
                Some(site) => site.pages.push(page.clone()),
                None => sites.push(SeedSite { host, pages: vec![page.clone()] }),
            }
        }
    }
    sites
}

/// The hosts that a name leads to: those of its sites where it is an alias, else itself.
fn hosts(plan: &Plan, name: &str) -> Vec<String> {
    let records = failovers(plan).flat_map(|(_, failover)| &failover.records);
    let alias = records.filter(|record| record.kind == "CNAME").find(|record| record.name.trim_end_matches('.') == name);
    alias.map_or_else(
        || vec![name.to_owned()],
        |record| record.primary.iter().chain(&record.secondary).map(|host| host.trim_end_matches('.').to_owned()).collect(),
    )
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_at_each_site_that_it_leads_to() {
        let seed = seed(include_str!("../../plans/capliquify/plan.yaml"), 10).unwrap();
        let hosts: Vec<&str> = seed.sites.iter().map(|site| site.host.as_str()).collect();
        assert_eq!(hosts, ["production.sentia.example", "backup-production.sentia.example"]);
        for site in &seed.sites {
            let page = SeedPage { port: 8080, path: "/health".to_owned(), status: 200, says: "well".to_owned() };
            assert_eq!(site.pages, [page], "asked by its own name and by the one that people use, and it is one page");
        }
    }

    #[test]
    fn what_is_nobody_s_name_here_gets_no_site() {
        let plan = include_str!("../../plans/capliquify/plan.yaml");
        for url in ["https://elsewhere.example/health", "http://192.0.2.1:8080/health"] {
            let plan = plan.replace("http://manufacturing.sentia.example:8080/health", url);
            assert!(plan.contains(url));
            assert_eq!(seed(&plan, 10).unwrap().sites.len(), 2, "{url}");
        }
    }
}
