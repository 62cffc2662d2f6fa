//! The bot's own table, bucket and keys, as `doctor` looks at them.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::PointInTimeRecoveryStatus;
use aws_sdk_s3::{
    error::ProvideErrorMetadata as _,
    types::{BucketVersioningStatus, ObjectLockEnabled},
};
use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    port::{BucketCare, Installation, KeysCare, TableCare},
};

use crate::{
    blobs,
    classify::{Kind, classify},
    client::{Connection, Twin},
    settings::Service,
};

/// What is in the own region under these names.
#[derive(Debug)]
pub struct OwnInstallation {
    tables: Twin<aws_sdk_dynamodb::Client>,
    buckets: Twin<aws_sdk_s3::Client>,
    secrets: Twin<aws_sdk_secretsmanager::Client>,
    names: Names,
}

/// What the bot's own things are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The table.
    pub table: String,
    /// The bucket.
    pub bucket: String,
    /// The secret with the keys.
    pub keys: String,
}

impl OwnInstallation {
    /// The installation of these names in the own region.
    #[must_use]
    pub fn new(connection: &Connection, names: Names) -> Self {
        Self {
            tables: connection.twin(Service::DynamoDb, aws_sdk_dynamodb::Client::new),
            buckets: connection.twin(Service::S3, blobs::client),
            secrets: connection.twin(Service::SecretsManager, aws_sdk_secretsmanager::Client::new),
            names,
        }
    }
}

#[async_trait]
impl Installation for OwnInstallation {
    async fn table(&self) -> Result<TableCare, CallError> {
        let Self { tables: Twin { reads, .. }, names: Names { table, .. }, .. } = self;
        let kept = reads.describe_continuous_backups().table_name(table).send().await.map_err(|error| classify(Kind::Read, error))?;
        let recovery = kept.continuous_backups_description.and_then(|kept| kept.point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        let described = reads.describe_table().table_name(table).send().await.map_err(|error| classify(Kind::Read, error))?;
        Ok(TableCare {
            point_in_time: status == Some(PointInTimeRecoveryStatus::Enabled),
            deletion_protection: described.table.and_then(|table| table.deletion_protection_enabled).unwrap_or(false),
        })
    }

    async fn bucket(&self) -> Result<BucketCare, CallError> {
        let Self { buckets: Twin { reads, .. }, names: Names { bucket, .. }, .. } = self;
        let versioning = reads.get_bucket_versioning().bucket(bucket).send().await.map_err(|error| classify(Kind::Read, error))?;
        let locks = match reads.get_object_lock_configuration().bucket(bucket).send().await {
            Ok(found) => found.object_lock_configuration.and_then(|lock| lock.object_lock_enabled) == Some(ObjectLockEnabled::Enabled),
            // A bucket without locks has no configuration of them.
            Err(error) if error.code() == Some("ObjectLockConfigurationNotFoundError") => false,
            Err(error) => return Err(classify(Kind::Read, error)),
        };
        Ok(BucketCare { versions: versioning.status == Some(BucketVersioningStatus::Enabled), locks })
    }

    async fn keys(&self) -> Result<KeysCare, CallError> {
        let name = &self.names.keys;
        let described = self.secrets.reads.describe_secret().secret_id(name).send().await.map_err(|error| classify(Kind::Read, error))?;
        let changed_at = described.last_changed_date.and_then(|at| Timestamp::from_second(at.secs()).ok());
        Ok(KeysCare { name: name.clone(), changed_at })
    }
}
