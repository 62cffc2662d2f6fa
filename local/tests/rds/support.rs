//! What the data half's tests share: a machine with an RDS, and calls in its wire format.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use mayday_local::{
    clock::Clock,
    rds::{Options, Rds},
    seed::SeedDatabase,
    service::{Call, Service as _, Shared},
};

pub(crate) const REGION: &str = "eu-west-1";

pub(crate) struct World {
    pub(crate) shared: Arc<Shared>,
    pub(crate) rds: Arc<Rds>,
}

/// An answer: its status and the XML.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) xml: String,
}

impl Answer {
    /// The text of the first element of this name.
    pub(crate) fn text(&self, name: &str) -> String {
        self.texts(name).into_iter().next().unwrap_or_default()
    }

    /// The texts of all elements of this name.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let pieces = self.xml.split(&open).skip(1);
        pieces.map(|piece| piece.split(&close).next().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.xml);
        self
    }

    /// The error's code and HTTP status.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_ne!(self.status, 200, "{}", self.xml);
        (self.status, self.text("Code"))
    }
}

impl World {
    /// Opens the service over a data directory, in real time with a quick archive.
    pub(crate) async fn open(data: &Path) -> Self {
        let clock = Clock::open(data, 1.0).unwrap();
        let shared = Arc::new(Shared::new(clock, data.to_owned(), String::new()));
        let options = Options { archive_every: Duration::from_millis(100), pace: Duration::from_millis(30) };
        let rds = Rds::open(shared.clone(), options).await.unwrap();
        Self { shared, rds }
    }

    /// The process dies: nothing is stopped in order, servers go on.
    pub(crate) fn die(self) {
        self.shared.tasks.abort_all();
        std::mem::forget(self.rds);
    }

    /// The stack stops in order.
    pub(crate) async fn stop(self) {
        self.shared.tasks.abort_all();
        self.rds.close().await;
    }

    pub(crate) async fn call(&self, operation: &str, fields: &[(&str, &str)]) -> Answer {
        self.call_in(REGION, operation, fields).await
    }

    pub(crate) async fn call_in(&self, region: &str, operation: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", "2014-10-31").extend_pairs(fields);
        let mut call = Call {
            service: "rds".to_owned(),
            operation: String::new(),
            region: region.to_owned(),
            method: Method::POST,
            path: "/".to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::from(form.finish()),
        };
        call.operation = self.rds.operation(&call);
        let reply = self.rds.handle(&call).await;
        Answer { status: reply.status.as_u16(), xml: String::from_utf8(reply.body.to_vec()).unwrap() }
    }

    pub(crate) async fn describe(&self, identifier: &str) -> Answer {
        self.call("DescribeDBInstances", &[("DBInstanceIdentifier", identifier)]).await
    }

    /// Waits until an instance is in a status; returns all statuses seen on the way.
    pub(crate) async fn until(&self, identifier: &str, status: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..6000 {
            let now = self.describe(identifier).await.text("DBInstanceStatus");
            if seen.last() != Some(&now) {
                seen.push(now.clone());
            }
            if now == status {
                return seen;
            }
            assert!(!now.starts_with("incompatible") && now != "failed", "{identifier}: {seen:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{identifier} never became {status}: {seen:?}");
    }

    /// Waits until nobody has the name.
    pub(crate) async fn until_gone(&self, identifier: &str) {
        while self.describe(identifier).await.status == 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn until_snapshot(&self, region: &str, identifier: &str) {
        for _ in 0..6000 {
            let now = self.call_in(region, "DescribeDBSnapshots", &[("DBSnapshotIdentifier", identifier)]).await;
            if now.text("Status") == "available" {
                assert_eq!(now.text("PercentProgress"), "100");
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{identifier} was never available");
    }

    /// Waits until an instance can be restored to a time.
    pub(crate) async fn until_restorable(&self, identifier: &str, at: jiff::Timestamp) {
        for _ in 0..6000 {
            let latest = self.describe(identifier).await.text("LatestRestorableTime");
            if latest.parse::<jiff::Timestamp>().is_ok_and(|latest| latest > at) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{identifier} never became restorable to {at}");
    }

    pub(crate) async fn seed(&self, instance: &str, rows: u64) -> serde_json::Value {
        let seed = SeedDatabase {
            instance: instance.to_owned(),
            region: REGION.to_owned(),
            secret: format!("{instance}/app"),
            database: "inventory".to_owned(),
            rows,
        };
        self.rds.seed(&seed).await.unwrap()
    }

    /// The rows in all tables of an instance but the heartbeats.
    pub(crate) async fn rows(&self, identifier: &str) -> i64 {
        let views = self.rds.databases().await;
        let view = views.iter().find(|view| view.identifier == identifier).unwrap();
        let tables = view.databases.iter().flat_map(|database| &database.tables);
        tables.filter(|table| table.name != "heartbeat").map(|table| table.rows).sum()
    }
}
