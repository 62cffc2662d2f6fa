//! PagerDuty's webhooks, version 3: what happened to an incident. The signature was verified by the door.
//!
//! Source: <https://developer.pagerduty.com/docs/webhooks-overview>.

use mayday_core::page::PagerEvent;
use serde::Deserialize;

#[derive(Deserialize)]
struct Webhook {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    event_type: String,
    occurred_at: jiff::Timestamp,
    #[serde(default)]
    agent: Option<Agent>,
    data: Incident,
}

#[derive(Deserialize)]
struct Agent {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Deserialize)]
struct Incident {
    #[serde(default)]
    incident_key: Option<String>,
}

/// The longest name of a human that is kept, in characters.
const LONGEST_NAME: usize = 60;

/// Reads a webhook. `None`: it is about no incident with a key, or no webhook at all.
#[must_use]
pub fn read(body: &[u8]) -> Option<PagerEvent> {
    let Webhook { event } = serde_json::from_slice(body).ok()?;
    // Whatever our own events have done there, an integration did; only a user is a human.
    let human = event.agent.filter(|agent| matches!(agent.r#type.as_str(), "user_reference" | "user"));
    let human = human.map(|agent| agent.summary.unwrap_or_else(|| "somebody".to_owned()).chars().take(LONGEST_NAME).collect());
    Some(PagerEvent { kind: event.event_type, dedup_key: event.data.incident_key?, human, at: event.occurred_at })
}
