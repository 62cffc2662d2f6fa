//! People: the payloads that their deeds become, and what the bot's answers do.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that can't go on has failed, and the rig is the world outside of the product"
)]

mod slack_support;

use mayday_local::slack::signature;
use serde_json::{Value, json};
use slack_support::{Rig, SECRET, Told, button, modal, section};

const CARD: &str = "card";

/// A bot that posts a card with two buttons on a command, and opens a form on a press of `open`.
async fn rig_with_form(form: Value) -> Rig {
    Rig::with(move |seen| {
        let payload = seen.path.ends_with("interactions").then(|| seen.payload());
        Some(match payload {
            None => {
                let blocks = json!([section(CARD), {"type": "actions", "block_id": "buttons", "elements": [button("open", "1"), button("approve", "2")]}]);
                Told::calls(vec![("chat.postMessage", json!({"channel": "CINC", "text": CARD, "blocks": blocks}))])
            }
            Some(payload) if payload["actions"][0]["action_id"] == "open" => {
                Told::calls(vec![("views.open", json!({"trigger_id": payload["trigger_id"], "view": form}))])
            }
            Some(_) => Told::nothing(),
        })
    })
    .await
}

#[test]
fn a1_the_signature_is_that_of_slacks_published_example() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&\
                user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F\
                commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signed = signature(SECRET, "1531420618", body.as_bytes());
    assert_eq!(signed, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
}

#[tokio::test]
async fn a_command_is_slacks_form_signed_at_the_stacks_time() {
    let rig = Rig::with(|_| Some(Told::answer(json!({"text": "working on it"})))).await;
    let outcome = rig.act(json!({"as": "UANA", "do": "command", "channel": "incidents", "text": "/dr restore orders --at 14:05"})).await;
    assert_eq!((&outcome["status"], &outcome["ephemerals"][0]["text"]), (&json!(200), &json!("working on it")));
    let seen = rig.seen().remove(0);
    let timestamp = seen.headers["x-slack-request-timestamp"].to_str().unwrap();
    assert_eq!(timestamp, "1795356000");
    assert_eq!(seen.headers["x-slack-signature"], signature(SECRET, timestamp, seen.body.as_bytes()));
    let expected = [
        ("team_id", "T0MAYDAY1"),
        ("channel_id", "CINC"),
        ("channel_name", "incidents"),
        ("user_id", "UANA"),
        ("user_name", "ana"),
        ("command", "/dr"),
        ("text", "restore orders --at 14:05"),
        ("api_app_id", "A0MAYDAY1"),
        ("is_enterprise_install", "false"),
    ];
    for (name, value) in expected {
        assert_eq!(seen.field(name).as_deref(), Some(value), "{name}");
    }
    assert!(seen.field("response_url").unwrap().starts_with(&rig.url));
    assert_eq!(seen.field("enterprise_id"), None);
}

#[tokio::test]
async fn an_act_waits_for_what_the_bot_does_after_its_answer() {
    let rig = rig_with_form(Value::Null).await;
    let outcome = rig.act(json!({"as": "UANA", "do": "command", "text": "status"})).await;
    assert_eq!(outcome["messages"][0]["text"], CARD);
    assert_eq!(outcome["messages"][0]["ephemeral"], false);
}

#[tokio::test]
async fn a_bot_that_takes_more_than_three_seconds_has_failed() {
    let rig = std::sync::Arc::new(Rig::with(|_| None).await);
    let acting = tokio::spawn({
        let rig = rig.clone();
        async move { rig.act(json!({"as": "UANA", "do": "command", "text": "status"})).await }
    });
    while rig.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    rig.advance(3);
    let outcome = acting.await.unwrap();
    assert_eq!((&outcome["status"], &outcome["error"]), (&Value::Null, &json!("operation_timeout")));
    assert_eq!(outcome["ephemerals"][0]["text"], "/dr failed with the error \"operation_timeout\"");
}

