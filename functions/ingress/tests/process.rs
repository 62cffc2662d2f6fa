//! The binary as Lambda runs it: its environment, the Runtime API, and the two AWS calls, all on this machine.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test's helpers may end it")]

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use mayday_slack::{
    envelope::Envelope,
    verify::{SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, sign},
};
use serde_json::{Value, json};
use wiremock::{
    Match, Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path, path_regex},
};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW_S: i64 = 1_700_000_000;

/// Ends the process with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(server: &MockServer, clock: &std::path::Path) -> Running {
    let child = Command::new(env!("CARGO_BIN_EXE_ingress"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", server.address().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "mayday-ingress")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_ENDPOINT_URL", server.uri())
        .env("MAYDAY_CLOCK", clock)
        .env("MAYDAY_KEYS_SECRET", "mayday/keys")
        .env("MAYDAY_WORKER", "mayday-worker")
        .env("MAYDAY_SLACK_TEAM", "T1")
        .env("MAYDAY_SLACK_APP", "A1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    Running(child)
}

fn event(body: &str, signature: &str) -> Value {
    json!({
        "version": "2.0", "rawPath": "/slack/commands", "requestContext": {"http": {"method": "POST"}}, "isBase64Encoded": false, "body": body,
        "headers": {TIMESTAMP_HEADER: NOW_S.to_string(), SIGNATURE_HEADER: signature, "content-type": "application/x-www-form-urlencoded"},
    })
}

fn invocation(id: &str, event: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("lambda-runtime-aws-request-id", id)
        .insert_header("lambda-runtime-deadline-ms", "9999999999999")
        .insert_header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:mayday-ingress")
        .set_body_json(event)
}

/// Matches by a suffix of the path.
struct Ends(&'static str);

impl Match for Ends {
    fn matches(&self, request: &Request) -> bool {
        request.url.path().ends_with(self.0)
    }
}

#[tokio::test]
async fn a1_a_signed_command_passes_through_the_real_binary_to_the_worker() {
    let server = MockServer::start().await;
    let body = "team_id=T1&api_app_id=A1&user_id=U1&command=%2Fdr&text=status";
    let signature = sign(&SigningSecret::new(SECRET).unwrap(), NOW_S, body.as_bytes());
    let keys = json!({"SecretString": json!({"slack_signing_secret": SECRET, "slack_bot_token": "xoxb-1"}).to_string()});
    let next = "/2018-06-01/runtime/invocation/next";
    let once = |id: &'static str, event: Value| Mock::given(path(next)).respond_with(invocation(id, &event)).up_to_n_times(1);
    once("good-one-0001", event(body, &signature)).mount(&server).await;
    once("wrong-one-0002", event(&body.replace("status", "restore"), &signature)).mount(&server).await;
    Mock::given(path(next)).respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(600))).mount(&server).await;
    Mock::given(header("x-amz-target", "secretsmanager.GetSecretValue"))
        .respond_with(ResponseTemplate::new(200).set_body_json(keys))
        .mount(&server)
        .await;
    Mock::given(path("/2015-03-31/functions/mayday-worker/invocations")).respond_with(ResponseTemplate::new(202)).mount(&server).await;
    Mock::given(method("POST")).and(path_regex("/runtime/")).respond_with(ResponseTemplate::new(202)).mount(&server).await;

    let clock = std::env::temp_dir().join(format!("ingress-process-{}.json", std::process::id()));
    std::fs::write(&clock, json!({"real_ms": 0, "virtual_ms": NOW_S * 1000, "scale": 0}).to_string()).unwrap();
    let mut running = start(&server, &clock);
    let answers = answers(&server, 2).await;
    assert_eq!((&answers[0]["statusCode"], &answers[0]["body"]), (&json!(200), &json!("")));
    assert_eq!(answers[1]["statusCode"], 401);

    let received = server.received_requests().await.unwrap();
    let handed: Vec<&Request> = received.iter().filter(|request| Ends("/mayday-worker/invocations").matches(request)).collect();
    assert_eq!(handed.len(), 1);
    let envelope: Envelope = handed[0].body_json().unwrap();
    assert_eq!(envelope.body.bytes().unwrap().as_ref(), body.as_bytes());
    assert_eq!((envelope.request_id.as_str(), envelope.received_at_ms), ("good-one-0001", NOW_S * 1000));

    running.0.kill().unwrap();
    let mut log = String::new();
    std::io::Read::read_to_string(&mut running.0.stdout.take().unwrap(), &mut log).unwrap();
    std::fs::remove_file(&clock).unwrap();
    assert!(log.contains("ingress_denied") && log.contains("wrong-one-0002"), "{log}");
    for secret in [SECRET, "xoxb-1", &signature[3..], "AKIDEXAMPLE"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// What the function answered, once it has answered `count` invocations.
async fn answers(server: &MockServer, count: usize) -> Vec<Value> {
    let all = async {
        loop {
            let received = server.received_requests().await.unwrap();
            let answers: Vec<Value> =
                received.iter().filter(|request| Ends("/response").matches(request)).map(|request| request.body_json().unwrap()).collect();
            if answers.len() >= count {
                return answers;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("the function answers")
}
