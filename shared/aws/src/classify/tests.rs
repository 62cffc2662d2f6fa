use std::{net::TcpListener, time::Duration};

use aws_sdk_rds::{Client, config::Config};
use aws_smithy_http_client::test_util::{NeverClient, ReplayEvent, StaticReplayClient};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{body::SdkBody, timeout::TimeoutConfig};

use super::*;
use crate::{
    client::{Attempts, Connection},
    settings::{Keys, Service, Settings},
};

fn settings(endpoint: &str) -> Settings {
    let keys = Keys { access_key: "AKIA".to_owned(), secret_key: "hush".to_owned(), session_token: None };
    Settings { region: "eu-west-1".to_owned(), keys, endpoint: Some(endpoint.to_owned()), endpoints: Default::default() }
}

/// Reboots a database through a client, and says what to conclude from the failure.
async fn reboot(kind: Kind, client: &Client) -> CallError {
    classify(kind, client.reboot_db_instance().db_instance_identifier("orders").send().await.unwrap_err())
}

async fn reboot_through(kind: Kind, http: SharedHttpClient) -> CallError {
    let shared = Connection::through(settings("http://127.0.0.1:1"), http).configure(Service::Rds, "eu-west-1", Attempts::Once);
    reboot(kind, &Client::new(&shared)).await
}

fn reply(status: u16, body: &str) -> SharedHttpClient {
    let request = http::Request::builder().body(SdkBody::empty()).unwrap();
    let response = http::Response::builder().status(status).body(SdkBody::from(body)).unwrap();
    SharedHttpClient::new(StaticReplayClient::new(vec![ReplayEvent::new(request, response)]))
}

fn fault(code: &str) -> String {
    format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>the vendor's words</Message></Error></ErrorResponse>")
}

fn not_now(code: &str) -> CallError {
    CallError::NotNow { code: code.to_owned(), why: "the vendor's words".to_owned() }
}

fn refused(code: &str) -> CallError {
    CallError::refused(code, "the vendor's words")
}

fn unknown(code: &str) -> CallError {
    CallError::Unknown { why: format!("{code}: the vendor's words") }
}

#[tokio::test]
async fn an_answer_is_sorted_by_its_code_then_by_its_status() {
    let table = [
        (Kind::Change, 400, "Throttling", not_now("Throttling")),
        (Kind::Change, 503, "RequestLimitExceeded", not_now("RequestLimitExceeded")),
        (Kind::Change, 429, "Whatever", not_now("Whatever")),
        (Kind::Change, 400, "InvalidDBInstanceState", refused("InvalidDBInstanceState")),
        (Kind::Change, 404, "DBInstanceNotFound", refused("DBInstanceNotFound")),
        (Kind::Change, 403, "AccessDenied", refused("AccessDenied")),
        (Kind::Change, 500, "InternalFailure", unknown("InternalFailure")),
        (Kind::Change, 503, "ServiceUnavailable", unknown("ServiceUnavailable")),
        (Kind::Read, 500, "InternalFailure", not_now("InternalFailure")),
        (Kind::Read, 403, "AccessDenied", refused("AccessDenied")),
    ];
    for (kind, status, code, expected) in table {
        assert_eq!(reboot_through(kind, reply(status, &fault(code))).await, expected, "{kind:?} {status} {code}");
    }
}

/// A run of six hours is driven by many processes, each with credentials of its own.
#[tokio::test]
async fn g15_credentials_that_ran_out_mean_that_nothing_happened_and_it_works_later() {
    for code in ["ExpiredToken", "ExpiredTokenException", "RequestExpired"] {
        assert_eq!(reboot_through(Kind::Change, reply(403, &fault(code))).await, not_now(code));
    }
    assert_eq!(reboot_through(Kind::Change, reply(403, &fault("AccessDenied"))).await, refused("AccessDenied"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_a_change_in_doubt() {
    for nonsense in ["not XML", "<SomethingElse/>"] {
        assert!(matches!(reboot_through(Kind::Change, reply(200, nonsense)).await, CallError::Unknown { .. }), "{nonsense}");
        assert!(reboot_through(Kind::Read, reply(200, nonsense)).await.is_code("UnreadableAnswer"), "{nonsense}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_leaves_a_change_in_doubt() {
    assert!(matches!(reboot_through(Kind::Change, SharedHttpClient::new(NeverClient::new())).await, CallError::Unknown { .. }));
    let read = reboot_through(Kind::Read, SharedHttpClient::new(NeverClient::new())).await;
    assert!(read.is_code("NoAnswer"), "{read:?}");
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_happened() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let shared = Connection::new(settings(&format!("http://{closed}"))).configure(Service::Rds, "eu-west-1", Attempts::Once);
    let error = reboot(Kind::Change, &Client::new(&shared)).await;
    assert!(error.is_code("ConnectionFailed"), "{error:?}");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_means_that_nothing_happened() {
    let shared = Connection::new(settings("https://rds.invalid")).configure(Service::Rds, "eu-west-1", Attempts::Once);
    let error = reboot(Kind::Change, &Client::new(&shared)).await;
    assert!(error.is_code("ConnectionFailed"), "{error:?}");
}

#[tokio::test]
async fn a_connection_lost_after_the_request_leaves_a_change_in_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let shared = Connection::new(settings(&format!("http://{at}"))).configure(Service::Rds, "eu-west-1", Attempts::Once);
    let client = Client::new(&shared);
    let hang_up = async {
        let (stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        drop(stream);
    };
    let (error, ()) = tokio::join!(reboot(Kind::Change, &client), hang_up);
    assert!(matches!(error, CallError::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_silent_server_leaves_a_change_in_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let shared = Connection::new(settings(&format!("http://{at}"))).configure(Service::Rds, "eu-west-1", Attempts::Once);
    let hurried = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(50)).build();
    let client = Client::from_conf(Config::new(&shared).to_builder().timeout_config(hurried).build());
    let error = reboot(Kind::Change, &client).await;
    assert!(matches!(error, CallError::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_change_is_made_once_and_a_read_again() {
    for (attempts, expected) in [(Attempts::Once, 1), (Attempts::Several, 4)] {
        let events = (0..4).map(|_| {
            let request = http::Request::builder().body(SdkBody::empty()).unwrap();
            ReplayEvent::new(request, http::Response::builder().status(500).body(SdkBody::from(fault("InternalFailure"))).unwrap())
        });
        let http = StaticReplayClient::new(events.collect());
        let shared = Connection::through(settings("http://127.0.0.1:1"), SharedHttpClient::new(http.clone()));
        tokio::time::pause();
        reboot(Kind::Read, &Client::new(&shared.configure(Service::Rds, "eu-west-1", attempts))).await;
        tokio::time::resume();
        assert_eq!(http.actual_requests().count(), expected, "{attempts:?}");
    }
}
