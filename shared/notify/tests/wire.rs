//! What goes over the wire to each vendor, and what is made of each answer.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    plan::Severity,
    port::{Alert, Clock, Letter, Sent, Ways},
};
use mayday_notify::{AwsKeys, Settings, ways, webhook};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }
}

fn settings(url: &str) -> Settings {
    Settings {
        pagerduty_url: Some(url.to_owned()),
        pagerduty_key: Some(SecretString::from("R0UTE".to_owned())),
        sms_sender: Some("+15550100".to_owned()),
        sms_reports: None,
        email_sender: Some("mayday@example.com".to_owned()),
        sms_endpoint: Some(url.to_owned()),
        ses_endpoint: Some(url.to_owned()),
        aws: AwsKeys {
            region: "eu-west-1".to_owned(),
            access_key: "AKIAEXAMPLE".to_owned(),
            secret_key: "hush".to_owned(),
            session_token: Some("token".to_owned()),
        },
    }
}

fn made(settings: Settings) -> Ways {
    let clock: Arc<dyn Clock> = Arc::new(Noon);
    ways(settings, &clock).unwrap()
}

async fn answering(status: u16, body: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(&server).await;
    server
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().filter(|request| request.method == "POST").map(|request| request.body_json().unwrap()).collect()
}

fn alert() -> Alert {
    Alert {
        dedup_key: "run/r-1".to_owned(),
        severity: Severity::Sev1,
        summary: "SEV1: orders can't be reached".to_owned(),
        source: "Example".to_owned(),
        details: "token xoxb-1234567890-abcdefghij and AKIAABCDEFGHIJKLMNOP".to_owned(),
    }
}

#[tokio::test]
async fn pagerduty_takes_events_with_the_key_and_202_is_no_more_than_accepted() {
    let server = answering(202, json!({"status": "success", "message": "Event processed", "dedup_key": "run/r-1"})).await;
    let pager = made(settings(&server.uri())).pager;
    assert_eq!(pager.trigger(&alert()).await, Ok(Sent::Accepted { reference: "run/r-1".to_owned() }));
    pager.acknowledge("run/r-1").await.unwrap();
    pager.resolve("run/r-1").await.unwrap();
    let bodies = bodies(&server).await;
    assert_eq!(bodies.iter().map(|body| body["event_action"].as_str().unwrap()).collect::<Vec<_>>(), ["trigger", "acknowledge", "resolve"]);
    assert!(bodies.iter().all(|body| body["routing_key"] == "R0UTE" && body["dedup_key"] == "run/r-1"));
    assert_eq!(bodies[0]["payload"]["severity"], "critical");
    assert_eq!(server.received_requests().await.unwrap()[0].url.path(), "/v2/enqueue");
}

#[tokio::test]
async fn k8_no_secret_goes_out_by_any_way() {
    let server = answering(202, json!({})).await;
    let ways = made(settings(&server.uri()));
    ways.pager.trigger(&alert()).await.unwrap();
    ways.phone.sms("+15550003", &alert().details).await.unwrap();
    ways.phone.call("+15550003", &alert().details).await.unwrap();
    let letter = Letter { to: vec!["a@example.com".to_owned()], subject: alert().details, text: alert().details, html: alert().details };
    ways.mail.send(&letter).await.unwrap();
    let said = bodies(&server).await.iter().map(Value::to_string).collect::<String>();
    assert!(said.contains("[redacted]") && !said.contains("xoxb-") && !said.contains("AKIAABCD"), "{said}");
}

#[tokio::test]
async fn j4_a_throttle_and_a_broken_server_are_told_apart() {
    let busy = answering(429, json!({})).await;
    assert!(
        matches!(made(settings(&busy.uri())).pager.trigger(&alert()).await, Err(CallError::NotNow { code, .. }) if code == "ratelimited")
    );
    let broken = answering(502, json!({})).await;
    assert!(matches!(made(settings(&broken.uri())).pager.trigger(&alert()).await, Err(CallError::Unknown { .. })));
    let invalid = answering(400, json!({"message": "Event object is invalid"})).await;
    assert!(matches!(made(settings(&invalid.uri())).pager.trigger(&alert()).await, Ok(Sent::Undelivered { .. })));
    let nobody = Settings { pagerduty_key: None, ..settings("http://127.0.0.1:9") };
    assert!(matches!(made(nobody).pager.trigger(&alert()).await, Ok(Sent::Undelivered { .. })));
}

