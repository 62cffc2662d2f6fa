use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{failure::CallError, policy::Permit};

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Where an instance listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// A DNS name.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

/// How far an instance or a snapshot is, read from the vendor's many statuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It can be used.
    Available,
    /// Work is under way that ends in `Available` by itself: `creating`, `modifying`, `backing-up`, …
    Underway(String),
    /// It is on its way out: `deleting`.
    Leaving,
    /// It needs a person: `failed`, `incompatible-parameters`, `storage-full`, `stopped`, …
    Broken(String),
}

/// The vendor's code when an instance is not in a state for a call. Where it is [`Phase::Underway`], that passes by itself.
pub const WRONG_STATE: &str = "InvalidDBInstanceState";
/// The status of an instance while a snapshot of it is taken, by whomever.
pub const BACKING_UP: &str = "backing-up";

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available => f.write_str("available"),
            Self::Underway(what) => f.write_str(what),
            Self::Leaving => f.write_str("being deleted"),
            Self::Broken(what) => write!(f, "not usable ({what})"),
        }
    }
}

/// Everything about an instance that somebody chose, or that a restore could silently change.
///
/// Field names are the vendor's in snake case, so that a difference can be looked up in the vendor's documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// `DBInstanceClass`.
    pub instance_class: String,
    /// `Engine`.
    pub engine: String,
    /// `EngineVersion`.
    pub engine_version: String,
    /// `EngineLifecycleSupport`: whether extended support is paid for; enrolled by default on a restore.
    pub engine_lifecycle_support: Option<String>,
    /// `LicenseModel`.
    pub license_model: Option<String>,
    /// `DBSubnetGroupName`.
    pub subnet_group: Option<String>,
    /// `VpcSecurityGroupIds`, sorted.
    pub security_groups: Vec<String>,
    /// `DBParameterGroupName`.
    pub parameter_group: Option<String>,
    /// `OptionGroupName`.
    pub option_group: Option<String>,
    /// `MultiAZ`.
    pub multi_az: bool,
    /// `PubliclyAccessible`.
    pub publicly_accessible: bool,
    /// `DeletionProtection`.
    pub deletion_protection: bool,
    /// `EnableIAMDatabaseAuthentication`.
    pub iam_authentication: bool,
    /// `EnableCloudwatchLogsExports`, sorted.
    pub log_exports: Vec<String>,
    /// `BackupRetentionPeriod`, in days.
    pub backup_retention_days: i32,
    /// `PreferredBackupWindow`.
    pub backup_window: Option<String>,
    /// `PreferredMaintenanceWindow`.
    pub maintenance_window: Option<String>,
    /// `AllocatedStorage`, in GiB.
    pub allocated_storage: i32,
    /// `MaxAllocatedStorage`, in GiB.
    pub max_allocated_storage: Option<i32>,
    /// `StorageType`.
    pub storage_type: Option<String>,
    /// `Iops`.
    pub iops: Option<i32>,
    /// `StorageThroughput`, in MiB/s.
    pub storage_throughput: Option<i32>,
    /// `DedicatedLogVolume`.
    pub dedicated_log_volume: bool,
    /// `StorageEncrypted`.
    pub storage_encrypted: bool,
    /// `KmsKeyId`.
    pub kms_key: Option<String>,
    /// `CACertificateIdentifier`.
    pub ca_certificate: Option<String>,
    /// `CopyTagsToSnapshot`.
    pub copy_tags_to_snapshot: bool,
    /// `AutoMinorVersionUpgrade`.
    pub auto_minor_version_upgrade: bool,
    /// `MonitoringInterval`, in seconds; 0 is off.
    pub monitoring_interval: i32,
    /// `MonitoringRoleArn`.
    pub monitoring_role: Option<String>,
    /// `EnablePerformanceInsights`.
    pub performance_insights: bool,
    /// `PerformanceInsightsKMSKeyId`.
    pub performance_insights_kms_key: Option<String>,
    /// `PerformanceInsightsRetentionPeriod`, in days.
    pub performance_insights_retention_days: Option<i32>,
    /// `DatabaseInsightsMode`.
    pub database_insights_mode: Option<String>,
    /// `Port`.
    pub port: Option<i32>,
    /// `NetworkType`.
    pub network_type: Option<String>,
    /// Tags, without the vendor's own (`aws:…`).
    pub tags: Tags,
}

