//! The plan: the organization's disaster recovery plan as code, one YAML file.
//!
//! [`load`] reads text into a [`Plan`] and refuses, with line and column, what can't be meant. Nothing else in the product
//! reads YAML of the plan.

mod check;
mod load;
mod span;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use load::{Current, PlanError, current, load};
pub use span::Span;

use crate::{
    digest::digest_of,
    failure::{Fault, Refusal},
    policy::Verb,
};

/// The key of the plan in the blobs.
pub const PLAN_KEY: &str = "plan.yaml";

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Where to speak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The team or, on a Grid, the enterprise that people belong to: `T…` or `E…`.
    pub organization: String,
    /// The channel for proposals and runs: `C…`.
    pub channel: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user id: `U…` or `W…`. Names are for reading only.
    pub slack: String,
    /// What this person may do.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its grants; none: nothing.
    #[serde(default)]
    pub may: Vec<Grant>,
}

/// Verbs on databases of environments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The verbs.
    pub verbs: Vec<Verb>,
    /// In which environments; `"*"` is every one, for verbs that change nothing.
    #[serde(default)]
    pub environments: Vec<String>,
}

/// How many must approve, by the class of risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// For what replaces or deletes.
    pub destructive: Quorum,
}

/// How many, from which roles, within which time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// How many different people; the requester never counts.
    pub needed: u8,
    /// They must have one of these roles.
    pub roles: Vec<String>,
    /// How long a proposal waits for them.
    pub within: Span,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `production`, `staging`, …
    pub environment: String,
    /// The AWS region that it lives in.
    pub region: String,
    /// The database's name on the server.
    pub database: String,
    /// The secret with `username`, `password`, `host` and `port`.
    pub secret: String,
    /// What the applications follow to the instance.
    pub traffic: Traffic,
    /// How fast it must be back, and how much may be lost.
    pub objectives: Objectives,
    /// What must be true of its data for it to count as good.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// What an hour of its instance costs, in US dollars, for the card.
    #[serde(default)]
    pub hourly_cost: Option<String>,
}

/// The indirection that moves when the instance does. Nobody connects by the instance's own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// The `host` in the database's secret.
    Secret,
    /// A CNAME in a private zone.
    Cname {
        /// The hosted zone's name.
        zone: String,
        /// The record's full name.
        name: String,
    },
}

/// Objectives of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    /// Time to recovery that is aimed at.
    pub rto: Span,
    /// Time to recovery that must not be exceeded.
    #[serde(default)]
    pub rto_max: Option<Span>,
    /// Loss that is aimed at.
    pub rpo: Span,
}

/// One question to the data and what its answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is checked, as a person would say it.
    pub name: String,
    /// One statement that reads; its first row's first column is the answer.
    pub sql: String,
    /// What the answer must be: `{at_least: 1000}`, `{equals: "0"}`, `{newer_than: 15m}`.
    pub expect: Expectation,
}

/// What an answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// A number of at least this.
    AtLeast(i64),
    /// Exactly this text.
    Equals(String),
    /// A time no older than this before the recovery point.
    NewerThan(Span),
}

impl Plan {
    /// The database that people call by this name.
    ///
    /// # Errors
    /// A refusal that lists the names that there are.
    pub fn database(&self, name: &str) -> Result<&Database, Refusal> {
        self.databases.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.databases.keys().map(String::as_str).collect();
            Refusal::new(format!("There is no database called “{name}” in the plan."))
                .instead(format!("The plan has: {}. Names are matched exactly.", names.join(", ")))
        })
    }

    /// The person with this user id, and their short name.
    #[must_use]
    pub fn person(&self, user: &str) -> Option<(&str, &Person)> {
        self.people.iter().find(|(_, person)| person.slack == user).map(|(name, person)| (name.as_str(), person))
    }

    /// Everything that a person's roles grant.
    pub fn grants<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a Grant> {
        person.roles.iter().filter_map(|role| self.roles.get(role)).flat_map(|role| &role.may)
    }

    /// The digest of everything in the plan that decides what a run on this database does and who may approve it. An
    /// edit elsewhere in the plan does not stop a recovery that is under way.
    ///
    /// # Errors
    /// Never for a plan that was loaded.
    pub fn digest_for(&self, database: &str) -> Result<String, Fault> {
        digest_of(&(self.schema, &self.slack, database, self.databases.get(database), &self.approvals))
    }
}
