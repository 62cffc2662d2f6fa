//! How functions are invoked: with a time-out, dying and being frozen as on Lambda.

use std::{future::poll_fn, task::Poll};

use mayday_core::port::World;
use serde_json::Value;

use crate::{
    executor::{Inner, TaskId},
    fault::{Millis, SECOND},
    gate::Gate,
    region::{self, Region},
};

/// A function's time-out.
const TIMEOUT: Millis = 60 * SECOND;

/// What a function can fail with, by the name that Step Functions sees.
pub(crate) type Failed = String;

/// One invocation.
#[derive(Debug)]
pub(crate) struct Invocation {
    deadline: Millis,
    outcome: Option<Result<Value, Failed>>,
    waiter: TaskId,
    frozen: bool,
    at: Region,
}

impl Inner {
    /// The process of an invocation has ended by itself.
    pub(crate) fn exited(&mut self, task: TaskId) {
        self.ended(task, Err("Runtime.ExitError".to_owned()));
    }

    pub(crate) fn frozen(&mut self, task: TaskId, frozen: bool) {
        if let Some(invocation) = self.invocations.get_mut(&task) {
            invocation.frozen = frozen;
        }
    }

    /// Everything that runs in a region ends where it stands, and nothing is heard of it.
    pub(crate) fn lose(&mut self, region: Region) {
        let there: Vec<TaskId> = self.invocations.iter().filter(|(_, invocation)| invocation.at == region).map(|(task, _)| *task).collect();
        for task in there {
            self.kill(task);
            self.exited(task);
        }
    }

    fn ended(&mut self, task: TaskId, outcome: Result<Value, Failed>) {
        let Some(invocation) = self.invocations.get_mut(&task) else { return };
        if invocation.outcome.is_none() {
            invocation.outcome = Some(outcome);
            let (waiter, now) = (invocation.waiter, self.now);
            self.wake(waiter, now);
        }
    }
}

/// Invokes a function and waits for what comes of it. A function that is frozen at its time-out is given up on, and goes on
/// later all the same; any other dies there.
pub(crate) async fn invoke<F>(gate: &Gate, work: impl FnOnce(World) -> F) -> Result<Value, Failed>
where
    F: Future<Output = Result<Value, Failed>> + Send + 'static,
{
    region::up(gate).await;
    let task = start(gate, work);
    poll_fn(|_| {
        let mut inner = gate.shared.lock();
        let now = inner.now;
        let Some(invocation) = inner.invocations.get_mut(&task) else { return Poll::Pending };
        if let Some(outcome) = invocation.outcome.take() {
            inner.invocations.remove(&task);
            return Poll::Ready(outcome);
        }
        if now < invocation.deadline {
            return Poll::Pending;
        }
        if invocation.frozen {
            inner.say(task, "is given up on while it is frozen");
        } else {
            inner.say(task, "is killed at its time-out");
            inner.kill(task);
        }
        inner.invocations.remove(&task);
        Poll::Ready(Err("Sandbox.Timedout".to_owned()))
    })
    .await
}

fn start<F>(gate: &Gate, work: impl FnOnce(World) -> F) -> TaskId
where
    F: Future<Output = Result<Value, Failed>> + Send + 'static,
{
    let (waiter, at) = (gate.task, gate.at);
    let mut inner = gate.shared.lock();
    let now = inner.now;
    let begin = now + inner.dice.between(1, 50);
    let skew = inner.skewed();
    let hand = gate.shared.clone();
    let task = inner.add(begin, |task| {
        let work = work(Gate::mortal(&hand, task).located(at).skewed(skew).world());
        Box::pin(async move {
            let outcome = work.await;
            hand.lock().ended(task, outcome);
        })
    });
    let deadline = now + TIMEOUT;
    inner.invocations.insert(task, Invocation { deadline, outcome: None, waiter, frozen: false, at });
    inner.wake(waiter, deadline);
    task
}
