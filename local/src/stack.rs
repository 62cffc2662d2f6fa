//! A whole stack: all services over one data directory, behind one port.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::{clock::Clock, seed::Seed, service::Shared};

/// What a stack is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// The data directory. What an earlier stack left there goes on.
    pub data: PathBuf,
    /// The world of the first start.
    pub seed: Seed,
    /// Virtual seconds for each real second.
    pub time_scale: f64,
    /// How far a database's `LatestRestorableTime` trails.
    pub archive_every: Duration,
    /// The folder with the five function binaries.
    pub functions: PathBuf,
}

impl Options {
    /// A stack in `data` with the functions from `functions`, on any port, in real time.
    #[must_use]
    pub fn new(data: PathBuf, functions: PathBuf, seed: Seed) -> Self {
        Self { port: 0, data, seed, time_scale: 1.0, archive_every: Duration::from_secs(2), functions }
    }
}

/// A running stack. Dropping it stops it.
#[derive(Debug)]
pub struct Stack {
    shared: Arc<Shared>,
}

impl Stack {
    /// Starts a stack, or the one that an earlier process left in the data directory.
    ///
    /// # Errors
    /// When the port is taken or the data directory can't be used.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.data).with_context(|| format!("can't create {}", options.data.display()))?;
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await.with_context(|| format!("port {} is taken", options.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        let clock = Clock::open(&options.data, options.time_scale)?;
        let shared = Arc::new(Shared::new(clock, options.data.clone(), url));
        Ok(Self { shared })
    }

    /// Where the stack listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The clock, the faults, the record of calls.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Stops everything that the stack started, in good order.
    pub async fn stop(self) {
        drop(self);
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.shared.tasks.abort_all();
    }
}
