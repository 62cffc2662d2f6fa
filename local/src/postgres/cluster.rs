//! One database cluster: its folder, its server.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, bail};

use super::{Addresses, Installation, Settings, address::is_free, installation::run};

/// How long a server may take to start or stop, in seconds.
const PATIENCE: &str = "60";

/// A cluster in a folder of its own: `data`, the WAL `archive` and the server's log.
#[derive(Debug)]
pub struct Cluster {
    installation: Arc<Installation>,
    name: String,
    dir: PathBuf,
    address: Mutex<Ipv4Addr>,
}

impl Cluster {
    /// The cluster `name`, whether or not it exists on disk. `address` is where its server listens or will try to.
    #[must_use]
    pub fn at(installation: Arc<Installation>, name: &str, address: Ipv4Addr) -> Self {
        let dir = installation.root().join("clusters").join(name);
        Self { installation, name: name.to_owned(), dir, address: Mutex::new(address) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the server listens. It may change with a start, never while the server runs.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        *self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The folder that archived WAL goes to.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.dir.join("archive")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(super) fn installation(&self) -> &Installation {
        &self.installation
    }

    fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    /// Makes an empty cluster from the template. What was there is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn create(&self) -> anyhow::Result<()> {
        self.lay_out(&self.installation.template()).await
    }

    /// Makes the cluster a copy of a data directory that no server uses: the template or a base backup.
    pub(super) async fn lay_out(&self, from: &Path) -> anyhow::Result<()> {
        self.clear().await?;
        self.installation.copy(from, &self.data()).await?;
        for leftover in ["standby.signal", "recovery.signal", "postmaster.pid", "postgresql.auto.conf"] {
            remove_file(&self.data().join(leftover))?;
        }
        Ok(())
    }

    /// An empty folder, with no server in the old one.
    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        self.remove().await?;
        self.installation.make_dir(&self.installation.root().join("clusters"))?;
        self.installation.make_dir(&self.dir)?;
        self.installation.make_dir(&self.archive())
    }

