//! Whatever Slack's secret signs is read or refused; nothing in it leads answers elsewhere.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::LazyLock;

use mayday_fuzz::{Edits, corpus};
use mayday_slack::{
    door,
    envelope::{Body, Door, Envelope, SCHEMA},
    payload::Payload,
};

const WORDS: [&str; 20] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "1e999",
    "-0",
    "\\u0000",
    "\\ud800",
    "%00",
    "&",
    "=",
    "payload=",
    "https://hooks.slack.com.evil.example/",
    "https://hooks.slack.com@evil.example/",
    "\\\\",
];

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/payloads")).unwrap());

fn envelope(path: &str, body: &[u8]) -> Envelope {
    Envelope {
        schema: SCHEMA,
        door: Door::Slack,
        path: path.to_owned(),
        content_type: String::new(),
        body: Body::new(body),
        signature_digest: "d".to_owned(),
        received_at_ms: 0,
        signed_at_s: 0,
        request_id: "r".to_owned(),
        retry_num: None,
        refused: None,
    }
}

fn sent(edits: &Edits) {
    let body = edits.of(&SEEDS, &WORDS);
    let encoded: String = body.iter().map(|byte| format!("%{byte:02x}")).collect();
    for (path, body) in [
        ("/slack/commands", body.clone()),
        ("/slack/events", body.clone()),
        ("/slack/interactions", format!("payload={encoded}").into_bytes()),
    ] {
        let envelope = envelope(path, &body);
        let Ok(payload) = Payload::read(&envelope) else { continue };
        assert!(!door::delivery(&envelope, &payload).key.is_empty());
        let Some((caller, _)) = door::request(&payload, None) else { continue };
        if let Some(respond) = caller.respond {
            let host =
                respond.0.strip_prefix("https://").and_then(|rest| rest.split(['/', '\\', '?', '#', '@', ':']).next().map(str::to_owned));
            assert_eq!(host.as_deref(), Some("hooks.slack.com"), "{}", respond.0);
        }
    }
}

#[test]
fn b16_k7_payloads_are_read_or_refused_and_answers_go_to_slack_only() {
    bolero::check!().with_iterations(30_000).with_type::<Edits>().for_each(sent);
}
