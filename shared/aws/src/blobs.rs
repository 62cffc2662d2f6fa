//! The bot's files in S3.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::{Client, config, error::ProvideErrorMetadata as _, primitives::ByteStream};
use aws_types::SdkConfig;
use mayday_core::{
    failure::CallError,
    port::{Blob, Blobs},
};

use crate::{
    classify::{Kind, classify},
    client::{Connection, Twin},
    settings::Service,
};

/// What S3 calls the only version of a file in a bucket without versions.
const UNVERSIONED: &str = "null";

/// A bucket in the own region.
#[derive(Debug)]
pub struct S3Blobs {
    clients: Twin<Client>,
    bucket: String,
}

impl S3Blobs {
    /// The bucket of this name.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, bucket: String) -> Self {
        Self { clients: connection.twin(Service::S3, client).now(), bucket }
    }
}

pub(crate) fn client(shared: &SdkConfig) -> Client {
    // Elsewhere than at AWS, no name server knows `bucket.host`.
    let elsewhere = shared.endpoint_url().is_some();
    Client::from_conf(config::Builder::from(shared).force_path_style(elsewhere).build())
}

impl S3Blobs {
    async fn read(&self, key: &str, version: Option<&str>) -> Result<Option<Blob>, CallError> {
        let wanted = version.map(str::to_owned);
        let found = match self.clients.reads.get_object().bucket(&self.bucket).key(key).set_version_id(wanted).send().await {
            Ok(found) => found,
            // Only with s3:ListBucket; without it S3 says AccessDenied, and so does a file that must not be read.
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => return Ok(None),
            Err(error) if error.code() == Some("NoSuchVersion") => return Ok(None),
            Err(error) => return Err(classify(Kind::Read, error)),
        };
        let version = found.version_id.unwrap_or_else(|| UNVERSIONED.to_owned());
        match found.body.collect().await {
            Ok(bytes) => Ok(Some(Blob { version, bytes: bytes.to_vec() })),
            Err(error) => Err(CallError::NotNow { code: "NoAnswer".to_owned(), why: error.to_string() }),
        }
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn get(&self, key: &str) -> Result<Option<Blob>, CallError> {
        self.read(key, None).await
    }

    async fn version(&self, key: &str, version: &str) -> Result<Option<Blob>, CallError> {
        self.read(key, Some(version)).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<String, CallError> {
        let put = self.clients.changes.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        let written = put.send().await.map_err(|error| classify(Kind::Change, error))?;
        Ok(written.version_id.unwrap_or_else(|| UNVERSIONED.to_owned()))
    }
}