    /// Starts the server and waits until it answers. A server that already runs, perhaps since before the stack was
    /// killed, is kept.
    ///
    /// # Errors
    /// With the end of the server's log, when it doesn't start.
    pub async fn start(&self, settings: &Settings, addresses: &Addresses) -> anyhow::Result<()> {
        if self.is_alive().await {
            return Ok(());
        }
        let mut last = None;
        // Another stack may take the address in between, or children of a killed server may hold its memory for a moment.
        for attempt in 0..5 {
            if attempt > 0 || !is_free(self.address()) {
                *self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = addresses.free()?;
            }
            match self.try_start(settings).await {
                Ok(()) => return Ok(()),
                Err(error) if !self.may_start_later() => return Err(error).with_context(|| format!("server of {}", self.name)),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(200 * (attempt + 1))).await;
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("never tried"))).with_context(|| format!("server of {}", self.name))
    }

    async fn try_start(&self, settings: &Settings) -> anyhow::Result<()> {
        self.configure(settings)?;
        let mut command = self.installation.program("pg_ctl");
        command.arg("start").arg("-D").arg(self.data()).arg("-l").arg(self.log()).args(["-s", "-w", "-t", PATIENCE]);
        // The server keeps what it inherits: with a pipe of ours it would hold this call open for ever.
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let status = command.status().await.context("can't start pg_ctl")?;
        if status.success() { Ok(()) } else { bail!("the server did not start: {}", self.log_end()) }
    }

    /// Whether the server's last words speak of something that passes.
    fn may_start_later(&self) -> bool {
        let said = self.log_end();
        ["could not create any TCP/IP sockets", "shared memory block", "lock file"].iter().any(|passing| said.contains(passing))
    }

    /// Writes the server's configuration; [`Self::reload`] makes a running one read it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn configure(&self, settings: &Settings) -> anyhow::Result<()> {
        self.installation.write(&self.data().join("postgresql.conf"), &self.configuration(settings))?;
        self.installation.write(&self.data().join("pg_hba.conf"), &self.access(settings))
    }

    /// Makes a running server read its configuration again.
    ///
    /// # Errors
    /// When there is none.
    pub async fn reload(&self) -> anyhow::Result<()> {
        let mut command = self.installation.program("pg_ctl");
        command.arg("reload").arg("-D").arg(self.data()).arg("-s");
        run(command, "pg_ctl reload").await
    }

    /// Stops the server in order. One that doesn't run is fine.
    ///
    /// # Errors
    /// When it won't stop.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.stop_how("fast").await
    }

    async fn stop_how(&self, mode: &str) -> anyhow::Result<()> {
        if !self.is_alive().await {
            return Ok(());
        }
        let mut command = self.installation.program("pg_ctl");
        command.arg("stop").arg("-D").arg(self.data()).args(["-s", "-w", "-t", PATIENCE, "-m", mode]);
        run(command, "pg_ctl stop").await
    }

    /// Tells the server to stop at once, without waiting for it: for a stack that is dropped.
    pub fn let_go(&self) {
        if self.pid().is_none() {
            return;
        }
        let mut command = self.installation.program("pg_ctl");
        command.arg("stop").arg("-D").arg(self.data()).args(["-s", "-W", "-m", "immediate"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if let Err(error) = command.as_std_mut().status() {
            tracing::warn!("the server of {} goes on: {error}", self.name);
        }
    }

    /// Kills the server with SIGKILL, as a host that dies does. Says which process it was.
    ///
    /// # Errors
    /// When there is no server to kill.
    pub async fn kill(&self) -> anyhow::Result<u32> {
        let pid = self.pid().context("no server runs")?;
        let mut command = tokio::process::Command::new("sh");
        command.arg("-c").arg(format!("kill -KILL {pid}"));
        run(command, "kill").await?;
        while self.is_alive().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(pid)
    }

    /// Whether the server's process lives.
    pub async fn is_alive(&self) -> bool {
        if !self.data().join("postmaster.pid").exists() {
            return false;
        }
        let mut command = self.installation.program("pg_ctl");
        command.arg("status").arg("-D").arg(self.data()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }

    /// The server's process id, as it wrote it down.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Stops the server, then deletes everything.
    ///
    /// # Errors
    /// When the server won't stop or the disk refuses.
    pub async fn remove(&self) -> anyhow::Result<()> {
        self.stop_how("immediate").await?;
        self.throw_away(&self.dir).await
    }

    /// Deletes a folder. What a killed stack had begun there may still write into it for a moment, by the folder and not by
    /// its path: so it is moved away first, and what comes next at that path is left alone.
    async fn throw_away(&self, dir: &Path) -> anyhow::Result<()> {
        let trash = self.installation.trash();
        self.installation.make_dir(&trash)?;
        let gone = trash.join(ulid::Ulid::generate().to_string());
        match std::fs::rename(dir, &gone) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            moved => moved.with_context(|| format!("can't delete {}", self.name))?,
        }
        for _ in 0..25 {
            let gone = gone.clone();
            match tokio::task::spawn_blocking(move || std::fs::remove_dir_all(gone)).await? {
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => tokio::time::sleep(Duration::from_millis(200)).await,
                deleted => return deleted.with_context(|| format!("can't delete {}", self.name)),
            }
        }
        // It is out of the way, which is what counts.
        tracing::warn!("the old folder of {} is still written to", self.name);
        Ok(())
    }

    /// Stops the server, then deletes all but the WAL archive: what a point-in-time restore still needs.
    ///
    /// # Errors
    /// When the server won't stop or the disk refuses.
    pub async fn remove_data(&self) -> anyhow::Result<()> {
        self.stop_how("immediate").await?;
        self.throw_away(&self.data()).await
    }

    /// Deletes archived WAL from before a time of the system's. Timeline histories stay.
    ///
    /// # Errors
    /// When the archive can't be read.
    pub fn trim_archive(&self, before: jiff::Timestamp) -> anyhow::Result<()> {
        let before = std::time::SystemTime::from(before);
        for entry in std::fs::read_dir(self.archive())? {
            let entry = entry?;
            let is_history = entry.path().extension().is_some_and(|extension| extension == "history");
            if !is_history && entry.metadata()?.modified()? < before {
                remove_file(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The end of the server's log: why it is not there.
    #[must_use]
    pub fn log_end(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().rev().filter(|line| line.contains("FATAL") || line.contains("PANIC")).take(4).collect();
        if lines.is_empty() {
            lines = text.lines().rev().take(4).collect();
        }
        lines.reverse();
        lines.join("\n")
    }
}

pub(super) fn remove_file(file: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't delete {}", file.display()))
        }
        _ => Ok(()),
    }
}
