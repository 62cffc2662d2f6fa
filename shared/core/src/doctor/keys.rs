//! What is in the secret with the bot's own keys: whether it is what the functions read. What stands there is never said.

use serde_json::{Map, Value};

use super::{Check, Verdict};
use crate::port::{KeysCare, SecretText};

/// Without these nothing works: requests can't be judged, answers can't be sent.
const NEEDED: [&str; 2] = ["slack_signing_secret", "slack_bot_token"];
/// What else the functions read, each only where somebody uses it.
const KNOWN: [&str; 3] = ["slack_signing_secret_previous", "pagerduty_routing_key", "pagerduty_webhook_secret"];
/// What stands in examples, and in templates that nobody has filled in.
const PLACEHOLDERS: [&str; 7] = ["…", "...", "<", "changeme", "placeholder", "your-", "todo"];

/// Judges what is in it.
pub(super) fn shape(keys: &KeysCare) -> Check {
    let what = "Keys' form";
    let fix = format!(
        "Put it right as JSON with `aws secretsmanager put-secret-value --secret-id {} --secret-string file://keys.json`: {} and {}; {} where you need \
         them. Functions that run already read it within the hour.",
        keys.name,
        NEEDED[0],
        NEEDED[1],
        KNOWN.join(", ")
    );
    let Some(object) = keys.value.as_ref().and_then(object) else {
        return Check::ill(what, Verdict::Broken, format!("{} holds no JSON object", keys.name), fix);
    };
    let (wrong, odd) = (wrong(&object), odd(&object));
    match (wrong.is_empty(), odd.is_empty()) {
        (true, true) => Check::well(what, format!("{} has what the functions read, and nothing else", keys.name)),
        (true, false) => Check::ill(what, Verdict::Weak, format!("in {} {}", keys.name, odd.join("; ")), fix),
        (false, _) => Check::ill(what, Verdict::Broken, format!("in {} {}", keys.name, [wrong, odd].concat().join("; ")), fix),
    }
}

fn object(value: &SecretText) -> Option<Map<String, Value>> {
    serde_json::from_str(value.expose()).ok()
}

/// What keeps something from working.
fn wrong(object: &Map<String, Value>) -> Vec<String> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::trim);
    let mut wrong = Vec::new();
    for key in NEEDED {
        match object.get(key) {
            None => wrong.push(format!("there is no {key}")),
            Some(Value::String(text)) if text.trim().is_empty() => wrong.push(format!("{key} is empty")),
            Some(Value::String(_)) => {}
            Some(_) => wrong.push(format!("{key} is no text")),
        }
    }
    for key in NEEDED.iter().chain(&KNOWN) {
        let Some(text) = text(key) else { continue };
        let lower = text.to_lowercase();
        if PLACEHOLDERS.iter().any(|mark| lower.contains(mark)) {
            wrong.push(format!("{key} is still the example's"));
        }
    }
    if text("slack_bot_token").is_some_and(|token| !token.is_empty() && !token.starts_with("xoxb-")) {
        wrong.push("slack_bot_token is no bot token, which begins with xoxb-".to_owned());
    }
    wrong
}

/// What works, and surprises somebody some day.
fn odd(object: &Map<String, Value>) -> Vec<String> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let stranger = |key: &&String| !NEEDED.iter().chain(&KNOWN).any(|known| known == key);
    let mut odd: Vec<String> = object.keys().filter(stranger).map(|key| format!("{key} is read by nobody")).collect();
    let padded = NEEDED.iter().chain(&KNOWN).filter(|key| text(key).is_some_and(|text| text.trim() != text));
    odd.extend(padded.map(|key| format!("{key} has spaces or a line's end around it")));
    let [signing, ..] = NEEDED;
    let [previous, routing, webhook] = KNOWN;
    if text(previous).is_some() && text(previous) == text(signing) {
        odd.push(format!("{previous} is the same as {signing}"));
    }
    if text(routing).is_some() && text(webhook).is_none() {
        odd.push(format!("there is {routing} and no {webhook}: who acknowledges in PagerDuty is not heard here"));
    }
    odd
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(value: &str) -> Check {
        shape(&KeysCare { name: "mayday/keys".to_owned(), changed_at: None, value: Some(SecretText::new(value.to_owned())) })
    }

    fn good() -> Value {
        json!({"slack_signing_secret": "0f0e", "slack_bot_token": "xoxb-hush", "pagerduty_routing_key": "", "pagerduty_webhook_secret": ""})
    }

    fn with(key: &str, value: Value) -> Check {
        let mut keys = good();
        keys[key] = value;
        judged(&keys.to_string())
    }

    #[test]
    fn each_fault_of_the_keys_is_found_and_no_key_is_said() {
        assert_eq!(judged(&good().to_string()).verdict, Verdict::Well);
        let broken = [
            (judged("xoxb-hush"), "holds no JSON object"),
            (judged("{}"), "there is no slack_signing_secret; there is no slack_bot_token"),
            (with("slack_signing_secret", json!(" ")), "slack_signing_secret is empty"),
            (with("slack_signing_secret", json!(7)), "slack_signing_secret is no text"),
            (with("slack_bot_token", json!("xoxp-hush")), "is no bot token"),
            (with("slack_bot_token", json!("xoxb-…")), "slack_bot_token is still the example's"),
            (with("pagerduty_routing_key", json!("CHANGEME")), "pagerduty_routing_key is still the example's"),
        ];
        let weak = [
            (with("slack_token", json!("hush")), "slack_token is read by nobody"),
            (with("slack_bot_token", json!("xoxb-hush\n")), "spaces or a line's end"),
            (with("slack_signing_secret_previous", json!("0f0e")), "the same as slack_signing_secret"),
            (with("pagerduty_routing_key", json!("hush")), "no pagerduty_webhook_secret"),
        ];
        for (check, found) in &broken {
            assert!(check.verdict == Verdict::Broken && check.found.contains(found), "{found}: {check:?}");
        }
        for (check, found) in &weak {
            assert!(check.verdict == Verdict::Weak && check.found.contains(found), "{found}: {check:?}");
        }
        for (check, _) in broken.iter().chain(&weak) {
            assert!(!format!("{check:?}").contains("hush"), "{check:?}");
        }
    }
}
