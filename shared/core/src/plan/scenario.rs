//! What may happen, how fast it must be over, and how it is recovered from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Argument, Span, Task};

/// Something that may happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called: `Complete Database Loss`.
    pub title: String,
    /// What it is called in tables, if its title is too long: `Database Loss`.
    #[serde(default)]
    pub short: Option<String>,
    /// The heading that it stands under: `Security Incidents`.
    #[serde(default)]
    pub group: Option<String>,
    /// What may cause it.
    #[serde(default)]
    pub cause: Option<String>,
    /// What it does.
    #[serde(default)]
    pub impact: Option<String>,
    /// How it is noticed.
    #[serde(default)]
    pub detection: Option<String>,
    /// How it is recovered from, in one line.
    #[serde(default)]
    pub recovery: Option<String>,
    /// What is seen when it is this: all of them, for `/dr diagnose`.
    #[serde(default)]
    pub signs: Vec<Sign>,
    /// The runbook for it: a built-in one, or one of `runbooks`.
    #[serde(default)]
    pub runbook: Option<String>,
    /// How fast it must be over, and how much may be lost.
    #[serde(default)]
    pub objectives: Goals,
    /// What the document calls its steps, if that is not `Recovery Steps`.
    #[serde(default)]
    pub procedure_title: Option<String>,
    /// The steps, as the document lists them.
    #[serde(default)]
    pub procedure: Vec<Task>,
}

/// What can be seen of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// There is no instance where traffic is led.
    DatabaseGone,
    /// There is one, and nobody can sign in to it.
    DatabaseUnreachable,
    /// The database's checks say that its data is not as it should be.
    DataWrong,
    /// The service's HTTP or TCP probes fail.
    ApplicationDown,
    /// A name does not resolve, or leads to the wrong place.
    NamesWrong,
    /// More would be lost now than the objective allows.
    BackupsStale,
}

/// Objectives: of a scenario, of a tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Goals {
    /// Time to recovery that is aimed at.
    pub rto: Option<Span>,
    /// Time to recovery that must not be exceeded.
    pub rto_max: Option<Span>,
    /// Loss that is aimed at; `0s` is none.
    pub rpo: Option<Span>,
    /// Loss that must not be exceeded.
    pub rpo_max: Option<Span>,
}

/// How important something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What it is called: `Critical Systems`.
    pub title: String,
    /// How fast it must be back.
    #[serde(default)]
    pub objectives: Goals,
}

/// A kind of data that is no database, and how much of it may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// What it is called: `Files/Assets`.
    pub title: String,
    /// How much may be lost.
    pub rpo: Span,
    /// By what, in words: `Git`.
    #[serde(default)]
    pub by: Option<String>,
}

/// A phase of the recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What it is called: `Assessment`.
    pub title: String,
    /// When it begins, counted from the beginning of the trouble.
    pub from: Span,
    /// When it should be over, counted likewise.
    pub to: Span,
    /// What is done in it.
    #[serde(default)]
    pub tasks: Vec<Task>,
}

/// A rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// What it is called: `Database Failure Simulation`.
    pub title: String,
    /// What is rehearsed: scenarios by name.
    #[serde(default)]
    pub scenarios: Vec<String>,
    /// Where; never where the real thing is.
    #[serde(default)]
    pub environment: Option<String>,
    /// When: five fields of cron in the plan's zone.
    #[serde(default)]
    pub schedule: Option<String>,
    /// What is done, as the document lists it.
    #[serde(default)]
    pub tasks: Vec<Task>,
}

/// An organization's own runbook, or one in place of a built-in one of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunbookFile {
    /// Its file beside the plan: `runbooks/database-recovery.yaml`.
    pub file: String,
    /// What it is run on where nobody says: services by name.
    #[serde(default)]
    pub services: Vec<String>,
    /// What it is told when it is run, by name: `${arguments.NAME}` in its steps.
    #[serde(default)]
    pub arguments: BTreeMap<String, Argument>,
}
