//! The first world of a stack, from a plan: its people and channel in Slack, its databases in RDS, its zones in Route 53.

use std::collections::BTreeSet;

use mayday_core::plan::{Plan, PlanError, Traffic, load};

use crate::seed::{Seed, SeedChannel, SeedDatabase, SeedPerson, SeedZone};

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
        real_name: capitalized(name),
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
        regions: regions(&plan),
        plan_yaml: plan_yaml.to_owned(),
        zones: zones(&plan),
    })
}

/// What a seeded database's instance is called.
#[must_use]
pub fn instance(database: &str, environment: &str) -> String {
    format!("{database}-{environment}")
}

fn regions(plan: &Plan) -> Vec<String> {
    let regions: BTreeSet<&String> = plan.databases.values().map(|database| &database.region).collect();
    if regions.is_empty() { vec!["eu-west-1".to_owned()] } else { regions.into_iter().cloned().collect() }
}

/// The zones of the databases that are reached by a name, each name leading to its instance.
fn zones(plan: &Plan) -> Vec<SeedZone> {
    let mut zones: Vec<SeedZone> = Vec::new();
    for (name, database) in &plan.databases {
        let Traffic::Cname { zone, name: record } = &database.traffic else { continue };
        let host = crate::rds::endpoint(&instance(name, &database.environment), &database.region);
        let record = (record.clone(), "CNAME".to_owned(), 5, host);
        match zones.iter_mut().find(|known| known.name == *zone) {
            Some(known) => known.records.push(record),
            None => zones.push(SeedZone { name: zone.clone(), private: true, records: vec![record] }),
        }
    }
    zones
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
