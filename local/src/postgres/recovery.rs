//! Base backups and what is made of them: copies, copies at a point in time, replicas.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::{ADMIN, Addresses, Cluster, Installation, PORT, Settings, cluster::remove_file, installation::run};

/// How long replaying or archiving may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// The proof that everything committed before a time can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// The system's time just before the commit that ends it.
    pub before: Timestamp,
}

impl Installation {
    /// Where the base backup `name` is kept.
    #[must_use]
    pub fn backup(&self, name: &str) -> PathBuf {
        self.root().join("backups").join(name)
    }

    /// Deletes a base backup. One that isn't there is fine.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn remove_backup(&self, name: &str) -> anyhow::Result<()> {
        let dir = self.backup(name);
        match tokio::task::spawn_blocking(move || std::fs::remove_dir_all(dir)).await? {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).with_context(|| format!("can't delete backup {name}")),
            _ => Ok(()),
        }
    }

    /// Copies a base backup, as a copy to another region does.
    ///
    /// # Errors
    /// When there is no such backup or the disk refuses.
    pub async fn copy_backup(&self, from: &str, to: &str) -> anyhow::Result<()> {
        self.remove_backup(to).await?;
        self.copy(&self.backup(from), &self.backup(to)).await
    }
}

impl Cluster {
    /// Takes a base backup of the running server, under `name`.
    ///
    /// # Errors
    /// When the server doesn't answer.
    pub async fn base_backup(&self, name: &str) -> anyhow::Result<()> {
        let installation = self.installation();
        installation.remove_backup(name).await?;
        let dir = installation.backup(name);
        installation.make_dir(&installation.root().join("backups"))?;
        self.copy_to(dir).await
    }

    async fn copy_to(&self, dir: PathBuf) -> anyhow::Result<()> {
        let mut command = self.installation().program("pg_basebackup");
        command.arg("-D").arg(dir).args(["-h", &self.address().to_string(), "-p", &PORT.to_string(), "-U", ADMIN, "-w"]);
        command.args(["-c", "fast", "-X", "fetch", "--no-sync", "--no-manifest"]);
        run(command, "pg_basebackup").await
    }

    /// Makes the cluster what it was when the backup was taken. Its server is to be started after.
    ///
    /// # Errors
    /// When there is no such backup or the disk refuses.
    pub async fn restore(&self, backup: &str) -> anyhow::Result<()> {
        self.lay_out(&self.installation().backup(backup)).await
    }

    /// Makes the cluster what `source` was at a time of the system's, by replaying its archive over a backup, and starts it.
    ///
    /// # Errors
    /// When the archive doesn't reach the time, with what the server said.
    pub async fn restore_to(
        &self,
        backup: &str,
        (source, at): (&Self, Timestamp),
        settings: &Settings,
        addresses: &Addresses,
    ) -> anyhow::Result<()> {
        self.restore(backup).await?;
        self.installation().write(&self.data().join("recovery.signal"), "")?;
        // PostgreSQL doesn't take the ISO form with its T and Z.
        let target = at.strftime("%Y-%m-%d %H:%M:%S%.6f+00").to_string();
        let replaying = Settings { recovery: Some((source.archive(), target)), ..settings.clone() };
        self.start(&replaying, addresses).await?;
        self.wait_until_writable().await?;
        // For the next start: a running server can't let go of its recovery target, and doesn't look at it again.
        self.configure(settings)
    }

    /// Makes the cluster a streaming replica of a running one. Its server is to be started after, with `source` in its
    /// settings.
    ///
    /// # Errors
    /// When the source doesn't answer.
    pub async fn follow(&self, source: &Self) -> anyhow::Result<()> {
        self.clear().await?;
        source.copy_to(self.data()).await?;
        remove_file(&self.data().join("postgresql.auto.conf"))?;
        self.installation().write(&self.data().join("standby.signal"), "")
    }

    /// Makes a running replica a server of its own.
    ///
    /// # Errors
    /// When it isn't a replica.
    pub async fn promote(&self, settings: &Settings) -> anyhow::Result<()> {
        let mut command = self.installation().program("pg_ctl");
        command.arg("promote").arg("-D").arg(self.data()).args(["-s", "-w", "-t", "60"]);
        run(command, "pg_ctl promote").await?;
        self.wait_until_writable().await?;
        self.configure(settings)?;
        self.reload().await
    }

    async fn wait_until_writable(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            if let Ok(client) = self.connect("postgres").await
                && let Ok(row) = client.query_one("SELECT pg_is_in_recovery()", &[]).await
                && !row.try_get::<_, bool>(0)?
            {
                return Ok(());
            }
            if !self.is_alive().await {
                bail!("recovery ended: {}", self.log_end());
            }
            if began.elapsed() > PATIENCE {
                bail!("recovery takes too long: {}", self.log_end());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Commits a heartbeat, switches WAL and waits until the file is archived: from then on the cluster can be restored
    /// to the time before the heartbeat. Recovery fails when nothing was committed after its target, hence the commit.
    ///
    /// # Errors
    /// When the server doesn't answer or its archive doesn't fill.
    pub async fn archive_now(&self) -> anyhow::Result<Archived> {
        let client = self.connect("postgres").await?;
        let before = Timestamp::now();
        client
            .batch_execute(
                "CREATE SCHEMA IF NOT EXISTS mayday; \
                 CREATE TABLE IF NOT EXISTS mayday.heartbeat (one boolean PRIMARY KEY CHECK (one), at timestamptz NOT NULL); \
                 INSERT INTO mayday.heartbeat VALUES (true, clock_timestamp()) ON CONFLICT (one) DO UPDATE SET at = excluded.at",
            )
            .await?;
        let row = client.query_one("SELECT pg_walfile_name(pg_switch_wal())", &[]).await?;
        let file = self.archive().join(row.try_get::<_, String>(0)?);
        let began = Instant::now();
        while !file.exists() {
            if began.elapsed() > PATIENCE {
                bail!("{} was not archived: {}", file.display(), self.log_end());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Archived { before })
    }
}