#[tokio::test]
async fn a_bot_that_answers_500_has_failed() {
    let rig = Rig::with(|_| Some(Told { status: 500, ..Told::nothing() })).await;
    let outcome = rig.act(json!({"as": "UANA", "do": "command", "text": "status"})).await;
    assert_eq!(outcome["status"], 500);
    assert_eq!(outcome["ephemerals"][0]["text"], "/dr failed with the error \"http_service_error\"");
}

#[tokio::test]
async fn a_press_is_block_actions_with_the_message_and_live_handles() {
    let rig = rig_with_form(Value::Null).await;
    let card = rig.act(json!({"as": "UANA", "do": "command", "text": "x"})).await["messages"][0].clone();
    let outcome = rig.act(json!({"as": "UBEN", "do": "click", "message_ts": card["ts"], "action_id": "approve"})).await;
    assert_eq!(outcome["status"], 200);
    let payload = rig.seen().pop().unwrap().payload();
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"], json!({"id": "UBEN", "username": "ben", "name": "ben", "team_id": "T0MAYDAY1"}));
    assert_eq!(payload["container"], json!({"type": "message", "message_ts": card["ts"], "channel_id": "CINC", "is_ephemeral": false}));
    assert_eq!(payload["channel"], json!({"id": "CINC", "name": "incidents"}));
    assert_eq!(payload["message"]["text"], CARD);
    let action = &payload["actions"][0];
    assert_eq!((&action["block_id"], &action["value"], &action["type"]), (&json!("buttons"), &json!("2"), &json!("button")));
    assert_eq!(rig.post(payload["response_url"].as_str().unwrap(), json!({"text": "ok"})).await.0, 200);
}

#[tokio::test]
async fn k4_a_late_click_presses_what_the_screen_still_shows() {
    let rig = rig_with_form(Value::Null).await;
    let card = rig.act(json!({"as": "UANA", "do": "command", "text": "x"})).await["messages"][0].clone();
    rig.api("chat.update", json!({"channel": "CINC", "ts": card["ts"], "text": "approved", "blocks": [section("approved")]})).await;
    let mut click = json!({"as": "UBEN", "do": "click", "message_ts": card["ts"], "action_id": "approve"});
    assert_eq!(rig.post("/local/act", click.clone()).await.0, 422);
    click["stale"] = json!(true);
    assert_eq!(rig.act(click).await["status"], 200);
    assert_eq!(rig.seen().pop().unwrap().payload()["actions"][0]["value"], "2");
}

fn form() -> Value {
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    let option = |value: &str| json!({"text": text(value), "value": value});
    modal(json!([
        {"type": "input", "block_id": "phrase", "label": text("Type it"), "element": {"type": "plain_text_input", "action_id": "phrase"}},
        {"type": "input", "block_id": "source", "label": text("From"), "element": {
            "type": "static_select", "action_id": "source", "options": [option("snapshot"), option("pitr")], "initial_option": option("pitr")}},
    ]))
}

async fn open_form(rig: &Rig) -> Value {
    rig.act(json!({"as": "UANA", "do": "command", "text": "x"})).await;
    let outcome = rig.act(json!({"as": "UANA", "do": "click", "action_id": "open"})).await;
    outcome["views"][0].clone()
}

#[tokio::test]
async fn a_form_sends_what_was_typed_and_what_was_there() {
    let rig = rig_with_form(form()).await;
    let view = open_form(&rig).await;
    let outcome = rig.act(json!({"as": "UANA", "do": "submit", "view_id": view["id"], "values": {"phrase": "orders 14:02"}})).await;
    let payload = rig.seen().pop().unwrap().payload();
    assert_eq!(payload["type"], "view_submission");
    let values = &payload["view"]["state"]["values"];
    assert_eq!(values["phrase"]["phrase"], json!({"type": "plain_text_input", "value": "orders 14:02"}));
    assert_eq!(values["source"]["source"]["selected_option"]["value"], "pitr");
    assert_eq!((&payload["view"]["hash"], &payload["response_urls"]), (&view["hash"], &json!([])));
    assert_eq!(outcome["views"][0]["open"], false, "an empty answer closes the form");
}

