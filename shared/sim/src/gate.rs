//! The gate: every call of the domain to the outside passes here, and here is decided what becomes of it.

use std::{future::poll_fn, sync::Arc, task::Poll};

use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    port::{Clock, Random, World},
};

use crate::{
    executor::{Inner, Shared, TaskId, stamp},
    fault::{Fate, MINUTE, Millis, SECOND},
    region::Region,
    state::State,
    trace::{Call, What},
};

/// One task's hand on the world.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) shared: Arc<Shared>,
    pub(crate) task: TaskId,
    /// Whether its calls can go wrong: those of the functions can, those of people, of the workflow and of tests can't.
    mortal: bool,
    /// The region that the task runs in.
    pub(crate) at: Region,
    /// How far the clock there is off.
    skew: Millis,
}

/// How long a client waits for an answer that does not come.
const TIMEOUT: Millis = 10 * SECOND;
/// More calls than any course of events needs: what goes on after that goes in circles.
const ENDLESS: u64 = 100_000;
/// So many more for each minute that passes: what the scheduler's tick asks, which comes for ever.
const EACH_MINUTE: u64 = 200;

impl Gate {
    pub(crate) fn mortal(shared: &Arc<Shared>, task: TaskId) -> Self {
        Self { mortal: true, ..Self::of(shared, task) }
    }

    pub(crate) fn of(shared: &Arc<Shared>, task: TaskId) -> Self {
        Self { shared: shared.clone(), task, mortal: false, at: Region::Home, skew: 0 }
    }

    /// The same, in a region.
    pub(crate) fn located(self, at: Region) -> Self {
        Self { at, ..self }
    }

    /// The same, with a clock that is off by so much.
    pub(crate) fn skewed(self, skew: Millis) -> Self {
        Self { skew, ..self }
    }

    pub(crate) fn immortal(shared: &Arc<Shared>) -> Self {
        Self::of(shared, TaskId(0))
    }

    /// All ports behind this gate, and what a test has put between.
    pub(crate) fn world(self) -> World {
        let wrap = self.shared.wrap.clone();
        let gate = Arc::new(self);
        let world = World {
            clock: gate.clone(),
            random: gate.clone(),
            table: gate.clone(),
            blobs: gate.clone(),
            databases: gate.clone(),
            secrets: gate.clone(),
            dns: gate.clone(),
            probes: gate.clone(),
            charts: gate.clone(),
            sql: gate.clone(),
            chat: gate.clone(),
            directory: gate.clone(),
            workspace: gate.clone(),
            installation: gate.clone(),
            pager: gate.clone(),
            phone: gate.clone(),
            mail: gate.clone(),
            workflow: gate,
        };
        match wrap {
            Some(wrap) => wrap(world),
            None => world,
        }
    }

