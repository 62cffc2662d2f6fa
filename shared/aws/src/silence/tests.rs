use std::collections::VecDeque;

use aws_sdk_rds::Client;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::test_util::NeverClient;
use aws_smithy_runtime_api::{client::orchestrator::HttpResponse, http::StatusCode};
use aws_smithy_types::body::SdkBody;
use tokio::time::Instant;

use super::*;
use crate::{
    classify::{Kind, classify},
    client::{Connection, Regional},
    settings::{Keys, Service, Settings},
};

/// A clock that goes as the paused one of the tests.
#[derive(Debug)]
struct Paused(Instant);

impl aws_smithy_async::time::TimeSource for Paused {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.elapsed()
    }
}

/// After how many seconds each call is answered.
#[derive(Debug)]
struct Answers(Mutex<VecDeque<u64>>);

impl HttpConnector for Answers {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let after = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap();
        let sleep = TokioSleep::new().sleep(Duration::from_secs(after));
        HttpConnectorFuture::new(async move {
            sleep.await;
            Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::empty()))
        })
    }
}

fn over(answers: impl IntoIterator<Item = u64>) -> Impatient {
    Impatient {
        inner: SharedHttpConnector::new(Answers(Mutex::new(answers.into_iter().collect()))),
        silence: Arc::default(),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
        time: SharedTimeSource::new(Paused(Instant::now())),
    }
}

/// How long a call took, in milliseconds, and whether it was answered, tried again, or given up.
async fn called(connector: &Impatient) -> (u128, &'static str) {
    let began = Instant::now();
    let came = match connector.call(HttpRequest::empty()).await {
        Ok(_) => "answered",
        Err(error) if error.is_timeout() => "again",
        Err(_) => "given up",
    };
    (began.elapsed().as_millis(), came)
}

#[tokio::test(start_paused = true)]
async fn h10_who_was_silent_a_moment_ago_is_not_waited_for_as_long_again() {
    let connector = over([60, 60, 60, 2, 5]);
    assert_eq!(called(&connector).await, (7_500, "again"));
    assert_eq!(called(&connector).await, (3_000, "given up"));
    // Each further silence is remembered anew.
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(called(&connector).await, (3_000, "given up"));
    // An answer ends it.
    assert_eq!(called(&connector).await, (2_000, "answered"));
    assert_eq!(called(&connector).await, (5_000, "answered"));
}

#[tokio::test(start_paused = true)]
async fn a_silence_is_forgotten_after_half_a_minute() {
    let connector = over([60, 5]);
    assert_eq!(called(&connector).await, (7_500, "again"));
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(called(&connector).await, (5_000, "answered"));
}

#[tokio::test(start_paused = true)]
async fn h10_less_patience_comes_to_no_other_verdict_and_changes_have_as_much_as_ever() {
    let keys = Keys { access_key: "AKIA".to_owned(), secret_key: "hush".to_owned(), session_token: None };
    let settings =
        Settings { region: "eu-west-1".to_owned(), keys, endpoint: Some("http://127.0.0.1:1".to_owned()), endpoints: Default::default() };
    let connection = Arc::new(Connection::through(settings, SharedHttpClient::new(NeverClient::new())));
    let clients = Regional::new(&connection, Service::Rds, Client::new);
    for seconds in [10, 3] {
        let twin = clients.in_region("eu-central-1");
        let began = Instant::now();
        let look = classify(Kind::Read, twin.reads.describe_db_instances().send().await.unwrap_err());
        assert!(look.is_code("NoAnswer") && look.is_silence(), "{look:?}");
        assert_eq!(began.elapsed().as_secs(), seconds);
        let began = Instant::now();
        let change = twin.changes.reboot_db_instance().db_instance_identifier("orders").send().await.unwrap_err();
        assert!(matches!(classify(Kind::Change, change), mayday_core::failure::CallError::Unknown { .. }));
        assert_eq!(began.elapsed().as_secs(), 8);
    }
}
