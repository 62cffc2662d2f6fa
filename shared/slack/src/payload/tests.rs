use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::envelope::{Body, Door, SCHEMA};

fn envelope(path: &str, body: &[u8]) -> Envelope {
    Envelope {
        schema: SCHEMA,
        door: Door::Slack,
        path: path.to_owned(),
        content_type: String::new(),
        body: Body::new(body),
        signature_digest: String::new(),
        received_at_ms: 0,
        signed_at_s: 0,
        request_id: String::new(),
        retry_num: None,
        refused: None,
    }
}

fn interaction(payload: &serde_json::Value) -> Result<Payload, Malformed> {
    let encoded: String = payload.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    Payload::read(&envelope("/slack/interactions", format!("payload={encoded}").as_bytes()))
}

fn sender() -> Sender {
    Sender { user: "U1".to_owned(), home_team: Some("T2".to_owned()), team: Some("T1".to_owned()), enterprise: Some("E1".to_owned()) }
}

fn from_us(kind: &str, more: serde_json::Value) -> serde_json::Value {
    let mut payload = json!({
        "type": kind, "token": "legacy", "api_app_id": "A1", "team": {"id": "T1", "domain": "d"}, "enterprise": {"id": "E1", "name": "e"},
        "user": {"id": "U1", "username": "ada", "name": "ada", "team_id": "T2"}, "trigger_id": "1.2.3", "is_enterprise_install": false,
    });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

#[test]
fn a_slash_command_is_read() {
    let body = "token=x&team_id=T1&team_domain=d&enterprise_id=&channel_id=C1&channel_name=ops&user_id=U1&user_name=ada&command=%2Fdr\
        &text=restore+orders+--at+14%3A05&api_app_id=A1&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F1&trigger_id=1.2.3";
    let Payload::SlashCommand(command) = Payload::read(&envelope("/slack/commands", body.as_bytes())).unwrap() else { panic!() };
    assert_eq!((command.command.as_str(), command.text.as_str(), command.channel.as_str()), ("/dr", "restore orders --at 14:05", "C1"));
    assert_eq!(command.sender, Sender { home_team: None, enterprise: None, ..sender() });
    assert_eq!(command.response_url.as_deref(), Some("https://hooks.slack.com/commands/1"));
}

#[test]
fn a_button_of_a_message_is_read() {
    let payload = from_us(
        "block_actions",
        json!({
            "channel": {"id": "C1", "name": "ops"}, "message": {"ts": "17.1", "thread_ts": "16.9", "text": null, "blocks": []},
            "response_url": "https://hooks.slack.com/actions/1", "state": {"values": {}},
            "actions": [{"type": "button", "action_id": "approve", "block_id": "b", "value": "p-1", "text": {"type": "plain_text", "text": "Approve"}}],
        }),
    );
    let Payload::BlockActions(it) = interaction(&payload).unwrap() else { panic!() };
    assert_eq!((it.sender, it.channel.as_deref()), (sender(), Some("C1")));
    let message = it.message.unwrap();
    assert_eq!((message.ts.as_str(), message.thread_ts.as_deref()), ("17.1", Some("16.9")));
    assert_eq!((it.actions[0].action_id.as_str(), it.actions[0].answer.value().as_deref()), ("approve", Some("p-1")));
}

#[test]
fn a_button_of_an_ephemeral_message_finds_its_channel_in_the_container() {
    let container = json!({"type": "message", "message_ts": "17.1", "channel_id": "C9", "is_ephemeral": true});
    let Payload::BlockActions(it) = interaction(&from_us("block_actions", json!({"container": container}))).unwrap() else { panic!() };
    assert_eq!((it.channel.as_deref(), it.message.unwrap().ts.as_str()), (Some("C9"), "17.1"));
}

#[test]
fn every_element_of_a_form_gives_its_answer() {
    let element = |fields: serde_json::Value| json!({"a": fields});
    let view = json!({
        "id": "V1", "type": "modal", "callback_id": "restore", "private_metadata": "m", "hash": "h", "title": {"type": "plain_text", "text": "x"},
        "state": {"values": {
            "text": element(json!({"type": "plain_text_input", "value": "typed"})),
            "empty": element(json!({"type": "plain_text_input", "value": null})),
            "select": element(json!({"type": "static_select", "selected_option": {"text": {"type": "plain_text", "text": "x"}, "value": "s"}})),
            "none": element(json!({"type": "static_select", "selected_option": null})),
            "user": element(json!({"type": "users_select", "selected_user": "U9"})),
            "date": element(json!({"type": "datepicker", "selected_date": "2026-11-22"})),
            "at": element(json!({"type": "datetimepicker", "selected_date_time": 1_700_000_000})),
            "many": element(json!({"type": "checkboxes", "selected_options": [{"value": "x"}, {"value": "y"}]})),
        }},
    });
    let Payload::ViewSubmission(it) = interaction(&from_us("view_submission", json!({"view": view}))).unwrap() else { panic!() };
    let answer = |block| it.view.answer(block, "a");
    assert_eq!(answer("text").as_deref(), Some("typed"));
    assert_eq!(answer("select").as_deref(), Some("s"));
    assert_eq!(answer("user").as_deref(), Some("U9"));
    assert_eq!(answer("date").as_deref(), Some("2026-11-22"));
    assert_eq!(answer("at").as_deref(), Some("1700000000"));
    assert_eq!((answer("empty"), answer("none"), answer("not there")), (None, None, None));
    let many = it.view.answers().find(|(block, ..)| *block == "many").unwrap().2;
    assert_eq!(many.values().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!((it.view.callback_id.as_str(), it.view.private_metadata.as_str(), it.view.id.as_str()), ("restore", "m", "V1"));
}

#[test]
fn the_other_interactions_are_read() {
    let view = json!({"id": "V1", "callback_id": "restore", "private_metadata": null});
    assert!(
        matches!(interaction(&from_us("view_closed", json!({"view": view, "is_cleared": false}))), Ok(Payload::ViewClosed(it)) if it.view.id == "V1")
    );
    let search = from_us("block_suggestion", json!({"action_id": "database", "block_id": "b", "value": "ord", "view": view}));
    assert!(matches!(interaction(&search), Ok(Payload::BlockSuggestion(it)) if it.value == "ord" && it.action_id == "database"));
    let message = json!({"callback_id": "note", "channel": {"id": "C1"}, "message": {"ts": "1.2", "text": "down!", "user": "U7"}});
    let Payload::MessageAction(it) = interaction(&from_us("message_action", message)).unwrap() else { panic!() };
    assert_eq!((it.callback_id.as_str(), it.channel.as_str(), it.message.text.as_str()), ("note", "C1", "down!"));
    assert!(
        matches!(interaction(&from_us("shortcut", json!({"callback_id": "declare"}))), Ok(Payload::Shortcut(it)) if it.callback_id == "declare")
    );
}

#[test]
fn an_event_is_read_whether_its_user_is_an_id_or_a_profile() {
    for user in [json!("U1"), json!({"id": "U1", "name": "ada"})] {
        let body = json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": {"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}});
        let Payload::EventCallback(it) = Payload::read(&envelope("/slack/events", body.to_string().as_bytes())).unwrap() else { panic!() };
        assert_eq!((it.event_id.as_str(), it.event.kind.as_str(), it.event.user.as_deref()), ("Ev1", "app_home_opened", Some("U1")));
    }
}