#[tokio::test]
async fn text_messages_and_calls_are_signed_and_say_from_whom() {
    let server = MockServer::start().await;
    let signed = Mock::given(method("POST")).and(header("x-amz-target", "PinpointSMSVoiceV2.SendTextMessage"));
    signed.respond_with(ResponseTemplate::new(200).set_body_json(json!({"MessageId": "m-1"}))).mount(&server).await;
    let spoken = Mock::given(method("POST")).and(header("x-amz-target", "PinpointSMSVoiceV2.SendVoiceMessage"));
    spoken.respond_with(ResponseTemplate::new(200).set_body_json(json!({"MessageId": "m-2"}))).mount(&server).await;
    let phone = made(settings(&server.uri())).phone;
    assert_eq!(phone.sms("+15550003", "hello").await, Ok(Sent::Accepted { reference: "m-1".to_owned() }));
    assert_eq!(phone.call("+15550003", "hello").await, Ok(Sent::Accepted { reference: "m-2".to_owned() }));
    let requests = server.received_requests().await.unwrap();
    let authorization = requests[0].headers.get("authorization").unwrap().to_str().unwrap();
    assert!(authorization.contains("/20261122/eu-west-1/sms-voice/aws4_request"), "{authorization}");
    assert!(requests[0].headers.contains_key("x-amz-security-token"));
    assert_eq!(bodies(&server).await[0]["OriginationIdentity"], "+15550100");
}

#[tokio::test]
async fn g16_sandbox_quota_and_suppression_are_undelivered_and_a_throttle_is_not() {
    for code in ["ConflictException", "ServiceQuotaExceededException", "ValidationException"] {
        let server = answering(400, json!({"__type": format!("com.amazonaws#{code}"), "Reason": "DESTINATION_NOT_VERIFIED"})).await;
        let sent = made(settings(&server.uri())).phone.sms("+15550003", "hello").await.unwrap();
        assert_eq!(sent, Sent::Undelivered { why: format!("{code} DESTINATION_NOT_VERIFIED") });
    }
    let busy = answering(400, json!({"__type": "ThrottlingException"})).await;
    assert!(matches!(made(settings(&busy.uri())).phone.sms("+15550003", "hello").await, Err(CallError::NotNow { .. })));
    let nobody = Settings { sms_sender: None, email_sender: None, ..settings("http://127.0.0.1:9") };
    assert!(matches!(made(nobody).phone.sms("+15550003", "hello").await, Ok(Sent::Undelivered { .. })));

    let server = MockServer::start().await;
    let suppressed = json!({"SuppressedDestination": {"EmailAddress": "a@example.com", "Reason": "BOUNCE"}});
    let list = Mock::given(method("GET")).and(path("/v2/email/suppression/addresses/a%40example%2Ecom"));
    list.respond_with(ResponseTemplate::new(200).set_body_json(suppressed)).mount(&server).await;
    let text = "hello".to_owned();
    let letter = Letter { to: vec!["a@example.com".to_owned()], subject: text.clone(), text: text.clone(), html: text };
    let sent = made(settings(&server.uri())).mail.send(&letter).await.unwrap();
    assert!(matches!(sent, Sent::Undelivered { why } if why.contains("suppression")));
    assert!(bodies(&server).await.is_empty(), "nothing was sent");
}

#[tokio::test]
async fn k5_a_subject_of_two_lines_is_refused() {
    let text = "hello".to_owned();
    let letter =
        Letter { to: vec!["a@example.com".to_owned()], subject: "a\r\nBcc: b@example.com".to_owned(), text: text.clone(), html: text };
    let sent = made(settings("http://127.0.0.1:9")).mail.send(&letter).await;
    assert!(matches!(sent, Err(CallError::Refused { code, .. }) if code == "header_injection"));
}

#[test]
fn only_a_human_in_pagerduty_counts() {
    let event = |agent: Value| {
        json!({"event": {
            "id": "01", "event_type": "incident.acknowledged", "resource_type": "incident", "occurred_at": "2026-11-22T12:00:00Z",
            "agent": agent, "client": null,
            "data": {"id": "Q1", "type": "incident", "number": 1, "status": "acknowledged", "incident_key": "run/r-1"},
        }})
        .to_string()
    };
    let read = |agent: Value| webhook::read(event(agent).as_bytes()).unwrap();
    let human = read(json!({"id": "P1", "type": "user_reference", "summary": "Bob Wilson"}));
    assert_eq!((human.human.as_deref(), human.dedup_key.as_str()), (Some("Bob Wilson"), "run/r-1"));
    assert_eq!(read(json!({"id": "P2", "type": "inbound_integration_reference", "summary": "Mayday"})).human, None);
    assert_eq!(read(Value::Null).human, None);
    for nothing in ["", "{}", "[]", r#"{"event": {}}"#] {
        assert_eq!(webhook::read(nothing.as_bytes()), None, "{nothing}");
    }
}
