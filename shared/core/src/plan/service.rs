//! What the organization offers, what it is made of, how it is probed, and where it can go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Span;
use crate::port::SwitchPlace;

/// Something that people use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "ProbeText", into = "ProbeText")]
pub struct Probe {
    /// What is probed, as a person would say it.
    pub name: String,
    /// How.
    pub how: ProbeKind,
    /// How often; default a minute.
    pub every: Span,
    /// How long an answer may take; default 5 seconds.
    pub within: Span,
    /// How many in a row make a verdict; default 3.
    pub in_a_row: u8,
}

/// A probe as it is written: one of `http`, `tcp`, `postgres` and `dns` says how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ProbeText {
    /// What is probed, as a person would say it.
    name: String,
    /// A GET request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http: Option<HttpText>,
    /// A connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tcp: Option<TcpText>,
    /// A database that answers to its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    postgres: Option<PostgresText>,
    /// A name that resolves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dns: Option<DnsText>,
    /// How often; default a minute.
    #[serde(default = "minute")]
    every: Span,
    /// How long an answer may take; default 5 seconds.
    #[serde(default = "five_seconds")]
    within: Span,
    /// How many in a row make a verdict; default 3.
    #[serde(default = "three")]
    in_a_row: u8,
}

/// A GET request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct HttpText {
    /// The address.
    url: String,
    /// The status that is right; default 200.
    #[serde(default = "ok")]
    status: u16,
    /// What the answer must contain.
    #[serde(default)]
    contains: Option<String>,
}

/// A connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct TcpText {
    /// `host:port`.
    address: String,
}

/// A database that answers to its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct PostgresText {
    /// Its name under `databases`.
    database: String,
}

/// A name that resolves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct DnsText {
    /// The name.
    name: String,
    /// `A` or `CNAME`; default A.
    #[serde(default = "address")]
    kind: String,
    /// What one of the answers must be; absent: any.
    #[serde(default)]
    value: Option<String>,
}

impl TryFrom<ProbeText> for Probe {
    type Error = String;

    fn try_from(text: ProbeText) -> Result<Self, String> {
        let ProbeText { name, http, tcp, postgres, dns, every, within, in_a_row } = text;
        let how = match (http, tcp, postgres, dns) {
            (Some(HttpText { url, status, contains }), None, None, None) => ProbeKind::Http { url, status, contains },
            (None, Some(TcpText { address }), None, None) => ProbeKind::Tcp { address },
            (None, None, Some(PostgresText { database }), None) => ProbeKind::Postgres { database },
            (None, None, None, Some(DnsText { name, kind, value })) => ProbeKind::Dns { name, kind, value },
            _ => return Err(format!("the probe “{name}” needs exactly one of http, tcp, postgres and dns, which says how to ask")),
        };
        Ok(Self { name, how, every, within, in_a_row })
    }
}

impl From<Probe> for ProbeText {
    fn from(probe: Probe) -> Self {
        let Probe { name, how, every, within, in_a_row } = probe;
        let mut text = Self { name, http: None, tcp: None, postgres: None, dns: None, every, within, in_a_row };
        match how {
            ProbeKind::Http { url, status, contains } => text.http = Some(HttpText { url, status, contains }),
            ProbeKind::Tcp { address } => text.tcp = Some(TcpText { address }),
            ProbeKind::Postgres { database } => text.postgres = Some(PostgresText { database }),
            ProbeKind::Dns { name, kind, value } => text.dns = Some(DnsText { name, kind, value }),
        }
        text
    }
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// A GET request.
    Http {
        /// The address.
        url: String,
        /// The status that is right; default 200.
        status: u16,
        /// What the answer must contain.
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
        kind: String,
        /// What one of the answers must be; absent: any.
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// Its home.
    pub primary: Site,
    /// Where it goes.
    pub secondary: Site,
    /// The records that lead people to one or the other.
    pub records: Vec<Record>,
    /// What moves them, where no control plane may be needed for it: a file that their health check reads. Absent: the records are changed
    /// themselves, which takes Route 53's control plane in us-east-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<TrafficSwitch>,
    /// Its databases' standbys, by the database's name.
    #[serde(default)]
    pub standbys: BTreeMap<String, Standby>,
    /// How long the secondary is watched before a failover counts as done; default 1 minute.
    #[serde(default = "minute")]
    pub watch: Span,
}

/// A file in the secondary's region that the health check of the records reads: while it begins with `away`, the secondary is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrafficSwitch {
    /// The bucket, in the secondary's region, as `infra/switch.yaml` makes it. The file in it is `SERVICE/failed-over`.
    pub bucket: String,
}

impl TrafficSwitch {
    /// Where a service's switch is.
    #[must_use]
    pub fn of(&self, service: &str, secondary: &Site) -> SwitchPlace {
        SwitchPlace { region: secondary.region.clone(), bucket: self.bucket.clone(), key: format!("{service}/failed-over") }
    }
}

/// A place that a service can be at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Standby {
    /// The replica's instance.
    pub instance: String,
    /// The secret that the applications there follow.
    pub secret: String,
}
