//! The bot's own table, bucket, keys, schedule and functions, as `doctor` looks at them.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::PointInTimeRecoveryStatus;
use aws_sdk_s3::{
    error::ProvideErrorMetadata as _,
    types::{BucketVersioningStatus, ObjectLockEnabled},
};
use aws_sdk_scheduler::types::ScheduleState;
use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    port::{BucketCare, Installation, KeysCare, ScheduleCare, SecretText, TableCare},
};

use crate::{
    blobs,
    classify::{Kind, classify},
    client::{Connection, Regional, Twin},
    settings::Service,
};

/// What is in the own region under these names.
#[derive(Debug)]
pub struct OwnInstallation {
    tables: Twin<aws_sdk_dynamodb::Client>,
    buckets: Twin<aws_sdk_s3::Client>,
    secrets: Twin<aws_sdk_secretsmanager::Client>,
    // Made when somebody asks the doctor, and not whenever a function begins.
    schedules: Regional<aws_sdk_scheduler::Client>,
    functions: Regional<aws_sdk_lambda::Client>,
    region: String,
    names: Names,
}

/// The bot's functions, each called by the installation's name and this.
const FUNCTIONS: [&str; 5] = ["ingress", "inspector", "runner", "scheduler", "worker"];

/// What the bot's own things are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The table, and with it the whole installation: whatever else the template makes begins with this.
    pub table: String,
    /// The bucket.
    pub bucket: String,
    /// The secret with the keys.
    pub keys: String,
}

impl OwnInstallation {
    /// The installation of these names in the own region.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, names: Names) -> Self {
        Self {
            tables: connection.twin(Service::DynamoDb, aws_sdk_dynamodb::Client::new),
            buckets: connection.twin(Service::S3, blobs::client),
            secrets: connection.twin(Service::SecretsManager, aws_sdk_secretsmanager::Client::new),
            schedules: Regional::new(connection, Service::Scheduler, aws_sdk_scheduler::Client::new),
            functions: Regional::new(connection, Service::Lambda, aws_sdk_lambda::Client::new),
            region: connection.settings().region.clone(),
            names,
        }
    }
}

#[async_trait]
impl Installation for OwnInstallation {
    fn region(&self) -> &str {
        &self.region
    }

    async fn table(&self) -> Result<TableCare, CallError> {
        let Self { tables: Twin { reads, .. }, names: Names { table, .. }, .. } = self;
        let kept = reads.describe_continuous_backups().table_name(table).send().await.map_err(|error| classify(Kind::Read, error))?;
        let recovery = kept.continuous_backups_description.and_then(|kept| kept.point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        let described = reads.describe_table().table_name(table).send().await.map_err(|error| classify(Kind::Read, error))?;
        let described = described.table;
        let replicas = described.as_ref().and_then(|table| table.replicas.as_deref()).unwrap_or_default();
        let elsewhere = replicas.iter().filter_map(|replica| {
            let region = replica.region_name.clone().filter(|region| *region != self.region)?;
            Some((region, replica.replica_status.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default()))
        });
        Ok(TableCare {
            point_in_time: status == Some(PointInTimeRecoveryStatus::Enabled),
            elsewhere: elsewhere.collect(),
            deletion_protection: described.and_then(|table| table.deletion_protection_enabled).unwrap_or(false),
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
        let value = self.secrets.reads.get_secret_value().secret_id(name).send().await.map_err(|error| classify(Kind::Read, error))?;
        Ok(KeysCare { name: name.clone(), changed_at, value: value.secret_string.map(SecretText::new) })
    }

    async fn schedule(&self) -> Result<ScheduleCare, CallError> {
        let (group, name) = (&self.names.table, format!("{}-sweep", self.names.table));
        let client = self.schedules.in_region(&self.region).reads;
        let enabled = match client.get_schedule().group_name(group).name(&name).send().await {
            Ok(found) => Some(found.state == Some(ScheduleState::Enabled)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => None,
            Err(error) => return Err(classify(Kind::Read, error)),
        };
        Ok(ScheduleCare { name, enabled })
    }

    async fn packages(&self, region: &str) -> Result<BTreeMap<String, String>, CallError> {
        // Not the patient one, which waits for as long as an invocation may take: the other region may be the one that is ill.
        let client = self.functions.in_region(region).changes;
        let mut packages = BTreeMap::new();
        for function in FUNCTIONS {
            let name = format!("{}-{function}", self.names.table);
            let found = client.get_function_configuration().function_name(&name).send().await;
            let found = found.map_err(|error| classify(Kind::Read, error))?;
            packages.insert(name, found.code_sha256.unwrap_or_default());
        }
        Ok(packages)
    }
}
