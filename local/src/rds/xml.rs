//! Instances and snapshots as the API's XML: names and order as in its model.

use jiff::Timestamp;

use super::{
    model::{Instance, Snapshot, Tag},
    setup::{Changes, Setup},
    store::World,
};
use crate::{service::ACCOUNT, wire::xml::Xml};

const VPC: &str = "vpc-local";

/// A time as the API writes it.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The inside of a `<DBInstance>`.
pub(super) fn instance(xml: &mut Xml, world: &World, one: &Instance) {
    let setup = &one.setup;
    xml.text("DBInstanceIdentifier", &one.identifier);
    xml.text("DBInstanceClass", &setup.class);
    xml.text("Engine", "postgres");
    xml.text("DBInstanceStatus", &one.status);
    xml.text("MasterUsername", &one.master_user);
    xml.optional("DBName", one.database.as_ref());
    if one.answered {
        xml.element("Endpoint", |xml| {
            xml.text("Address", one.endpoint());
            xml.text("Port", crate::postgres::PORT);
            xml.text("HostedZoneId", "Z29XKXDKYMONMX");
        });
        xml.text("InstanceCreateTime", time(one.created));
    }
    xml.text("AllocatedStorage", setup.allocated_storage);
    xml.text("PreferredBackupWindow", &setup.backup_window);
    xml.text("BackupRetentionPeriod", setup.retention);
    xml.element("DBSecurityGroups", |_| {});
    groups(xml, one);
    xml.text("AvailabilityZone", one.zone());
    if setup.multi_az {
        xml.text("SecondaryAvailabilityZone", format!("{}b", one.region));
    }
    xml.element("DBSubnetGroup", |xml| subnet_group(xml, &one.region, &setup.subnet_group));
    xml.text("PreferredMaintenanceWindow", &setup.maintenance_window);
    xml.element("PendingModifiedValues", |xml| pending(xml, &one.pending));
    xml.optional("LatestRestorableTime", one.latest.filter(|_| setup.retention > 0).map(|latest| time(latest.at)));
    xml.text("MultiAZ", setup.multi_az);
    xml.text("EngineVersion", &one.engine_version);
    xml.text("AutoMinorVersionUpgrade", setup.minor_upgrades);
    replication(xml, world, one);
    xml.text("LicenseModel", "postgresql-license");
    storage(xml, setup);
    xml.text("PubliclyAccessible", setup.public);
    xml.text("DbInstancePort", 0);
    xml.text("DbiResourceId", &one.resource);
    xml.text("CACertificateIdentifier", &setup.certificate);
    xml.text("CopyTagsToSnapshot", setup.copy_tags);
    xml.text("MonitoringInterval", setup.monitoring_interval);
    xml.optional("MonitoringRoleArn", setup.monitoring_role.as_ref());
    xml.text("DBInstanceArn", one.arn());
    xml.text("IAMDatabaseAuthenticationEnabled", setup.iam_authentication);
    xml.text("DatabaseInsightsMode", &setup.insights_mode);
    xml.text("PerformanceInsightsEnabled", setup.insights);
    if setup.insights {
        xml.text("PerformanceInsightsRetentionPeriod", setup.insights_retention);
    }
    if !setup.log_exports.is_empty() {
        texts(xml, "EnabledCloudwatchLogsExports", "member", setup.log_exports.iter().cloned());
    }
    xml.text("DeletionProtection", setup.deletion_protection);
    xml.element("AssociatedRoles", |_| {});
    tags(xml, &one.tags);
    xml.text("CustomerOwnedIpEnabled", false);
    xml.text("NetworkType", "IPV4");
    xml.text("ActivityStreamStatus", "stopped");
    xml.text("BackupTarget", "region");
    xml.element("CertificateDetails", |xml| {
        xml.text("CAIdentifier", &setup.certificate);
        xml.text("ValidTill", "2061-05-18T22:00:00Z");
    });
    xml.text("DedicatedLogVolume", false);
}

