//! Who is told what, by which way, within which time; and whom to call outside.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Channel, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Critical.
    Sev1,
    /// Major.
    Sev2,
    /// Minor.
    Sev3,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 3] = [Self::Sev1, Self::Sev2, Self::Sev3];
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sev1 => "SEV1",
            Self::Sev2 => "SEV2",
            Self::Sev3 => "SEV3",
        })
    }
}

/// Who is told what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Communication {
    /// The matrix: by severity.
    pub severities: BTreeMap<Severity, Notice>,
    /// Groups of people to tell, by name.
    pub audiences: BTreeMap<String, Audience>,
    /// How often an open incident is written about.
    pub updates_every: Option<Span>,
    /// Who else is told when it takes long.
    pub downtime: Vec<Downtime>,
    /// What is said inside, stage by stage.
    pub internal: Vec<Stage>,
    /// The public status page.
    pub status_page: Option<String>,
}

/// A line of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What the severity is called: `Critical`.
    pub title: String,
    /// What counts as that.
    pub means: String,
    /// Within which time they are told; `0s` is at once.
    pub within: Span,
    /// Who: names of audiences.
    pub audiences: Vec<String>,
    /// How.
    pub by: Vec<Channel>,
}

/// A group of people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Audience {
    /// What it is called, if its name does not say it.
    pub title: Option<String>,
    /// People of the plan.
    pub people: Vec<String>,
    /// Everybody with one of these roles.
    pub roles: Vec<String>,
    /// Addresses beyond the plan's people.
    pub emails: Vec<String>,
    /// A channel of their own: `C…`.
    pub slack: Option<String>,
    /// All of the other audiences.
    pub includes: Vec<String>,
}

/// Who is told when something is down for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Downtime {
    /// What it is called: `User Notification`.
    pub title: String,
    /// For how long.
    pub after: Span,
    /// Names of audiences.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// How.
    pub by: Vec<Channel>,
    /// What is done, in words.
    #[serde(default)]
    pub items: Vec<String>,
}

/// A stage of what is said inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What it is called: `Immediate`.
    pub title: String,
    /// When, in words: `0-15 min`.
    pub when: String,
    /// What is said or done.
    pub items: Vec<String>,
}

/// Somebody outside who helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// What they are called: `Render Support`.
    pub title: String,
    /// How they are reached.
    #[serde(default)]
    pub contact: Option<String>,
    /// Our number with them.
    #[serde(default)]
    pub account: Option<String>,
    /// How urgent we are to them: `P1`.
    #[serde(default)]
    pub priority: Option<String>,
    /// Their own status page.
    #[serde(default)]
    pub status_page: Option<String>,
}
