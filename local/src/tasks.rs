//! What the services do in the background, so that it ends with the stack.

use std::sync::Mutex;

use tokio::task::JoinSet;

/// Background tasks of one stack: they end when it does.
#[derive(Debug, Default)]
pub struct Tasks(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    set: JoinSet<()>,
}

impl Tasks {
    /// Runs `task` until it ends or the stack stops, whichever comes first. After the stop it is not begun at all.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.lock();
        while state.set.try_join_next().is_some() {}
        if !state.closed {
            state.set.spawn(task);
        }
    }

    /// Stops all tasks where they wait, and begins no more.
    pub fn abort_all(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.set.abort_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
