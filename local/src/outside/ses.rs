//! SES, version 2: letters, and the list of addresses that get none.
//!
//! <https://docs.aws.amazon.com/ses/latest/APIReference-V2/Welcome.html>

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Outbox;
use crate::{
    service::{Call, Reply, Service},
    wire::{self, rest},
};

/// The service `ses`.
#[derive(Debug)]
pub struct Ses(pub Arc<Outbox>);

const SUPPRESSION: &str = "/v2/email/suppression/addresses";

impl Ses {
    /// Taken, also for an address that is suppressed: SES says so by an event only.
    fn send(&self, call: &Call) -> Reply {
        let letter: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let text = |at: &str| letter.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let to: Vec<String> = letter
            .pointer("/Destination/ToAddresses")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|address| Some(address.as_str()?.to_owned()))
            .collect();
        let subject = text("/Content/Simple/Subject/Data");
        if to.is_empty() || subject.contains(['\r', '\n']) || text("/FromEmailAddress").is_empty() {
            return self.error(
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                "The letter has no sender, no recipient or a broken subject.",
            );
        }
        let id = wire::uuid();
        let message = json!({
            "id": id,
            "at": self.0.shared.clock.now(),
            "from": text("/FromEmailAddress"),
            "to": to,
            "subject": subject,
            "text": text("/Content/Simple/Body/Text/Data"),
            "html": text("/Content/Simple/Body/Html/Data"),
        });
        self.0.kept.change(|arrived| {
            if !to.iter().any(|address| arrived.suppressed.contains(address)) {
                arrived.email.push(message);
            }
        });
        rest::json(StatusCode::OK, &json!({"MessageId": id}))
    }

    fn suppressed(&self, address: &str) -> Reply {
        if self.0.kept.read().suppressed.iter().any(|known| known == address) {
            let destination = json!({"EmailAddress": address, "Reason": "BOUNCE", "LastUpdateTime": self.0.shared.clock.now().as_second()});
            return rest::json(StatusCode::OK, &json!({"SuppressedDestination": destination}));
        }
        self.error(StatusCode::NOT_FOUND, "NotFoundException", "The address is not on the suppression list.")
    }

    fn suppress(&self, call: &Call) -> Reply {
        let wanted: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let Some(address) = wanted.get("EmailAddress").and_then(Value::as_str) else {
            return self.error(StatusCode::BAD_REQUEST, "BadRequestException", "There is no EmailAddress.");
        };
        self.0.kept.change(|arrived| arrived.suppressed.push(address.to_owned()));
        rest::json(StatusCode::OK, &json!({}))
    }
}

/// That a letter came back, as SNS hands it to a function.
///
/// <https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>
#[must_use]
pub fn bounced(region: &str, sent: &Value, at: jiff::Timestamp) -> Value {
    let to = sent.get("to").cloned().unwrap_or_default();
    let recipients: Vec<Value> = to
        .as_array()
        .into_iter()
        .flatten()
        .map(|address| json!({"emailAddress": address, "status": "5.1.1", "action": "failed"}))
        .collect();
    let message = json!({
        "notificationType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": recipients, "timestamp": at},
        "mail": {"timestamp": sent.get("at"), "source": sent.get("from"), "messageId": sent.get("id"), "destination": to},
    });
    super::sms::notification(region, &message, at)
}

#[async_trait]
impl Service for Ses {
    fn name(&self) -> &'static str {
        "ses"
    }

    fn operation(&self, call: &Call) -> String {
        let name = match (&call.method, call.path.as_str()) {
            (&Method::POST, "/v2/email/outbound-emails") => "SendEmail",
            (&Method::PUT, SUPPRESSION) => "PutSuppressedDestination",
            (&Method::GET, path) if path.starts_with(SUPPRESSION) => "GetSuppressedDestination",
            _ => "",
        };
        name.to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        match call.operation.as_str() {
            "SendEmail" => self.send(call),
            "PutSuppressedDestination" => self.suppress(call),
            "GetSuppressedDestination" => self.suppressed(rest::segments(call).last().map_or("", String::as_str)),
            _ => self.error(StatusCode::NOT_FOUND, "UnknownOperationException", ""),
        }
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        rest::json_error(status, code, message)
    }
}
