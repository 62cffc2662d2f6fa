//! Database instances and snapshots in RDS.

mod align;
mod describe;
pub(crate) mod pages;
mod replicate;
mod restore;
mod tags;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_rds::{
    Client,
    operation::{
        describe_db_instances::builders::DescribeDBInstancesFluentBuilder,
        describe_db_snapshots::builders::DescribeDBSnapshotsFluentBuilder,
    },
    types::Filter,
};
use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    policy::{OWNER_TAG, Permit},
    port::{
        Databases, Instance, Phase, Quota, ReplicaSource, Replication, Restoration, RestoreFrom, Settings, Snapshot, SnapshotKind, Tags,
    },
};

use self::pages::Way;
use crate::{
    classify::{Kind, classify},
    client::{Connection, Regional},
    settings::Service,
};

/// RDS of every region.
#[derive(Debug)]
pub struct RdsDatabases {
    clients: Regional<Client>,
}

impl RdsDatabases {
    /// RDS through this connection.
    #[must_use]
    pub fn new(connection: &Arc<Connection>) -> Self {
        Self { clients: Regional::new(connection, Service::Rds, Client::new) }
    }

    fn reads(&self, region: &str) -> Client {
        (**self.clients.in_region(region).reads).clone()
    }

    fn changes(&self, region: &str) -> Client {
        (**self.clients.in_region(region).changes).clone()
    }

    /// The beginning of what a point-in-time restore can reach, which another call tells. It only lets a proposal say no
    /// earlier than RDS would, so a failure of it fails nothing.
    async fn earliest_restorable(&self, of: &Instance) -> Option<Timestamp> {
        let describe = self.reads(&of.region).describe_db_instance_automated_backups().db_instance_identifier(&of.id);
        let found =
            describe.send().await.inspect_err(|error| tracing::warn!(instance = of.id, %error, "no automated backup was described"));
        // An earlier instance of the same name may have left backups behind.
        let backups = found.ok()?.db_instance_automated_backups.unwrap_or_default().into_iter();
        let windows = backups.filter(|backup| backup.dbi_resource_id() == Some(&of.resource_id)).filter_map(|backup| backup.restore_window);
        windows.filter_map(|window| window.earliest_time.as_ref().and_then(describe::timestamp)).min()
    }

    /// An instance's ARN.
    async fn arn(&self, region: &str, id: &str) -> Result<String, CallError> {
        let describe = self.reads(region).describe_db_instances().db_instance_identifier(id);
        let found = describe.send().await.map_err(|error| classify(Kind::Read, error))?.db_instances.unwrap_or_default();
        let arn = found.into_iter().next().and_then(|instance| instance.db_instance_arn);
        arn.ok_or_else(|| CallError::refused("DBInstanceNotFound", format!("there is no database instance {id} in {region}")))
    }

    /// The instance that a change is about to be made to.
    async fn present(&self, region: &str, id: &str) -> Result<Instance, CallError> {
        let found = self.instance(region, id).await?;
        found.ok_or_else(|| CallError::refused("DBInstanceNotFound", format!("there is no database instance {id} in {region}")))
    }
}

