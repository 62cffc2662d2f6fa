//! The Web API: who may call, Slack's limits in Slack's words, response URLs, faults, state on disk.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that can't go on has failed, and the rig is the world outside of the product"
)]

mod slack_support;

use serde_json::{Value, json};
use slack_support::{Rig, button, modal, section, workspace};

async fn post_error(rig: &Rig, arguments: Value) -> Value {
    let answer = rig.api("chat.postMessage", arguments).await;
    assert_eq!(answer["ok"], false, "{answer}");
    answer["error"].clone()
}

#[tokio::test]
async fn only_the_bots_token_may_call() {
    let rig = Rig::silent().await;
    let client = reqwest::Client::new();
    let url = format!("{}/slack/api/auth.test", rig.url);
    let answer: Value = client.post(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"ok": false, "error": "not_authed"}));
    let answer: Value = client.post(&url).bearer_auth("xoxb-stolen").send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"], "invalid_auth");
    let form = client.post(&url).header("content-type", "application/x-www-form-urlencoded").body("token=xoxb-test");
    let answer: Value = form.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["user_id"], workspace().bot_user_id);
}

#[tokio::test]
async fn k2_a_section_over_3000_characters_is_refused_in_slacks_words() {
    let rig = Rig::silent().await;
    let answer = rig.api("chat.postMessage", json!({"channel": "CINC", "blocks": [section(&"é".repeat(3001))]})).await;
    assert_eq!(answer["error"], "invalid_blocks");
    let messages = json!([
        "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]);
    assert_eq!(answer["response_metadata"]["messages"], messages);
    let answer = rig.api("chat.postMessage", json!({"channel": "CINC", "blocks": [section(&"é".repeat(3000))]})).await;
    assert_eq!(answer["ok"], true);
}

#[tokio::test]
async fn k2_too_much_of_anything_is_refused() {
    let rig = Rig::silent().await;
    let plain = |text: String| json!({"type": "plain_text", "text": text});
    let long_button = json!({"type": "button", "action_id": "a", "text": plain("x".repeat(76))});
    let option = json!({"text": plain("x".to_owned()), "value": "x"});
    let cases = [
        (json!(vec![section("x"); 51]), "no more than 50 items allowed [json-pointer:/blocks]"),
        (json!([{"type": "header", "text": plain("x".repeat(151))}]), "less than 151 characters"),
        (json!([{"type": "actions", "elements": [long_button]}]), "less than 76 characters"),
        (json!([{"type": "actions", "elements": [button("a", &"v".repeat(2001))]}]), "less than 2001 characters"),
        (json!([{"type": "actions", "elements": [button("a", "1"), button("a", "2")]}]), "already exists"),
        (
            json!([{"type": "actions", "elements": [{"type": "static_select", "action_id": "s", "options": vec![option; 101]}]}]),
            "no more than 100",
        ),
        (json!([{"type": "section"}]), "missing required field: text"),
        (json!([{"type": "marquee"}]), "unsupported type: marquee"),
    ];
    for (blocks, words) in cases {
        let answer = rig.api("chat.postMessage", json!({"channel": "CINC", "text": "x", "blocks": blocks})).await;
        assert_eq!(answer["error"], "invalid_blocks", "{words}");
        assert!(answer["response_metadata"]["messages"].to_string().contains(words), "{words} is not in {answer}");
    }
    let blocks = vec![section(&"x".repeat(2700)); 5];
    assert_eq!(post_error(&rig, json!({"channel": "CINC", "blocks": blocks})).await, "msg_blocks_too_long");
    assert_eq!(post_error(&rig, json!({"channel": "CINC", "text": "x".repeat(40_001)})).await, "msg_too_long");
    assert_eq!(post_error(&rig, json!({"channel": "CINC"})).await, "no_text");
}

#[tokio::test]
async fn a_channel_has_to_exist_and_the_bot_has_to_be_in_it() {
    let rig = Rig::silent().await;
    assert_eq!(post_error(&rig, json!({"channel": "CNONE", "text": "x"})).await, "channel_not_found");
    assert_eq!(post_error(&rig, json!({"channel": "CSEC", "text": "x"})).await, "channel_not_found");
    assert_eq!(post_error(&rig, json!({"channel": "COUT", "text": "x"})).await, "not_in_channel");
    assert_eq!(rig.api("conversations.join", json!({"channel": "COUT"})).await["ok"], true);
    assert_eq!(rig.api("chat.postMessage", json!({"channel": "COUT", "text": "x"})).await["ok"], true);
    assert_eq!(rig.api("conversations.archive", json!({"channel": "COUT"})).await["ok"], true);
    assert_eq!(post_error(&rig, json!({"channel": "COUT", "text": "x"})).await, "is_archived");
}

#[tokio::test]
async fn an_edit_keeps_the_message_and_a_thread_counts_its_replies() {
    let rig = Rig::silent().await;
    let posted = rig.api("chat.postMessage", json!({"channel": "CINC", "text": "▶ restore", "blocks": [section("one")]})).await;
    let ts = &posted["ts"];
    rig.api("chat.postMessage", json!({"channel": "CINC", "text": "done", "thread_ts": ts})).await;
    let updated = rig.api("chat.update", json!({"channel": "CINC", "ts": ts, "text": "✅ restore"})).await;
    assert_eq!(updated["ok"], true);
    let history = rig.api("conversations.history", json!({"channel": "CINC"})).await;
    let messages = history["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["text"], "✅ restore");
    assert_eq!(messages[0]["blocks"][0]["text"]["text"], "one");
    assert_eq!(messages[0]["reply_count"], 1);
    assert!(messages[0]["edited"].is_object());
    let replies = rig.api("conversations.replies", json!({"channel": "CINC", "ts": ts})).await;
    assert_eq!(replies["messages"][1]["text"], "done");
}

#[tokio::test]
async fn only_the_bots_own_messages_can_be_edited() {
    let rig = Rig::silent().await;
    let said = rig.act(json!({"as": "UANA", "do": "say", "channel": "incidents", "text": "hello"})).await;
    let ts = &said["messages"][0]["ts"];
    assert_eq!(rig.api("chat.update", json!({"channel": "CINC", "ts": ts, "text": "x"})).await["error"], "cant_update_message");
    assert_eq!(rig.api("chat.update", json!({"channel": "CINC", "ts": "1.000001", "text": "x"})).await["error"], "message_not_found");
}

#[tokio::test]
async fn an_ephemeral_message_is_in_no_history() {
    let rig = Rig::silent().await;
    let posted = rig.api("chat.postEphemeral", json!({"channel": "CINC", "user": "UANA", "text": "psst"})).await;
    assert_eq!(posted["ok"], true);
    assert_eq!(rig.api("conversations.history", json!({"channel": "CINC"})).await["messages"], json!([]));
    assert_eq!(rig.get("/local/views?user=UANA").await["ephemerals"][0]["text"], "psst");
    assert_eq!(rig.get("/local/views?user=UBEN").await["ephemerals"], json!([]));
}

#[tokio::test]
async fn a_trigger_dies_after_three_seconds_and_serves_once() {
    let rig = Rig::silent().await;
    let view = modal(json!([section("x")]));
    let open = async |trigger: &str| rig.api("views.open", json!({"trigger_id": trigger, "view": view})).await;
    let (first, _) = rig.slack.mint("UANA", "CINC");
    assert_eq!(open(&first).await["ok"], true);
    assert_eq!(open(&first).await["error"], "exchanged_trigger_id");
    let (second, _) = rig.slack.mint("UANA", "CINC");
    rig.advance(3);
    assert_eq!(open(&second).await["error"], "expired_trigger_id");
    assert_eq!(open("made.up").await["error"], "invalid_trigger_id");
}

#[tokio::test]
async fn a_view_is_updated_only_from_the_version_that_was_seen() {
    let rig = Rig::silent().await;
    let (trigger, _) = rig.slack.mint("UANA", "CINC");
    let opened = rig.api("views.open", json!({"trigger_id": trigger, "view": modal(json!([section("one")]))})).await;
    let (id, hash) = (&opened["view"]["id"], &opened["view"]["hash"]);
    let update = json!({"view_id": id, "hash": hash, "view": modal(json!([section("two")]))});
    assert_eq!(rig.api("views.update", update.clone()).await["ok"], true);
    assert_eq!(rig.api("views.update", update).await["error"], "hash_conflict");
    let views = rig.get("/local/views?user=UANA").await;
    assert_eq!(views["views"][0]["blocks"][0]["text"]["text"], "two");
}

#[tokio::test]
async fn a_title_of_25_characters_is_refused() {
    let rig = Rig::silent().await;
    let (trigger, _) = rig.slack.mint("UANA", "CINC");
    let mut view = modal(json!([section("x")]));
    view["title"]["text"] = json!("t".repeat(25));
    let answer = rig.api("views.open", json!({"trigger_id": trigger, "view": view.to_string()})).await;
    assert_eq!(answer["error"], "invalid_arguments");
    assert!(
        answer["response_metadata"]["messages"].to_string().contains("must be less than 25 characters [json-pointer:/view/title/text]")
    );
}

#[tokio::test]
async fn j3_a_response_url_serves_five_times_in_thirty_minutes() {
    let rig = Rig::silent().await;
    let (_, url) = rig.slack.mint("UANA", "CINC");
    assert!(url.starts_with(&rig.url));
    for number in 1..=5 {
        assert_eq!(rig.post(&url, json!({"text": format!("{number}")})).await.0, 200);
    }
    assert_eq!(rig.post(&url, json!({"text": "6"})).await, (404, json!({"ok": false, "error": "used_url"})));
    let (_, url) = rig.slack.mint("UANA", "CINC");
    rig.advance(30 * 60);
    assert_eq!(rig.post(&url, json!({"text": "late"})).await, (404, json!({"ok": false, "error": "expired_url"})));
}

#[tokio::test]
async fn a_response_url_replaces_and_deletes_its_original() {
    let rig = Rig::silent().await;
    let (_, url) = rig.slack.mint("UANA", "CINC");
    rig.post(&url, json!({"text": "working…"})).await;
    rig.post(&url, json!({"text": "done", "replace_original": true})).await;
    let texts = async || {
        let views = rig.get("/local/views?user=UANA").await;
        views["ephemerals"].as_array().unwrap().iter().map(|message| message["text"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts().await, ["done"]);
    rig.post(&url, json!({"delete_original": true})).await;
    assert_eq!(texts().await, Vec::<Value>::new());
    rig.post(&url, json!({"text": "for all", "response_type": "in_channel"})).await;
    let history = rig.api("conversations.history", json!({"channel": "CINC"})).await;
    assert_eq!(history["messages"][0]["text"], "for all");
}

#[tokio::test]
async fn j2_a_throttle_is_a_429_with_retry_after_and_posts_nothing() {
    let rig = Rig::silent().await;
    let rule = json!({"service": "slack", "operation": "chat.postMessage", "nth": 1, "effect": "throttle", "code": "7"});
    rig.shared.faults.add(serde_json::from_value(rule).unwrap());
    let request = reqwest::Client::new().post(format!("{}/slack/api/chat.postMessage", rig.url)).bearer_auth("xoxb-test");
    let answer = request.json(&json!({"channel": "CINC", "text": "x"})).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "ratelimited");
    assert_eq!(rig.api("conversations.history", json!({"channel": "CINC"})).await["messages"], json!([]));
    assert_eq!(rig.api("chat.postMessage", json!({"channel": "CINC", "text": "x"})).await["ok"], true);
}

#[tokio::test]
async fn j1_an_error_rule_answers_with_slacks_own_code() {
    let rig = Rig::silent().await;
    let rule = json!({"service": "slack", "operation": "users.info", "effect": "error", "code": "token_revoked"});
    rig.shared.faults.add(serde_json::from_value(rule).unwrap());
    assert_eq!(rig.api("users.info", json!({"user": "UANA"})).await, json!({"ok": false, "error": "token_revoked"}));
}

#[tokio::test]
async fn c4_what_makes_a_person_not_count_is_told() {
    let rig = Rig::silent().await;
    rig.slack.change_person("UBEN", |ben| ben.is_restricted = true).unwrap();
    rig.slack.change_person("UANA", |ana| (ana.deleted, ana.team_id) = (true, "TOTHER".to_owned())).unwrap();
    let ben = rig.api("users.info", json!({"user": "UBEN"})).await;
    assert_eq!((&ben["user"]["is_restricted"], &ben["user"]["deleted"]), (&json!(true), &json!(false)));
    let ana = rig.api("users.info", json!({"user": "UANA"})).await;
    assert_eq!((&ana["user"]["deleted"], &ana["user"]["team_id"]), (&json!(true), &json!("TOTHER")));
}

#[tokio::test]
async fn all_that_was_told_survives_a_kill() {
    let rig = Rig::silent().await;
    rig.api("chat.postMessage", json!({"channel": "CINC", "text": "before"})).await;
    rig.api("chat.postMessage", json!({"channel": "UANA", "text": "to you"})).await;
    let (trigger, url) = rig.slack.mint("UANA", "CINC");
    rig.api("views.open", json!({"trigger_id": trigger, "view": modal(json!([section("x")]))})).await;
    rig.post(&url, json!({"text": "only you"})).await;
    // A kill leaves half a line at the worst.
    let journal = rig.data.path().join("slack/journal.jsonl");
    let whole = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("{whole}{{\"kind\":\"mess")).unwrap();
    let before = rig.slack.changed_since(0);
    let again = mayday_local::slack::Slack::open(rig.shared.clone(), std::sync::Arc::new(NoHost), workspace()).unwrap();
    let after = again.changed_since(0);
    let by_ts = |told: &Value| {
        let mut messages = told["messages"].as_array().unwrap().clone();
        messages.sort_by_key(|message| message["ts"].to_string());
        messages
    };
    assert_eq!(by_ts(&before).len(), 3);
    assert_eq!(by_ts(&after), by_ts(&before));
    assert_eq!(after["views"], before["views"]);
    let _handles = again.mint("UANA", "CINC");
    let third = mayday_local::slack::Slack::open(rig.shared.clone(), std::sync::Arc::new(NoHost), workspace()).unwrap();
    assert_eq!(by_ts(&third.changed_since(0)), by_ts(&before));
}

struct NoHost;

#[async_trait::async_trait]
impl mayday_local::slack::Host for NoHost {
    async fn signing_secret(&self) -> anyhow::Result<String> {
        anyhow::bail!("none here")
    }

    fn idle(&self) -> bool {
        true
    }
}
