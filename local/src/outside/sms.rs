//! AWS End User Messaging: text messages and calls, and replies by way of SNS.
//!
//! <https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/Welcome.html>

use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Outbox;
use crate::{
    service::{ACCOUNT, Call, Reply, Service},
    wire::{
        self,
        json::{self as protocol, Version},
    },
};

/// The service `sms-voice`.
#[derive(Debug)]
pub struct SmsVoice(pub Arc<Outbox>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    destination_phone_number: String,
    origination_identity: Option<String>,
    message_body: Option<String>,
}

impl SmsVoice {
    fn send(&self, kind: &str, call: &Call) -> Result<Reply, Reply> {
        let Send { destination_phone_number: to, origination_identity: from, message_body: text } = protocol::body(call, Version::V1_0)?;
        let digits =
            to.strip_prefix('+').is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let refused = |message: &str| protocol::error(Version::V1_0, StatusCode::BAD_REQUEST, "ValidationException", message);
        if !digits {
            return Err(refused("The destination is no phone number in E.164."));
        }
        let text = text
            .filter(|text| !text.is_empty() && text.chars().count() <= 1_600)
            .ok_or_else(|| refused("The message has 1 to 1600 characters."))?;
        let id = wire::uuid();
        let at = self.0.shared.clock.now();
        let message = json!({"kind": kind, "id": id, "at": at, "from": from, "to": to, "text": text});
        self.0.kept.change(|arrived| arrived.sms.push(message));
        Ok(protocol::reply(Version::V1_0, &json!({"MessageId": id})))
    }
}

#[async_trait]
impl Service for SmsVoice {
    fn name(&self) -> &'static str {
        "sms-voice"
    }

    fn operation(&self, call: &Call) -> String {
        protocol::operation(call)
    }

    async fn handle(&self, call: &Call) -> Reply {
        let sent = match call.operation.as_str() {
            "SendTextMessage" => self.send("sms", call),
            "SendVoiceMessage" => self.send("call", call),
            _ => Err(self.error(StatusCode::BAD_REQUEST, "UnknownOperationException", "")),
        };
        sent.unwrap_or_else(|refused| refused)
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        protocol::error(Version::V1_0, status, code, message)
    }
}

/// A text message to our number, as SNS hands it to a function.
///
/// <https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html>
#[must_use]
pub fn inbound(region: &str, from: &str, text: &str, at: Timestamp) -> Value {
    let message = json!({
        "originationNumber": from,
        "destinationNumber": crate::functions::SMS_SENDER,
        "messageKeyword": "KEYWORD",
        "messageBody": text,
        "inboundMessageId": wire::uuid(),
        "previousPublishedMessageId": wire::uuid(),
    });
    notification(region, &message, at)
}

/// That nobody got a text message or a call, as SNS hands it to a function.
///
/// <https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html>
#[must_use]
pub fn unreachable(region: &str, sent: &Value, at: Timestamp) -> Value {
    let call = sent.get("kind").and_then(Value::as_str) == Some("call");
    let message = json!({
        "eventType": if call { "VOICE_NO_ANSWER" } else { "TEXT_UNREACHABLE" },
        "eventVersion": "1.0",
        "eventTimestamp": at.as_millisecond(),
        "isFinal": true,
        "originationPhoneNumber": sent.get("from"),
        "destinationPhoneNumber": sent.get("to"),
        "messageId": sent.get("id"),
        "messageStatus": if call { "NO_ANSWER" } else { "UNREACHABLE" },
        "messageStatusDescription": if call { "Nobody took the call" } else { "Phone is currently unreachable/unavailable" },
    });
    notification(region, &message, at)
}

/// A message of the topic, as SNS hands it to a function.
pub(super) fn notification(region: &str, message: &Value, at: Timestamp) -> Value {
    let topic = format!("arn:aws:sns:{region}:{ACCOUNT}:mayday-sms-replies");
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:{}", wire::uuid()),
        "Sns": {
            "Type": "Notification",
            "MessageId": wire::uuid(),
            "TopicArn": topic,
            "Subject": null,
            "Message": message.to_string(),
            "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
            "SignatureVersion": "1",
            "MessageAttributes": {},
        },
    }]})
}