#[async_trait]
impl Databases for RdsDatabases {
    async fn instance(&self, region: &str, id: &str) -> Result<Option<Instance>, CallError> {
        let found = match self.reads(region).describe_db_instances().db_instance_identifier(id).send().await {
            Ok(found) => found.db_instances.unwrap_or_default().into_iter().next(),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_db_instance_not_found_fault()) => None,
            Err(error) => return Err(classify(Kind::Read, error)),
        };
        let Some(mut instance) = found.map(|instance| describe::instance(region, instance)) else { return Ok(None) };
        if instance.latest_restorable.is_some() {
            instance.earliest_restorable = self.earliest_restorable(&instance).await;
        }
        Ok(Some(instance))
    }

    async fn instances_in(&self, region: &str) -> Result<Vec<Instance>, CallError> {
        instances(region, self.reads(region).describe_db_instances()).await
    }

    async fn instances_of(&self, region: &str, ids: &[String]) -> Result<Vec<Instance>, CallError> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(FILTERED) {
            found.extend(instances(region, self.reads(region).describe_db_instances().filters(called(some))).await?);
        }
        Ok(found)
    }

    async fn snapshots_in(&self, region: &str) -> Result<Vec<Snapshot>, CallError> {
        snapshots(region, self.reads(region).describe_db_snapshots()).await
    }

    async fn snapshots_of(&self, region: &str, of: &[String]) -> Result<Vec<Snapshot>, CallError> {
        let mut found = Vec::new();
        for some in of.chunks(FILTERED) {
            found.extend(snapshots(region, self.reads(region).describe_db_snapshots().filters(called(some))).await?);
        }
        Ok(found)
    }

    async fn snapshot_quota(&self, region: &str) -> Result<Quota, CallError> {
        let found = self.reads(region).describe_account_attributes().send().await.map_err(|error| classify(Kind::Read, error))?;
        let quotas = found.account_quotas.unwrap_or_default();
        let snapshots = quotas.into_iter().find(|quota| quota.account_quota_name() == Some("ManualSnapshots"));
        let counted = |number: Option<i64>| u32::try_from(number?).ok();
        let quota = snapshots.and_then(|quota| Some(Quota { used: counted(quota.used)?, max: counted(quota.max)? }));
        quota.ok_or_else(|| CallError::refused("NoQuota", format!("{region} says nothing of manual snapshots")))
    }

    async fn snapshots(&self, region: &str, instance: &str) -> Result<Vec<Snapshot>, CallError> {
        snapshots(region, self.reads(region).describe_db_snapshots().db_instance_identifier(instance)).await
    }

    async fn snapshot(&self, region: &str, id: &str) -> Result<Option<Snapshot>, CallError> {
        match self.reads(region).describe_db_snapshots().db_snapshot_identifier(id).send().await {
            Ok(found) => Ok(found.db_snapshots.unwrap_or_default().into_iter().next().map(|snapshot| describe::snapshot(region, snapshot))),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_db_snapshot_not_found_fault()) => Ok(None),
            Err(error) => Err(classify(Kind::Read, error)),
        }
    }

    async fn create_snapshot(&self, permit: &Permit, region: &str, instance: &str, id: &str, tags: &Tags) -> Result<(), CallError> {
        let create = self.changes(region).create_db_snapshot().db_instance_identifier(instance).db_snapshot_identifier(id);
        let mut all = tags.clone();
        all.extend(permit.owner_tags());
        let create = create.set_tags(Some(tags::to_vendor(&all)));
        create.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }

    async fn delete_snapshot(&self, _permit: &Permit, region: &str, id: &str) -> Result<(), CallError> {
        let Some(there) = self.snapshot(region, id).await? else { return Ok(()) };
        if there.kind != SnapshotKind::Manual || !there.tags.contains_key(OWNER_TAG) {
            return Err(CallError::refused("NotOurs", format!("the snapshot {id} was not made by us, so it is not deleted")));
        }
        match self.changes(region).delete_db_snapshot().db_snapshot_identifier(id).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_db_snapshot_not_found_fault()) => Ok(()),
            Err(error) => Err(classify(Kind::Change, error)),
        }
    }

    async fn restore(&self, permit: &Permit, restoration: &Restoration) -> Result<(), CallError> {
        let client = self.changes(&restoration.region);
        match &restoration.from {
            RestoreFrom::Snapshot(id) => {
                let call = restore::from_snapshot(&client, id, permit, restoration);
                call.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
            }
            RestoreFrom::Time { instance, at } => {
                let call = restore::from_log(&client, instance, Some(*at), permit, restoration);
                call.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
            }
            RestoreFrom::Latest { instance } => {
                let call = restore::from_log(&client, instance, None, permit, restoration);
                call.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
            }
        }
    }

    async fn align(&self, _permit: &Permit, region: &str, instance: &str, settings: &Settings) -> Result<(), CallError> {
        let now = self.present(region, instance).await?;
        match align::to_settings(&self.changes(region), instance, &now.settings, settings) {
            Some(modify) => modify.send().await.map(drop).map_err(|error| classify(Kind::Change, error)),
            None => Ok(()),
        }
    }

    async fn reboot(&self, _permit: &Permit, region: &str, instance: &str) -> Result<(), CallError> {
        let reboot = self.changes(region).reboot_db_instance().db_instance_identifier(instance);
        reboot.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }

    async fn promote(&self, _permit: &Permit, region: &str, instance: &str, backup_retention_days: i32) -> Result<(), CallError> {
        let promote = self.changes(region).promote_read_replica().db_instance_identifier(instance);
        let promote = promote.backup_retention_period(backup_retention_days);
        promote.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }

    async fn replicate(&self, permit: &Permit, replication: &Replication) -> Result<(), CallError> {
        let ReplicaSource { region, instance } = &replication.source;
        // A source in another region is named by its ARN.
        let source = if *region == replication.region { instance.clone() } else { self.arn(region, instance).await? };
        let call = replicate::call(&self.changes(&replication.region), &source, permit, replication);
        call.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }

    async fn delete_instance(&self, permit: &Permit, region: &str, instance: &str, final_snapshot: Option<&str>) -> Result<(), CallError> {
        let now = self.present(region, instance).await?;
        if final_snapshot.is_none() && now.settings.tags.get(OWNER_TAG) != permit.owner_tags().get(OWNER_TAG) {
            return Err(CallError::refused(
                "NotOurs",
                format!("{instance} was not made by this run, so it is not deleted without a final snapshot"),
            ));
        }
        let client = self.changes(region);
        if now.settings.deletion_protection {
            return Err(unprotect(&client, &now).await?);
        }
        // The automated backups stay for their retention: without being told so, they die with the instance.
        let delete = client.delete_db_instance().db_instance_identifier(instance).delete_automated_backups(false);
        let delete =
            delete.skip_final_snapshot(final_snapshot.is_none()).set_final_db_snapshot_identifier(final_snapshot.map(str::to_owned));
        delete.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }
}

