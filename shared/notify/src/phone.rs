//! Text messages and calls by AWS End User Messaging.
//!
//! Source: <https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html>, and `SendVoiceMessage` there.

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{Phone, Sent},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{clean, signed::Signed};

/// Who speaks on a call.
const VOICE: &str = "JOANNA";
/// What a message that somebody pays for by not waking up is not: promotional.
const KIND: &str = "TRANSACTIONAL";

/// AWS End User Messaging.
pub struct EndUserMessaging {
    signed: Signed,
    sender: Option<String>,
    /// The configuration set whose events say what was not delivered.
    reports: Option<String>,
}

impl EndUserMessaging {
    pub(crate) fn new(signed: Signed, sender: Option<String>, reports: Option<String>) -> Self {
        Self { signed, sender, reports }
    }

    async fn send(&self, operation: &str, message: impl FnOnce(&str) -> Value) -> Result<Sent, CallError> {
        let Some(sender) = &self.sender else { return Ok(Sent::Undelivered { why: "there is no number to send from".to_owned() }) };
        let target = format!("PinpointSMSVoiceV2.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let mut message = message(sender);
        if let (Some(reports), Some(fields)) = (&self.reports, message.as_object_mut()) {
            fields.insert("ConfigurationSetName".to_owned(), json!(reports));
        }
        // Sandbox, opt-out, spending limit, a number that is none: all of them are refusals, and mean that it does not arrive.
        Ok(self.signed.call(Method::POST, "/", &headers, Some(&message)).await?.sent())
    }
}

#[async_trait]
impl Phone for EndUserMessaging {
    async fn sms(&self, to: &str, text: &str) -> Result<Sent, CallError> {
        let text = clean(text);
        let message =
            |sender: &str| json!({"DestinationPhoneNumber": to, "OriginationIdentity": sender, "MessageBody": text, "MessageType": KIND});
        self.send("SendTextMessage", message).await
    }

    async fn call(&self, to: &str, text: &str) -> Result<Sent, CallError> {
        let text = clean(text);
        let message = |sender: &str| {
            json!({
                "DestinationPhoneNumber": to,
                "OriginationIdentity": sender,
                "MessageBody": text,
                "MessageBodyTextType": "TEXT",
                "VoiceId": VOICE,
            })
        };
        self.send("SendVoiceMessage", message).await
    }
}
