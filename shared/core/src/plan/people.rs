//! Who there is, who is on call, and who is woken next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Span;
use crate::policy::Verb;

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user id: `U…` or `W…`. Names are for reading only.
    pub slack: String,
    /// What this person may do.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The name as it is written.
    #[serde(default)]
    pub name: Option<String>,
    /// What they are: `Database Admin`.
    #[serde(default)]
    pub title: Option<String>,
    /// Their telephone, with the country's code: `+1-555-0003`. Digits are what counts.
    #[serde(default)]
    pub phone: Option<String>,
    /// Their email address.
    #[serde(default)]
    pub email: Option<String>,
    /// Who they are at AWS, for the command line when Slack is down: whole ARNs, as `aws sts get-caller-identity` shows them.
    #[serde(default)]
    pub aws: Vec<String>,
}

/// What a role may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its grants; none: nothing.
    #[serde(default)]
    pub may: Vec<Grant>,
}

/// Verbs on what is in environments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The verbs.
    pub verbs: Vec<Verb>,
    /// In which environments; `"*"` is every one, for verbs that change nothing.
    #[serde(default)]
    pub environments: Vec<String>,
}

/// Who is on call, and who is woken next when nobody acknowledges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OnCall {
    /// People who take turns, by the rotation's name.
    pub rotations: BTreeMap<String, Rotation>,
    /// The levels, first one first.
    pub escalation: Vec<Level>,
    /// How often the whole ladder is climbed before a page is given up as unanswered; default 3.
    pub rounds: Option<u8>,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// In this order.
    pub people: Vec<String>,
    /// For how long each; whole days change at the same wall-clock time in the plan's zone.
    pub every: Span,
    /// When the first one's first turn began, in the plan's zone: `2026-01-05T09:00`.
    pub from: String,
}

/// One level of the escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// What it is called: `Primary`.
    pub name: String,
    /// Whom it wakes: people, or rotations.
    pub notify: Vec<String>,
    /// How, in this order, all at once within a level; default PagerDuty, text message and Slack.
    #[serde(default = "wakes")]
    pub by: Vec<Channel>,
    /// How long it is waited for an acknowledgment before the next level is woken.
    pub within: Span,
}

fn wakes() -> Vec<Channel> {
    vec![Channel::Pagerduty, Channel::Sms, Channel::Slack]
}

/// A way to reach people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A message in Slack.
    Slack,
    /// An email.
    Email,
    /// A text message.
    Sms,
    /// A call that speaks.
    Phone,
    /// PagerDuty.
    Pagerduty,
    /// The public status page.
    StatusPage,
    /// Social media: somebody is asked to write it.
    Social,
}
