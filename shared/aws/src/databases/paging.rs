//! Lists over several pages, table reads and secrets in bulk: by answers of the vendor's, one a request.

use std::collections::BTreeMap;

use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::body::SdkBody;
use mayday_core::port::{Key, Secrets as _, Table as _};

use super::*;
use crate::{
    secrets::SecretsManager,
    settings::{Keys, Settings as Environment},
    table::DynamoTable,
};

pub(crate) fn answering(bodies: Vec<String>) -> (Arc<Connection>, StaticReplayClient) {
    let event = |body: String| {
        let request = http::Request::builder().body(SdkBody::empty()).unwrap();
        ReplayEvent::new(request, http::Response::builder().body(SdkBody::from(body)).unwrap())
    };
    let http = StaticReplayClient::new(bodies.into_iter().map(event).collect());
    let keys = Keys { access_key: "AKIA".to_owned(), secret_key: "hush".to_owned(), session_token: None };
    let environment = Environment { region: "eu-west-1".to_owned(), keys, endpoint: None, endpoints: BTreeMap::new() };
    (Arc::new(Connection::through(environment, SharedHttpClient::new(http.clone()))), http)
}

fn sent(http: &StaticReplayClient) -> Vec<String> {
    http.actual_requests().map(|request| std::str::from_utf8(request.body().bytes().unwrap()).unwrap().to_owned()).collect()
}

fn page(snapshots: std::ops::Range<usize>, marker: Option<&str>) -> String {
    let one = |number: usize| {
        format!(
            "<DBSnapshot><DBSnapshotIdentifier>s-{number}</DBSnapshotIdentifier><DBInstanceIdentifier>orders</DBInstanceIdentifier></DBSnapshot>"
        )
    };
    let all: String = snapshots.map(one).collect();
    let marker = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
    format!(
        "<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult>{marker}<DBSnapshots>{all}</DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>"
    )
}

#[tokio::test]
async fn a_list_of_250_snapshots_is_three_pages_of_a_hundred() {
    let (connection, http) = answering(vec![page(0..100, Some("a")), page(100..200, Some("b")), page(200..250, None)]);
    let found = RdsDatabases::new(&connection).snapshots_in("eu-west-1").await.unwrap();
    assert_eq!((found.len(), found.last().map(|last| last.id.as_str())), (250, Some("s-249")));
    let asked = sent(&http);
    assert!(asked.iter().all(|form| form.contains("MaxRecords=100")), "{asked:?}");
    assert!(asked[1].contains("Marker=a") && asked[2].contains("Marker=b"), "{asked:?}");
}

#[tokio::test]
async fn a_list_that_goes_round_in_circles_is_neither_read_for_ever_nor_taken_for_whole() {
    let (connection, http) = answering(vec![page(0..100, Some("a")), page(100..200, Some("b")), page(0..100, Some("a")), page(0..1, None)]);
    let error = RdsDatabases::new(&connection).snapshots_in("eu-west-1").await.unwrap_err();
    assert!(error.why().contains("in circles"), "{error:?}");
    assert_eq!(sent(&http).len(), 3);
}

#[tokio::test]
async fn an_empty_page_with_a_marker_is_not_the_last() {
    let (connection, _) = answering(vec![page(0..0, Some("a")), page(0..2, Some(""))]);
    assert_eq!(RdsDatabases::new(&connection).snapshots_in("eu-west-1").await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_snapshots_of_150_instances_are_asked_for_by_two_filters() {
    let (connection, http) = answering(vec![page(0..1, None), page(1..2, None)]);
    let instances: Vec<String> = (0..150).map(|number| format!("tenant-{number}")).collect();
    assert_eq!(RdsDatabases::new(&connection).snapshots_of("eu-west-1", &instances).await.unwrap().len(), 2);
    let asked = sent(&http);
    assert!(asked[0].contains("Filters.Filter.1.Name=db-instance-id") && asked[0].contains("Filters.Filter.1.Values.Value.100=tenant-99"));
    assert!(asked[1].contains("Filters.Filter.1.Values.Value.50=tenant-149") && !asked[1].contains("Value.51="), "{}", asked[1]);
}

#[tokio::test]
async fn rows_that_did_not_fit_into_one_answer_are_asked_for_again() {
    let row =
        |id: &str| format!(r#"{{"pk":{{"S":"run"}},"sk":{{"S":"{id}"}},"version":{{"N":"1"}},"body":{{"M":{{"schema":{{"N":"1"}}}}}}}}"#);
    let first = format!(
        r#"{{"Responses":{{"mayday":[{}]}},"UnprocessedKeys":{{"mayday":{{"Keys":[{{"pk":{{"S":"run"}},"sk":{{"S":"b"}}}}]}}}}}}"#,
        row("a")
    );
    let second = format!(r#"{{"Responses":{{"mayday":[{}]}},"UnprocessedKeys":{{}}}}"#, row("b"));
    let (connection, http) = answering(vec![first, second]);
    let key = |id: &str| Key { partition: "run".to_owned(), id: id.to_owned() };
    let found = DynamoTable::new(&connection, "mayday".to_owned()).get_many(&[key("b"), key("c"), key("a"), key("a")]).await.unwrap();
    let ids: Vec<Option<&str>> = found.iter().map(|row| row.as_ref().map(|row| row.key.id.as_str())).collect();
    assert_eq!(ids, [Some("b"), None, Some("a"), Some("a")]);
    let asked = sent(&http);
    assert!(asked.len() == 2 && asked.iter().all(|body| body.contains(r#""ConsistentRead":true"#)), "{asked:?}");
}

#[tokio::test]
async fn one_secret_of_many_that_is_missing_is_told_of_that_one() {
    let answer = r#"{"SecretValues":[{"Name":"b","VersionId":"2","SecretString":"two"}],
        "Errors":[{"SecretId":"a","ErrorCode":"ResourceNotFoundException","Message":"none"},{"SecretId":"c","ErrorCode":"AccessDeniedException","Message":"no"}]}"#;
    let (connection, http) = answering(vec![answer.to_owned()]);
    let names = ["a", "b", "c", "d"].map(str::to_owned);
    let found = SecretsManager::new(&connection).current_of("eu-west-1", &names).await;
    assert_eq!(sent(&http).len(), 1);
    assert!(matches!(&found[0], Ok(None)));
    assert!(matches!(&found[1], Ok(Some(version)) if version.value.expose() == "two"));
    assert!(found[2].as_ref().unwrap_err().is_code("AccessDeniedException"));
    assert!(matches!(&found[3], Err(CallError::Unknown { .. })), "what is not told of is not taken for missing");
}
