//! S3: objects in versions, conditional writes, locks that hold.

mod bucket;
mod object;
mod replicas;
mod request;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, Weak},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::request::Target;
use crate::{
    kept::Kept,
    service::{Call, Reply, Service, Shared},
    wire::{rest, xml::Xml},
};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    mode: Option<String>,
    until: Option<Timestamp>,
    hold: bool,
}

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Version {
    /// The name of the file with the body, and the version id where versioning is on.
    file: String,
    versioned: bool,
    marker: bool,
    etag: String,
    size: usize,
    modified: Timestamp,
    /// Content headers and `x-amz-meta-…`, as they came.
    headers: BTreeMap<String, String>,
    lock: Lock,
}

impl Version {
    fn id(&self) -> &str {
        if self.versioned { &self.file } else { "null" }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Bucket {
    name: String,
    region: String,
    created: Timestamp,
    /// `Enabled` or `Suspended`, once somebody said so.
    versioning: Option<String>,
    locking: bool,
    /// The versions of each key, oldest first.
    objects: BTreeMap<String, Vec<Version>>,
}

impl Bucket {
    /// The newest version of a key, if that isn't a delete marker.
    fn current(&self, key: &str) -> Option<&Version> {
        self.objects.get(key).and_then(|versions| versions.last()).filter(|version| !version.marker)
    }
}

/// The service.
#[derive(Debug)]
pub struct S3 {
    shared: Arc<Shared>,
    bodies: PathBuf,
    buckets: Kept<Vec<Bucket>>,
    /// Buckets that are copied into each other.
    twins: Mutex<Vec<String>>,
    /// For the tasks that outlive a call.
    me: Weak<Self>,
}

type Answer = Result<Reply, Reply>;

impl S3 {
    /// Opens the service over what is in the data directory.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn open(shared: Arc<Shared>) -> anyhow::Result<Arc<Self>> {
        let dir = shared.data.join("s3");
        let bodies = dir.join("bodies");
        std::fs::create_dir_all(&bodies)?;
        let buckets = Kept::open(dir.join("buckets.json"))?;
        Ok(Arc::new_cyclic(|me| Self { shared, bodies, buckets, twins: Mutex::default(), me: me.clone() }))
    }

    /// Makes a bucket with versions and locks, unless it is there: for what a stack starts with.
    pub fn seed(&self, region: &str, bucket: &str) {
        let made = self.new_bucket(region, bucket, true);
        self.buckets.change(|buckets| {
            if !buckets.iter().any(|one| one.name == bucket) {
                buckets.push(made);
            }
        });
    }

    /// Puts an object: for the stack's own use.
    ///
    /// # Errors
    /// When there is no such bucket or the disk refuses.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8]) -> anyhow::Result<()> {
        let stored = self.store(bucket, key, body, BTreeMap::new(), Lock::default());
        stored.map(drop).map_err(|refusal| anyhow::anyhow!("{}", String::from_utf8_lossy(&refusal.body)))
    }

    /// An object's newest version: for the stack's own use.
    #[must_use]
    pub fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let buckets = self.buckets.read();
        let version = buckets.iter().find(|one| one.name == bucket)?.current(key)?;
        std::fs::read(self.bodies.join(&version.file)).ok()
    }

    fn answer(&self, call: &Call) -> Answer {
        let target = Target::of(call);
        let query = rest::query(call);
        match call.operation.as_str() {
            "ListBuckets" => Ok(self.list_buckets()),
            "CreateBucket" => self.create_bucket(&target.bucket, call),
            "HeadBucket" => self.with_bucket(&target.bucket, |_| Ok(plain(StatusCode::OK))),
            "DeleteBucket" => self.delete_bucket(&target.bucket),
            "GetBucketLocation" => self.with_bucket(&target.bucket, |bucket| Ok(location(&bucket.region))),
            "GetBucketVersioning" => self.with_bucket(&target.bucket, |bucket| {
                Ok(respond("VersioningConfiguration", |xml| xml.optional("Status", bucket.versioning.as_ref())))
            }),
            "PutBucketVersioning" => self.put_versioning(&target.bucket, call),
            "GetObjectLockConfiguration" => self.lock_configuration(&target.bucket),
            "ListObjectsV2" => self.list_objects(&target.bucket, &query),
            "ListObjectVersions" => self.list_versions(&target.bucket, &query),
            "PutObject" => self.put_object(&target, call),
            "GetObject" | "HeadObject" => self.get_object(&target, &query, call),
            "DeleteObject" => self.delete_object(&target, &query, call),
            "PutBucketSetting" => self.with_bucket(&target.bucket, |_| Ok(plain(StatusCode::OK))),
            _ => Err(rest::s3_error(StatusCode::NOT_IMPLEMENTED, "NotImplemented", "the local stack has no such operation")),
        }
    }

    /// Looks at or changes a bucket.
    fn with_bucket(&self, name: &str, act: impl FnOnce(&mut Bucket) -> Answer) -> Answer {
        self.buckets.change(|buckets| {
            let missing = || rest::s3_error(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist");
            act(buckets.iter_mut().find(|bucket| bucket.name == name).ok_or_else(missing)?)
        })
    }
}

/// An answer without a body.
fn plain(status: StatusCode) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Reply { status, headers, body: Bytes::new() }
}

fn respond(root: &str, write: impl FnOnce(&mut Xml)) -> Reply {
    let mut xml = Xml::default();
    xml.root(root, NAMESPACE, write);
    rest::xml(StatusCode::OK, xml)
}

/// The one answer whose root holds a text; us-east-1 is the empty one.
fn location(region: &str) -> Reply {
    let mut xml = Xml::default();
    xml.text("LocationConstraint", if region == "us-east-1" { "" } else { region });
    rest::xml(StatusCode::OK, xml)
}

/// A time as S3's XML has it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[async_trait]
impl Service for S3 {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn operation(&self, call: &Call) -> String {
        request::operation(call).to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        let mut reply = self.answer(call).unwrap_or_else(|refusal| refusal);
        if call.method == Method::HEAD {
            reply.body = Bytes::new();
        }
        reply
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        rest::s3_error(status, code, message)
    }
}
