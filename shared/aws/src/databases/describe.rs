//! What RDS says of an instance or a snapshot, in our words.

use aws_sdk_rds::{
    primitives::DateTime,
    types::{DbInstance, DbSnapshot},
};
use jiff::Timestamp;
use mayday_core::port::{Endpoint, Instance, Phase, ReplicaSource, Settings, Snapshot, SnapshotKind};

use super::tags;

pub(super) fn instance(region: &str, described: DbInstance) -> Instance {
    let groups = described.db_parameter_groups();
    let endpoint = described.endpoint.as_ref().and_then(|endpoint| {
        let port = u16::try_from(endpoint.port?).ok()?;
        Some(Endpoint { host: endpoint.address.clone()?, port })
    });
    Instance {
        id: described.db_instance_identifier.clone().unwrap_or_default(),
        resource_id: described.dbi_resource_id.clone().unwrap_or_default(),
        region: region.to_owned(),
        status: instance_phase(described.db_instance_status().unwrap_or_default()),
        endpoint,
        created_at: described.instance_create_time.as_ref().and_then(timestamp),
        latest_restorable: described.latest_restorable_time.as_ref().and_then(timestamp),
        // Told by another call.
        earliest_restorable: None,
        pending_reboot: groups.iter().any(|group| group.parameter_apply_status() == Some("pending-reboot")),
        replica_of: described.read_replica_source_db_instance_identifier().and_then(|source| replica_source(region, source)),
        settings: settings(described),
    }
}

/// A source in the same region is told by its name, one in another by its ARN: `arn:aws:rds:REGION:ACCOUNT:db:NAME`.
fn replica_source(region: &str, source: &str) -> Option<ReplicaSource> {
    let mut parts = source.split(':');
    let (region, instance) = if source.starts_with("arn:") { (parts.nth(3)?, parts.nth(2)?) } else { (region, source) };
    (!instance.is_empty()).then(|| ReplicaSource { region: region.to_owned(), instance: instance.to_owned() })
}

fn settings(described: DbInstance) -> Settings {
    let insights = described.performance_insights_enabled == Some(true);
    let parameter_group = described.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name.clone());
    let option_group = described.option_group_memberships().first().and_then(|group| group.option_group_name.clone());
    let security_groups = described.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id.clone()).collect();
    let on = |flag: Option<bool>| flag == Some(true);
    Settings {
        instance_class: described.db_instance_class.unwrap_or_default(),
        engine: described.engine.unwrap_or_default(),
        engine_version: described.engine_version.unwrap_or_default(),
        engine_lifecycle_support: described.engine_lifecycle_support,
        license_model: described.license_model,
        subnet_group: described.db_subnet_group.and_then(|group| group.db_subnet_group_name),
        security_groups: sorted(security_groups),
        parameter_group,
        option_group,
        multi_az: on(described.multi_az),
        publicly_accessible: on(described.publicly_accessible),
        deletion_protection: on(described.deletion_protection),
        iam_authentication: on(described.iam_database_authentication_enabled),
        log_exports: sorted(described.enabled_cloudwatch_logs_exports.unwrap_or_default()),
        backup_retention_days: described.backup_retention_period.unwrap_or_default(),
        backup_window: described.preferred_backup_window,
        maintenance_window: described.preferred_maintenance_window,
        allocated_storage: described.allocated_storage.unwrap_or_default(),
        max_allocated_storage: described.max_allocated_storage,
        storage_type: described.storage_type,
        iops: described.iops,
        // Zero on types that have none to set.
        storage_throughput: described.storage_throughput.filter(|throughput| *throughput > 0),
        dedicated_log_volume: on(described.dedicated_log_volume),
        storage_encrypted: on(described.storage_encrypted),
        kms_key: described.kms_key_id,
        ca_certificate: described.ca_certificate_identifier,
        copy_tags_to_snapshot: on(described.copy_tags_to_snapshot),
        auto_minor_version_upgrade: on(described.auto_minor_version_upgrade),
        monitoring_interval: described.monitoring_interval.unwrap_or_default(),
        monitoring_role: described.monitoring_role_arn,
        performance_insights: insights,
        performance_insights_kms_key: described.performance_insights_kms_key_id.filter(|_| insights),
        performance_insights_retention_days: described.performance_insights_retention_period.filter(|_| insights),
        database_insights_mode: described.database_insights_mode.map(|mode| mode.as_str().to_owned()),
        // `DbInstancePort` is 0 for many engines; the endpoint's is the true one, once there is one.
        port: described.endpoint.and_then(|endpoint| endpoint.port).or(described.db_instance_port.filter(|port| *port > 0)),
        network_type: described.network_type,
        tags: tags::from_vendor(described.tag_list),
    }
}