/// A field that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field's name in [`Settings`].
    pub field: String,
    /// What it was, as JSON.
    pub was: String,
    /// What it is, as JSON.
    pub is: String,
}

impl Settings {
    /// Every setting by its name, in a form to read. What is unset is left out.
    #[must_use]
    pub fn listed(&self) -> Vec<(String, String)> {
        self.listed_all().into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, plain(&value))).collect()
    }

    /// Every field in which another instance differs. Tags that only the other one has (ours) are no difference.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut other = other.clone();
        other.tags.retain(|key, _| self.tags.contains_key(key));
        if *self == other {
            return Vec::new();
        }
        let (was, is) = (self.listed_all(), other.listed_all());
        was.into_iter()
            .zip(is)
            .filter(|((_, was), (_, is))| was != is)
            .map(|((field, was), (_, is))| Difference { field, was: plain(&was), is: plain(&is) })
            .collect()
    }

    fn listed_all(&self) -> Vec<(String, serde_json::Value)> {
        // By name, whatever order the JSON library keeps: another crate's feature may change that.
        let fields: BTreeMap<String, serde_json::Value> = serde_json::to_value(self).and_then(serde_json::from_value).unwrap_or_default();
        fields.into_iter().collect()
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A database instance as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The name, which can be given to another instance later.
    pub id: String,
    /// `DbiResourceId`: this instance and no other, whatever it is called.
    pub resource_id: String,
    /// The region.
    pub region: String,
    /// How far it is.
    pub status: Phase,
    /// Absent until it is there.
    pub endpoint: Option<Endpoint>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// The latest moment that a point-in-time restore can reach; trails by some minutes.
    pub latest_restorable: Option<Timestamp>,
    /// The earliest such moment.
    pub earliest_restorable: Option<Timestamp>,
    /// What it was set up with.
    pub settings: Settings,
    /// Changes that wait for a reboot: the parameter group's `pending-reboot` among them.
    pub pending_reboot: bool,
    /// The instance that this one is a read replica of; absent: it stands on its own.
    #[serde(default)]
    pub replica_of: Option<ReplicaSource>,
}

/// The instance that a read replica follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSource {
    /// Its region.
    pub region: String,
    /// Its name.
    pub instance: String,
}

/// A read replica to make, in the same region as its source or in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// What it follows.
    pub source: ReplicaSource,
    /// The region that it is made in.
    pub region: String,
    /// Its name, decided beforehand: a second call with it is refused by the vendor.
    pub new_instance: String,
    /// What it must be set up with; groups and keys are those of its own region.
    pub settings: Settings,
}

/// Who made a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotKind {
    /// The vendor, daily; it dies with its instance.
    Automated,
    /// Us or somebody else; it stays until it is deleted.
    Manual,
}

/// A snapshot as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its name.
    pub id: String,
    /// The instance that it was taken from.
    pub instance: String,
    /// That instance's `DbiResourceId`.
    pub resource_id: String,
    /// The region that it is in.
    pub region: String,
    /// How far it is.
    pub status: Phase,
    /// 0 to 100.
    pub percent: u8,
    /// When it was taken: the moment whose data it holds. Absent while it is being made.
    pub taken_at: Option<Timestamp>,
    /// Who made it.
    pub kind: SnapshotKind,
    /// In GiB.
    pub size_gib: i32,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// `EngineVersion`.
    pub engine_version: String,
    /// Tags.
    pub tags: Tags,
}

/// How much of something the account may have in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// How many there are.
    pub used: u32,
    /// How many there may be.
    pub max: u32,
}

