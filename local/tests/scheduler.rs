//! EventBridge Scheduler, by its wire format, and the in-process connector.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

mod support;

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{error::SdkError, types::AttributeValue};
use http::{HeaderMap, Method};
use jiff::SignedDuration;
use mayday_local::{
    clock::Clock,
    connector::Connector,
    dynamodb::DynamoDb,
    service::{Call, Registry, Shared, dispatch},
};
use serde_json::{Value, json};
use support::{World, until};

async fn call(world: &World, method: Method, path: &str, body: Value) -> (u16, Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let call = Call {
        service: "scheduler".to_owned(),
        operation: String::new(),
        region: "eu-west-1".to_owned(),
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
    };
    let service = world.stack.services().get("scheduler").unwrap();
    let reply = dispatch(world.stack.shared(), &service, call).await.unwrap();
    (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
}

fn advance(world: &World, seconds: i64) {
    world.stack.shared().clock.advance(SignedDuration::from_secs(seconds)).unwrap();
}

fn schedule(expression: &str) -> Value {
    json!({
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:lambda:eu-west-1:000000000000:function:ticked",
            "RoleArn": "arn:aws:iam::000000000000:role/x",
            "Input": r#"{"at":"<aws.scheduler.scheduled-time>"}"#,
        },
    })
}

#[tokio::test]
async fn the_sweep_ticks_every_minute_with_its_own_time() {
    let world = World::start().await;
    world.function("mayday-scheduler").add();
    for ticks in [1, 2] {
        advance(&world, 60);
        until("a tick", || world.events("mayday-scheduler").len() == ticks).await;
    }
    let ticks = world.events("mayday-scheduler");
    let at = |tick: &Value| tick["scheduled_time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(ticks[0]["tick"], "sweep");
    assert_eq!(at(&ticks[1]).duration_since(at(&ticks[0])), SignedDuration::from_secs(60));
}

#[tokio::test]
async fn a_tick_missed_while_the_stack_was_down_fires_late_and_once() {
    let world = World::start().await;
    let arn = call(&world, Method::POST, "/schedules/often", schedule("rate(5 minutes)")).await.1["ScheduleArn"].clone();
    assert_eq!(arn, "arn:aws:scheduler:eu-west-1:000000000000:schedule/default/often");
    let clock = world.dir.path().join("data/clock.json");
    let dir = world.dir.clone();
    world.stack.stop().await;
    // An hour passes while nothing runs.
    let mut reading: Value = serde_json::from_slice(&std::fs::read(&clock).unwrap()).unwrap();
    reading["virtual_ms"] = json!(reading["virtual_ms"].as_i64().unwrap() + 3_600_000);
    std::fs::write(&clock, reading.to_string()).unwrap();

    let world = World::start_with(dir, |world| world.function("ticked").add()).await;
    until("the late tick", || world.events("ticked").len() == 1).await;
    advance(&world, 240);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.events("ticked").len(), 1);
    advance(&world, 61);
    until("the next", || world.events("ticked").len() == 2).await;
}

#[tokio::test]
async fn a_schedule_that_is_completed_deletes_itself_if_told_to() {
    let world = World::start().await;
    world.function("ticked").add();
    let at = world.stack.shared().clock.now().checked_add(SignedDuration::from_secs(100)).unwrap();
    let mut once = schedule(&format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S")));
    once["ActionAfterCompletion"] = json!("DELETE");
    assert_eq!(call(&world, Method::POST, "/schedules/once", once).await.0, 200);
    advance(&world, 101);
    until("it fired", || world.events("ticked").len() == 1).await;
    assert_eq!(call(&world, Method::GET, "/schedules/once?groupName=default", json!(null)).await.0, 404);
}

#[tokio::test]
async fn schedules_are_created_once_changed_listed_and_deleted() {
    let world = World::start().await;
    let mut wanted = schedule("rate(1 hour)");
    wanted["ClientToken"] = json!("token");
    assert_eq!(call(&world, Method::POST, "/schedules/x", wanted.clone()).await.0, 200);
    assert_eq!(call(&world, Method::POST, "/schedules/x", wanted).await.0, 200, "the same token is the same request");
    let (status, conflict) = call(&world, Method::POST, "/schedules/x", schedule("rate(1 hour)")).await;
    assert_eq!((status, &conflict["message"]), (409, &json!("Schedule x already exists.")));
    let mut changed = schedule("cron(0 3 * * ? *)");
    changed["State"] = json!("DISABLED");
    assert_eq!(call(&world, Method::PUT, "/schedules/x", changed).await.0, 200);
    let got = call(&world, Method::GET, "/schedules/x", json!(null)).await.1;
    assert_eq!((&got["State"], &got["ScheduleExpression"]), (&json!("DISABLED"), &json!("cron(0 3 * * ? *)")));
    let listed = call(&world, Method::GET, "/schedules", json!(null)).await.1;
    let names: Vec<_> = listed["Schedules"].as_array().unwrap().iter().map(|schedule| schedule["Name"].clone()).collect();
    assert_eq!(names, ["x", "mayday-sweep"]);
    assert_eq!(call(&world, Method::DELETE, "/schedules/x", json!(null)).await.0, 200);
    assert_eq!(call(&world, Method::DELETE, "/schedules/x", json!(null)).await.0, 404);
    assert_eq!(call(&world, Method::POST, "/schedules/y", schedule("sometimes")).await.0, 400);
}

/// No sockets: the runtime's paused clock moves by itself, and the SDK's own pauses take no real time.
#[tokio::test(start_paused = true)]
async fn over_the_connector_the_sdks_retries_are_virtual() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::standing_at("2026-11-22T14:00:00Z".parse().unwrap());
    let shared = Arc::new(Shared::new(clock, dir.path().to_owned(), String::new()));
    let dynamodb = DynamoDb::open(dir.path()).unwrap();
    dynamodb.ensure_table("mayday").unwrap();
    let services = Arc::new(Registry::new([Arc::new(dynamodb) as Arc<dyn mayday_local::service::Service>]));
    for nth in [1, 2] {
        let rule = json!({"operation": "PutItem", "nth": nth, "effect": "throttle", "code": "ProvisionedThroughputExceededException"});
        shared.faults.add(serde_json::from_value(rule).unwrap());
    }
    let config = support::config().http_client(Connector::new(shared.clone(), services)).build();
    let config = aws_sdk_dynamodb::config::Builder::from(&config).sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new());
    let config = config.retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::standard().with_max_attempts(3));
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    let put = || {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        client.put_item().table_name("mayday").item("pk", text("a")).item("sk", text("b")).send()
    };
    put().await.unwrap();
    assert_eq!(shared.calls.since(0).len(), 3);

    shared.faults.add(serde_json::from_value(json!({"operation": "PutItem", "effect": "lost_answer"})).unwrap());
    assert!(matches!(put().await.unwrap_err(), SdkError::DispatchFailure(failure) if failure.is_io()));
}