pub(super) fn snapshot(region: &str, described: DbSnapshot) -> Snapshot {
    let status = snapshot_phase(described.status().unwrap_or_default());
    // A copy was created when it was copied, and holds the data of its original.
    let taken_at = described.original_snapshot_create_time.or(described.snapshot_create_time);
    Snapshot {
        id: described.db_snapshot_identifier.unwrap_or_default(),
        instance: described.db_instance_identifier.unwrap_or_default(),
        resource_id: described.dbi_resource_id.unwrap_or_default(),
        region: region.to_owned(),
        taken_at: taken_at.as_ref().and_then(timestamp).filter(|_| status == Phase::Available),
        status,
        percent: u8::try_from(described.percent_progress.unwrap_or_default().clamp(0, 100)).unwrap_or_default(),
        // AWS Backup's own (`awsbackup`) stay without their instance, as manual ones do.
        kind: if described.snapshot_type.as_deref() == Some("automated") { SnapshotKind::Automated } else { SnapshotKind::Manual },
        size_gib: described.allocated_storage.unwrap_or_default(),
        encrypted: described.encrypted == Some(true),
        engine_version: described.engine_version.unwrap_or_default(),
        tags: tags::from_vendor(described.tag_list),
    }
}

/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html>
fn instance_phase(status: &str) -> Phase {
    match status {
        // The optimization of storage goes on for hours beneath a database that serves.
        "available" | "storage-optimization" => Phase::Available,
        "deleting" | "delete-precheck" => Phase::Leaving,
        "failed"
        | "inaccessible-encryption-credentials"
        | "inaccessible-encryption-credentials-recoverable"
        | "insufficient-capacity"
        | "restore-error"
        | "stopped"
        | "stopping"
        | "storage-full" => Phase::Broken(status.to_owned()),
        // -create, -credentials, -network, -option-group, -parameters, -restore
        _ if status.starts_with("incompatible-") => Phase::Broken(status.to_owned()),
        // What is new to us takes its course, or the step's time-out.
        _ => Phase::Underway(status.to_owned()),
    }
}

fn snapshot_phase(status: &str) -> Phase {
    match status {
        "available" => Phase::Available,
        "deleting" | "deleted" => Phase::Leaving,
        "failed" | "canceled" | "incompatible-restore" | "incompatible-parameters" => Phase::Broken(status.to_owned()),
        _ => Phase::Underway(status.to_owned()),
    }
}

pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_by_what_a_step_may_do_about_them() {
        assert_eq!(instance_phase("storage-optimization"), Phase::Available);
        assert_eq!(instance_phase("backing-up"), Phase::Underway("backing-up".to_owned()));
        assert_eq!(instance_phase("incompatible-network"), Phase::Broken("incompatible-network".to_owned()));
        assert_eq!(instance_phase("stopped"), Phase::Broken("stopped".to_owned()));
        assert_eq!(instance_phase("deleting"), Phase::Leaving);
        assert_eq!(instance_phase("a-status-of-next-year"), Phase::Underway("a-status-of-next-year".to_owned()));
    }

    #[test]
    fn a_replicas_source_is_told_by_name_or_by_arn() {
        let of = |region: &str, instance: &str| Some(ReplicaSource { region: region.to_owned(), instance: instance.to_owned() });
        assert_eq!(replica_source("eu-west-1", "orders"), of("eu-west-1", "orders"));
        assert_eq!(replica_source("eu-west-1", "arn:aws:rds:eu-central-1:000000000000:db:orders"), of("eu-central-1", "orders"));
        assert_eq!(replica_source("eu-west-1", ""), None);
    }

    #[test]
    fn a_snapshot_under_way_holds_no_moment_yet() {
        let described = |status: &str| DbSnapshot::builder().status(status).snapshot_create_time(DateTime::from_secs(1_000)).build();
        assert_eq!(snapshot("eu-west-1", described("creating")).taken_at, None);
        assert_eq!(snapshot("eu-west-1", described("available")).taken_at.unwrap().as_second(), 1_000);
    }

    #[test]
    fn a_copy_holds_the_data_of_its_original() {
        let copy = DbSnapshot::builder().status("available").snapshot_create_time(DateTime::from_secs(2_000));
        let copy = copy.original_snapshot_create_time(DateTime::from_secs(1_000)).build();
        assert_eq!(snapshot("eu-west-1", copy).taken_at.unwrap().as_second(), 1_000);
    }
}
