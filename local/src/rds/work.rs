//! What happens after an operation has answered: statuses take their course around the real work.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Context as _;

use super::{
    Rds,
    model::{Instance, Moment, Work},
};
use crate::postgres::{Cluster, Settings};

impl Rds {
    /// Takes up what an earlier process left.
    pub(super) async fn resume(&self) -> anyhow::Result<()> {
        let (mut instances, retained) = {
            let world = self.store.read();
            (world.instances.values().cloned().collect::<Vec<_>>(), world.retained.keys().cloned().collect::<Vec<_>>())
        };
        for name in self.installation.cluster_names() {
            if !retained.contains(&name) && !instances.iter().any(|one| one.resource == name) {
                Cluster::at(self.installation.clone(), &name, Ipv4Addr::LOCALHOST).remove().await?;
            }
        }
        // A replica is started when its source's address is settled.
        instances.sort_by_key(|one| one.follows.is_some());
        for one in instances {
            let resting = one.killed || one.status == "stopped" || matches!(one.work, Some(Work::Start | Work::Stop));
            if one.answered
                && !resting
                && let Err(error) = self.start_server(&one).await
            {
                tracing::error!(instance = one.identifier, "{error:#}");
            }
            if one.work.is_some() {
                self.spawn_work(&one.resource);
            }
            if one.answered {
                self.spawn_archiver(&one.resource);
            }
        }
        let snapshots: Vec<_> = self.store.read().snapshots.values().filter(|one| one.finished.is_none()).cloned().collect();
        for one in snapshots.into_iter().filter(|one| one.copy_of.is_some()) {
            self.spawn_copy(&one.backup);
        }
        Ok(())
    }

    pub(super) fn spawn_work(&self, resource: &str) {
        let Some(me) = self.me.upgrade() else { return };
        let resource = resource.to_owned();
        self.shared.tasks.spawn(async move { me.carry_out(&resource).await });
    }

    async fn carry_out(self: &Arc<Self>, resource: &str) {
        let found = self.store.read().instances.get(resource).cloned();
        let Some(one) = found else { return };
        let Some(work) = one.work.clone() else { return };
        self.shared.outages.up(&one.region).await;
        let failed = match &work {
            Work::FromSnapshot { .. } | Work::ToTime { .. } => "incompatible-restore",
            Work::Snapshot { .. } => "available",
            _ => "failed",
        };
        if let Err(error) = self.work(&one, work).await {
            tracing::error!(instance = one.identifier, "{error:#}");
            self.tell(&one, "RDS-EVENT-0031", "failure", &format!("The DB instance has failed: {error:#}"));
            if let Err(error) = self.finish(resource, failed) {
                tracing::error!(instance = one.identifier, "{error:#}");
            }
        }
        // What began before its region was lost goes with it.
        if self.shared.outages.is_lost(&one.region)
            && let Err(error) = self.region_goes(&one.region).await
        {
            tracing::error!(instance = one.identifier, "{error:#}");
        }
    }

    /// The servers of a region die with it. What is being made is left until it is done: it dies then.
    pub(crate) async fn region_goes(&self, region: &str) -> anyhow::Result<()> {
        let here: Vec<Instance> = self.store.read().instances.values().filter(|one| one.region == region).cloned().collect();
        for one in here.iter().filter(|one| one.answered && one.work.is_none() && !one.killed) {
            self.store.change(&one.resource, |one| one.killed = true)?;
            self.cluster(one).kill().await?;
        }
        Ok(())
    }

    /// The servers of a region are there again, as they were.
    pub(crate) async fn region_returns(&self, region: &str) -> anyhow::Result<()> {
        let here: Vec<Instance> = self.store.read().instances.values().filter(|one| one.region == region).cloned().collect();
        for one in here.iter().filter(|one| one.answered && one.killed) {
            self.start_server(one).await?;
            self.store.change(&one.resource, |one| one.killed = false)?;
        }
        Ok(())
    }

    async fn work(&self, one: &Instance, work: Work) -> anyhow::Result<()> {
        match work {
            Work::Create { .. } | Work::FromSnapshot { .. } | Work::ToTime { .. } | Work::Replicate { .. } => {
                // A stack that was killed after the server had answered doesn't begin again: somebody may have written to it.
                if !one.answered {
                    self.pace().await;
                    self.build(one, &work).await?;
                }
                self.grow_up(one, &work).await
            }
            Work::Seed { .. } => self.grow_seed(one, &work).await,
            Work::SeedReplica { .. } => self.grow_standby(one, &work).await,
            Work::Promote => self.promote(one).await,
            Work::Modify(changes) => self.modify(one, *changes).await,
            Work::Snapshot { backup } => self.take_snapshot(one, &backup).await,
            Work::Reboot => self.restart(one, "RDS-EVENT-0006", "DB instance restarted").await,
            Work::Start => self.restart(one, "RDS-EVENT-0088", "DB instance started").await,
            Work::Stop => {
                self.cluster(one).stop().await?;
                self.pace().await;
                self.tell(one, "RDS-EVENT-0087", "notification", "DB instance stopped");
                self.finish(&one.resource, "stopped")
            }
            Work::Delete { final_snapshot, keep_backups } => self.delete(one, final_snapshot.as_deref(), keep_backups).await,
        }
    }

