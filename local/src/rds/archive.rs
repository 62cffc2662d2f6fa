//! Automated backups: the archive that trails behind, the daily base backup, retention.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::{
    Rds,
    model::{Instance, Snapshot},
};

/// Statuses in which the server answers and is archived.
const ARCHIVED: [&str; 4] = ["available", "backing-up", "modifying", "configuring-enhanced-monitoring"];
/// However fast the stack's clock runs, the machine is left in peace for so long.
const PEACE: Duration = Duration::from_millis(250);

impl Rds {
    /// Begins to archive an instance, until it is gone.
    pub(super) fn spawn_archiver(&self, resource: &str) {
        let (me, shared, resource, every) =
            (self.me.clone(), Arc::downgrade(&self.shared), resource.to_owned(), self.options.archive_every);
        self.shared.tasks.spawn(async move {
            loop {
                // Nothing is held while it sleeps, so that the service can be dropped.
                let Some(clock) = shared.upgrade() else { return };
                clock.clock.sleep(SignedDuration::try_from(every).unwrap_or(SignedDuration::ZERO)).await;
                drop(clock);
                tokio::time::sleep(PEACE).await;
                let Some(rds) = me.upgrade() else { return };
                let found = rds.store.read().instances.get(&resource).cloned();
                let Some(one) = found else { return };
                let archived = one.setup.retention > 0 && one.follows.is_none() && !one.killed && ARCHIVED.contains(&one.status.as_str());
                if archived && let Err(error) = rds.archive(&one).await {
                    tracing::debug!(instance = one.identifier, "not archived: {error:#}");
                }
            }
        });
    }

    async fn archive(&self, one: &Instance) -> anyhow::Result<()> {
        let cluster = self.cluster(one);
        let traffic = self.traffic.get().and_then(std::sync::Weak::upgrade);
        if let Some(database) = &one.database
            && traffic.is_some_and(|traffic| traffic.reaches(&one.identifier, &one.region))
        {
            // An application that writes a heartbeat can't while the database takes no writes; its log goes on all the same.
            if let Err(error) = cluster.beat(database, self.shared.clock.now()).await {
                tracing::debug!(instance = one.identifier, "no heartbeat: {error:#}");
            }
        }
        // Before the heartbeat's commit, by both clocks: recovery to this time finds a commit after it.
        let latest = self.moment();
        cluster.archive_now().await?;
        self.advance_latest(&one.resource, latest)?;
        if one.work.is_none() {
            self.keep_house(one).await?;
        }
        Ok(())
    }

    /// A base backup a day, and none older than the retention period but the newest.
    async fn keep_house(&self, one: &Instance) -> anyhow::Result<()> {
        let now = self.shared.clock.now();
        let newest = self.store.read().automated(&one.resource).last().and_then(|backup| backup.finished);
        if newest.is_some_and(|newest| now.duration_since(newest.at) >= SignedDuration::from_hours(24)) {
            self.automated_backup(one).await?;
        }
        let retention = SignedDuration::from_hours(24 * one.setup.retention);
        let backups: Vec<Snapshot> = self.store.read().automated(&one.resource).into_iter().cloned().collect();
        let old = |backup: &&Snapshot| backup.finished.is_some_and(|finished| now.duration_since(finished.at) > retention);
        let Some((_, all_but_newest)) = backups.split_last() else { return Ok(()) };
        let expired: Vec<&Snapshot> = all_but_newest.iter().take_while(old).collect();
        for backup in &expired {
            self.store.remove_snapshot(&backup.backup)?;
            self.installation.remove_backup(&backup.backup).await?;
        }
        if let Some(oldest) = backups.get(expired.len()).and_then(|backup| backup.finished)
            && !expired.is_empty()
        {
            // What the oldest backup needs to become consistent is in the backup itself; a minute is kept for good measure.
            self.cluster(one).trim_archive(oldest.real - SignedDuration::from_mins(1))?;
        }
        Ok(())
    }

    /// Takes an automated base backup, and archives to right after it.
    pub(super) async fn automated_backup(&self, one: &Instance) -> anyhow::Result<()> {
        let unfinished: Vec<Snapshot> =
            self.store.read().automated(&one.resource).into_iter().filter(|backup| backup.finished.is_none()).cloned().collect();
        for leftover in unfinished {
            self.store.remove_snapshot(&leftover.backup)?;
            self.installation.remove_backup(&leftover.backup).await?;
        }
        let backup = ulid::Ulid::generate().to_string();
        let stamp = self.shared.clock.now().strftime("%Y-%m-%d-%H-%M").to_string();
        let name = format!("rds:{}-{stamp}", one.identifier);
        let named = Snapshot { automated: true, ..self.new_snapshot(one, &name, &backup, Vec::new()) };
        if !self.store.add_snapshot(named.clone())? {
            // Two in one minute, which RDS never has.
            let seconds = self.shared.clock.now().strftime("%S-%3f").to_string();
            self.store.add_snapshot(Snapshot { identifier: format!("{name}-{seconds}"), ..named.clone() })?;
        }
        self.tell_snapshot(&named, "RDS-EVENT-0090", "creation", "Creating automated snapshot");
        let cluster = self.cluster(one);
        cluster.base_backup(&backup).await?;
        self.complete(&backup, "RDS-EVENT-0091", "Automated snapshot created")?;
        let latest = self.moment();
        cluster.archive_now().await?;
        self.advance_latest(&one.resource, latest)
    }

    /// Deletes the automated backups of an instance.
    pub(super) async fn delete_automated(&self, resource: &str) -> anyhow::Result<()> {
        let backups: Vec<Snapshot> = self.store.read().automated(resource).into_iter().cloned().collect();
        for backup in backups {
            self.store.remove_snapshot(&backup.backup)?;
            self.installation.remove_backup(&backup.backup).await?;
        }
        Ok(())
    }
}
