//! A database: where it is, what leads to it, what must be true of it, and how it is backed up.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Span;

/// A database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// When it is backed up, and how long that is kept.
    #[serde(default)]
    pub backups: Vec<Schedule>,
    /// A statement that gives the newest moment in the data, by which the loss is measured: `select max(at) from heartbeat`.
    #[serde(default)]
    pub heartbeat: Option<String>,
    /// When people are told that something is wrong with its backups.
    #[serde(default)]
    pub alerts: Alerts,
}

impl Database {
    /// How long after its time a backup of a class may begin because the schedule spreads them.
    #[must_use]
    pub fn spread(&self, class: BackupClass) -> SignedDuration {
        let spreads = self.backups.iter().filter(|schedule| schedule.class == class).filter_map(|schedule| schedule.spread);
        spreads.map(|spread| spread.0).max().unwrap_or(SignedDuration::ZERO)
    }

    /// How long backups of a class are kept: the longest of its schedules; absent without one.
    #[must_use]
    pub fn keep(&self, class: BackupClass) -> Option<Span> {
        self.backups.iter().filter(|schedule| schedule.class == class).map(|schedule| schedule.keep).max()
    }
}

/// The indirection that moves when the instance does. Nobody connects by the instance's own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// A number of at least this.
    AtLeast(i64),
    /// Exactly this text.
    Equals(String),
    /// A time no older than this before the recovery point.
    NewerThan(Span),
}

/// A backup that is taken again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Its class.
    pub class: BackupClass,
    /// When: five fields of cron, `0 2 * * *`.
    pub cron: String,
    /// The zone that this is meant in, if it is not the plan's.
    #[serde(default)]
    pub timezone: Option<String>,
    /// How long each is kept.
    pub keep: Span,
    /// Over how long after that time the backups of a fleet begin, each database always at the same moment in it; absent: all at
    /// that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Span>,
}

/// What a backup is for. On RDS each is a whole snapshot; what differs is when it is taken and how long it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BackupClass {
    /// Every day.
    Daily,
    /// Every week, in full.
    Full,
    /// Every month, for long.
    Archive,
}

impl BackupClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Full, Self::Archive];

    /// The class of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.to_string() == name)
    }
}

impl fmt::Display for BackupClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daily => "daily",
            Self::Full => "full",
            Self::Archive => "archive",
        })
    }
}

/// When people are told that a database is not as safe as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// At how many percent of the objective (RPO) the loss that would be is told of: before it is too late.
    pub rpo_percent: u8,
    /// How far the log may lag behind.
    pub log_behind: Span,
    /// How late a scheduled backup may be.
    pub backup_late: Span,
    /// How old the newest recovery point that was found good may be; absent: as old as it is.
    pub verified_within: Option<Span>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            rpo_percent: 80,
            log_behind: Span(SignedDuration::from_mins(30)),
            backup_late: Span(SignedDuration::from_hours(1)),
            verified_within: None,
        }
    }
}
