//! The settings of an instance: what can be asked for, what is assumed, what a restore loses.

use serde::{Deserialize, Serialize};

use crate::wire::query::Params;

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) class: String,
    pub(super) allocated_storage: i64,
    pub(super) max_allocated_storage: Option<i64>,
    pub(super) storage_type: String,
    pub(super) iops: Option<i64>,
    pub(super) storage_throughput: Option<i64>,
    pub(super) encrypted: bool,
    pub(super) kms_key: Option<String>,
    pub(super) availability_zone: Option<String>,
    pub(super) security_groups: Vec<String>,
    pub(super) parameter_group: String,
    pub(super) option_group: String,
    pub(super) subnet_group: String,
    pub(super) multi_az: bool,
    pub(super) public: bool,
    pub(super) deletion_protection: bool,
    pub(super) iam_authentication: bool,
    pub(super) log_exports: Vec<String>,
    pub(super) copy_tags: bool,
    pub(super) minor_upgrades: bool,
    pub(super) monitoring_interval: i64,
    pub(super) monitoring_role: Option<String>,
    pub(super) insights: bool,
    pub(super) insights_retention: i64,
    pub(super) insights_mode: String,
    pub(super) retention: i64,
    pub(super) backup_window: String,
    pub(super) maintenance_window: String,
    pub(super) certificate: String,
}

impl Setup {
    /// What RDS gives an instance for which nothing was asked.
    pub(super) fn of_default(family: &str) -> Self {
        Self {
            class: "db.t4g.medium".to_owned(),
            allocated_storage: 20,
            max_allocated_storage: None,
            storage_type: "gp3".to_owned(),
            iops: Some(3000),
            storage_throughput: Some(125),
            encrypted: false,
            kms_key: None,
            availability_zone: None,
            security_groups: vec![DEFAULT_SECURITY_GROUP.to_owned()],
            parameter_group: format!("default.{family}"),
            option_group: format!("default:{}", family.replace("postgres", "postgres-")),
            subnet_group: "default".to_owned(),
            multi_az: false,
            public: true,
            deletion_protection: false,
            iam_authentication: false,
            log_exports: Vec::new(),
            copy_tags: false,
            minor_upgrades: true,
            monitoring_interval: 0,
            monitoring_role: None,
            insights: false,
            insights_retention: 7,
            insights_mode: "standard".to_owned(),
            retention: 1,
            backup_window: "03:00-03:30".to_owned(),
            maintenance_window: "sun:04:00-sun:04:30".to_owned(),
            certificate: "rds-ca-rsa2048-g1".to_owned(),
        }
    }

    /// What a new instance made of this one's data starts from: the data's own properties are copied, the rest is lost.
    pub(super) fn restored(&self, family: &str) -> Self {
        Self {
            class: self.class.clone(),
            allocated_storage: self.allocated_storage,
            storage_type: self.storage_type.clone(),
            iops: self.iops,
            storage_throughput: self.storage_throughput,
            encrypted: self.encrypted,
            kms_key: self.kms_key.clone(),
            retention: self.retention,
            backup_window: self.backup_window.clone(),
            ..Self::of_default(family)
        }
    }

    /// Takes over what is asked for.
    pub(super) fn apply(&mut self, changes: Changes) {
        set(&mut self.class, changes.class);
        set(&mut self.allocated_storage, changes.allocated_storage);
        maybe(&mut self.max_allocated_storage, changes.max_allocated_storage);
        set(&mut self.storage_type, changes.storage_type);
        maybe(&mut self.iops, changes.iops);
        maybe(&mut self.storage_throughput, changes.storage_throughput);
        set(&mut self.security_groups, changes.security_groups);
        set(&mut self.parameter_group, changes.parameter_group);
        set(&mut self.option_group, changes.option_group);
        set(&mut self.subnet_group, changes.subnet_group);
        maybe(&mut self.availability_zone, changes.availability_zone);
        set(&mut self.multi_az, changes.multi_az);
        set(&mut self.public, changes.public);
        set(&mut self.deletion_protection, changes.deletion_protection);
        set(&mut self.iam_authentication, changes.iam_authentication);
        set(&mut self.log_exports, changes.log_exports);
        self.log_exports.extend(changes.logs_on);
        self.log_exports.retain(|log| !changes.logs_off.contains(log));
        self.log_exports.sort();
        self.log_exports.dedup();
        set(&mut self.copy_tags, changes.copy_tags);
        set(&mut self.minor_upgrades, changes.minor_upgrades);
        set(&mut self.monitoring_interval, changes.monitoring_interval);
        maybe(&mut self.monitoring_role, changes.monitoring_role);
        set(&mut self.insights, changes.insights);
        set(&mut self.insights_retention, changes.insights_retention);
        set(&mut self.insights_mode, changes.insights_mode);
        set(&mut self.retention, changes.retention);
        set(&mut self.backup_window, changes.backup_window);
        set(&mut self.maintenance_window, changes.maintenance_window);
        set(&mut self.certificate, changes.certificate);
    }
}

/// The security group of the default VPC.
pub(super) const DEFAULT_SECURITY_GROUP: &str = "sg-default";