/// What to restore from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreFrom {
    /// A snapshot by its name.
    Snapshot(String),
    /// An instance's log up to a moment.
    Time {
        /// The source instance.
        instance: String,
        /// The moment; whole seconds.
        at: Timestamp,
    },
    /// An instance's log up to the latest restorable moment.
    Latest {
        /// The source instance.
        instance: String,
    },
}

/// A restore to a new instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// The region.
    pub region: String,
    /// The data.
    pub from: RestoreFrom,
    /// The new instance's name, decided beforehand: a second call with it is refused by the vendor.
    pub new_instance: String,
    /// What the new instance must be set up with; the adapter passes all that the call takes.
    pub settings: Settings,
    /// Ownership tags of ours, beside the settings' own.
    pub owner: Tags,
}

/// Database instances and their snapshots.
#[async_trait]
pub trait Databases: Send + Sync {
    /// One instance; `None` when there is none of that name. May lag behind a change by some seconds.
    async fn instance(&self, region: &str, id: &str) -> Result<Option<Instance>, CallError>;

    /// All instances of a region, in any order. What takes another call for each ([`Instance::earliest_restorable`]) is absent.
    async fn instances_in(&self, region: &str) -> Result<Vec<Instance>, CallError>;

    /// All snapshots of a region, automated and manual, in any order.
    async fn snapshots_in(&self, region: &str) -> Result<Vec<Snapshot>, CallError>;

    /// Those instances of a region that have one of these names, in any order, as [`Self::instances_in`] tells them.
    async fn instances_of(&self, region: &str, ids: &[String]) -> Result<Vec<Instance>, CallError>;

    /// All snapshots of these instances, automated and manual, in any order.
    async fn snapshots_of(&self, region: &str, instances: &[String]) -> Result<Vec<Snapshot>, CallError>;

    /// How many snapshots the account may keep in a region.
    async fn snapshot_quota(&self, region: &str) -> Result<Quota, CallError>;

    /// All snapshots of an instance, automated and manual, in any order.
    async fn snapshots(&self, region: &str, instance: &str) -> Result<Vec<Snapshot>, CallError>;

    /// One snapshot; `None` when there is none of that name.
    async fn snapshot(&self, region: &str, id: &str) -> Result<Option<Snapshot>, CallError>;

    /// Starts a snapshot named `id`, which bears these tags beside those of its owner.
    async fn create_snapshot(&self, permit: &Permit, region: &str, instance: &str, id: &str, tags: &Tags) -> Result<(), CallError>;

    /// Deletes a manual snapshot that bears our tags. One that is gone is no error.
    async fn delete_snapshot(&self, permit: &Permit, region: &str, id: &str) -> Result<(), CallError>;

    /// Starts a restore to a new instance.
    async fn restore(&self, permit: &Permit, restoration: &Restoration) -> Result<(), CallError>;

    /// Sets what a restore could not set, at once.
    async fn align(&self, permit: &Permit, region: &str, instance: &str, settings: &Settings) -> Result<(), CallError>;

    /// Reboots an instance, so that a new parameter group takes effect.
    async fn reboot(&self, permit: &Permit, region: &str, instance: &str) -> Result<(), CallError>;

    /// Makes a read replica an instance of its own, which can't be taken back. It keeps backups for so many days from then
    /// on: told in the same call, since the vendor's default is one.
    async fn promote(&self, permit: &Permit, region: &str, instance: &str, backup_retention_days: i32) -> Result<(), CallError>;

    /// Starts a read replica.
    async fn replicate(&self, permit: &Permit, replication: &Replication) -> Result<(), CallError>;

    /// Deletes an instance, after a final snapshot with the given name; without one only what the permit's own run made.
    /// Deletion protection is taken off first, which takes the vendor a while: until then it is
    /// [`CallError::NotNow`] with the code `DeletionProtection`.
    async fn delete_instance(&self, permit: &Permit, region: &str, instance: &str, final_snapshot: Option<&str>) -> Result<(), CallError>;
}