/// The most that one page holds. Source: the reference of `DescribeDBInstances`.
const LARGEST_PAGE: i32 = 100;
/// How many names one filter takes. The reference gives no limit; a hundred is a page.
const FILTERED: usize = 100;

/// The filter that lets through what has to do with these instances.
fn called(ids: &[String]) -> Filter {
    Filter::builder().name("db-instance-id").set_values(Some(ids.to_vec())).build()
}

/// All pages of instances, each translated as it comes: the vendor's own form of ten thousand is larger than a function's memory.
async fn instances(region: &str, describe: DescribeDBInstancesFluentBuilder) -> Result<Vec<Instance>, CallError> {
    let describe = describe.max_records(LARGEST_PAGE);
    let (mut found, mut way) = (Vec::new(), Way::default());
    loop {
        let page = describe.clone().set_marker(way.at()).send().await.map_err(|error| classify(Kind::Read, error))?;
        found.extend(page.db_instances.unwrap_or_default().into_iter().map(|instance| describe::instance(region, instance)));
        if !way.goes_on(page.marker)? {
            return Ok(found);
        }
    }
}

/// All pages of snapshots, as [`instances`].
async fn snapshots(region: &str, describe: DescribeDBSnapshotsFluentBuilder) -> Result<Vec<Snapshot>, CallError> {
    let describe = describe.max_records(LARGEST_PAGE);
    let (mut found, mut way) = (Vec::new(), Way::default());
    loop {
        let page = describe.clone().set_marker(way.at()).send().await.map_err(|error| classify(Kind::Read, error))?;
        found.extend(page.db_snapshots.unwrap_or_default().into_iter().map(|snapshot| describe::snapshot(region, snapshot)));
        if !way.goes_on(page.marker)? {
            return Ok(found);
        }
    }
}

/// Takes deletion protection off, which the vendor does in its own time. The answer is always that the deletion itself did not
/// happen yet: whoever asks for it comes again.
async fn unprotect(client: &Client, instance: &Instance) -> Result<CallError, CallError> {
    if instance.status == Phase::Available {
        let modify = client.modify_db_instance().db_instance_identifier(&instance.id).deletion_protection(false).apply_immediately(true);
        modify.send().await.map_err(|error| classify(Kind::Change, error))?;
    }
    Ok(CallError::NotNow {
        code: "DeletionProtection".to_owned(),
        why: format!("the deletion protection of {} is being taken off", instance.id),
    })
}

#[cfg(test)]
pub(crate) mod paging;
#[cfg(test)]
mod tests;
