//! The processes of one function: one invocation each at a time, kept warm, reaped when idle.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    function::{self, Function, InvokeError, Outcome},
    processes::Processes,
    runtime::Job,
    sandbox::{Run, Sandbox},
};
use crate::service::Shared;

/// Processes of one function at a time; above this an invocation is throttled.
const CONCURRENCY: usize = 100;

/// A function and its processes.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) function: Function,
    shared: Arc<Shared>,
    processes: Arc<Processes>,
    region: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    all: Vec<Arc<Sandbox>>,
    idle: Vec<(Arc<Sandbox>, Instant)>,
    stopped: bool,
}

impl Pool {
    pub(super) fn new(function: Function, shared: Arc<Shared>, processes: Arc<Processes>, region: String) -> Self {
        Self { function, shared, processes, region, state: Mutex::default() }
    }

    /// Runs one invocation, in a warm process if there is one.
    pub(super) async fn invoke(&self, request_id: String, payload: Bytes, qualifier: Option<&str>) -> Result<Outcome, InvokeError> {
        loop {
            let warm = self.take()?;
            let was_warm = warm.is_some();
            let sandbox = match warm {
                Some(sandbox) => sandbox,
                None => match self.start().await {
                    Ok(sandbox) => sandbox,
                    Err(error) => return Ok(Outcome::fault(&request_id, "Runtime.InvalidEntrypoint", &format!("{error:#}"))),
                },
            };
            let run = sandbox.run(self.job(request_id.clone(), payload.clone(), qualifier), self.function.timeout).await;
            self.put_back(sandbox);
            match run {
                Run::Done(outcome) => return Ok(outcome),
                // It ended between two invocations: the next gets a fresh process, as on AWS.
                Run::NotTaken(_) if was_warm => {}
                Run::NotTaken(outcome) => return Ok(outcome),
            }
        }
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.lock().all.iter().filter(|sandbox| sandbox.alive()).map(|sandbox| sandbox.pid).collect()
    }

    pub(super) fn kill(&self) -> Vec<u32> {
        let pids = self.pids();
        pids.iter().copied().for_each(super::processes::kill);
        pids
    }

    /// Ends processes that have been idle for longer than `idle`.
    pub(super) fn reap(&self, idle: Duration) {
        let mut state = self.lock();
        state.idle.retain(|(sandbox, since)| {
            let keep = since.elapsed() < idle;
            if !keep {
                sandbox.kill();
            }
            keep
        });
        state.all.retain(|sandbox| sandbox.alive());
    }

    pub(super) async fn stop(&self) {
        let all = {
            let mut state = self.lock();
            state.stopped = true;
            std::mem::take(&mut state.all)
        };
        for sandbox in all {
            sandbox.kill();
            sandbox.ended().await;
        }
    }

    fn job(&self, request_id: String, payload: Bytes, qualifier: Option<&str>) -> Job {
        // A function that asks how long it may still run compares this with the stack's clock.
        #[expect(clippy::cast_possible_truncation, reason = "a time-out in milliseconds, scaled, is far below 2^63")]
        let span = (self.function.timeout.as_secs_f64() * 1000.0 * self.shared.clock.scale().max(1.0)) as i64;
        Job {
            request_id,
            payload,
            // As it was invoked: by an alias, with that.
            function_arn: match qualifier {
                Some(qualifier) => format!("{}:{qualifier}", function::arn(&self.region, &self.function.name)),
                None => function::arn(&self.region, &self.function.name),
            },
            deadline_ms: self.shared.clock.now().as_millisecond().saturating_add(span),
        }
    }

    /// A warm process, or leave to start one.
    fn take(&self) -> Result<Option<Arc<Sandbox>>, InvokeError> {
        let mut state = self.lock();
        if state.stopped {
            return Err(InvokeError::Stopped);
        }
        while let Some((sandbox, _)) = state.idle.pop() {
            if sandbox.alive() {
                return Ok(Some(sandbox));
            }
        }
        state.all.retain(|sandbox| sandbox.alive());
        if state.all.len() >= CONCURRENCY { Err(InvokeError::TooMany) } else { Ok(None) }
    }

    async fn start(&self) -> anyhow::Result<Arc<Sandbox>> {
        let sandbox = Arc::new(Sandbox::start(&self.function, &self.region, &self.shared, self.processes.clone()).await?);
        self.lock().all.push(sandbox.clone());
        Ok(sandbox)
    }

    fn put_back(&self, sandbox: Arc<Sandbox>) {
        if sandbox.alive() {
            self.lock().idle.push((sandbox, Instant::now()));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
