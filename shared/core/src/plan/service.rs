//! What the organization offers, what it is made of, how it is probed, and where it can go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Span;

/// Something that people use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What it is, in one line.
    #[serde(default)]
    pub summary: Option<String>,
    /// `production`, `staging`, …
    pub environment: String,
    /// How important it is: a name under `tiers`.
    #[serde(default)]
    pub tier: Option<String>,
    /// Its databases, by name.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Its applications, by name.
    #[serde(default)]
    pub apps: Vec<String>,
    /// The services that it can't do without.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// How it is seen whether it is well.
    #[serde(default)]
    pub probes: Vec<Probe>,
    /// Where it can go when its home is lost.
    #[serde(default)]
    pub failover: Option<Failover>,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// `production`, `staging`, …
    pub environment: String,
    /// The AWS region that it runs in.
    pub region: String,
    /// The ECS cluster.
    pub cluster: String,
    /// The ECS service.
    pub service: String,
}

/// One question to a service, from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is probed, as a person would say it.
    pub name: String,
    /// How.
    #[serde(flatten)]
    pub how: ProbeKind,
    /// How often; default a minute.
    #[serde(default = "minute")]
    pub every: Span,
    /// How long an answer may take; default 5 seconds.
    #[serde(default = "five_seconds")]
    pub within: Span,
    /// How many in a row make a verdict; default 3.
    #[serde(default = "three")]
    pub in_a_row: u8,
}

fn minute() -> Span {
    Span(jiff::SignedDuration::from_mins(1))
}

fn five_seconds() -> Span {
    Span(jiff::SignedDuration::from_secs(5))
}

fn three() -> u8 {
    3
}

/// How a service is probed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// A GET request.
    Http {
        /// The address.
        url: String,
        /// The status that is right; default 200.
        #[serde(default = "ok")]
        status: u16,
        /// What the answer must contain.
        #[serde(default)]
        contains: Option<String>,
    },
    /// A connection.
    Tcp {
        /// `host:port`.
        address: String,
    },
    /// A database that answers to its secret.
    Postgres {
        /// Its name under `databases`.
        database: String,
    },
    /// A name that resolves.
    Dns {
        /// The name.
        name: String,
        /// `A` or `CNAME`; default A.
        #[serde(default = "address")]
        kind: String,
        /// What one of the answers must be; absent: any.
        #[serde(default)]
        value: Option<String>,
    },
}

fn ok() -> u16 {
    200
}

fn address() -> String {
    "A".to_owned()
}

/// Where a service can go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// Its home.
    pub primary: Site,
    /// Where it goes.
    pub secondary: Site,
    /// The records that lead people to one or the other.
    pub records: Vec<Record>,
    /// Its databases' standbys, by the database's name.
    #[serde(default)]
    pub standbys: BTreeMap<String, Standby>,
    /// How long the secondary is watched before a failover counts as done; default 1 minute.
    #[serde(default = "minute")]
    pub watch: Span,
}

/// A place that a service can be at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// What people call it: `secondary`, `backup-production`.
    #[serde(default)]
    pub name: Option<String>,
    /// The AWS region.
    pub region: String,
    /// How it is seen whether the service is well there.
    #[serde(default)]
    pub probes: Vec<Probe>,
}

/// A record that leads people to a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The hosted zone's name.
    pub zone: String,
    /// The record's full name.
    pub name: String,
    /// `A` or `CNAME`.
    pub kind: String,
    /// Its values while the service is at home.
    pub primary: Vec<String>,
    /// Its values while the service is away.
    pub secondary: Vec<String>,
}

/// A database's standby in the other region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standby {
    /// The replica's instance.
    pub instance: String,
    /// The secret that the applications there follow.
    pub secret: String,
}
