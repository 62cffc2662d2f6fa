//! Email by SES, version 2.
//!
//! Source: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>, and `GetSuppressedDestination` there.

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{Letter, Mail, Sent},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{clean, signed::Signed};

/// Amazon SES.
pub struct Ses {
    signed: Signed,
    sender: Option<String>,
}

impl Ses {
    pub(crate) fn new(signed: Signed, sender: Option<String>) -> Self {
        Self { signed, sender }
    }

    /// SES takes a letter to an address that it suppresses, and sends nothing: it has to be asked before.
    async fn is_suppressed(&self, address: &str) -> bool {
        let path = format!("/v2/email/suppression/addresses/{}", utf8_percent_encode(address, NON_ALPHANUMERIC));
        let answer = self.signed.call(Method::GET, &path, &[], None).await;
        answer.is_ok_and(|answer| answer.status.is_success() && answer.body.get("SuppressedDestination").is_some())
    }

    async fn send_to(&self, sender: &str, address: &str, letter: &Letter) -> Result<Sent, CallError> {
        if self.is_suppressed(address).await {
            return Ok(Sent::Undelivered { why: "the address is on the suppression list".to_owned() });
        }
        let part = |text: &str| json!({"Data": clean(text), "Charset": "UTF-8"});
        let message: Value = json!({
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": [address]},
            "Content": {"Simple": {"Subject": part(&letter.subject), "Body": {"Text": part(&letter.text), "Html": part(&letter.html)}}},
        });
        let headers = [("content-type", "application/json")];
        Ok(self.signed.call(Method::POST, "/v2/email/outbound-emails", &headers, Some(&message)).await?.sent())
    }
}

#[async_trait]
impl Mail for Ses {
    async fn send(&self, letter: &Letter) -> Result<Sent, CallError> {
        let Some(sender) = &self.sender else { return Ok(Sent::Undelivered { why: "there is no address to send from".to_owned() }) };
        // A line break in a subject would begin a header of somebody else's choice.
        if letter.subject.contains(['\r', '\n']) {
            return Err(CallError::refused("header_injection", "the subject has more than one line"));
        }
        let mut worst = None;
        let mut taken = None;
        // One letter each: none sees the others, and one that bounces keeps none from the others.
        for address in &letter.to {
            match self.send_to(sender, address, letter).await? {
                sent @ Sent::Accepted { .. } => taken = Some(sent),
                lost @ Sent::Undelivered { .. } => worst = Some(lost),
            }
        }
        Ok(worst.or(taken).unwrap_or_else(|| Sent::Undelivered { why: "there is no address".to_owned() }))
    }
}
