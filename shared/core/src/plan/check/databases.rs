//! Databases, their backups and their objectives.

use std::collections::{BTreeMap, BTreeSet};

use croner::Cron;
use jiff::SignedDuration;

use super::{
    cron,
    words::{self, Crons},
    zone,
};
use crate::plan::{Database, Findings, Goals, Path, Plan, Span, Traffic, fleet};

/// How far RDS's log trails behind; source: “Restoring to a specified time” in the RDS user guide.
const LOG_TRAILS: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn check<'a>(found: &mut Findings, plan: &'a Plan, crons: &mut Crons<'a>) {
    for (name, database) in &plan.databases {
        let at = Path::of(&["databases", name]);
        if !words::is_name(name) {
            found.error(&at, format!("databases.{name}: a name is 1 to 40 lower-case letters, digits and dashes"));
        }
        one(found, &at, database, crons);
    }
    for (name, fleet) in &plan.fleets {
        let at = Path::of(&["fleets", name]);
        if fleet.instances.as_ref().is_none_or(|pattern| pattern.chars().all(|character| character == '*')) && fleet.tags.is_empty() {
            found
                .error(&at, format!("{at} would be every database of the account"))
                .instead("Say what its instances are called (instances: tenant-*) or tagged with (tags: {fleet: tenants})");
        }
        let each = at.then("each");
        if !fleet.each.secret.contains(fleet::NAME) {
            found
                .error(&each.then("secret"), format!("{each}.secret is the same for all of them"))
                .instead("Write {name} where the name of each stands, such as tenants/{name}");
        }
        if fleet.each.traffic != Traffic::Secret {
            found.error(&each.then("traffic"), format!("{each}.traffic: a fleet is reached by its secrets")).instead("Write secret");
        }
        one(found, &each, &fleet.each, crons);
    }
}

/// What is checked of a database, and of what is said of each of a fleet.
fn one<'a>(found: &mut Findings, at: &Path, database: &'a Database, crons: &mut Crons<'a>) {
    region(found, &at.then("region"), &database.region);
    let checks: BTreeSet<&str> = database.checks.iter().map(|check| check.name.as_str()).collect();
    if checks.len() < database.checks.len() {
        found.error(&at.then("checks"), format!("{at}.checks: two checks have the same name"));
    }
    if let Traffic::Cname { zone, name: record } = &database.traffic
        && !within(record, zone)
    {
        found.error(&at.then("traffic"), format!("{at}.traffic: {record} is not in the zone {zone}"));
    }
    objectives(found, &at.then("objectives"), database);
    backups(found, at, database, crons);
}

/// Whether a record's name is in a zone.
pub(super) fn within(record: &str, zone: &str) -> bool {
    let (record, zone) = (record.trim_end_matches('.'), zone.trim_end_matches('.'));
    record == zone || record.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

pub(super) fn region(found: &mut Findings, at: &Path, region: &str) {
    if !words::is_region(region) {
        found.error(at, format!("{at} “{region}” is no AWS region")).instead("Write it as AWS does, such as eu-west-1");
    }
}

fn objectives(found: &mut Findings, at: &Path, database: &Database) {
    let objectives = &database.objectives;
    let (rto, rpo) = (Some(objectives.rto), Some(objectives.rpo));
    goals(found, at, &Goals { rto, rto_max: objectives.rto_max, rpo, rpo_max: None });
    if objectives.rpo.0 < LOG_TRAILS {
        found
            .warn(&at.then("rpo"), format!("{at}.rpo {} is tighter than anything gives: the log of RDS trails by up to 5m", objectives.rpo))
            .instead("Ask for 5m or more, or keep a standby that replicates without delay");
    }
}

/// What must not be exceeded can't be less than what is aimed at.
pub(super) fn goals(found: &mut Findings, at: &Path, goals: &Goals) {
    for (what, aim, most) in [("rto", goals.rto, goals.rto_max), ("rpo", goals.rpo, goals.rpo_max)] {
        if let (Some(aim), Some(most)) = (aim, most)
            && most < aim
        {
            found.error(&at.then(format!("{what}_max")), format!("{at}: {what}_max {most} is less than {what} {aim}"));
        }
    }
    if goals.rto.is_some_and(|rto| rto.0.is_zero()) {
        found.error(&at.then("rto"), format!("{at}.rto is 0s: nothing is recovered in no time"));
    }
}

fn backups<'a>(found: &mut Findings, at: &Path, database: &'a Database, crons: &mut Crons<'a>) {
    let mut classes = BTreeSet::new();
    for (index, schedule) in database.backups.iter().enumerate() {
        let at = at.then("backups").then(index);
        cron(found, &at.then("cron"), &schedule.cron, crons);
        if let Some(named) = &schedule.timezone {
            zone(found, &at.then("timezone"), named);
        }
        if schedule.keep.0.is_zero() {
            found.error(&at.then("keep"), format!("{at}.keep is 0s: nothing would be kept"));
        }
        if !classes.insert(schedule.class) {
            found.error(&at.then("class"), format!("{at}: there is another schedule of the same class"));
        }
    }
    if database.backups.is_empty() {
        found
            .warn(at, format!("{at} has no backup schedule: its only copies go with its instance"))
            .instead("Add one under backups, such as {class: daily, cron: 0 2 * * *, keep: 7d}");
    }
}

/// Objectives that the schedules alone don't give. Apart, since it looks a year ahead: whoever only loads a plan does without.
pub(super) fn gaps(found: &mut Findings, plan: &Plan) {
    let mut gaps: BTreeMap<Vec<&str>, Option<SignedDuration>> = BTreeMap::new();
    for (name, database) in &plan.databases {
        let texts: Vec<&str> = database.backups.iter().map(|schedule| schedule.cron.as_str()).collect();
        let gap = gaps.entry(texts).or_insert_with_key(|texts| {
            let crons: Vec<Cron> = texts.iter().filter_map(|text| words::cron(text).ok()).collect();
            words::longest_gap(&crons)
        });
        let rpo = database.objectives.rpo;
        if let Some(gap) = gap.filter(|gap| *gap > rpo.0) {
            let at = Path::of(&["databases", name]);
            found
                .warn(
                    &at.then("objectives").then("rpo"),
                    format!("{at}.objectives.rpo {rpo} is tighter than the backup schedule gives: {} pass between two backups", Span(gap)),
                )
                .instead("It holds only while the log of the instance is there: back up more often if it must survive that");
        }
    }
}
