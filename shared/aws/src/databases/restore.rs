//! The two restore calls, with everything that they take. What is left out comes back as the vendor's default: another
//! security group, another parameter group, one zone, no protection.

use aws_sdk_rds::{
    Client,
    operation::{
        restore_db_instance_from_db_snapshot::builders::RestoreDBInstanceFromDBSnapshotFluentBuilder as FromSnapshot,
        restore_db_instance_to_point_in_time::builders::RestoreDBInstanceToPointInTimeFluentBuilder as FromLog,
    },
    primitives::DateTime,
};
use jiff::Timestamp;
use mayday_core::{
    policy::Permit,
    port::{Restoration, Settings, Tags},
};

use super::tags;

/// What both calls take by the same names.
macro_rules! with_settings {
    ($call:expr, $settings:expr, $tags:expr) => {
        $call
            .set_db_instance_class(stated(&$settings.instance_class))
            .set_engine(stated(&$settings.engine))
            .set_engine_lifecycle_support($settings.engine_lifecycle_support.clone())
            .set_license_model($settings.license_model.clone())
            .set_db_subnet_group_name($settings.subnet_group.clone())
            .set_vpc_security_group_ids(some(&$settings.security_groups))
            .set_db_parameter_group_name($settings.parameter_group.clone())
            .set_option_group_name($settings.option_group.clone())
            .multi_az($settings.multi_az)
            .publicly_accessible($settings.publicly_accessible)
            .deletion_protection($settings.deletion_protection)
            .enable_iam_database_authentication($settings.iam_authentication)
            .set_enable_cloudwatch_logs_exports(some(&$settings.log_exports))
            .backup_retention_period($settings.backup_retention_days)
            .set_preferred_backup_window($settings.backup_window.clone())
            .set_allocated_storage(Some($settings.allocated_storage).filter(|gib| *gib > 0))
            .set_storage_type($settings.storage_type.clone())
            .set_iops(provisioned($settings).0)
            .set_storage_throughput(provisioned($settings).1)
            .set_dedicated_log_volume($settings.dedicated_log_volume.then_some(true))
            .set_ca_certificate_identifier($settings.ca_certificate.clone())
            .copy_tags_to_snapshot($settings.copy_tags_to_snapshot)
            .auto_minor_version_upgrade($settings.auto_minor_version_upgrade)
            .set_port($settings.port)
            .set_network_type($settings.network_type.clone())
            .set_tags(Some(tags::to_vendor($tags)))
    };
}

pub(super) fn from_snapshot(client: &Client, id: &str, permit: &Permit, restoration: &Restoration) -> FromSnapshot {
    let call = client.restore_db_instance_from_db_snapshot().db_snapshot_identifier(id).db_instance_identifier(&restoration.new_instance);
    with_settings!(call, &restoration.settings, &all_tags(permit, restoration))
}

/// Up to a moment, or up to the latest restorable one.
pub(super) fn from_log(client: &Client, source: &str, until: Option<Timestamp>, permit: &Permit, restoration: &Restoration) -> FromLog {
    let call = client.restore_db_instance_to_point_in_time();
    let call = call.source_db_instance_identifier(source).target_db_instance_identifier(&restoration.new_instance);
    let call = match until {
        Some(until) => call.restore_time(DateTime::from_secs(until.as_second())),
        None => call.use_latest_restorable_time(true),
    };
    // The snapshot's call does not take this one.
    let call = call.set_max_allocated_storage(restoration.settings.max_allocated_storage);
    with_settings!(call, &restoration.settings, &all_tags(permit, restoration))
}

fn all_tags(permit: &Permit, restoration: &Restoration) -> Tags {
    let mut all = restoration.settings.tags.clone();
    all.extend(restoration.owner.clone());
    all.extend(permit.owner_tags());
    all
}

/// IOPS and throughput that a call may name.
///
/// A small gp3 volume is described with its baseline (3,000 and 125), and a call that names just that baseline is refused:
/// `InvalidParameterCombination: You can't specify IOPS or storage throughput for engine postgres and a storage size less than
/// 400`. <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage>
pub(super) fn provisioned(settings: &Settings) -> (Option<i32>, Option<i32>) {
    match settings.storage_type.as_deref() {
        Some("gp3") if settings.allocated_storage < smallest_tunable(&settings.engine) => (None, None),
        Some("gp3") => (settings.iops, settings.storage_throughput),
        Some("io1" | "io2") => (settings.iops, None),
        _ => (None, None),
    }
}

/// From which size on, in GiB, an engine lets the performance of gp3 be chosen.
fn smallest_tunable(engine: &str) -> i32 {
    if engine.starts_with("sqlserver") {
        0
    } else if engine.starts_with("oracle") {
        200
    } else {
        400
    }
}

pub(super) fn stated(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn some(all: &[String]) -> Option<Vec<String>> {
    Some(all.to_vec()).filter(|all| !all.is_empty())
}
