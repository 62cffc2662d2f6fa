//! What differs from the wanted settings and can be changed, in one call.

use aws_sdk_rds::{
    Client,
    operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder as Modify,
    types::{CloudwatchLogsExportConfiguration, DatabaseInsightsMode},
};
use mayday_core::port::Settings;

use super::restore::provisioned;

/// Counts what differs while it is put into the call.
#[derive(Default)]
struct Differences(usize);

impl Differences {
    /// The wanted value, if it is another one.
    fn of<T: PartialEq + Clone>(&mut self, now: &T, wanted: &T) -> Option<T> {
        (now != wanted).then(|| {
            self.0 += 1;
            wanted.clone()
        })
    }

    /// As [`Self::of`]; that nothing is wanted is no wish to take away what is there, which no call can.
    fn of_optional<T: PartialEq + Clone>(&mut self, now: &Option<T>, wanted: &Option<T>) -> Option<T> {
        self.of(now, wanted).flatten().or_else(|| {
            // Counted by `of`, and nothing came of it.
            self.0 -= usize::from(now != wanted);
            None
        })
    }
}

/// The call that sets what differs, at once; `None` when nothing does.
///
/// A restore passes all that it can, so this is mostly what it cannot take. It sets the rest too, where the vendor took a
/// default all the same: a call that names only differences can be made again without harm.
pub(super) fn to_settings(client: &Client, instance: &str, now: &Settings, wanted: &Settings) -> Option<Modify> {
    let mut differences = Differences::default();
    let call = client.modify_db_instance().db_instance_identifier(instance).apply_immediately(true);
    let call = network_and_access(call, &mut differences, now, wanted);
    let call = storage(call, &mut differences, now, wanted);
    let call = upkeep(call, &mut differences, now, wanted);
    let call = monitoring(call, &mut differences, now, wanted);
    (differences.0 > 0).then_some(call)
}

fn network_and_access(call: Modify, differences: &mut Differences, now: &Settings, wanted: &Settings) -> Modify {
    let security_groups = differences.of(&now.security_groups, &wanted.security_groups).filter(|groups| !groups.is_empty());
    call.set_db_instance_class(differences.of(&now.instance_class, &wanted.instance_class).filter(|class| !class.is_empty()))
        .set_vpc_security_group_ids(security_groups)
        .set_db_parameter_group_name(differences.of_optional(&now.parameter_group, &wanted.parameter_group))
        .set_option_group_name(differences.of_optional(&now.option_group, &wanted.option_group))
        .set_multi_az(differences.of(&now.multi_az, &wanted.multi_az))
        .set_publicly_accessible(differences.of(&now.publicly_accessible, &wanted.publicly_accessible))
        .set_deletion_protection(differences.of(&now.deletion_protection, &wanted.deletion_protection))
        .set_enable_iam_database_authentication(differences.of(&now.iam_authentication, &wanted.iam_authentication))
        .set_ca_certificate_identifier(differences.of_optional(&now.ca_certificate, &wanted.ca_certificate))
        .set_db_port_number(differences.of_optional(&now.port, &wanted.port))
        .set_network_type(differences.of_optional(&now.network_type, &wanted.network_type))
}

fn storage(call: Modify, differences: &mut Differences, now: &Settings, wanted: &Settings) -> Modify {
    // Storage grows and never shrinks.
    let larger = wanted.allocated_storage.max(now.allocated_storage);
    let ((iops_now, throughput_now), (iops, throughput)) = (provisioned(now), provisioned(wanted));
    call.set_allocated_storage(differences.of(&now.allocated_storage, &larger))
        .set_max_allocated_storage(differences.of_optional(&now.max_allocated_storage, &wanted.max_allocated_storage))
        .set_storage_type(differences.of_optional(&now.storage_type, &wanted.storage_type))
        .set_iops(differences.of_optional(&iops_now, &iops))
        .set_storage_throughput(differences.of_optional(&throughput_now, &throughput))
        .set_dedicated_log_volume(differences.of(&now.dedicated_log_volume, &wanted.dedicated_log_volume))
}

fn upkeep(call: Modify, differences: &mut Differences, now: &Settings, wanted: &Settings) -> Modify {
    call.set_backup_retention_period(differences.of(&now.backup_retention_days, &wanted.backup_retention_days))
        .set_preferred_backup_window(differences.of_optional(&now.backup_window, &wanted.backup_window))
        .set_preferred_maintenance_window(differences.of_optional(&now.maintenance_window, &wanted.maintenance_window))
        .set_copy_tags_to_snapshot(differences.of(&now.copy_tags_to_snapshot, &wanted.copy_tags_to_snapshot))
        .set_auto_minor_version_upgrade(differences.of(&now.auto_minor_version_upgrade, &wanted.auto_minor_version_upgrade))
        .set_license_model(differences.of_optional(&now.license_model, &wanted.license_model))
        .set_engine_lifecycle_support(differences.of_optional(&now.engine_lifecycle_support, &wanted.engine_lifecycle_support))
}

fn monitoring(call: Modify, differences: &mut Differences, now: &Settings, wanted: &Settings) -> Modify {
    let monitored =
        |settings: &Settings| (settings.monitoring_interval, settings.monitoring_role.clone().filter(|_| settings.monitoring_interval > 0));
    let insights = |settings: &Settings| {
        let mode = settings.database_insights_mode.clone();
        let on = settings.performance_insights;
        (
            on,
            settings.performance_insights_kms_key.clone().filter(|_| on),
            settings.performance_insights_retention_days.filter(|_| on),
            mode,
        )
    };
    // Each belongs together: an interval wants its role, a mode its retention.
    let (interval, role) =
        differences.of(&monitored(now), &monitored(wanted)).map_or((None, None), |(interval, role)| (Some(interval), role));
    let (on, key, days, mode) = match differences.of(&insights(now), &insights(wanted)) {
        Some((on, key, days, mode)) => (Some(on), key, days, mode),
        None => (None, None, None, None),
    };
    call.set_monitoring_interval(interval)
        .set_monitoring_role_arn(role)
        .set_enable_performance_insights(on)
        .set_performance_insights_kms_key_id(key)
        .set_performance_insights_retention_period(days)
        .set_database_insights_mode(mode.as_deref().map(DatabaseInsightsMode::from))
        .set_cloudwatch_logs_export_configuration(log_exports(differences, now, wanted))
}

fn log_exports(differences: &mut Differences, now: &Settings, wanted: &Settings) -> Option<CloudwatchLogsExportConfiguration> {
    differences.of(&now.log_exports, &wanted.log_exports)?;
    let without = |all: &[String], those: &[String]| Some(all.iter().filter(|log| !those.contains(log)).cloned().collect());
    let exports = CloudwatchLogsExportConfiguration::builder();
    let exports = exports.set_enable_log_types(without(&wanted.log_exports, &now.log_exports));
    Some(exports.set_disable_log_types(without(&now.log_exports, &wanted.log_exports)).build())
}
