//! What AWS says later of a message that it had taken: SES of a letter, AWS End User Messaging of a text message or a call. Both come by SNS.
//!
//! Sources: <https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>, its twin `event-publishing-retrieving-sns-contents`, and
//! <https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types.html>.

use mayday_core::page::Undelivered;
use serde::Deserialize;

/// Either vendor's report, as much of it as says what became of which message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// SES with a configuration set, and End User Messaging.
    event_type: Option<String>,
    /// SES, by an identity's topic.
    notification_type: Option<String>,
    mail: Option<Letter>,
    bounce: Option<Bounce>,
    reject: Option<Reject>,
    message_id: Option<String>,
    message_status_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    message_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Bounce {
    bounce_type: String,
    bounce_sub_type: String,
}

#[derive(Deserialize)]
struct Reject {
    #[serde(default)]
    reason: String,
}

/// What End User Messaging calls a message that reached nobody.
const LOST: [&str; 15] = [
    "TEXT_BLOCKED",
    "TEXT_CARRIER_BLOCKED",
    "TEXT_CARRIER_UNREACHABLE",
    "TEXT_INVALID",
    "TEXT_INVALID_MESSAGE",
    "TEXT_PROTECT_BLOCKED",
    "TEXT_SPAM",
    "TEXT_TTL_EXPIRED",
    "TEXT_UNREACHABLE",
    "VOICE_BUSY",
    "VOICE_FAILED",
    "VOICE_NO_ANSWER",
    "VOICE_TTL_EXPIRED",
    "VOICE_BLOCKED",
    "VOICE_UNREACHABLE",
];

/// Reads a report of something that did not arrive. `None`: it arrived, it is not known yet, or it is no report.
#[must_use]
pub fn read(message: &str) -> Option<Undelivered> {
    let report: Report = serde_json::from_str(message).ok()?;
    let kind = report.event_type.or(report.notification_type)?;
    if let Some(Letter { message_id: reference }) = report.mail {
        let why = match kind.as_str() {
            "Bounce" => {
                let bounce = report.bounce.unwrap_or_default();
                format!("it bounced: {} {}", bounce.bounce_type, bounce.bounce_sub_type)
            }
            "Reject" => format!("SES rejected it: {}", report.reject.map(|reject| reject.reason).unwrap_or_default()),
            "Rendering Failure" => "SES could not make a letter of it".to_owned(),
            _ => return None,
        };
        return Some(Undelivered { reference, why: why.trim_end().to_owned() });
    }
    let why = report.message_status_description.unwrap_or_else(|| kind.to_lowercase());
    LOST.contains(&kind.as_str()).then_some(Undelivered { reference: report.message_id?, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(reference: &str, why: &str) -> Option<Undelivered> {
        Some(Undelivered { reference: reference.to_owned(), why: why.to_owned() })
    }

    #[test]
    fn g16_a_bounce_says_which_letter_by_either_of_the_vendors_ways() {
        let bounce = |kind: &str| {
            format!(
                r#"{{"{kind}":"Bounce","mail":{{"messageId":"0102-a","destination":["ana@example.com"]}},
                "bounce":{{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{{"emailAddress":"ana@example.com"}}]}}}}"#
            )
        };
        for kind in ["notificationType", "eventType"] {
            assert_eq!(read(&bounce(kind)), lost("0102-a", "it bounced: Permanent General"));
        }
        let reject = r#"{"eventType":"Reject","mail":{"messageId":"0102-b"},"reject":{"reason":"Bad content"}}"#;
        assert_eq!(read(reject), lost("0102-b", "SES rejected it: Bad content"));
    }

    #[test]
    fn g16_a_text_or_call_that_reached_nobody_says_which() {
        let event = |kind: &str| {
            format!(
                r#"{{"eventType":"{kind}","eventVersion":"1.0","isFinal":true,"messageId":"m-1","messageStatus":"X",
                "messageStatusDescription":"Phone is currently unreachable"}}"#
            )
        };
        for kind in LOST {
            assert_eq!(read(&event(kind)), lost("m-1", "Phone is currently unreachable"), "{kind}");
        }
        for kind in ["TEXT_DELIVERED", "TEXT_PENDING", "TEXT_UNKNOWN", "VOICE_ANSWERED", "VOICE_COMPLETED"] {
            assert_eq!(read(&event(kind)), None, "{kind}");
        }
    }

    #[test]
    fn what_arrived_or_is_no_report_is_nothing() {
        let delivered = r#"{"notificationType":"Delivery","mail":{"messageId":"a"},"delivery":{}}"#;
        let complaint = r#"{"notificationType":"Complaint","mail":{"messageId":"a"},"complaint":{}}"#;
        for text in [delivered, complaint, "", "null", "[]", r#"{"eventType":7}"#, r#"{"eventType":"TEXT_BLOCKED"}"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