#[tokio::test]
async fn a_required_input_left_empty_is_never_sent() {
    let rig = rig_with_form(form()).await;
    let view = open_form(&rig).await;
    let before = rig.seen().len();
    let outcome = rig.act(json!({"as": "UANA", "do": "submit", "view_id": view["id"], "values": {}})).await;
    assert_eq!(rig.seen().len(), before);
    assert_eq!(outcome["views"][0]["errors"]["phrase"], "Please complete this required field.");
}

async fn answer_form(answer: Value) -> Value {
    let opened = form();
    let rig = Rig::with(move |seen| {
        let submitted = seen.path.ends_with("interactions") && seen.payload()["type"] == "view_submission";
        Some(if submitted { Told::answer(answer.clone()) } else { Told::nothing() })
    })
    .await;
    let (trigger, _) = rig.slack.mint("UANA", "CINC");
    rig.api("views.open", json!({"trigger_id": trigger, "view": opened})).await;
    let submit = json!({"as": "UANA", "do": "submit", "values": {"phrase": {"phrase": "wrong"}, "source": "snapshot"}});
    assert_eq!(rig.act(submit).await["status"], 200);
    rig.get("/local/views?user=UANA").await["views"].clone()
}

#[tokio::test]
async fn errors_stand_at_the_input_and_what_was_typed_stays() {
    let views = answer_form(json!({"response_action": "errors", "errors": {"phrase": "not that"}})).await;
    assert_eq!(views[0]["errors"], json!({"phrase": "not that"}));
    assert_eq!(views[0]["state"]["values"]["phrase"]["phrase"]["value"], "wrong");
    assert_eq!(views[0]["state"]["values"]["source"]["source"]["selected_option"]["value"], "snapshot");
}

#[tokio::test]
async fn an_input_that_nobody_touched_keeps_its_initial_value_even_if_its_block_is_named_like_it() {
    let rig = rig_with_form(form()).await;
    let view = open_form(&rig).await;
    let values = json!({"phrase": {"phrase": "x"}, "source": {}});
    rig.act(json!({"as": "UANA", "do": "submit", "view_id": view["id"], "values": values})).await;
    let payload = rig.seen().pop().unwrap().payload();
    assert_eq!(payload["view"]["state"]["values"]["source"]["source"]["selected_option"]["value"], "pitr");
}

#[tokio::test]
async fn an_update_shows_another_form_and_a_push_one_on_top() {
    let views = answer_form(json!({"response_action": "update", "view": modal(json!([section("Checking…")]))})).await;
    assert_eq!(views[0]["blocks"][0]["text"]["text"], "Checking…");
    let views = answer_form(json!({"response_action": "push", "view": modal(json!([section("Sure?")]))})).await;
    assert_eq!(views[1]["blocks"][0]["text"]["text"], "Sure?");
    assert_eq!(views[1]["previous_view_id"], views[0]["id"]);
    assert_eq!(views[1]["root_view_id"], views[0]["id"]);
    assert_eq!(answer_form(json!({"response_action": "clear"})).await, json!([]));
}

#[tokio::test]
async fn an_answer_that_slack_would_not_take_is_trouble_not_success() {
    let mut bad = modal(json!([section("x")]));
    bad["title"]["text"] = json!("t".repeat(25));
    let views = answer_form(json!({"response_action": "update", "view": bad})).await;
    assert_eq!(views[0]["errors"]["_"], "We had some trouble connecting. Try again?");
}

#[tokio::test]
async fn a_search_field_asks_the_bot_for_options() {
    let rig = Rig::with(|seen| {
        let option = |value: String| json!({"text": {"type": "plain_text", "text": value}, "value": value});
        Some(Told::answer(json!({"options": [option(format!("{}-1", seen.payload()["value"].as_str().unwrap()))]})))
    })
    .await;
    let label = json!({"type": "plain_text", "text": "Backup"});
    let element = json!({"type": "external_select", "action_id": "backup", "min_query_length": 1});
    let view = modal(json!([{"type": "input", "block_id": "b", "label": label, "element": element}]));
    let (trigger, _) = rig.slack.mint("UANA", "CINC");
    rig.api("views.open", json!({"trigger_id": trigger, "view": view})).await;
    let outcome = rig.act(json!({"as": "UANA", "do": "suggest", "action_id": "backup", "text": "ord"})).await;
    assert_eq!(outcome["options"][0]["value"], "ord-1");
    assert_eq!(rig.seen()[0].payload()["type"], "block_suggestion");
}

