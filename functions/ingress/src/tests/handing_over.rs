//! What reaches the worker, and what a person sees when it doesn't.

use hmac_of_pagerduty::signature;
use mayday_slack::envelope;
use serde_json::{Value, json};

use super::setup::*;
use crate::{answer::Answer, event::Route};

fn json_of(answer: &Answer) -> Value {
    assert_eq!((answer.status_code, answer.headers["content-type"]), (200, "application/json; charset=utf-8"));
    serde_json::from_str(&answer.body).unwrap()
}

fn submission(blocks: &Value) -> Value {
    let view = json!({
        "id": "V1", "type": "modal", "callback_id": "restore", "private_metadata": "m-1", "hash": "h", "blocks": blocks,
        "title": {"type": "plain_text", "text": "Restore orders", "emoji": true}, "state": {"values": {"phrase": {"phrase": {"value": "typed"}}}},
    });
    payload("view_submission", &json!({"view": view}))
}

#[tokio::test]
async fn commands_clicks_closings_shortcuts_and_events_are_answered_with_nothing() {
    let setup = Setup::new();
    assert_eq!(setup.signed(Route::Commands, COMMAND).await, Answer::taken());
    for kind in ["block_actions", "view_closed", "message_action", "shortcut"] {
        assert_eq!(setup.signed(Route::Interactions, &interaction(&payload(kind, &json!({})))).await, Answer::taken(), "{kind}");
        assert_eq!(setup.last_taken().path, "/slack/interactions");
    }
    let event = json!({"type": "event_callback", "team_id": "T1DC2JH3J", "api_app_id": "A0MAYDAY", "event": {"type": "app_home_opened"}});
    assert_eq!(setup.signed(Route::Events, &event.to_string()).await, Answer::taken());
    assert_eq!(setup.taken(), 6);
}

#[tokio::test]
async fn a_submitted_form_shows_that_it_is_being_checked_and_keeps_its_handles() {
    let setup = Setup::new();
    let payload = submission(&json!([{"type": "input", "block_id": "phrase"}]));
    let answer = setup.signed(Route::Interactions, &interaction(&payload)).await;
    assert_eq!(
        json_of(&answer),
        json!({"response_action": "update", "view": {
            "type": "modal", "callback_id": "restore", "private_metadata": "m-1", "title": {"type": "plain_text", "text": "Restore orders"},
            "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Checking…"}}],
        }})
    );
    let body = setup.last_taken().body;
    assert_eq!(body.bytes().unwrap().as_ref(), interaction(&payload).as_bytes(), "what was typed goes to the worker whole");
}

#[tokio::test]
async fn e2_a_retry_is_handed_over_whole_and_its_number_decides_nothing() {
    let setup = Setup::new();
    let event = json!({"type": "event_callback", "event_id": "Ev01", "team_id": "T1DC2JH3J", "event": {}}).to_string();
    assert_eq!(setup.signed(Route::Events, &event).await, Answer::taken());
    setup.advance(60);
    let again = Post::signed(Route::Events, event.as_bytes(), setup.now_s()).with("X-Slack-Retry-Num", "1");
    assert_eq!(setup.send(&again.with("X-Slack-Retry-Reason", "http_timeout")).await, Answer::taken());
    let taken = setup.worker.taken.borrow();
    assert_eq!((taken[0].retry_num.as_deref(), taken[1].retry_num.as_deref()), (None, Some("1")));
    // Signed anew, with another digest: the worker knows it by its event id.
    assert_eq!(taken[0].body, taken[1].body);
}