    /// Makes the cluster and starts its server.
    pub(super) async fn build(&self, one: &Instance, work: &Work) -> anyhow::Result<()> {
        let cluster = self.cluster(one);
        match work {
            Work::FromSnapshot { backup } => cluster.restore(backup).await?,
            Work::ToTime { source, backup, target } => {
                let source = self.archive_of(source);
                cluster.restore_to(backup, (&source, target.real), &self.server_settings(one), &self.addresses).await?;
            }
            Work::Replicate { source } | Work::SeedReplica { source } => cluster.follow(&*self.living(source)?).await?,
            _ => cluster.create().await?,
        }
        self.start_server(one).await?;
        if let Work::Create { password } | Work::Seed { password, .. } = work {
            cluster.set_up(&one.master_user, password, one.database.as_deref()).await?;
        }
        self.store.change(&one.resource, |one| one.answered = true)?;
        Ok(())
    }

    /// From the first answer to `available`: a first backup, monitoring.
    async fn grow_up(&self, one: &Instance, work: &Work) -> anyhow::Result<()> {
        match work {
            Work::FromSnapshot { .. } => self.tell(one, "RDS-EVENT-0043", "restoration", "Restored from snapshot"),
            Work::ToTime { target, .. } => {
                let message = format!("DB instance restored to a point in time {}", super::xml::time(target.at));
                self.tell(one, "RDS-EVENT-0019", "restoration", &message);
            }
            Work::Replicate { .. } => self.tell(one, "RDS-EVENT-0046", "read replica", "Read Replica resumed replication"),
            _ => self.tell(one, "RDS-EVENT-0005", "creation", "DB instance created"),
        }
        if one.setup.retention > 0 && one.follows.is_none() {
            self.set_status(&one.resource, "backing-up")?;
            self.automated_backup(one).await?;
        }
        if one.setup.monitoring_interval > 0 {
            self.set_status(&one.resource, "configuring-enhanced-monitoring")?;
            self.pace().await;
        }
        self.spawn_archiver(&one.resource);
        self.finish(&one.resource, "available")
    }

    async fn restart(&self, one: &Instance, event: &str, message: &str) -> anyhow::Result<()> {
        self.cluster(one).stop().await?;
        self.start_server(one).await?;
        self.store.change(&one.resource, |one| {
            one.killed = false;
            one.reboot_pending = false;
        })?;
        self.pace().await;
        self.tell(one, event, "availability", message);
        self.finish(&one.resource, "available")
    }

    async fn promote(&self, one: &Instance) -> anyhow::Result<()> {
        self.pace().await;
        let cluster = self.cluster(one);
        let alone = self.store.change(&one.resource, |one| one.follows = None)?.context("gone")?;
        if cluster.replica_lag().await?.is_some() {
            cluster.promote(&self.server_settings(&alone)).await?;
        }
        self.set_status(&one.resource, "rebooting")?;
        self.pace().await;
        self.tell(&alone, "RDS-EVENT-0057", "read replica", "Replication on the read replica was terminated");
        if alone.setup.retention > 0 {
            self.set_status(&one.resource, "backing-up")?;
            self.automated_backup(&alone).await?;
        }
        self.finish(&one.resource, "available")
    }

    async fn take_snapshot(&self, one: &Instance, backup: &str) -> anyhow::Result<()> {
        self.fill_snapshot(one, backup).await?;
        self.finish(&one.resource, "available")
    }

    /// Fills a manual snapshot that is on record.
    async fn fill_snapshot(&self, one: &Instance, backup: &str) -> anyhow::Result<()> {
        if let Err(error) = self.cluster(one).base_backup(backup).await {
            self.store.change_snapshot(backup, |snapshot| "failed".clone_into(&mut snapshot.status))?;
            return Err(error);
        }
        self.pace().await;
        self.complete(backup, "RDS-EVENT-0042", "Manual snapshot created")
    }

    /// Marks a snapshot as whole.
    pub(super) fn complete(&self, backup: &str, event: &str, message: &str) -> anyhow::Result<()> {
        let finished = self.moment();
        let snapshot = self.store.change_snapshot(backup, |snapshot| {
            snapshot.finished = Some(finished);
            "available".clone_into(&mut snapshot.status);
        })?;
        if let Some(snapshot) = snapshot {
            self.tell_snapshot(&snapshot, event, "creation", message);
        }
        Ok(())
    }

