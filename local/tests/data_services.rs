//! Secrets Manager, S3, Route 53 and the DNS server, in process, by their wire formats.
#![cfg(test)]

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use mayday_local::{
    clock::Clock,
    service::{Call, Reply, Service, Shared},
};
use serde_json::{Value, json};

struct Ground {
    shared: Arc<Shared>,
    _dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-22T14:00:00Z".parse().unwrap();
        let shared = Arc::new(Shared::new(Clock::standing_at(start), dir.path().to_owned(), String::new()));
        Self { shared, _dir: dir }
    }
}

async fn send(service: &dyn Service, method: Method, target: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let mut call = Call {
        service: service.name().to_owned(),
        operation: String::new(),
        region: "eu-west-1".to_owned(),
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: body.into(),
    };
    call.operation = service.operation(&call);
    service.handle(&call).await
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

mod secrets {
    use mayday_local::secrets::Secrets;

    use super::*;

    async fn call(service: &Secrets, operation: &str, body: Value) -> (u16, Value) {
        let target = format!("secretsmanager.{operation}");
        let reply = send(service, Method::POST, "/", &[("x-amz-target", &target)], body.to_string()).await;
        (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
    }

    #[tokio::test]
    async fn a_new_value_becomes_current_and_the_old_one_previous() {
        let ground = Ground::new();
        let secrets = Secrets::open(ground.shared.clone()).unwrap();
        let (_, made) = call(&secrets, "CreateSecret", json!({"Name": "db", "SecretString": "one", "ClientRequestToken": "t1"})).await;
        for _ in 0..2 {
            let (status, _) =
                call(&secrets, "PutSecretValue", json!({"SecretId": "db", "SecretString": "two", "ClientRequestToken": "t2"})).await;
            assert_eq!(status, 200, "the same token twice is one version");
        }
        let (status, refused) =
            call(&secrets, "PutSecretValue", json!({"SecretId": "db", "SecretString": "three", "ClientRequestToken": "t2"})).await;
        assert_eq!((status, refused["__type"].as_str()), (400, Some("ResourceExistsException")));
        let (_, current) = call(&secrets, "GetSecretValue", json!({"SecretId": made["ARN"]})).await;
        let (_, previous) = call(&secrets, "GetSecretValue", json!({"SecretId": "db", "VersionStage": "AWSPREVIOUS"})).await;
        assert_eq!((current["SecretString"].as_str(), previous["SecretString"].as_str()), (Some("two"), Some("one")));

        let back = json!({"SecretId": "db", "VersionStage": "AWSCURRENT", "MoveToVersionId": "t1"});
        assert_eq!(call(&secrets, "UpdateSecretVersionStage", back).await.0, 400, "who holds the label must be named");
        let back = json!({"SecretId": "db", "VersionStage": "AWSCURRENT", "MoveToVersionId": "t1", "RemoveFromVersionId": "t2"});
        assert_eq!(call(&secrets, "UpdateSecretVersionStage", back).await.0, 200);
        let (_, described) = call(&secrets, "DescribeSecret", json!({"SecretId": "db"})).await;
        assert_eq!(described["VersionIdsToStages"], json!({"t1": ["AWSCURRENT"], "t2": ["AWSPREVIOUS"]}));

        drop(secrets);
        let again = Secrets::open(ground.shared.clone()).unwrap();
        assert_eq!(again.current("eu-west-1", "db").as_deref(), Some("one"));
        assert_eq!(again.current("eu-central-1", "db"), None, "secrets are regional");
    }

    #[tokio::test]
    async fn a_deleted_secret_is_closed_at_once_and_gone_after_its_window() {
        let ground = Ground::new();
        let secrets = Secrets::open(ground.shared.clone()).unwrap();
        assert!(secrets.seed("eu-west-1", "db", "one"));
        assert!(!secrets.seed("eu-west-1", "db", "two"), "what is there stays");
        call(&secrets, "DeleteSecret", json!({"SecretId": "db", "RecoveryWindowInDays": 7})).await;
        let (status, refused) = call(&secrets, "GetSecretValue", json!({"SecretId": "db"})).await;
        assert_eq!((status, refused["__type"].as_str()), (400, Some("InvalidRequestException")));
        ground.shared.clock.advance(SignedDuration::from_hours(24 * 7)).unwrap();
        let (status, refused) = call(&secrets, "GetSecretValue", json!({"SecretId": "db"})).await;
        assert_eq!((status, refused["__type"].as_str()), (400, Some("ResourceNotFoundException")));
    }
}

mod route53 {
    use mayday_local::{route53::Route53, seed::SeedZone};

    use super::*;

    fn zone() -> SeedZone {
        SeedZone {
            name: "internal.example.com".to_owned(),
            private: true,
            records: vec![("db.internal.example.com".to_owned(), "CNAME".to_owned(), 30, "old.example.net".to_owned())],
            failovers: Vec::new(),
        }
    }

    fn change(action: &str, value: &str) -> String {
        format!(
            "<Change><Action>{action}</Action><ResourceRecordSet><Name>db.internal.example.com</Name><Type>CNAME</Type><TTL>30</TTL>\
             <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
        )
    }

    async fn submit(service: &Route53, zone: &str, changes: &str) -> Reply {
        let body = format!(
            "<?xml version=\"1.0\"?><ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
             <ChangeBatch><Changes>{changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        send(service, Method::POST, &format!("/2013-04-01/hostedzone/{zone}/rrset/"), &[], body).await
    }

    #[tokio::test]
    async fn a_batch_replaces_exactly_the_record_that_it_names_or_nothing() {
        let ground = Ground::new();
        let service = Route53::open(ground.shared.clone()).unwrap();
        let id = service.seed(&zone());
        assert_eq!(service.seed(&zone()), id, "a second start finds the zone");

        let moved = submit(&service, &id, &(change("DELETE", "somebody-else.example.net") + &change("CREATE", "new.example.net"))).await;
        assert_eq!(moved.status, 400);
        let body = super::text(&moved);
        assert!(body.contains("<Code>InvalidChangeBatch</Code>"), "{body}");
        let said = "Tried to delete resource record set [name=&apos;db.internal.example.com.&apos;, type=&apos;CNAME&apos;] \
                    but the values provided do not match the current values";
        assert!(body.contains(said), "{body}");
        let twice = super::text(&submit(&service, &id, &change("CREATE", "new.example.net")).await);
        assert!(twice.contains("but it already exists"), "{twice}");
        assert_eq!(service.resolve("db.internal.example.com", "CNAME"), Some(vec![(30, "old.example.net".to_owned())]));

        let good = submit(&service, &id, &(change("DELETE", "old.example.net") + &change("CREATE", "new.example.net"))).await;
        let body = super::text(&good);
        assert!(body.contains("<Status>PENDING</Status>"), "{body}");
        let change_id = body.split("<Id>").nth(1).unwrap().split("</Id>").next().unwrap().to_owned();
        assert_eq!(service.resolve("db.internal.example.com.", "CNAME").unwrap()[0].1, "old.example.net", "on its way");
        ground.shared.clock.advance(SignedDuration::from_secs(2)).unwrap();
        let got = super::text(&send(&*service, Method::GET, &format!("/2013-04-01{change_id}"), &[], "").await);
        assert!(got.contains("<Status>INSYNC</Status>"), "{got}");
        assert_eq!(service.resolve("DB.internal.example.com", "CNAME").unwrap()[0].1, "new.example.net");
        let listed = super::text(
            &send(&*service, Method::GET, &format!("/2013-04-01/hostedzone/{id}/rrset?name=db.internal.example.com&maxitems=1"), &[], "")
                .await,
        );
        assert!(listed.contains("<Value>new.example.net</Value>") && listed.contains("<IsTruncated>false</IsTruncated>"), "{listed}");
    }

    #[tokio::test]
    async fn the_primary_of_a_failover_pair_is_answered_while_its_health_check_passes() {
        let ground = Ground::new();
        let service = Route53::open(ground.shared.clone()).unwrap();
        let id = service.seed(&zone());
        let one = |role: &str, address: &str, check: &str| {
            format!(
                "<Change><Action>CREATE</Action><ResourceRecordSet><Name>app.internal.example.com</Name><Type>A</Type>\
                 <SetIdentifier>{role}</SetIdentifier><Failover>{role}</Failover><TTL>10</TTL><ResourceRecords><ResourceRecord>\
                 <Value>{address}</Value></ResourceRecord></ResourceRecords>{check}</ResourceRecordSet></Change>"
            )
        };
        let pair = one("PRIMARY", "127.0.0.1", "<HealthCheckId>hc-1</HealthCheckId>") + &one("SECONDARY", "127.0.0.2", "");
        assert_eq!(submit(&service, &id, &pair).await.status, 200);
        ground.shared.clock.advance(SignedDuration::from_secs(2)).unwrap();
        let answer = || service.resolve("app.internal.example.com", "A").unwrap()[0].1.clone();
        assert_eq!(answer(), "127.0.0.1");
        service.set_health("hc-1", false);
        assert_eq!(answer(), "127.0.0.2");
    }
}

mod s3 {
    use mayday_local::s3::S3;

    use super::*;

    const KEY: &str = "/mayday/audit/1.json";

    fn header(reply: &Reply, name: &str) -> String {
        reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    async fn ground() -> (Ground, std::sync::Arc<S3>) {
        let ground = Ground::new();
        let service = S3::open(ground.shared.clone()).unwrap();
        service.seed("eu-west-1", "mayday");
        (ground, service)
    }

    #[tokio::test]
    async fn of_two_conditional_writes_one_is_refused() {
        let (_ground, service) = ground().await;
        let chunked = "5;chunk-signature=aa\r\nfirst\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n";
        let headers =
            [("if-none-match", "*"), ("content-encoding", "aws-chunked"), ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")];
        let first = send(&*service, Method::PUT, KEY, &headers, chunked).await;
        let second = send(&*service, Method::PUT, KEY, &[("if-none-match", "*")], "second").await;
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 412));
        let got = send(&*service, Method::GET, KEY, &[], "").await;
        assert_eq!((text(&got), header(&got, "content-encoding")), ("first".to_owned(), String::new()));

        let etag = header(&got, "etag");
        assert_eq!(send(&*service, Method::PUT, KEY, &[("if-match", &etag)], "third").await.status, 200);
        assert_eq!(send(&*service, Method::PUT, KEY, &[("if-match", &etag)], "fourth").await.status, 412);
        let virtual_hosted = [("host", "mayday.s3.eu-west-1.amazonaws.com"), ("range", "bytes=1-2")];
        let part = send(&*service, Method::GET, "/audit/1.json", &virtual_hosted, "").await;
        assert_eq!((part.status.as_u16(), text(&part), header(&part, "content-range")), (206, "hi".to_owned(), "bytes 1-2/5".to_owned()));
    }

    #[tokio::test]
    async fn a_locked_version_outlives_a_delete_until_its_time() {
        let (ground, service) = ground().await;
        let lock = [("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-object-lock-retain-until-date", "2026-11-23T14:00:00Z")];
        let put = send(&*service, Method::PUT, KEY, &lock, "entry").await;
        let id = header(&put, "x-amz-version-id");
        let deleted = send(&*service, Method::DELETE, KEY, &[], "").await;
        assert_eq!((deleted.status.as_u16(), header(&deleted, "x-amz-delete-marker")), (204, "true".to_owned()));
        assert_eq!(send(&*service, Method::GET, KEY, &[], "").await.status, 404);
        let version = format!("{KEY}?versionId={id}");
        assert_eq!(text(&send(&*service, Method::GET, &version, &[], "").await), "entry");
        let bypass = [("x-amz-bypass-governance-retention", "true")];
        assert_eq!(send(&*service, Method::DELETE, &version, &bypass, "").await.status, 403);
        ground.shared.clock.advance(SignedDuration::from_hours(25)).unwrap();
        assert_eq!(send(&*service, Method::DELETE, &version, &[], "").await.status, 204);
        assert_eq!(send(&*service, Method::GET, &version, &[], "").await.status, 404);
    }

    #[tokio::test]
    async fn a_listing_has_pages_and_folders() {
        let (_ground, service) = ground().await;
        for key in ["a", "b/1", "b/2", "c"] {
            service.put("mayday", key, b"x").unwrap();
        }
        let list = async |query: &str| text(&send(&*service, Method::GET, &format!("/mayday?list-type=2&{query}"), &[], "").await);
        let first = list("delimiter=/&max-keys=2").await;
        assert!(
            first.contains("<Key>a</Key>") && first.contains("<CommonPrefixes><Prefix>b/</Prefix>") && !first.contains("<Key>c</Key>"),
            "{first}"
        );
        let token = first.split("<NextContinuationToken>").nth(1).unwrap().split('<').next().unwrap();
        let second = list(&format!("delimiter=/&max-keys=2&continuation-token={token}")).await;
        assert!(second.contains("<Key>c</Key>") && !second.contains("<Prefix>b/</Prefix>"), "{second}");
        assert_eq!(send(&*service, Method::GET, "/nobody?list-type=2", &[], "").await.status, 404);
    }
}