#[tokio::test]
async fn a19_a_replay_is_answered_the_same_and_carries_the_same_digest() {
    let setup = Setup::new();
    let post = Post::signed(Route::Commands, COMMAND.as_bytes(), START_S);
    let first = setup.send(&post).await;
    setup.advance(299);
    assert_eq!(setup.send(&post).await, first);
    let taken = setup.worker.taken.borrow();
    assert_eq!(taken[0].signature_digest, taken[1].signature_digest);
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_that_fails_once_is_tried_again() {
    for failure in [Does::NotTake, Does::Break, Does::Hang] {
        let setup = Setup::new();
        setup.worker_will([failure]);
        assert_eq!(setup.signed(Route::Commands, COMMAND).await, Answer::taken());
        assert_eq!(setup.taken(), 1);
        assert!(setup.counted().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_lost_says_so_to_whoever_typed_it() {
    let setup = Setup::new();
    setup.worker_will([Does::NotTake, Does::NotTake]);
    let answer = json_of(&setup.signed(Route::Commands, COMMAND).await);
    assert_eq!(answer["response_type"], "ephemeral");
    assert_eq!(answer["text"], "Mayday could not take this command: nothing was done. Type it again, or use the CLI. (ref 8476a536)");
    assert_eq!(setup.counted(), ["ingress_hand_over_failed"]);
}

#[tokio::test(start_paused = true)]
async fn e9_where_nobody_can_tell_the_person_is_not_told_that_nothing_was_done() {
    for failures in [[Does::Hang, Does::Hang], [Does::Break, Does::NotTake], [Does::NotTake, Does::Hang]] {
        let setup = Setup::new();
        setup.worker_will(failures);
        let text = json_of(&setup.signed(Route::Commands, COMMAND).await)["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with("Mayday may not have taken this command. Look before you repeat it"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_that_was_lost_says_so_below_its_field_and_keeps_what_was_typed() {
    let setup = Setup::new();
    setup.worker_will([Does::NotTake, Does::NotTake]);
    let blocks = json!([{"type": "section", "block_id": "intro"}, {"type": "input", "block_id": "phrase"}]);
    let answer = json_of(&setup.signed(Route::Interactions, &interaction(&submission(&blocks))).await);
    assert_eq!(answer["response_action"], "errors");
    assert!(answer["errors"]["phrase"].as_str().unwrap().contains("nothing was done"));

    setup.worker_will([Does::NotTake, Does::NotTake]);
    let answer = json_of(&setup.signed(Route::Interactions, &interaction(&submission(&json!([])))).await);
    assert_eq!((&answer["response_action"], &answer["view"]["callback_id"]), (&json!("update"), &json!("restore")));
    assert!(answer["view"]["blocks"][0]["text"]["text"].as_str().unwrap().contains("nothing was done"));
}

#[tokio::test(start_paused = true)]
async fn k7_a_click_that_was_lost_is_told_at_a_response_url_of_slacks_and_at_no_other() {
    let setup = Setup::new();
    let click = |url: &str| interaction(&payload("block_actions", &json!({"response_url": url})));
    for (url, status) in [
        ("https://hooks.slack.com/actions/T1/2/x", 200),
        ("http://127.0.0.1:4100/slack/respond/1", 200),
        ("https://hooks.slack.com.evil.example/actions", 503),
        ("http://169.254.169.254/", 503),
        ("", 503),
    ] {
        setup.worker_will([Does::NotTake, Does::NotTake]);
        assert_eq!(setup.signed(Route::Interactions, &click(url)).await.status_code, status, "{url}");
    }
    let posted = setup.replies.posted.take();
    assert_eq!(posted.len(), 2);
    assert_eq!((&posted[0].1["response_type"], &posted[0].1["replace_original"]), (&json!("ephemeral"), &json!(false)));
    assert!(posted[0].1["text"].as_str().unwrap().contains("could not take this click: nothing was done"));
    setup.replies.down.set(true);
    setup.worker_will([Does::NotTake, Does::NotTake]);
    let answer = setup.signed(Route::Interactions, &click("https://hooks.slack.com/actions/T1/2/x")).await;
    assert_eq!(answer.status_code, 503, "then Slack's own warning has to do");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_lost_is_asked_for_again() {
    let setup = Setup::new();
    setup.worker_will([Does::NotTake, Does::NotTake]);
    let event = json!({"type": "event_callback", "team_id": "T1DC2JH3J", "event": {}}).to_string();
    assert_eq!(setup.signed(Route::Events, &event).await.status_code, 503);
}

#[tokio::test(start_paused = true)]
async fn e4_the_worst_case_stays_within_slacks_three_seconds() {
    let setup = Setup::new();
    setup.door.warm().await;
    setup.store(Stored::Hangs);
    setup.replies.down.set(true);
    setup.advance(301);
    setup.worker_will([Does::Hang, Does::Hang]);
    let began = tokio::time::Instant::now();
    let click = payload("block_actions", &json!({"response_url": "https://hooks.slack.com/actions/T1/2/x"}));
    assert_eq!(setup.signed(Route::Interactions, &interaction(&click)).await.status_code, 503);
    assert!(began.elapsed() < std::time::Duration::from_millis(2900), "virtual time: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_search_field_gets_the_workers_options_or_none() {
    let setup = Setup::new();
    let search = interaction(&payload("block_suggestion", &json!({"action_id": "database", "value": "ord"})));
    setup.worker_will([Does::Answer(r#"{"options":[{"text":{"type":"plain_text","text":"orders"},"value":"orders"}]}"#)]);
    assert_eq!(json_of(&setup.signed(Route::Interactions, &search).await)["options"][0]["value"], "orders");
    setup.worker_will([Does::Answer(r#"{"option_groups":[]}"#)]);
    assert_eq!(json_of(&setup.signed(Route::Interactions, &search).await), json!({"option_groups": []}));
    for failure in [Does::Hang, Does::Break, Does::NotTake, Does::Answer("null"), Does::Answer("{\"options\":1}"), Does::Answer("oops")] {
        setup.worker_will([failure]);
        assert_eq!(json_of(&setup.signed(Route::Interactions, &search).await), json!({"options": []}));
    }
    assert!(setup.worker.taken.borrow().is_empty(), "it is asked, not left with the worker");
}

#[tokio::test]
async fn pagerduty_is_closed_until_its_secret_is_there() {
    let setup = Setup::new();
    let answer = setup.send(&Post::unsigned(Route::Pagerduty, b"{}").with("X-PagerDuty-Signature", &signature("pd", b"{}"))).await;
    assert_eq!((answer.status_code, answer.body.as_str()), (503, "not configured\n"));
    assert_eq!(setup.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn pagerdutys_signature_is_one_of_several_over_the_raw_body() {
    let secret = json!({"slack_signing_secret": SECRET, "pagerduty_webhook_secret": "pd"}).to_string();
    let setup = Setup::with(Stored::Text(secret));
    let body = br#"{"event":{"id":"01"}}"#;
    let (ours, other) = (signature("pd", body), signature("not-ours", body));
    let post = |value: &str| Post::unsigned(Route::Pagerduty, body).with("X-PagerDuty-Signature", value);
    for value in [ours.clone(), format!("{other},{ours}"), format!("{ours}, {other}")] {
        for shape in SHAPES {
            assert_eq!(setup.deliver(&post(&value).event(shape)).await, Answer::taken(), "{value}");
        }
    }
    let envelope = setup.last_taken();
    assert_eq!((envelope.door, envelope.path.as_str()), (envelope::Door::Pagerduty, "/pagerduty/events"));
    assert_eq!((envelope.signed_at_s, envelope.signature_digest.len()), (START_S, 64));
    let before = setup.taken();
    for value in [other.as_str(), "", "v1=", "v1=00", &ours.replace("v1=", "v0="), &ours[..60], &signature("pd", b"{}")] {
        assert_eq!(setup.send(&post(value)).await.status_code, 401, "{value}");
    }
    assert_eq!(setup.taken(), before);
    setup.worker_will([Does::NotTake, Does::NotTake]);
    assert_eq!(setup.send(&post(&ours)).await.status_code, 503, "so that PagerDuty sends it again");
}

mod hmac_of_pagerduty {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    pub(super) fn signature(key: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body);
        format!("v1={}", hex::encode(mac.finalize().into_bytes()))
    }
}