#[tokio::test]
async fn opening_the_home_is_an_event_and_shows_what_the_bot_publishes() {
    let rig = Rig::with(|seen| {
        let user = seen.payload()["event"]["user"].clone();
        let view = json!({"type": "home", "blocks": [section("All quiet")]});
        Some(Told::calls(vec![("views.publish", json!({"user_id": user, "view": view}))]))
    })
    .await;
    let outcome = rig.act(json!({"as": "UANA", "do": "open_home"})).await;
    assert_eq!(outcome["views"][0]["blocks"][0]["text"]["text"], "All quiet");
    let envelope = rig.seen()[0].payload();
    assert_eq!((&envelope["type"], &envelope["event"]["type"]), (&json!("event_callback"), &json!("app_home_opened")));
    assert_eq!(rig.get("/local/views?user=UANA").await["home"]["type"], "home");
    assert!(rig.get("/local/views?user=UBEN").await["home"].is_null());
}

#[tokio::test]
async fn e2_an_event_that_was_not_taken_comes_again() {
    let rig = Rig::with(|seen| {
        let first = !seen.headers.contains_key("x-slack-retry-num");
        Some(Told { status: if first { 500 } else { 200 }, ..Told::nothing() })
    })
    .await;
    rig.act(json!({"as": "UANA", "do": "open_home"})).await;
    let seen = rig.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(
        (&seen[1].headers["x-slack-retry-num"], &seen[1].headers["x-slack-retry-reason"]),
        (&"1".parse().unwrap(), &"http_error".parse().unwrap())
    );
    assert_eq!(seen[0].payload()["event_id"], seen[1].payload()["event_id"]);
}

#[tokio::test]
async fn a_shortcut_on_a_message_carries_it() {
    let rig = Rig::silent().await;
    let posted = rig.api("chat.postMessage", json!({"channel": "CINC", "text": "disk full"})).await;
    rig.act(json!({"as": "UANA", "do": "shortcut", "callback_id": "declare", "message_ts": posted["ts"]})).await;
    let payload = rig.seen()[0].payload();
    assert_eq!(
        (&payload["type"], &payload["callback_id"], &payload["message"]["text"]),
        (&json!("message_action"), &json!("declare"), &json!("disk full"))
    );
}

#[tokio::test]
async fn a_tester_mints_live_handles_and_sees_the_world() {
    let rig = Rig::silent().await;
    let (_, minted) = rig.post("/local/mint", json!({"user": "UANA", "channel": "CINC"})).await;
    let view = modal(json!([section("x")]));
    assert_eq!(rig.api("views.open", json!({"trigger_id": minted["trigger_id"], "view": view})).await["ok"], true);
    let state = rig.get("/local/state").await;
    assert_eq!(state["slack"]["people"].as_array().unwrap().iter().map(|person| &person["id"]).collect::<Vec<_>>(), ["UANA", "UBEN"]);
    assert_eq!(state["slack"]["bot_token"], "xoxb-test");
    assert_eq!(state["outboxes"], json!({"pages": [], "sms": [], "email": [], "statuspage": []}));
    assert_eq!(rig.post("/local/break", json!({"what": "kill_primary", "target": "orders"})).await, (200, json!({"killed": "orders"})));
    assert_eq!(rig.post("/local/break", json!({"what": "juggle", "target": "orders"})).await.0, 422);
}

#[tokio::test]
async fn the_page_and_all_its_parts_come_from_here_alone() {
    let rig = Rig::silent().await;
    let page = reqwest::get(&rig.url).await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    let page = page.text().await.unwrap();
    let parts: Vec<_> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(!parts.is_empty());
    for part in parts {
        assert_eq!(reqwest::get(format!("{}{part}", rig.url)).await.unwrap().status(), 200, "{part}");
    }
}
