//! The call that makes a read replica, in the source's region or in another. (A presigned URL for the source's region is
//! asked for only between regions of China, and of GovCloud.)

use aws_sdk_rds::{
    Client, operation::create_db_instance_read_replica::builders::CreateDBInstanceReadReplicaFluentBuilder as CreateReplica,
};
use mayday_core::{
    policy::Permit,
    port::{Replication, Settings},
};

use super::{
    restore::{provisioned, some, stated},
    tags,
};

/// The key that RDS uses where nobody has chosen one: a key never leaves its region, so a replica elsewhere needs one there.
const REGIONS_OWN_KEY: &str = "alias/aws/rds";

pub(super) fn call(client: &Client, source: &str, permit: &Permit, replication: &Replication) -> CreateReplica {
    let Replication { source: from, region, new_instance, settings } = replication;
    let elsewhere = from.region != *region;
    let mut all = settings.tags.clone();
    all.extend(permit.owner_tags());
    let call = client.create_db_instance_read_replica().db_instance_identifier(new_instance).source_db_instance_identifier(source);
    let call = call.set_kms_key_id((elsewhere && settings.storage_encrypted).then(|| key(region, settings)));
    call.set_db_instance_class(stated(&settings.instance_class))
        .set_db_subnet_group_name(settings.subnet_group.clone())
        .set_vpc_security_group_ids(some(&settings.security_groups))
        .set_db_parameter_group_name(settings.parameter_group.clone())
        .multi_az(settings.multi_az)
        .publicly_accessible(settings.publicly_accessible)
        .deletion_protection(settings.deletion_protection)
        .enable_iam_database_authentication(settings.iam_authentication)
        .set_enable_cloudwatch_logs_exports(some(&settings.log_exports))
        .set_storage_type(settings.storage_type.clone())
        .set_iops(provisioned(settings).0)
        .set_storage_throughput(provisioned(settings).1)
        .set_max_allocated_storage(settings.max_allocated_storage)
        .set_monitoring_interval(Some(settings.monitoring_interval).filter(|_| settings.monitoring_role.is_some()))
        .set_monitoring_role_arn(settings.monitoring_role.clone())
        .copy_tags_to_snapshot(settings.copy_tags_to_snapshot)
        .auto_minor_version_upgrade(settings.auto_minor_version_upgrade)
        .set_tags(Some(tags::to_vendor(&all)))
}

/// The settings' key, if it is one of that region.
fn key(region: &str, settings: &Settings) -> String {
    let own = settings.kms_key.clone().filter(|key| key.split(':').nth(3) == Some(region));
    own.unwrap_or_else(|| REGIONS_OWN_KEY.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_taken_to_another_region() {
        let settings = Settings { kms_key: Some("arn:aws:kms:eu-west-1:000000000000:key/own".to_owned()), ..Settings::default() };
        assert_eq!(key("eu-west-1", &settings), "arn:aws:kms:eu-west-1:000000000000:key/own");
        assert_eq!(key("eu-central-1", &settings), "alias/aws/rds");
        assert_eq!(key("eu-central-1", &Settings::default()), "alias/aws/rds");
    }
}