    /// Goes on copying a snapshot that is on record.
    pub(super) fn spawn_copy(&self, backup: &str) {
        let Some(me) = self.me.upgrade() else { return };
        let backup = backup.to_owned();
        self.shared.tasks.spawn(async move {
            if let Err(error) = me.copy(&backup).await {
                tracing::error!("{error:#}");
                me.store.change_snapshot(&backup, |snapshot| "failed".clone_into(&mut snapshot.status)).ok();
            }
        });
    }

    async fn copy(&self, backup: &str) -> anyhow::Result<()> {
        let copy = self.store.read().snapshots.get(backup).cloned().context("gone")?;
        let (arn, from) = copy.copy_of.context("not a copy")?;
        self.installation.copy_backup(&from, backup).await?;
        self.pace().await;
        self.pace().await;
        let local = arn.split(':').nth(3) == Some(&copy.region);
        self.complete(backup, if local { "RDS-EVENT-0197" } else { "RDS-EVENT-0060" }, "Finished copying the snapshot")
    }

    async fn delete(&self, one: &Instance, final_snapshot: Option<&str>, keep_backups: bool) -> anyhow::Result<()> {
        if let Some(backup) = final_snapshot {
            let unfinished = self.store.read().snapshots.get(backup).is_some_and(|snapshot| snapshot.finished.is_none());
            if unfinished {
                self.fill_snapshot(one, backup).await?;
            }
        }
        self.pace().await;
        // Replicas in the same region are promoted by AWS when their source goes; others stay as they are.
        let orphans: Vec<Instance> =
            self.store.read().replicas_of(&one.resource).filter(|replica| replica.region == one.region).cloned().collect();
        for orphan in orphans {
            if let Err(refusal) = self.begin(&orphan, &["available"], "modifying", Work::Promote) {
                tracing::warn!(replica = orphan.identifier, status = %refusal.status, "not promoted");
            }
        }
        let cluster = self.cluster(one);
        if keep_backups {
            cluster.remove_data().await?;
        } else {
            cluster.remove().await?;
            self.delete_automated(&one.resource).await?;
        }
        self.store.remove_instance(&one.resource, keep_backups)?;
        self.clusters.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&one.resource);
        self.tell(one, "RDS-EVENT-0003", "deletion", "DB instance deleted");
        Ok(())
    }

    /// Starts an instance's server, and keeps its address, which may be new.
    pub(super) async fn start_server(&self, one: &Instance) -> anyhow::Result<()> {
        let cluster = self.cluster(one);
        cluster.start(&self.server_settings(one), &self.addresses).await?;
        let address = cluster.address();
        self.store.change(&one.resource, |one| one.address = address)?;
        let replicas: Vec<Instance> = self.store.read().replicas_of(&one.resource).filter(|replica| replica.answered).cloned().collect();
        for replica in replicas {
            let follower = self.cluster(&replica);
            if follower.is_alive().await {
                follower.configure(&self.server_settings(&replica))?;
                follower.reload().await?;
            }
        }
        Ok(())
    }

    pub(super) fn server_settings(&self, one: &Instance) -> Settings {
        let source = one.follows.as_ref().and_then(|source| self.living(source).ok());
        Settings {
            iam_authentication: one.setup.iam_authentication,
            source: source.map(|source| (source.address(), source.archive())),
            recovery: None,
        }
    }

    fn living(&self, resource: &str) -> anyhow::Result<Arc<Cluster>> {
        let found = self.store.read().instances.get(resource).cloned();
        found.map(|one| self.cluster(&one)).context("the source is gone")
    }

    /// The cluster whose archive a restore reads, even when only the archive is left of it.
    fn archive_of(&self, resource: &str) -> Arc<Cluster> {
        self.living(resource).unwrap_or_else(|_| Arc::new(Cluster::at(self.installation.clone(), resource, Ipv4Addr::LOCALHOST)))
    }

    pub(super) fn set_status(&self, resource: &str, status: &str) -> anyhow::Result<()> {
        self.store.change(resource, |one| status.clone_into(&mut one.status)).map(drop)
    }

    /// Ends an instance's work.
    pub(super) fn finish(&self, resource: &str, status: &str) -> anyhow::Result<()> {
        self.store
            .change(resource, |one| {
                status.clone_into(&mut one.status);
                one.work = None;
            })
            .map(drop)
    }

    /// Advances how far an instance can be restored; never back.
    pub(super) fn advance_latest(&self, resource: &str, latest: Moment) -> anyhow::Result<()> {
        let later = |known: Moment| known.at < latest.at;
        self.store
            .change(resource, |one| {
                if one.latest.is_none_or(later) {
                    one.latest = Some(latest);
                }
            })
            .map(drop)
    }
}