#[test]
fn b17_an_unknown_type_is_known_to_be_unknown_and_more_fields_are_ignored() {
    let Payload::Unknown(it) = interaction(&from_us("hologram", json!({"x": [1, {"y": null}]}))).unwrap() else { panic!() };
    assert_eq!((it.kind.as_str(), it.sender), ("hologram", Some(sender())));
    let limited = json!({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1});
    let Payload::Unknown(it) = Payload::read(&envelope("/slack/events", limited.to_string().as_bytes())).unwrap() else { panic!() };
    assert_eq!(it.kind, "app_rate_limited");
}

#[test]
fn b16_what_no_slack_would_write_is_malformed() {
    let deep = format!("{{\"type\":\"block_actions\",\"user\":{{\"id\":\"U1\"}},\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (path, body) in [
        ("/slack/commands", "command=%2Fdr".to_owned()),
        ("/slack/commands", "command=%2Fdr&user_id=U1&text=%00".to_owned()),
        ("/slack/interactions", "payload=not+json".to_owned()),
        ("/slack/interactions", "payload={}&payload={}".to_owned()),
        ("/slack/interactions", format!("payload={deep}")),
        ("/slack/interactions", r#"payload={"type":"block_actions"}"#.to_owned()),
        ("/slack/interactions", r#"payload={"type":"view_submission","user":{"id":"U1"}}"#.to_owned()),
        ("/slack/interactions", r#"payload={"type":"block_actions","user":{"id":""}}"#.to_owned()),
        ("/slack/events", deep.clone()),
        ("/slack/events", r#"{"type":"event_callback","event":{"type":"message"}}"#.to_owned()),
        ("/pagerduty/events", "{}".to_owned()),
    ] {
        assert!(Payload::read(&envelope(path, body.as_bytes())).is_err(), "{path} {body:.60}");
    }
}

#[test]
fn a22_an_error_quotes_nothing_of_what_was_sent() {
    let body = r#"payload={"type":"block_actions","user":"private-words"}"#;
    let error = Payload::read(&envelope("/slack/interactions", body.as_bytes())).unwrap_err();
    assert!(!error.to_string().contains("private"), "{error}");
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        "\\PC{0,12}".prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let keys =
            prop::sample::select(vec!["id", "type", "user", "view", "actions", "value", "state", "values", "selected_option", "team", "x"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|it| json!(it)),
            prop::collection::btree_map(keys.prop_map(str::to_owned), inner, 0..5).prop_map(|it| json!(it)),
        ]
    })
}

proptest! {
    #[test]
    fn b16_no_payload_panics(kind in prop::sample::select(vec!["block_actions", "view_submission", "view_closed", "block_suggestion", "message_action", "shortcut", "?"]), more in any_json()) {
        let mut payload = json!({"type": kind, "user": {"id": "U1"}});
        if let Some(more) = more.as_object() {
            payload.as_object_mut().unwrap().extend(more.clone());
        }
        let _ = interaction(&payload);
    }

    #[test]
    fn b16_no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300), path in prop::sample::select(vec!["/slack/commands", "/slack/interactions", "/slack/events"])) {
        let _ = Payload::read(&envelope(path, &body));
    }
}
