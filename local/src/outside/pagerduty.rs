//! PagerDuty: events in, incidents, a human who takes them, signed webhooks out.
//!
//! <https://developer.pagerduty.com/docs/events-api-v2-overview>, <https://developer.pagerduty.com/docs/webhooks-overview>

use std::sync::Arc;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Outbox;
use crate::{
    service::{Call, Reply, Service},
    wire::{self, rest},
};

/// An incident.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Incident {
    number: usize,
    dedup_key: String,
    /// `triggered`, `acknowledged` or `resolved`.
    status: String,
    summary: String,
    severity: String,
    source: String,
    details: Value,
    at: Timestamp,
    /// Every event that it was told of, in order.
    events: Vec<String>,
}

/// The vendor `pagerduty`.
#[derive(Debug)]
pub struct PagerDuty(pub Arc<Outbox>);

impl PagerDuty {
    fn enqueue(&self, call: &Call) -> Result<Reply, String> {
        let event: Value = serde_json::from_slice(&call.body).map_err(|_| "Event object is invalid")?;
        let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("/routing_key").is_empty() {
            return Err("'routing_key' is missing or blank".to_owned());
        }
        let (action, given) = (text("/event_action"), text("/dedup_key"));
        if given.chars().count() > 255 {
            return Err("'dedup_key' is too long".to_owned());
        }
        let key = if given.is_empty() { wire::uuid() } else { given };
        match action.as_str() {
            "trigger" => {
                let (summary, severity, source) = (text("/payload/summary"), text("/payload/severity"), text("/payload/source"));
                let known = matches!(severity.as_str(), "critical" | "error" | "warning" | "info");
                if summary.is_empty() || summary.chars().count() > 1_024 || source.is_empty() || !known {
                    return Err("'payload' lacks summary, source or a severity that is known".to_owned());
                }
                let details = event.pointer("/payload/custom_details").cloned().unwrap_or_default();
                self.trigger(Incident {
                    number: 0,
                    dedup_key: key.clone(),
                    status: "triggered".to_owned(),
                    summary,
                    severity,
                    source,
                    details,
                    at: self.0.shared.clock.now(),
                    events: vec!["trigger".to_owned()],
                });
            }
            "acknowledge" => drop(self.moves(&key, "acknowledge", "acknowledged")),
            "resolve" => drop(self.moves(&key, "resolve", "resolved")),
            _ => return Err("'event_action' is invalid".to_owned()),
        }
        Ok(rest::json(StatusCode::ACCEPTED, &json!({"status": "success", "message": "Event processed", "dedup_key": key})))
    }

    /// Opens an incident, or adds to the one that is open.
    fn trigger(&self, incident: Incident) {
        self.0.kept.change(|arrived| {
            let open = |known: &&mut Incident| known.dedup_key == incident.dedup_key && known.status != "resolved";
            if let Some(known) = arrived.pages.iter_mut().rev().find(open) {
                known.events.push("trigger".to_owned());
                return;
            }
            let number = arrived.pages.len() + 1;
            arrived.pages.push(Incident { number, ..incident });
        });
    }

    fn moves(&self, key: &str, event: &str, status: &str) -> Option<Incident> {
        self.0.kept.change(|arrived| {
            let open = |known: &&mut Incident| known.dedup_key == key && known.status != "resolved";
            let known = arrived.pages.iter_mut().rev().find(open)?;
            known.events.push(event.to_owned());
            known.status = status.to_owned();
            Some(known.clone())
        })
    }
}

#[async_trait]
impl Service for PagerDuty {
    fn name(&self) -> &'static str {
        "pagerduty"
    }

    fn operation(&self, call: &Call) -> String {
        let event: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        event.get("event_action").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        self.enqueue(call).unwrap_or_else(|why| self.error(StatusCode::BAD_REQUEST, "invalid event", &why))
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        rest::json(status, &json!({"status": code, "message": message, "errors": [message]}))
    }
}

/// What a human in PagerDuty does with an incident.
#[derive(Debug, Clone)]
pub struct Human {
    /// What PagerDuty calls them.
    pub name: String,
    /// `acknowledged` or `resolved`.
    pub status: String,
    /// The incident's dedup key.
    pub key: String,
}

impl Outbox {
    /// Does it, and tells the bot by a webhook that is signed with `secret`. Gives the bot's status.
    ///
    /// # Errors
    /// A sentence, when there is no such incident or the bot does not answer.
    pub async fn answers(self: &Arc<Self>, human: &Human, secret: &str) -> Result<u16, String> {
        let incident = PagerDuty(self.clone()).moves(&human.key, &format!("{} by {}", human.status, human.name), &human.status);
        let incident = incident.ok_or_else(|| format!("PagerDuty has no open incident with the key {}.", human.key))?;
        let body = webhook(&incident, human, self.shared.clock.now()).to_string();
        let client = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
        let request = client.post(format!("{}/pagerduty/events", self.shared.url)).header("content-type", "application/json");
        let request = request.header("x-pagerduty-signature", signature(secret, body.as_bytes())).body(body);
        request.send().await.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
    }
}

/// PagerDuty's signature of a webhook.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// A webhook, version 3.
fn webhook(incident: &Incident, human: &Human, at: Timestamp) -> Value {
    json!({"event": {
        "id": wire::uuid(),
        "event_type": format!("incident.{}", human.status),
        "resource_type": "incident",
        "occurred_at": at,
        "agent": {"id": "PLH1HKV", "type": "user_reference", "summary": human.name},
        "client": null,
        "data": {
            "id": format!("Q{:08}", incident.number),
            "type": "incident",
            "number": incident.number,
            "status": human.status,
            "incident_key": incident.dedup_key,
            "created_at": incident.at,
            "title": incident.summary,
            "urgency": "high",
        },
    }})
}