fn groups(xml: &mut Xml, one: &Instance) {
    xml.list("VpcSecurityGroups", "VpcSecurityGroupMembership", &one.setup.security_groups, |xml, group| {
        xml.text("VpcSecurityGroupId", group);
        xml.text("Status", "active");
    });
    xml.list("DBParameterGroups", "DBParameterGroup", [&one.setup.parameter_group], |xml, group| {
        xml.text("DBParameterGroupName", group);
        xml.text("ParameterApplyStatus", if one.reboot_pending { "pending-reboot" } else { "in-sync" });
    });
    xml.list("OptionGroupMemberships", "OptionGroupMembership", [&one.setup.option_group], |xml, group| {
        xml.text("OptionGroupName", group);
        xml.text("Status", "in-sync");
    });
}

/// The inside of a `<DBSubnetGroup>`.
pub(super) fn subnet_group(xml: &mut Xml, region: &str, name: &str) {
    xml.text("DBSubnetGroupName", name);
    xml.text("DBSubnetGroupDescription", name);
    xml.text("VpcId", VPC);
    xml.text("SubnetGroupStatus", "Complete");
    xml.list("Subnets", "Subnet", ["a", "b"], |xml, zone| {
        xml.text("SubnetIdentifier", format!("subnet-{name}-{zone}"));
        xml.element("SubnetAvailabilityZone", |xml| xml.text("Name", format!("{region}{zone}")));
        xml.text("SubnetStatus", "Active");
    });
    xml.text("DBSubnetGroupArn", format!("arn:aws:rds:{region}:{ACCOUNT}:subgrp:{name}"));
}

fn replication(xml: &mut Xml, world: &World, one: &Instance) {
    if let Some(source) = &one.follows {
        // A source in another region is named by its ARN; one that is gone keeps no name.
        let source = world.instances.get(source);
        let name = source.map(|source| if source.region == one.region { source.identifier.clone() } else { source.arn() });
        xml.text("ReadReplicaSourceDBInstanceIdentifier", name.unwrap_or_default());
        let normal = one.status == "available" && source.is_some_and(|source| !source.killed && source.status != "stopped");
        xml.list("StatusInfos", "DBInstanceStatusInfo", [normal], |xml, normal| {
            xml.text("StatusType", "read replication");
            xml.text("Normal", normal);
            xml.text("Status", if normal { "replicating" } else { "error" });
        });
    }
    let replicas = world.replicas_of(&one.resource);
    let names = replicas.map(|replica| if replica.region == one.region { replica.identifier.clone() } else { replica.arn() });
    texts(xml, "ReadReplicaDBInstanceIdentifiers", "ReadReplicaDBInstanceIdentifier", names);
}

fn storage(xml: &mut Xml, setup: &Setup) {
    xml.optional("Iops", setup.iops);
    xml.optional("StorageThroughput", setup.storage_throughput);
    xml.text("StorageType", &setup.storage_type);
    xml.text("StorageEncrypted", setup.encrypted);
    xml.optional("KmsKeyId", setup.kms_key.as_ref());
    xml.optional("MaxAllocatedStorage", setup.max_allocated_storage);
}

fn pending(xml: &mut Xml, changes: &Changes) {
    xml.optional("DBInstanceClass", changes.class.as_ref());
    xml.optional("AllocatedStorage", changes.allocated_storage);
    xml.optional("MasterUserPassword", changes.password.as_ref().map(|_| "****"));
    xml.optional("BackupRetentionPeriod", changes.retention);
    xml.optional("MultiAZ", changes.multi_az);
    xml.optional("EngineVersion", changes.engine_version.as_ref());
    xml.optional("Iops", changes.iops);
    xml.optional("StorageThroughput", changes.storage_throughput);
    xml.optional("DBInstanceIdentifier", changes.identifier.as_ref());
    xml.optional("StorageType", changes.storage_type.as_ref());
    xml.optional("CACertificateIdentifier", changes.certificate.as_ref());
    xml.optional("DBSubnetGroupName", changes.subnet_group.as_ref());
    xml.optional("IAMDatabaseAuthenticationEnabled", changes.iam_authentication);
}

/// A `<TagList>`.
pub(super) fn tags(xml: &mut Xml, tags: &[Tag]) {
    xml.list("TagList", "Tag", tags, |xml, tag| {
        xml.text("Key", &tag.key);
        xml.text("Value", &tag.value);
    });
}

