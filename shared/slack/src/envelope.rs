//! What Slack's door hands to the worker: one verified request, whole, as it arrived.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// The schema that this build writes.
pub const SCHEMA: u32 = 1;

/// One verified request on its way from a door to the worker, which parses and authorizes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The envelope's schema version: [`SCHEMA`].
    pub schema: u32,
    /// Whose signature was checked.
    pub door: Door,
    /// The path it was posted to, one of decision 13's: `/slack/commands`.
    pub path: String,
    /// The content type that the sender claimed: text of a stranger's, not a promise.
    pub content_type: String,
    /// The body, in one of two fields: `body` or `body_base64`.
    #[serde(flatten)]
    pub body: Body,
    /// SHA-256 of the signature's text, in hexadecimal: the key by which the worker recognizes a repeated delivery.
    pub signature_digest: String,
    /// When the door took it, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// When the sender signed it, in seconds since 1970. PagerDuty signs no time: the second of arrival.
    pub signed_at_s: i64,
    /// The door's own invocation id, which the person may have been shown a part of.
    pub request_id: String,
    /// `X-Slack-Retry-Num` as sent. It is not signed: a hint for logs, never a decision.
    pub retry_num: Option<String>,
    /// Set when the request was signed but is not for us: the worker records it and does nothing else.
    pub refused: Option<Refused>,
}

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Slack's slash commands, interactions and events.
    Slack,
    /// PagerDuty's webhooks.
    Pagerduty,
}

/// Why a signed request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// It names another team, or none.
    ForeignTeam,
    /// It names another app.
    ForeignApp,
    /// It names another enterprise.
    ForeignEnterprise,
}

/// A request's raw bytes in whichever form is shorter in JSON.
///
/// An asynchronous invocation carries 256 KB; base64 makes four bytes of three, while text that is all quotes and
/// control characters can grow sixfold. So 180 KiB of anything fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// UTF-8 as it is.
    #[serde(rename = "body")]
    Text(String),
    /// Standard base64 with padding.
    #[serde(rename = "body_base64")]
    Base64(String),
}

/// A `body_base64` that is no base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the envelope's body is not base64")]
pub struct NotBase64;

impl Body {
    /// Wraps raw bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if escaped_len(text) <= bytes.len().div_ceil(3) * 4 => Self::Text(text.to_owned()),
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The raw bytes that were signed.
    ///
    /// # Errors
    /// [`NotBase64`] when somebody else than a door wrote this envelope.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, NotBase64> {
        match self {
            Self::Text(text) => Ok(Cow::Borrowed(text.as_bytes())),
            Self::Base64(text) => STANDARD.decode(text).map(Cow::Owned).map_err(|_| NotBase64),
        }
    }
}

/// The text's length between JSON's quotes.
fn escaped_len(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(body: &[u8]) -> Envelope {
        Envelope {
            schema: SCHEMA,
            door: Door::Slack,
            path: "/slack/commands".to_owned(),
            content_type: "application/x-www-form-urlencoded".to_owned(),
            body: Body::new(body),
            signature_digest: "00".repeat(32),
            received_at_ms: 1_531_420_618_250,
            signed_at_s: 1_531_420_618,
            request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
            retry_num: None,
            refused: Some(Refused::ForeignTeam),
        }
    }

    #[test]
    fn the_fields_are_those_of_schema_1() {
        let json = serde_json::to_value(envelope(b"command=%2Fdr")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "schema": 1, "door": "slack", "path": "/slack/commands", "content_type": "application/x-www-form-urlencoded",
                "body": "command=%2Fdr", "signature_digest": "00".repeat(32), "received_at_ms": 1_531_420_618_250_i64,
                "signed_at_s": 1_531_420_618, "request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd", "retry_num": null,
                "refused": "foreign_team",
            })
        );
        assert_eq!(serde_json::to_value(envelope(&[0xff])).unwrap()["body_base64"], "/w==");
    }

    #[test]
    fn a12_any_body_of_180_kib_fits_an_asynchronous_invocation() {
        for filler in [b"a".as_slice(), b"\"", b"\0", b"\\", b"\xff", "é".as_bytes()] {
            let body = filler.repeat(180 * 1024 / filler.len());
            let size = serde_json::to_vec(&envelope(&body)).unwrap().len();
            assert!(size <= 256 * 1024 - 8 * 1024, "{size} bytes of {filler:?} leave no room for headers");
        }
    }

    proptest! {
        #[test]
        fn a10_every_byte_survives_the_envelope(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let json = serde_json::to_string(&envelope(&body)).unwrap();
            let back: Envelope = serde_json::from_str(&json).unwrap();
            let bytes = back.body.bytes().unwrap();
            prop_assert_eq!(bytes.as_ref(), body.as_slice());
        }
    }
}
