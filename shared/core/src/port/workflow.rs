use async_trait::async_trait;

use crate::{failure::CallError, ident::RunId};

/// What came of starting an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// It runs, started now or by an earlier call with the same name.
    Running,
    /// One of that name has ended already: the epoch must be raised.
    Ended,
}

/// What came of answering a waiting execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It goes on.
    Delivered,
    /// Nobody waits with that token any more.
    Gone,
}

/// What drives runs: it calls the runner, waits as told, and calls again.
#[async_trait]
pub trait Workflow: Send + Sync {
    /// Starts the execution `<run>-<epoch>`. Starting it twice is starting it once.
    async fn start(&self, run: &RunId, epoch: u64) -> Result<Launch, CallError>;

    /// Wakes an execution that waits for a person.
    async fn wake(&self, token: &str) -> Result<Delivery, CallError>;
}
