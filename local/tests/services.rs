//! The front, the fault table and DynamoDB, by a stock client.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

mod support;

use aws_sdk_dynamodb::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use mayday_local::faults::Rule;
use serde_json::json;
use support::{World, http};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn client(world: &World) -> Client {
    let config = aws_sdk_dynamodb::config::Builder::from(&world.config()).retry_config(RetryConfig::disabled());
    Client::from_conf(config.timeout_config(TimeoutConfig::disabled()).build())
}

fn fault(world: &World, rule: serde_json::Value) -> u64 {
    world.stack.shared().faults.add(serde_json::from_value::<Rule>(rule).unwrap())
}

#[tokio::test]
async fn one_of_many_conditional_puts_wins_and_the_others_see_the_winner() {
    let world = World::start().await;
    let puts = (0..8).map(|n| {
        let put = client(&world).put_item().table_name("mayday").item("pk", text("lock")).item("sk", text("x"));
        let put = put.item("owner", text(&n.to_string())).condition_expression("attribute_not_exists(pk)");
        put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send()
    });
    let (mut won, mut owners) = (0, Vec::new());
    for put in puts.map(tokio::spawn).collect::<Vec<_>>() {
        match put.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => match error.into_service_error() {
                aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) => {
                    owners.push(failed.item().unwrap()["owner"].clone());
                }
                other => panic!("{other:?}"),
            },
        }
    }
    owners.dedup();
    assert_eq!((won, owners.len()), (1, 1));
}

#[tokio::test]
async fn items_survive_the_stack() {
    let world = World::start().await;
    client(&world).put_item().table_name("mayday").item("pk", text("a")).item("sk", text("b")).send().await.unwrap();
    let world = world.crash_and_restart().await;
    let got = client(&world).get_item().table_name("mayday").key("pk", text("a")).key("sk", text("b")).send().await.unwrap();
    assert!(got.item().is_some());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_effect_behind() {
    let world = World::start().await;
    fault(&world, json!({"service": "dynamodb", "operation": "PutItem", "nth": 1, "effect": "lost_answer"}));
    let put = || client(&world).put_item().table_name("mayday").item("pk", text("a")).item("sk", text("b"));
    let lost = put().send().await.unwrap_err();
    assert!(matches!(lost, SdkError::DispatchFailure(_)), "{lost:?}");
    let second = put().condition_expression("attribute_not_exists(pk)").send().await.unwrap_err().into_service_error();
    assert!(second.is_conditional_check_failed_exception());

    let calls = world.stack.shared().calls.since(0);
    let seen: Vec<_> = calls.iter().map(|call| (call.operation.as_str(), call.status)).collect();
    assert_eq!(seen, [("PutItem", None), ("PutItem", Some(400))]);
}

#[tokio::test]
async fn a_throttle_is_the_vendors_own_error() {
    let world = World::start().await;
    fault(&world, json!({"service": "dynamodb", "effect": "throttle", "code": "ProvisionedThroughputExceededException"}));
    let error = client(&world).get_item().table_name("mayday").key("pk", text("a")).key("sk", text("b")).send().await.unwrap_err();
    assert!(error.into_service_error().is_provisioned_throughput_exceeded_exception());
}

#[tokio::test]
async fn a_service_that_is_not_there_says_so() {
    let world = World::start().await;
    let answer =
        http(&world.stack, "GET", "/", &[("authorization", "AWS4-HMAC-SHA256 Credential=k/20261122/eu-west-1/ec2/aws4_request")], "").await;
    assert!(answer.starts_with("HTTP/1.1 501") && answer.contains("no service \\\"ec2\\\""), "{answer}");
}

#[tokio::test]
async fn faults_and_clock_are_set_over_http_and_bad_input_gets_a_sentence() {
    let world = World::start().await;
    let answer = http(&world.stack, "POST", "/local/faults", &[], r#"{"service":"rds","effect":"delay","ms":5}"#).await;
    assert!(answer.ends_with(r#"{"id":1}"#), "{answer}");
    assert!(http(&world.stack, "GET", "/local/faults", &[], "").await.contains(r#""id":1,"service":"rds""#));
    assert!(http(&world.stack, "DELETE", "/local/faults/1", &[], "").await.starts_with("HTTP/1.1 204"));
    assert!(http(&world.stack, "DELETE", "/local/faults/1", &[], "").await.ends_with(r#"{"error":"There is no fault 1."}"#));
    let answer = http(&world.stack, "POST", "/local/faults", &[], r#"{"effect":"explode"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("unknown variant `explode`"), "{answer}");

    let before = world.stack.shared().clock.now();
    let answer = http(&world.stack, "POST", "/local/clock", &[], r#"{"advance_s":3600,"scale":60}"#).await;
    assert!(answer.contains(r#""scale":60.0"#), "{answer}");
    assert!(world.stack.shared().clock.now().duration_since(before).as_secs() >= 3600);
    assert!(http(&world.stack, "POST", "/local/clock", &[], r#"{"advance_s":-1}"#).await.contains("Time only moves forward"));
}
