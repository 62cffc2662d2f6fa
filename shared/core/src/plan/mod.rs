//! The plan: the organization's disaster recovery plan as code, one YAML file.
//!
//! [`load`] reads text into a [`Plan`] and refuses, with line and column, what can't be meant. Nothing else in the product
//! reads YAML of the plan.

mod argument;
mod check;
mod communication;
mod coverage;
mod current;
mod database;
mod document;
mod finding;
mod fleet;
mod load;
mod locate;
mod measure;
pub(crate) mod order;
mod people;
mod scenario;
#[cfg(test)]
mod schema;
mod section;
mod service;
mod span;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use argument::{Argument, ValueKind, filled};
pub use check::all as findings;
pub use communication::{Audience, Communication, Downtime, Notice, Severity, Stage, Support};
pub use coverage::{runbook_findings, uncovered};
pub use current::{Current, LIVE_KEY, Refused, current, remember, roster};
pub use database::{Alerts, BackupClass, Check, Database, Expectation, Objectives, Schedule, Traffic};
pub use document::{Code, Document, Listing, Locations, Place, Section, Shows, Task};
pub use finding::{Finding, Path, Position, Weight, shown};
pub use fleet::{Fleet, ROSTER_KEY, Roster, mustered};
pub use load::{PlanError, examine, load};
pub use locate::keys;
pub use measure::{Found, Measure, Measured, Verdict, last_measured, measured_by, past, phase};
pub use people::{Channel, Grant, Level, OnCall, Person, Role, Rotation};
pub use scenario::{Drill, Goals, Kind, Phase, RunbookFile, Scenario, Sign, Tier};
pub use section::PlanSection;
pub use service::{App, Failover, Probe, ProbeKind, Record, Service, Site, Standby, TrafficSwitch};
pub use span::Span;

use finding::Findings;

use crate::{
    digest::digest_of,
    failure::{Fault, Refusal},
    policy::Verb,
    proposal::{Target, TargetKind, locked_service},
};

/// The key of the plan in the blobs.
pub const PLAN_KEY: &str = "plan.yaml";

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The schema of this file; 1.
    pub schema: u32,
    /// Whose plan it is.
    pub organization: String,
    /// The IANA zone in which times without one are meant; default UTC.
    #[serde(default = "utc")]
    pub timezone: String,
    /// Where to speak.
    pub slack: Slack,
    /// Who there is, by a short name.
    pub people: BTreeMap<String, Person>,
    /// What a role may do, by the role's name.
    pub roles: BTreeMap<String, Role>,
    /// How many must approve what.
    pub approvals: Approvals,
    /// The databases, by the name that people type.
    #[serde(default)]
    pub databases: BTreeMap<String, Database>,
    /// Databases that are alike and too many to be named one by one, by a short name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fleets: BTreeMap<String, Fleet>,
    /// What people use, by the name that people type.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// The applications, by name.
    #[serde(default)]
    pub apps: BTreeMap<String, App>,
    /// How important things are, by the tier's name.
    #[serde(default)]
    pub tiers: BTreeMap<String, Tier>,
    /// What may happen, by a short name.
    #[serde(default)]
    pub scenarios: BTreeMap<String, Scenario>,
    /// Kinds of data that are no databases.
    #[serde(default)]
    pub data: BTreeMap<String, Kind>,
    /// The phases of a recovery, in order.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Who is woken.
    #[serde(default)]
    pub on_call: OnCall,
    /// Who is told what.
    #[serde(default)]
    pub communication: Communication,
    /// Who helps from outside, by a short name.
    #[serde(default)]
    pub support: BTreeMap<String, Support>,
    /// What may be done with nobody awake, by a short name.
    #[serde(default)]
    pub standing_orders: BTreeMap<String, StandingOrder>,
    /// The organization's own policies, in Cedar, by a short name. They can only forbid.
    #[serde(default)]
    pub policies: BTreeMap<String, String>,
    /// The organization's own runbooks, by name.
    #[serde(default)]
    pub runbooks: BTreeMap<String, RunbookFile>,
    /// Rehearsals, by a short name.
    #[serde(default)]
    pub drills: BTreeMap<String, Drill>,
    /// What the document has beyond all that.
    #[serde(default)]
    pub document: Document,
}

