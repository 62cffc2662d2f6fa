use mayday_slack::response_url::Origin;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, header_regex, method, path},
};

use super::*;
use crate::message::Identity;

fn aws(endpoint: &str) -> Aws {
    let credentials = Credentials::builder()
        .access_key_id("AKIDEXAMPLE")
        .secret_access_key("secret")
        .session_token("a-token")
        .provider_name("test")
        .build();
    let identity = Identity { team: "T1".to_owned(), app: "A1".to_owned(), enterprise: None };
    Aws::new(&Config {
        identity,
        worker: "mayday-worker".to_owned(),
        keys_secret: "mayday/keys".to_owned(),
        clock_file: None,
        slack_api_url: None,
        region: "eu-west-1".to_owned(),
        lambda_endpoint: endpoint.to_owned(),
        secrets_endpoint: endpoint.to_owned(),
        credentials,
    })
    .unwrap()
}

fn scope(service: &str) -> String {
    format!(
        "^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/[0-9]{{8}}/eu-west-1/{service}/aws4_request, \
         SignedHeaders=content-type;host;[a-z;-]*x-amz-date;[a-z;-]*, Signature=[0-9a-f]{{64}}$"
    )
}

async fn answering(status: u16, body: &Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(&server).await;
    server
}

/// An address where nobody listens any more.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_envelope_is_left_by_a_signed_asynchronous_invocation() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/2015-03-31/functions/mayday-worker/invocations"))
        .and(header("x-amz-invocation-type", "Event"))
        .and(header("x-amz-security-token", "a-token"))
        .and(header_regex("authorization", &scope("lambda")))
        .and(body_json(json!({"schema": 1})))
        .respond_with(ResponseTemplate::new(202))
        .expect(1)
        .mount(&server)
        .await;
    aws(&server.uri()).worker("mayday-worker").hand_over(br#"{"schema":1}"#).await.unwrap();
}

#[tokio::test]
async fn an_arn_with_an_alias_is_one_segment_of_the_path() {
    let server = MockServer::start().await;
    let escaped = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Amayday-worker%3Alive/invocations";
    Mock::given(path(escaped)).respond_with(ResponseTemplate::new(202)).expect(1).mount(&server).await;
    let arn = "arn:aws:lambda:eu-west-1:000000000000:function:mayday-worker:live";
    aws(&server.uri()).worker(arn).hand_over(b"{}").await.unwrap();
}

#[tokio::test]
async fn what_lambda_refused_was_not_taken_and_what_broke_is_doubtful() {
    for (status, surely) in [(400, true), (403, true), (404, true), (413, true), (429, true), (500, false), (502, false), (503, false)] {
        let server = answering(status, &json!({})).await;
        let lost = aws(&server.uri()).worker("mayday-worker").hand_over(b"{}").await.unwrap_err();
        assert_eq!(matches!(lost, Lost::NotTaken(_)), surely, "{status}: {lost}");
    }
    let lost = aws(&nobody()).worker("mayday-worker").hand_over(b"{}").await.unwrap_err();
    assert!(matches!(lost, Lost::NotTaken(_)), "{lost}");
}

#[tokio::test]
async fn the_workers_answer_is_waited_for_and_its_failure_is_none() {
    let server = MockServer::start().await;
    Mock::given(header("x-amz-invocation-type", "RequestResponse"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"options": []})))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let failed = ResponseTemplate::new(200).insert_header("X-Amz-Function-Error", "Unhandled").set_body_json(json!({"errorType": "x"}));
    Mock::given(method("POST")).respond_with(failed).with_priority(9).mount(&server).await;
    let worker = aws(&server.uri()).worker("mayday-worker");
    assert_eq!(worker.ask(b"{}").await.unwrap(), br#"{"options":[]}"#);
    assert!(worker.ask(b"{}").await.is_err());
}

#[tokio::test]
async fn the_secret_is_read_by_name() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/"))
        .and(header("x-amz-target", "secretsmanager.GetSecretValue"))
        .and(header("content-type", "application/x-amz-json-1.1"))
        .and(header_regex("authorization", &scope("secretsmanager")))
        .and(body_json(json!({"SecretId": "mayday/keys"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"Name": "mayday/keys", "SecretString": "the text"})))
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(aws(&server.uri()).vault("mayday/keys".to_owned()).read().await.unwrap(), "the text");
}

#[tokio::test]
async fn a13_a15_a_secret_that_is_not_there_is_told_from_one_that_cannot_be_read() {
    for (status, body, missing) in [
        (400, json!({"__type": "ResourceNotFoundException", "message": "no"}), true),
        (400, json!({"__type": "com.amazonaws.secretsmanager#ResourceNotFoundException"}), true),
        (200, json!({"Name": "mayday/keys", "SecretBinary": "eA=="}), true),
        (400, json!({"__type": "AccessDeniedException"}), false),
        (400, json!({"__type": "ThrottlingException"}), false),
        (500, json!({"__type": "InternalServiceError"}), false),
        (503, json!("down"), false),
    ] {
        let server = answering(status, &body).await;
        let error = aws(&server.uri()).vault("mayday/keys".to_owned()).read().await.unwrap_err();
        assert_eq!(matches!(error, VaultError::Missing), missing, "{body}: {error}");
    }
    let error = aws(&nobody()).vault("mayday/keys".to_owned()).read().await.unwrap_err();
    assert!(matches!(error, VaultError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn k7_a_reply_is_posted_unsigned_and_no_redirect_is_followed() {
    let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
    Mock::given(path("/ok")).and(body_json(json!({"text": "x"}))).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    let moved = ResponseTemplate::new(307).insert_header("location", format!("{}/ok", elsewhere.uri()));
    Mock::given(path("/moved")).respond_with(moved).mount(&server).await;
    let (replies, local) = (aws(&server.uri()).replies(), Origin::of(&server.uri()));
    let url = |at: &str| ResponseUrl::new(&format!("{}{at}", server.uri()), local.as_ref()).unwrap();
    replies.post(&url("/ok"), r#"{"text":"x"}"#).await.unwrap();
    replies.post(&url("/moved"), r#"{"text":"x"}"#).await.unwrap_err();
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
    assert!(server.received_requests().await.unwrap().iter().all(|request| !request.headers.contains_key("authorization")));
}
