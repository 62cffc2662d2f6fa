//! The whole stack behind its one port: the bot's paths, the console's, the controls, and what is left when it ends.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

mod support;

use std::sync::Arc;

use mayday_local::{
    seed::{Seed, SeedChannel, SeedDatabase, SeedPerson},
    stack::Stack,
};
use serde_json::{Value, json};
use support::{World, http, options, until};

/// The body of an HTTP answer that came as text.
fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The door answers this; it gets the event of a function URL.
fn door(world: &World, answer: &Value) {
    let script = world.dir.path().join("door.json");
    std::fs::write(&script, json!([answer]).to_string()).unwrap();
    world.function("mayday-ingress").env("TEST_SCRIPT", &script.display().to_string()).add();
}

#[tokio::test]
async fn a_form_reaches_the_door_as_lambda_brings_it_and_the_doors_answer_comes_back() {
    let world = World::start().await;
    door(
        &world,
        &json!({"statusCode": 200, "headers": {"Content-Type": "application/json", "X-Mine": "1"}, "body": "{\"text\":\"hello\"}"}),
    );
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("X-Slack-Signature", "v0=00")];
    let answer = http(&world.stack, "POST", "/slack/commands", &headers, "text=help").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-mine: 1") && answer.ends_with("{\"text\":\"hello\"}"), "{answer}");
    let event = world.events("mayday-ingress").remove(0);
    assert_eq!((&event["version"], &event["rawPath"]), (&json!("2.0"), &json!("/slack/commands")));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("dGV4dD1oZWxw"), &json!(true)));
    assert_eq!(event["headers"]["x-slack-signature"], "v0=00");
}

#[tokio::test]
async fn other_methods_and_paths_are_the_doors_to_refuse() {
    let world = World::start().await;
    door(&world, &json!({"statusCode": 405}));
    for (method, path) in [("GET", "/slack/commands"), ("POST", "/slack/elsewhere"), ("PUT", "/pagerduty/events")] {
        let answer = http(&world.stack, method, path, &[], "").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{method} {path}: {answer}");
    }
    assert_eq!(world.events("mayday-ingress").len(), 3);
}

#[tokio::test]
async fn a_door_that_fails_is_a_bad_gateway() {
    let world = World::start().await;
    door(&world, &json!({"error": "Broken"}));
    assert!(http(&world.stack, "POST", "/slack/events", &[], "{}").await.starts_with("HTTP/1.1 502"));
}

#[tokio::test]
async fn the_panel_kills_a_functions_processes_and_knows_no_others() {
    let world = World::start().await;
    world.function("mayday-runner").add();
    world.lambda().invoke("mayday-runner", "{}".into()).await.unwrap();
    let pids = world.lambda().pids("mayday-runner");
    let answer = http(&world.stack, "POST", "/local/break", &[], r#"{"what":"kill-function","target":"mayday-runner"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    until("it is dead", || !std::path::Path::new(&format!("/proc/{}", pids[0])).exists()).await;
}

#[tokio::test]
async fn a_first_start_holds_the_seed_and_a_restart_the_same_world() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut options = options(dir.path());
    options.seed = Seed {
        team_id: "T1".to_owned(),
        app_id: "A1".to_owned(),
        bot_user_id: "U0".to_owned(),
        people: vec![SeedPerson {
            id: "U1".to_owned(),
            name: "ana".to_owned(),
            real_name: "Ana".to_owned(),
            roles: vec!["dba".to_owned()],
        }],
        channels: vec![SeedChannel { id: "C1".to_owned(), name: "recovery".to_owned() }],
        databases: vec![SeedDatabase {
            instance: "orders".to_owned(),
            region: "eu-west-1".to_owned(),
            secret: "orders/app".to_owned(),
            database: "orders".to_owned(),
            rows: 1_000,
        }],
        regions: vec!["eu-west-1".to_owned()],
        plan_yaml: "name: demo".to_owned(),
        ..Seed::default()
    };
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let stack = Stack::start(options.clone()).await.unwrap();
        let state = body(&http(&stack, "GET", "/local/state", &[], "").await);
        assert_eq!(state["slack"]["people"][0]["name"], "ana");
        assert_eq!(state["slack"]["channels"][0]["id"], "C1");
        assert_eq!(state["secrets"]["signing"], "mayday/keys");
        assert_eq!(state["regions"], json!(["eu-west-1"]));
        let database = &state["world"]["databases"][0];
        assert_eq!((&database["instance"], &database["status"]), (&json!("orders"), &json!("available")));
        let rows: u64 = database["tables"].as_array().unwrap().iter().filter_map(|table| table["rows"].as_u64()).sum();
        assert!(rows >= 1_000, "{database}");
        tokens.push(state["slack"]["bot_token"].clone());
        stack.stop().await;
    }
    assert_eq!(tokens[0], tokens[1]);
}
