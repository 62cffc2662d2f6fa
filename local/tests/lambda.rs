//! The Lambda host, by a stock client and real processes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

mod support;

use std::time::Duration;

use aws_sdk_lambda::{
    Client,
    operation::invoke::InvokeOutput,
    primitives::Blob,
    types::InvocationType::{DryRun, Event},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{World, until};

async fn invoke(client: &Client, function: &str, event: Value) -> InvokeOutput {
    client.invoke().function_name(function).payload(Blob::new(event.to_string())).send().await.unwrap()
}

fn body(output: &InvokeOutput) -> Value {
    serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap()
}

#[tokio::test]
async fn a_warm_process_serves_the_next_invocation() {
    let world = World::start().await;
    world.function("echo").add();
    let client = Client::new(&world.config());
    let first = body(&invoke(&client, "echo", json!({"a": 1})).await);
    let second = body(&invoke(&client, "arn:aws:lambda:eu-west-1:000000000000:function:echo:$LATEST", json!({})).await);
    assert_eq!(first["event"], json!({"a": 1}));
    assert_eq!((&second["pid"], &second["served"]), (&first["pid"], &json!(2)));
    world.stack.stop().await;
}

#[tokio::test]
async fn invocations_at_the_same_time_run_in_processes_of_their_own() {
    let world = World::start().await;
    world.function("echo").add();
    let client = Client::new(&world.config());
    let (one, other) = tokio::join!(invoke(&client, "echo", json!({})), invoke(&client, "echo", json!({})));
    assert_ne!(body(&one)["pid"], body(&other)["pid"]);
}

#[tokio::test]
async fn a_typed_error_of_the_function_comes_back_as_it_is() {
    let world = World::start().await;
    world.function("echo").add();
    let output = invoke(&Client::new(&world.config()), "echo", json!({"do": "fail", "kind": "Retryable"})).await;
    assert_eq!((output.status_code(), output.function_error()), (200, Some("Unhandled")));
    assert_eq!(body(&output), json!({"errorType": "Retryable", "errorMessage": "as told"}));
}

#[tokio::test]
async fn a_crash_is_told_and_a_fresh_process_serves_the_next() {
    let world = World::start().await;
    world.function("echo").add();
    let client = Client::new(&world.config());
    let before = body(&invoke(&client, "echo", json!({})).await);
    let crashed = invoke(&client, "echo", json!({"do": "crash"})).await;
    assert_eq!(body(&crashed)["errorType"], "Runtime.ExitError");
    assert!(body(&crashed)["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: exit status 3"));
    let after = body(&invoke(&client, "echo", json!({})).await);
    assert_ne!(after["pid"], before["pid"]);
    assert_eq!(after["served"], 1);
}

#[tokio::test]
async fn a_process_that_ends_between_invocations_is_not_noticed() {
    let world = World::start().await;
    world.function("echo").add();
    let client = Client::new(&world.config());
    for _ in 0..5 {
        let output = invoke(&client, "echo", json!({"do": "exit-after"})).await;
        assert_eq!(output.function_error(), None);
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_ended() {
    let world = World::start().await;
    world.function("slow").timeout(Duration::from_millis(100)).add();
    let output = invoke(&Client::new(&world.config()), "slow", json!({"do": "hang"})).await;
    assert_eq!(body(&output)["errorType"], "Sandbox.Timedout");
    assert_eq!(world.lambda().pids("slow"), Vec::<u32>::new());
}

#[tokio::test]
async fn an_error_while_starting_is_told() {
    let world = World::start().await;
    world.function("broken").env("TEST_INIT", "fail").add();
    let output = invoke(&Client::new(&world.config()), "broken", json!({})).await;
    assert_eq!(body(&output)["errorType"], "Runtime.BadConfig");
}

#[tokio::test]
async fn a_killed_process_is_an_exit_error() {
    let world = World::start().await;
    world.function("slow").add();
    let client = Client::new(&world.config());
    let invocation = tokio::spawn(async move { invoke(&client, "slow", json!({"do": "hang"})).await });
    until("the function runs", || world.events("slow").len() == 1).await;
    assert_eq!(world.lambda().kill("slow").len(), 1);
    let output = invocation.await.unwrap();
    assert!(body(&output)["errorMessage"].as_str().unwrap().ends_with("signal: killed"));
}

#[tokio::test]
async fn an_unknown_function_is_refused_and_a_dry_run_runs_nothing() {
    let world = World::start().await;
    world.function("echo").add();
    let client = Client::new(&world.config());
    let refused = client.invoke().function_name("nobody").send().await.unwrap_err().into_service_error();
    assert!(refused.is_resource_not_found_exception(), "{refused:?}");
    let dry = client.invoke().function_name("echo").invocation_type(DryRun).send().await.unwrap();
    assert_eq!((dry.status_code(), world.lambda().pids("echo").len()), (204, 0));
}

#[tokio::test]
async fn an_asynchronous_invocation_is_tried_three_times_then_its_destination_is_told() {
    let world = World::start().await;
    world.function("worker").on_failure("scheduler").add();
    world.function("scheduler").add();
    // The sweep, which the clock's jumps set off.
    world.function("mayday-scheduler").add();
    let event = json!({"do": "fail", "kind": "Broken"});
    let client = Client::new(&world.config());
    let accepted =
        client.invoke().function_name("worker").invocation_type(Event).payload(Blob::new(event.to_string())).send().await.unwrap();
    assert_eq!(accepted.status_code(), 202);

    until("the first attempt failed", || world.events("worker").len() == 1).await;
    assert_eq!(world.lambda().waiting(), 1);
    for attempts in [2, 3] {
        until("it rests", || world.lambda().idle()).await;
        world.stack.shared().clock.advance(SignedDuration::from_secs(125)).unwrap();
        until("another attempt", || world.events("worker").len() == attempts).await;
    }
    until("the destination is told", || world.events("scheduler").len() == 1).await;
    let record = world.events("scheduler").remove(0);
    assert_eq!(record["requestPayload"], event);
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responsePayload"]["errorType"], "Broken");
    until("nothing waits any more", || world.lambda().waiting() == 0).await;
}

#[tokio::test]
async fn an_accepted_invocation_survives_the_stack() {
    let world = World::start().await;
    world.function("worker").add();
    world.lambda().enqueue("worker", br#"{"do":"hang"}"#).unwrap();
    until("it runs", || world.events("worker").len() == 1).await;
    let pids = world.lambda().pids("worker");

    // The next stack has no function of that name until the test adds it: it asks again a minute later.
    let world = world.crash_and_restart().await;
    until("it was asked for in vain", || world.lambda().idle()).await;
    until("the old process is gone", || !std::path::Path::new(&format!("/proc/{}", pids[0])).exists()).await;
    world.function("worker").add();
    world.stack.shared().clock.advance(SignedDuration::from_secs(61)).unwrap();
    until("it runs again", || world.events("worker").len() == 2).await;
}