/// Settings as a request names them; absent ones stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Changes {
    pub(super) class: Option<String>,
    pub(super) allocated_storage: Option<i64>,
    pub(super) max_allocated_storage: Option<i64>,
    pub(super) storage_type: Option<String>,
    pub(super) iops: Option<i64>,
    pub(super) storage_throughput: Option<i64>,
    pub(super) availability_zone: Option<String>,
    pub(super) security_groups: Option<Vec<String>>,
    pub(super) parameter_group: Option<String>,
    pub(super) option_group: Option<String>,
    pub(super) subnet_group: Option<String>,
    pub(super) multi_az: Option<bool>,
    pub(super) public: Option<bool>,
    pub(super) deletion_protection: Option<bool>,
    pub(super) iam_authentication: Option<bool>,
    pub(super) log_exports: Option<Vec<String>>,
    pub(super) logs_on: Vec<String>,
    pub(super) logs_off: Vec<String>,
    pub(super) copy_tags: Option<bool>,
    pub(super) minor_upgrades: Option<bool>,
    pub(super) monitoring_interval: Option<i64>,
    pub(super) monitoring_role: Option<String>,
    pub(super) insights: Option<bool>,
    pub(super) insights_retention: Option<i64>,
    pub(super) insights_mode: Option<String>,
    pub(super) retention: Option<i64>,
    pub(super) backup_window: Option<String>,
    pub(super) maintenance_window: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) engine_version: Option<String>,
    pub(super) identifier: Option<String>,
    pub(super) password: Option<String>,
}

impl Changes {
    /// Everything that a request asks for.
    pub(super) fn of(params: &Params) -> Self {
        let text = |name: &str| params.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let list = |name: &str| Some(params.texts(name)).filter(|texts| !texts.is_empty());
        Self {
            class: text("DBInstanceClass"),
            allocated_storage: params.parsed("AllocatedStorage"),
            max_allocated_storage: params.parsed("MaxAllocatedStorage"),
            storage_type: text("StorageType"),
            iops: params.parsed("Iops"),
            storage_throughput: params.parsed("StorageThroughput"),
            availability_zone: text("AvailabilityZone"),
            security_groups: list("VpcSecurityGroupIds.VpcSecurityGroupId"),
            parameter_group: text("DBParameterGroupName"),
            option_group: text("OptionGroupName"),
            subnet_group: text("DBSubnetGroupName"),
            multi_az: params.parsed("MultiAZ"),
            public: params.parsed("PubliclyAccessible"),
            deletion_protection: params.parsed("DeletionProtection"),
            iam_authentication: params.parsed("EnableIAMDatabaseAuthentication"),
            log_exports: list("EnableCloudwatchLogsExports.member"),
            logs_on: params.texts("CloudwatchLogsExportConfiguration.EnableLogTypes.member"),
            logs_off: params.texts("CloudwatchLogsExportConfiguration.DisableLogTypes.member"),
            copy_tags: params.parsed("CopyTagsToSnapshot"),
            minor_upgrades: params.parsed("AutoMinorVersionUpgrade"),
            monitoring_interval: params.parsed("MonitoringInterval"),
            monitoring_role: text("MonitoringRoleArn"),
            insights: params.parsed("EnablePerformanceInsights"),
            insights_retention: params.parsed("PerformanceInsightsRetentionPeriod"),
            insights_mode: text("DatabaseInsightsMode"),
            retention: params.parsed("BackupRetentionPeriod"),
            backup_window: text("PreferredBackupWindow"),
            maintenance_window: text("PreferredMaintenanceWindow"),
            certificate: text("CACertificateIdentifier"),
            engine_version: text("EngineVersion"),
            identifier: text("NewDBInstanceIdentifier").map(|name| name.to_lowercase()),
            password: text("MasterUserPassword"),
        }
    }

    /// What a restore takes: its request has no fields for the rest.
    pub(super) fn of_restore(params: &Params, from_snapshot: bool) -> Self {
        Self {
            max_allocated_storage: if from_snapshot { None } else { params.parsed("MaxAllocatedStorage") },
            monitoring_interval: None,
            monitoring_role: None,
            insights: None,
            insights_retention: None,
            insights_mode: None,
            maintenance_window: None,
            engine_version: None,
            password: None,
            identifier: None,
            ..Self::of(params)
        }
    }

    /// Takes out what waits for the maintenance window unless it is to be applied immediately.
    /// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html>.
    pub(super) fn split_off_deferred(&mut self) -> Self {
        Self {
            class: self.class.take(),
            allocated_storage: self.allocated_storage.take(),
            storage_type: self.storage_type.take(),
            iops: self.iops.take(),
            storage_throughput: self.storage_throughput.take(),
            multi_az: self.multi_az.take(),
            iam_authentication: self.iam_authentication.take(),
            subnet_group: self.subnet_group.take(),
            option_group: self.option_group.take(),
            retention: self.retention.take(),
            certificate: self.certificate.take(),
            engine_version: self.engine_version.take(),
            identifier: self.identifier.take(),
            ..Self::default()
        }
    }

    /// Takes over what `newer` says, where it says something: earlier pending values stay beside it.
    pub(super) fn overlay(&mut self, newer: Self) {
        maybe(&mut self.class, newer.class);
        maybe(&mut self.allocated_storage, newer.allocated_storage);
        maybe(&mut self.storage_type, newer.storage_type);
        maybe(&mut self.iops, newer.iops);
        maybe(&mut self.storage_throughput, newer.storage_throughput);
        maybe(&mut self.multi_az, newer.multi_az);
        maybe(&mut self.iam_authentication, newer.iam_authentication);
        maybe(&mut self.subnet_group, newer.subnet_group);
        maybe(&mut self.option_group, newer.option_group);
        maybe(&mut self.retention, newer.retention);
        maybe(&mut self.certificate, newer.certificate);
        maybe(&mut self.engine_version, newer.engine_version);
        maybe(&mut self.identifier, newer.identifier);
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn maybe<T>(field: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *field = value;
    }
}
