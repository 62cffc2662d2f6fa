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

    /// Runs `task` to its end even when nobody waits for it any more. `None` when the stack stopped meanwhile.
    pub async fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (done, result) = tokio::sync::oneshot::channel();
        self.spawn(async move {
            done.send(task.await).ok();
        });
        result.await.ok()
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
