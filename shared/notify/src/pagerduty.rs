//! PagerDuty's Events API, version 2.
//!
//! Source: <https://developer.pagerduty.com/docs/events-api-v2-overview>.

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    plan::Severity,
    port::{Alert, Pager, Sent},
};
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    clean,
    http::{trouble, unreachable},
};

/// PagerDuty's own address.
pub const PAGERDUTY_EVENTS_URL: &str = "https://events.pagerduty.com";

/// An integration of a service in PagerDuty.
pub struct PagerDuty {
    http: reqwest::Client,
    url: String,
    key: Option<SecretString>,
}

impl PagerDuty {
    pub(crate) fn new(http: reqwest::Client, url: Option<&str>, key: Option<SecretString>) -> Self {
        let url = format!("{}/v2/enqueue", url.unwrap_or(PAGERDUTY_EVENTS_URL).trim_end_matches('/'));
        Self { http, url, key }
    }

    async fn enqueue(&self, action: &str, dedup_key: &str, payload: Option<Value>) -> Result<Sent, CallError> {
        let Some(key) = &self.key else { return Ok(Sent::Undelivered { why: "there is no PagerDuty key".to_owned() }) };
        let mut event = json!({"routing_key": key.expose_secret(), "event_action": action, "dedup_key": dedup_key});
        if let (Some(payload), Some(fields)) = (payload, event.as_object_mut()) {
            fields.insert("payload".to_owned(), payload);
            fields.insert("client".to_owned(), "Mayday".into());
        }
        let request = self.http.post(&self.url).header(CONTENT_TYPE, "application/json").body(event.to_string());
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let answer: Value = serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or_default();
        let words = answer.get("message").and_then(Value::as_str).unwrap_or_default();
        match trouble(status, words) {
            Some(error) => Err(error),
            // Queued: an incident is made of it later, and somebody is woken later still, or never.
            None if status.is_success() => {
                let reference = answer.get("dedup_key").and_then(Value::as_str).unwrap_or(dedup_key).to_owned();
                Ok(Sent::Accepted { reference })
            }
            None => Ok(Sent::Undelivered { why: format!("HTTP status {} {}", status.as_u16(), clean(words)) }),
        }
    }
}

#[async_trait]
impl Pager for PagerDuty {
    async fn trigger(&self, alert: &Alert) -> Result<Sent, CallError> {
        let severity = match alert.severity {
            Severity::Sev1 => "critical",
            Severity::Sev2 => "error",
            Severity::Sev3 => "warning",
        };
        let payload = json!({
            "summary": clean(&alert.summary),
            "source": clean(&alert.source),
            "severity": severity,
            "custom_details": {"what": clean(&alert.details)},
        });
        self.enqueue("trigger", &alert.dedup_key, Some(payload)).await
    }

    async fn acknowledge(&self, dedup_key: &str) -> Result<Sent, CallError> {
        self.enqueue("acknowledge", dedup_key, None).await
    }

    async fn resolve(&self, dedup_key: &str) -> Result<Sent, CallError> {
        self.enqueue("resolve", dedup_key, None).await
    }
}
