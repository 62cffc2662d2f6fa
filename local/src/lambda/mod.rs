//! Lambda: the real binaries as child processes over the real Runtime API.
//!
//! [`function`] says what a function is and how it fails, [`runtime`] is the Runtime API, [`sandbox`] one process, [`pool`] keeps them warm,
//! [`queue`] holds asynchronous invocations on disk, [`api`] is the service's own interface.
//!
//! What code does takes real time, so a function's time-out runs on the real clock; what it waits for (the retries of an
//! asynchronous invocation) runs on the stack's.

mod api;
mod function;
mod pool;
mod processes;
mod queue;
pub mod runtime;
mod sandbox;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

pub use api::LambdaService;
pub use function::{Function, InvokeError, Outcome};
use pool::Pool;
use processes::Processes;
#[cfg(test)]
pub(crate) use queue::PAUSES;
use queue::Queue;

use crate::{front::Process, service::Shared, wire};

/// A warm process that nobody has needed for this long is ended.
const IDLE: Duration = Duration::from_secs(300);

/// The host of the functions of one stack.
#[derive(Debug)]
pub struct Lambda {
    shared: Arc<Shared>,
    region: String,
    pools: Mutex<BTreeMap<String, Arc<Pool>>>,
    queue: Queue,
    processes: Arc<Processes>,
    /// Invocations that run, and accepted ones that are about to: not those that sleep until their next attempt.
    busy: Arc<AtomicUsize>,
}

impl Lambda {
    /// Opens the host: ends processes that an earlier stack left behind, and takes up its queue once [`Self::resume`] is called.
    ///
    /// # Errors
    /// When the data directory can't be used.
    pub fn open(shared: Arc<Shared>, region: &str) -> anyhow::Result<Arc<Self>> {
        let dir = shared.folder(region).join("lambda");
        let processes = Arc::new(Processes::open(dir.join("processes"))?);
        processes.end_leftovers();
        std::fs::create_dir_all(shared.folder(region).join("logs"))?;
        let queue = Queue::open(dir.join("queue"))?;
        Ok(Arc::new(Self { shared, region: region.to_owned(), pools: Mutex::default(), queue, processes, busy: Arc::default() }))
    }

    /// Adds a function, or replaces the one of its name.
    pub fn add(&self, function: Function) {
        let pool = Pool::new(function, self.shared.clone(), self.processes.clone(), self.region.clone());
        self.pools().insert(pool.function.name.clone(), Arc::new(pool));
    }

    /// Goes on with the asynchronous invocations that an earlier stack accepted, and begins to reap idle processes.
    pub fn resume(self: &Arc<Self>) {
        for entry in self.queue.load() {
            self.drive(entry);
        }
        let host = Arc::downgrade(self);
        self.shared.tasks.spawn(async move {
            loop {
                tokio::time::sleep(IDLE / 10).await;
                let Some(host) = host.upgrade() else { return };
                host.all().iter().for_each(|pool| pool.reap(IDLE));
            }
        });
    }

    /// Invokes a function (its name or ARN, with or without a qualifier) and waits for what it answers. The invocation
    /// runs to its end even when the caller stops waiting.
    ///
    /// # Errors
    /// When there is no such function, or too many of its processes run. A function that fails is an [`Outcome`].
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Result<Outcome, InvokeError> {
        self.invoke_as(wire::uuid(), function, payload).await
    }

    async fn invoke_as(&self, request_id: String, function: &str, payload: Bytes) -> Result<Outcome, InvokeError> {
        let pool = self.find(function).ok_or_else(|| InvokeError::NotFound(function::arn(&self.region, &function::name_of(function))))?;
        if self.shared.outages.is_lost(&self.region) {
            return Err(InvokeError::Service(format!("{} is lost.", self.region)));
        }
        let busy = Busy::begin(&self.busy);
        let qualifier = function::qualifier_of(function);
        let run = async move {
            let outcome = pool.invoke(request_id, payload, qualifier.as_deref()).await;
            drop(busy);
            outcome
        };
        self.shared.tasks.run(run).await.unwrap_or(Err(InvokeError::Stopped))
    }

    /// Accepts an asynchronous invocation: on disk when this returns. Gives the request id.
    ///
    /// # Errors
    /// When there is no such function, or its queue can't be written.
    pub fn enqueue(self: &Arc<Self>, function: &str, payload: &[u8]) -> Result<String, InvokeError> {
        let name = self
            .find(function)
            .map(|pool| pool.function.name.clone())
            .ok_or_else(|| InvokeError::NotFound(function::arn(&self.region, &function::name_of(function))))?;
        let entry = queue::Entry::new(name, payload, self.shared.clock.now());
        self.queue.save(&entry).map_err(|error| InvokeError::Service(error.to_string()))?;
        let id = entry.request_id.clone();
        self.drive(entry);
        Ok(id)
    }

    /// Kills the processes of a function with SIGKILL, as a crash would. Gives their process ids.
    pub fn kill(&self, function: &str) -> Vec<u32> {
        self.find(function).map(|pool| pool.kill()).unwrap_or_default()
    }

    /// Kills the processes of all functions with SIGKILL.
    pub fn kill_all(&self) {
        self.all().iter().for_each(|pool| drop(pool.kill()));
    }

    /// The process ids of a function's processes.
    #[must_use]
    pub fn pids(&self, function: &str) -> Vec<u32> {
        self.find(function).map(|pool| pool.pids()).unwrap_or_default()
    }

    /// All processes that live.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let of = |pool: &Arc<Pool>| {
            let process = |pid| Process { pid, function: pool.function.name.clone(), region: self.region.clone() };
            pool.pids().into_iter().map(process).collect::<Vec<_>>()
        };
        self.all().iter().flat_map(of).collect()
    }

    /// The functions, by name.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        self.all().iter().map(|pool| pool.function.clone()).collect()
    }

    /// A function's ARN.
    #[must_use]
    pub fn arn(&self, function: &str) -> String {
        function::arn(&self.region, &function::name_of(function))
    }

    /// Asynchronous invocations that are accepted and not done.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.load().len()
    }

    /// Whether no function runs, and none is about to.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.running() == 0
    }

    /// How many invocations run or are about to: not those that sleep until their next attempt.
    #[must_use]
    pub fn running(&self) -> usize {
        self.busy.load(Ordering::SeqCst)
    }

    /// Where a function's output goes.
    #[must_use]
    pub fn log(&self, function: &str) -> PathBuf {
        self.shared.folder(&self.region).join("logs").join(format!("{function}.log"))
    }

    /// Ends all processes and waits until they are gone.
    pub async fn stop(&self) {
        for pool in self.all() {
            pool.stop().await;
        }
    }

    fn find(&self, function: &str) -> Option<Arc<Pool>> {
        self.pools().get(&function::name_of(function)).cloned()
    }

    fn all(&self) -> Vec<Arc<Pool>> {
        self.pools().values().cloned().collect()
    }

    fn pools(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Pool>>> {
        self.pools.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Counts as busy until it is dropped.
#[derive(Debug)]
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