/// Names as far as anybody reads them.
pub(crate) fn some<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    const READ: usize = 20;
    let beyond = names.len().saturating_sub(READ);
    let named: Vec<&str> = names.take(READ).map(String::as_str).collect();
    let more = if beyond > 0 { format!(" and {beyond} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Where to speak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The team or, on a Grid, the enterprise that people belong to: `T…` or `E…`.
    pub organization: String,
    /// The channel for proposals and runs: `C…`.
    pub channel: String,
}

/// How many must approve, by the class of risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// For what replaces or deletes.
    pub destructive: Quorum,
    /// For what moves people from one site to another; absent: as for what replaces or deletes.
    #[serde(default)]
    pub traffic: Option<Quorum>,
}

/// How many, from which roles, within which time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// How many different people; the requester never counts.
    pub needed: u8,
    /// They must have one of these roles.
    pub roles: Vec<String>,
    /// How long a proposal waits for them.
    pub within: Span,
}

/// What may be done with nobody awake, because so many approved it beforehand: bounded by verb, targets, conditions and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StandingOrder {
    /// What it is for, in one line.
    pub summary: String,
    /// The verb. Restore, shutdown and security verbs can't have one.
    pub verb: Verb,
    /// On which services, by name.
    pub services: Vec<String>,
    /// What must be true then, each a CEL condition over facts: `lag_seconds <= 900`.
    pub conditions: Vec<String>,
    /// Until when it holds: `2027-01-01T00:00:00Z`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub expires: jiff::Timestamp,
}

impl Plan {
    /// The database that people call by this name.
    ///
    /// # Errors
    /// A refusal that lists the names that there are.
    pub fn database(&self, name: &str) -> Result<&Database, Refusal> {
        self.databases.get(name).ok_or_else(|| {
            Refusal::new(format!("There is no database called “{name}” in the plan."))
                .instead(format!("The plan has: {}. Names are matched exactly.", some(self.databases.keys())))
        })
    }

    /// The person with this user id, and their short name.
    #[must_use]
    pub fn person(&self, user: &str) -> Option<(&str, &Person)> {
        self.people.iter().find(|(_, person)| person.slack == user).map(|(name, person)| (name.as_str(), person))
    }

    /// The person whose principal at AWS this is, and their short name. The whole ARN counts, letter by letter.
    #[must_use]
    pub fn person_at_aws(&self, principal: &str) -> Option<(&str, &Person)> {
        let theirs = |person: &Person| person.aws.iter().any(|arn| arn == principal);
        self.people.iter().find(|(_, person)| theirs(person)).map(|(name, person)| (name.as_str(), person))
    }

    /// Everything that a person's roles grant.
    pub fn grants<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a Grant> {
        person.roles.iter().filter_map(|role| self.roles.get(role)).flat_map(|role| &role.may)
    }

    /// The service that people call by this name.
    ///
    /// # Errors
    /// A refusal that lists the names that there are.
    pub fn service(&self, name: &str) -> Result<&Service, Refusal> {
        self.services.get(name).ok_or_else(|| {
            Refusal::new(format!("There is no service called “{name}” in the plan."))
                .instead(format!("The plan has: {}. Names are matched exactly.", some(self.services.keys())))
        })
    }

    /// The digest of everything in the plan that decides what a run on this target does and who may approve it. An
    /// edit elsewhere in the plan does not stop a recovery that is under way. A run that goes through other services too holds
    /// their locks, and what the plan says of them counts as well.
    ///
    /// # Errors
    /// Never for a plan that was loaded.
    pub fn digest_for(&self, target: &Target, locks: &[String]) -> Result<String, Fault> {
        let name = target.name.as_str();
        let own = match target.kind {
            TargetKind::Database => digest_of(&(self.schema, &self.slack, name, self.databases.get(name), &self.approvals)),
            TargetKind::Service => self.service_digest(name),
        }?;
        let others = locks.iter().filter(|lock| **lock != target.lock()).filter_map(|lock| locked_service(lock));
        let others = others.map(|other| self.service_digest(other)).collect::<Result<Vec<_>, _>>()?;
        if others.is_empty() { Ok(own) } else { digest_of(&(own, others)) }
    }

    fn service_digest(&self, name: &str) -> Result<String, Fault> {
        let service = self.services.get(name);
        let names = service.map(|service| service.databases.as_slice()).unwrap_or_default();
        let databases: Vec<_> = names.iter().map(|name| (name, self.databases.get(name))).collect();
        digest_of(&(self.schema, &self.slack, name, service, databases, &self.approvals))
    }
}
