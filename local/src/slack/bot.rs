//! Slack's way to the bot: signed requests, three seconds' patience, events again when they were not taken.

use std::{sync::Arc, time::Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;
use serde_json::Value;
use sha2::Sha256;

use super::Slack;

/// How long Slack waits for an answer.
const PATIENCE: SignedDuration = SignedDuration::from_secs(3);

/// When Slack sends an event again that was not taken: at once, after a minute, after five.
const EVENT_RETRIES: [SignedDuration; 3] = [SignedDuration::ZERO, SignedDuration::from_mins(1), SignedDuration::from_mins(5)];

/// What the bot said.
#[derive(Debug, Clone)]
pub(crate) struct BotAnswer {
    /// The HTTP status; absent when there was no answer in time.
    pub status: Option<u16>,
    /// The body as it came.
    pub text: String,
    /// Real milliseconds until the answer.
    pub took_ms: u64,
    /// Slack's word for what went wrong.
    pub failure: Option<&'static str>,
}

impl BotAnswer {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// Slack's signature of a request: `v0=` and the HMAC-SHA256 of `v0:TIMESTAMP:BODY`.
///
/// Source: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
#[must_use]
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

impl Slack {
    /// Posts a form to the bot.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, String)]) -> BotAnswer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post(path, "application/x-www-form-urlencoded", body, HeaderMap::new()).await
    }

    /// Posts an interaction's payload to the bot.
    pub(crate) async fn post_interaction(&self, payload: &Value) -> BotAnswer {
        self.post_form("/slack/interactions", &[("payload", payload.to_string())]).await
    }

    /// Posts an event, and again in the background when it is not taken.
    pub(crate) async fn post_event(self: &Arc<Self>, envelope: Value) -> BotAnswer {
        let first = self.post("/slack/events", "application/json", envelope.to_string(), HeaderMap::new()).await;
        if let Some(reason) = first.failure {
            let slack = Arc::clone(self);
            self.shared.tasks.spawn(async move { slack.retry_event(&envelope, reason).await });
        }
        first
    }

    async fn retry_event(&self, envelope: &Value, mut reason: &'static str) {
        for (number, wait) in EVENT_RETRIES.into_iter().enumerate() {
            self.shared.clock.sleep(wait).await;
            let mut headers = HeaderMap::new();
            headers.insert("x-slack-retry-num", HeaderValue::from(number + 1));
            headers.insert(
                "x-slack-retry-reason",
                HeaderValue::from_static(if reason == "operation_timeout" { "http_timeout" } else { "http_error" }),
            );
            match self.post("/slack/events", "application/json", envelope.to_string(), headers).await.failure {
                None => return,
                Some(next) => reason = next,
            }
        }
    }

    async fn post(&self, path: &str, content_type: &'static str, body: String, mut headers: HeaderMap) -> BotAnswer {
        let secret = match self.host.signing_secret().await {
            Ok(secret) => secret,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "there is no signing secret to sign with");
                return BotAnswer { status: None, text: String::new(), took_ms: 0, failure: Some("no_signing_secret") };
            }
        };
        let timestamp = self.shared.clock.now().as_second().to_string();
        let signed = signature(&secret, &timestamp, body.as_bytes());
        for (name, value) in [("x-slack-request-timestamp", timestamp), ("x-slack-signature", signed)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        headers.insert("content-type", HeaderValue::from_static(content_type));
        headers.insert("user-agent", HeaderValue::from_static("Slackbot 1.0 (+https://api.slack.com/robots)"));
        let started = Instant::now();
        let answer = self.client.post(format!("{}{path}", self.shared.url)).headers(headers).body(body).send();
        let answer = async {
            let answer = answer.await?;
            Ok::<_, reqwest::Error>((answer.status().as_u16(), answer.text().await?))
        };
        let patience = self.wire_span(PATIENCE);
        let (status, text, failure) = tokio::select! {
            answer = answer => match answer {
                Ok((status @ 200..=299, text)) => (Some(status), text, None),
                Ok((status, text)) => (Some(status), text, Some("http_service_error")),
                Err(_) => (None, String::new(), Some("connection_failed")),
            },
            () = self.shared.clock.sleep(patience) => (None, String::new(), Some("operation_timeout")),
        };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        BotAnswer { status, text, took_ms, failure }
    }

    /// A span of the wire in the stack's time: a scaled clock hurries the world, not the network.
    pub(crate) fn wire_span(&self, span: SignedDuration) -> SignedDuration {
        SignedDuration::try_from_secs_f64(span.as_secs_f64() * self.shared.clock.scale().max(1.0)).unwrap_or(span)
    }
}