/// The inside of a `<DBSnapshot>`.
pub(super) fn snapshot(xml: &mut Xml, one: &Snapshot, percent: i64) {
    let of = &one.of;
    xml.text("DBSnapshotIdentifier", &one.identifier);
    xml.text("DBInstanceIdentifier", &of.identifier);
    // Absent until there is something to restore, as on RDS.
    xml.optional("SnapshotCreateTime", one.finished.map(|_| time(one.began)));
    xml.optional("OriginalSnapshotCreateTime", one.finished.map(|_| time(one.original)));
    xml.text("Engine", "postgres");
    xml.text("AllocatedStorage", of.setup.allocated_storage);
    xml.text("Status", &one.status);
    xml.text("Port", crate::postgres::PORT);
    xml.text("AvailabilityZone", of.zone());
    xml.text("VpcId", VPC);
    xml.text("InstanceCreateTime", time(of.created));
    xml.text("MasterUsername", &of.master_user);
    xml.text("EngineVersion", &of.engine_version);
    xml.text("LicenseModel", "postgresql-license");
    xml.text("SnapshotType", if one.automated { "automated" } else { "manual" });
    xml.optional("Iops", of.setup.iops);
    xml.optional("StorageThroughput", of.setup.storage_throughput);
    xml.text("OptionGroupName", &of.setup.option_group);
    xml.text("PercentProgress", percent);
    if let Some((arn, _)) = &one.copy_of {
        xml.optional("SourceRegion", arn.split(':').nth(3).filter(|region| *region != one.region));
        xml.text("SourceDBSnapshotIdentifier", arn);
    }
    xml.text("StorageType", &of.setup.storage_type);
    xml.text("Encrypted", one.encrypted);
    xml.optional("KmsKeyId", one.kms_key.as_ref());
    xml.text("DBSnapshotArn", one.arn());
    xml.text("IAMDatabaseAuthenticationEnabled", of.setup.iam_authentication);
    xml.element("ProcessorFeatures", |_| {});
    xml.text("DbiResourceId", &of.resource);
    tags(xml, &one.tags);
    xml.text("SnapshotTarget", "region");
    xml.text("DedicatedLogVolume", false);
}

/// The inside of a `<DBInstanceAutomatedBackup>`. `earliest` is absent while there is nothing to restore.
pub(super) fn automated_backup(xml: &mut Xml, one: &Instance, status: &str, earliest: Option<Timestamp>) {
    xml.text("DBInstanceArn", one.arn());
    xml.text("DbiResourceId", &one.resource);
    xml.text("Region", &one.region);
    xml.text("DBInstanceIdentifier", &one.identifier);
    if let (Some(earliest), Some(latest)) = (earliest, one.latest) {
        xml.element("RestoreWindow", |xml| {
            xml.text("EarliestTime", time(earliest));
            xml.text("LatestTime", time(latest.at));
        });
    }
    xml.text("AllocatedStorage", one.setup.allocated_storage);
    xml.text("Status", status);
    xml.text("Port", crate::postgres::PORT);
    xml.text("AvailabilityZone", one.zone());
    xml.text("VpcId", VPC);
    xml.text("InstanceCreateTime", time(one.created));
    xml.text("MasterUsername", &one.master_user);
    xml.text("Engine", "postgres");
    xml.text("EngineVersion", &one.engine_version);
    xml.text("LicenseModel", "postgresql-license");
    xml.text("OptionGroupName", &one.setup.option_group);
    xml.text("Encrypted", one.setup.encrypted);
    xml.text("StorageType", &one.setup.storage_type);
    xml.optional("KmsKeyId", one.setup.kms_key.as_ref());
    xml.text("IAMDatabaseAuthenticationEnabled", one.setup.iam_authentication);
    xml.text("BackupRetentionPeriod", one.setup.retention);
    xml.text("PreferredBackupWindow", &one.setup.backup_window);
    xml.text("DBInstanceAutomatedBackupsArn", format!("arn:aws:rds:{}:{ACCOUNT}:auto-backup:{}", one.region, automated_id(one)));
    xml.text("BackupTarget", "region");
}

fn automated_id(one: &Instance) -> String {
    format!("ab-{}", one.resource.trim_start_matches("db-").to_lowercase())
}

/// A list of texts.
fn texts(xml: &mut Xml, name: &str, member: &str, texts: impl Iterator<Item = String>) {
    xml.element(name, |xml| texts.for_each(|text| xml.text(member, text)));
}
