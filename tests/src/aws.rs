use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use mayday_local::service::Call;

use crate::Stage;

/// An answer of a Query API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml(pub String);

impl Xml {
    /// The text of the first element of this name; empty where there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }

    /// The contents of all elements of this name.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.0.split(&open).skip(1).map(|piece| piece.split(&close).next().unwrap_or_default().to_owned()).collect()
    }
}

/// A call in AWS's wire format, as the front hands it to a service.
pub(crate) fn call(service: &str, region: &str, target: Option<&str>, body: String) -> Call {
    let mut call = Call {
        service: service.to_owned(),
        operation: target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned(),
        region: region.to_owned(),
        method: reqwest::Method::POST,
        path: "/".to_owned(),
        query: String::new(),
        headers: reqwest::header::HeaderMap::new(),
        body: body.into(),
    };
    if let Some(target) = target {
        call.headers.insert("x-amz-target", target.parse().unwrap());
    }
    call
}

/// The answer of a service that waits for nothing.
pub(crate) fn at_once<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("this service waits for something"),
    }
}

impl Stage {
    /// Asks RDS, past faults and record. An answer that is an error has its code in `Code`.
    pub async fn rds(&self, operation: &str, fields: &[(&str, &str)]) -> Xml {
        self.rds_in("eu-west-1", operation, fields).await
    }

    /// The same in another region.
    pub async fn rds_in(&self, region: &str, operation: &str, fields: &[(&str, &str)]) -> Xml {
        let service = self.stack.services().get("rds").expect("there is RDS");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", "2014-10-31").extend_pairs(fields);
        let mut call = call("rds", region, None, form.finish());
        call.operation = service.operation(&call);
        let reply = service.handle(&call).await;
        Xml(String::from_utf8_lossy(&reply.body).into_owned())
    }

    /// An instance, as DescribeDBInstances tells it.
    pub async fn instance(&self, id: &str) -> Option<Xml> {
        let told = self.rds("DescribeDBInstances", &[("DBInstanceIdentifier", id)]).await;
        (told.text("DBInstanceIdentifier") == id).then_some(told)
    }

    /// The names of all instances.
    pub async fn instances(&self) -> Vec<String> {
        self.rds("DescribeDBInstances", &[]).await.all("DBInstanceIdentifier")
    }

    /// A snapshot, as DescribeDBSnapshots tells it.
    pub async fn snapshot(&self, id: &str) -> Option<Xml> {
        let told = self.rds("DescribeDBSnapshots", &[("DBSnapshotIdentifier", id)]).await;
        (told.text("DBSnapshotIdentifier") == id).then_some(told)
    }

    /// The names of all snapshots of a kind, `manual` or `automated`.
    pub async fn snapshots(&self, kind: &str) -> Vec<String> {
        self.rds("DescribeDBSnapshots", &[("SnapshotType", kind)]).await.all("DBSnapshotIdentifier")
    }
}