    /// Gives way for so much virtual time.
    pub(crate) async fn pause(&self, span: Millis) {
        if self.task == TaskId(0) {
            return;
        }
        let until = {
            let mut inner = self.shared.lock();
            let until = inner.now.saturating_add(span);
            inner.wake(self.task, until);
            until
        };
        poll_fn(|_| if self.shared.lock().now >= until { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn enter(&self, call: Call) -> (Fate, Millis) {
        let mut inner = self.shared.lock();
        let inner = &mut *inner;
        let passed = inner.now - inner.began;
        let (number, fate) = if self.mortal {
            inner.calls += 1;
            *inner.asked.entry((call.port, call.method)).or_default() += 1;
            let most = ENDLESS + EACH_MINUTE * u64::try_from(passed / MINUTE).unwrap_or(0);
            if inner.calls > most {
                inner.violated(crate::invariant::ENDS, format!("{most} calls were made"));
            }
            let number = inner.calls - 1;
            let fate = inner.faults.fate(number, &call, passed, &mut inner.fault_dice);
            match inner.spread.outage(&call, self.at, inner.now) {
                Some(outage) => (number, outage.symptom.fate()),
                None => {
                    if inner.faults.by_chance(passed) {
                        inner.covered.met(&call, fate);
                    }
                    if fate != Fate::Well {
                        inner.happened.push((number, fate));
                    }
                    (number, fate)
                }
            }
        } else {
            (inner.calls, Fate::Well)
        };
        inner.trace.add(passed, self.task, What::Call(number, call, fate));
        (fate, inner.dice.between(1, 20))
    }

    /// A call that only looks.
    pub(crate) async fn look<T>(
        &self,
        call: Call,
        look: impl FnOnce(&State, Millis) -> Result<T, CallError> + Send,
    ) -> Result<T, CallError> {
        let (fate, latency) = self.enter(call);
        self.before(fate, latency).await?;
        match fate {
            Fate::LostRequest | Fate::LostAnswer | Fate::Late(_) => {
                self.pause(TIMEOUT).await;
                return Err(lost());
            }
            _ => {}
        }
        let found = {
            let inner = self.shared.lock();
            let ago = if let Fate::Stale(ago) = fate { ago } else { 0 };
            look(&inner.state, inner.now - ago)
        };
        self.after(fate, latency).await;
        found
    }

    /// A call that changes something. `effect` is the change; it happens at most once for each call.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut Inner) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        let (fate, latency) = self.enter(call);
        self.before(fate, latency).await?;
        match fate {
            Fate::LostRequest => {
                self.pause(TIMEOUT).await;
                return Err(lost());
            }
            Fate::Late(span) => {
                self.send_late(span, effect);
                self.pause(TIMEOUT).await;
                return Err(lost());
            }
            _ => {}
        }
        let done = effect(&mut self.shared.lock());
        if fate == Fate::LostAnswer {
            self.pause(TIMEOUT).await;
            return Err(lost());
        }
        self.after(fate, latency).await;
        done
    }

    fn send_late<T>(&self, span: Millis, effect: impl FnOnce(&mut Inner) -> Result<T, CallError> + Send + 'static) {
        let shared = self.shared.clone();
        let mut inner = self.shared.lock();
        let at = inner.now.saturating_add(span);
        let sender = self.task;
        inner.add(at, |task| {
            Box::pin(async move {
                let mut inner = shared.lock();
                let landed = effect(&mut inner).map(drop);
                inner.say(task, format!("a request that task {} gave up on arrives: {landed:?}", sender.0));
            })
        });
    }

    async fn before(&self, fate: Fate, latency: Millis) -> Result<(), CallError> {
        match fate {
            Fate::CrashBefore => self.die().await,
            Fate::FreezeBefore(span) => self.freeze(span).await,
            Fate::Slow(span) => self.pause(span).await,
            _ => self.pause(latency).await,
        }
        match fate {
            Fate::NotNow => Err(CallError::NotNow { code: "ThrottlingException".to_owned(), why: "Rate exceeded".to_owned() }),
            Fate::Broken => Err(CallError::Unknown { why: "it answered 500".to_owned() }),
            Fate::Refused => Err(CallError::refused("AccessDenied", "not authorized to perform this")),
            _ => Ok(()),
        }
    }

    async fn after(&self, fate: Fate, latency: Millis) {
        match fate {
            Fate::CrashAfter => self.die().await,
            Fate::FreezeAfter(span) => self.freeze(span).await,
            _ => self.pause(latency).await,
        }
    }

    /// The process of this task ends here.
    async fn die(&self) {
        {
            let mut inner = self.shared.lock();
            inner.say(self.task, "dies");
            inner.kill(self.task);
            inner.exited(self.task);
        }
        std::future::pending::<()>().await;
    }

    async fn freeze(&self, span: Millis) {
        self.shared.lock().frozen(self.task, true);
        self.pause(span).await;
        let mut inner = self.shared.lock();
        inner.frozen(self.task, false);
        inner.say(self.task, "goes on");
    }
}

fn lost() -> CallError {
    CallError::Unknown { why: "no answer within 10 s".to_owned() }
}

impl Clock for Gate {
    fn now(&self) -> Timestamp {
        stamp(self.shared.lock().now.saturating_add(self.skew))
    }
}

impl Random for Gate {
    fn bits(&self) -> u128 {
        let mut inner = self.shared.lock();
        u128::from(inner.dice.roll()) << 64 | u128::from(inner.dice.roll())
    }
}
