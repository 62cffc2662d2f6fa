//! The executor: one thread, a heap of (virtual time, chance, task), and nothing else.
//!
//! A task is a future. Whenever it waits — for the answer to a call, for a time, for another task — it puts itself on the
//! heap and gives way. The executor takes the first entry off, moves the clock to its time and polls that task. Two entries
//! of the same moment are ordered by chance, so the seed decides who goes next. Killing a task is dropping its future.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use jiff::Timestamp;
use mayday_core::port::World;

use crate::{
    coverage::Coverage,
    dice::Dice,
    fault::{Fate, Faults, Millis},
    function::Invocation,
    gate::Gate,
    invariant::Violation,
    machine::Execution,
    region::Spread,
    state::State,
    story::Heard,
    trace::{Port, Trace, What},
};

/// A task: an actor of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId(pub u32);

pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Puts something between the domain and the simulated world: how tests plant a bug in an adapter.
pub type Wrap = Arc<dyn Fn(World) -> World + Send + Sync>;

/// What all tasks share.
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    pub(crate) wrap: Option<Wrap>,
}

/// The world, and what is needed to move it.
pub(crate) struct Inner {
    /// Milliseconds since the epoch.
    pub(crate) now: Millis,
    /// When the simulation began.
    pub(crate) began: Millis,
    pub(crate) dice: Dice,
    pub(crate) faults: Faults,
    pub(crate) spread: Spread,
    /// Rolled for faults and for nothing else: the same faults by a script lead to the same course.
    pub(crate) fault_dice: Dice,
    /// What did not go well, by the number of the call.
    pub(crate) happened: Vec<(u64, Fate)>,
    /// What was met while chance decided.
    pub(crate) covered: Coverage,
    /// How many calls came to the gate.
    pub(crate) calls: u64,
    /// How often functions called each method of each port.
    pub(crate) asked: BTreeMap<(Port, &'static str), usize>,
    pub(crate) trace: Trace,
    pub(crate) state: State,
    pub(crate) violation: Option<Violation>,
    pub(crate) invocations: BTreeMap<TaskId, Invocation>,
    pub(crate) executions: BTreeMap<String, Execution>,
    /// What people were answered.
    pub(crate) heard: Vec<Heard>,
    /// How many deliveries are being worked on.
    pub(crate) open_deliveries: u32,
    /// How many people are not done yet.
    pub(crate) open_people: u32,
    heap: BinaryHeap<Reverse<(Millis, u32, TaskId)>>,
    births: Vec<(TaskId, Work)>,
    killed: BTreeSet<TaskId>,
    next: u32,
}

/// A time as the domain writes it.
pub(crate) fn stamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // One thread: the lock is never held by anybody else, and a panic in a test has its own message.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Has a task polled at a time. A task may be on the heap more than once: a poll too many does no harm.
    pub(crate) fn wake(&mut self, task: TaskId, at: Millis) {
        let chance = u32::try_from(self.dice.roll() >> 32).unwrap_or(0);
        self.heap.push(Reverse((at, chance, task)));
    }

    /// Adds a task; it is first polled at `at`.
    pub(crate) fn add(&mut self, at: Millis, work: impl FnOnce(TaskId) -> Work) -> TaskId {
        let task = TaskId(self.next);
        self.next += 1;
        self.births.push((task, work(task)));
        self.wake(task, at);
        task
    }

    /// Has a task dropped where it stands.
    pub(crate) fn kill(&mut self, task: TaskId) {
        self.killed.insert(task);
    }

    pub(crate) fn say(&mut self, task: TaskId, text: impl Into<String>) {
        let at = self.now - self.began;
        self.trace.add(at, task, What::Said(text.into()));
    }

    /// Notes that something is wrong; the first finding stands.
    pub(crate) fn violated(&mut self, invariant: &'static str, why: String) {
        let at = self.now - self.began;
        self.violation.get_or_insert(Violation { invariant, why, at });
    }
}

/// A simulation: the world, its clock, and everybody who acts in it.
pub struct Sim {
    pub(crate) shared: Arc<Shared>,
    tasks: BTreeMap<TaskId, Work>,
    seed: u64,
}

impl Sim {
    /// A world as [`crate::setting`] describes it, in which nothing goes wrong.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(seed, Faults::Never, None)
    }

    /// A world in which things go wrong, with something between it and the domain.
    #[must_use]
    pub fn with(seed: u64, faults: Faults, wrap: Option<Wrap>) -> Self {
        let mut dice = Dice::new(seed);
        let began = crate::setting::BEGAN;
        let state = crate::setting::state(began, &mut dice);
        let inner = Inner {
            now: began,
            began,
            dice,
            faults,
            spread: Spread::default(),
            fault_dice: Dice::new(!seed),
            happened: Vec::new(),
            covered: Coverage::default(),
            calls: 0,
            asked: BTreeMap::new(),
            trace: Trace::default(),
            state,
            violation: None,
            invocations: BTreeMap::new(),
            executions: BTreeMap::new(),
            heard: Vec::new(),
            open_deliveries: 0,
            open_people: 0,
            heap: BinaryHeap::new(),
            births: Vec::new(),
            killed: BTreeSet::new(),
            next: 1,
        };
        Self { shared: Arc::new(Shared { inner: Mutex::new(inner), wrap }), tasks: BTreeMap::new(), seed }
    }

    /// The seed: the same one gives the same course of events.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many calls have come to the gate.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.lock().calls
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        stamp(self.shared.lock().now)
    }

    /// What is wrong, if anything was found to be.
    #[must_use]
    pub fn violation(&self) -> Option<Violation> {
        self.shared.lock().violation.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.shared.lock().faults = faults;
    }

    /// A hand on the world that nothing goes wrong for: for looking at records with the domain's own code.
    #[must_use]
    pub fn world(&self) -> World {
        Gate::immortal(&self.shared).world()
    }

    /// Runs until `until` says so, nothing is left to do, or so much virtual time has passed. Says whether `until` held.
    pub fn run_until(&mut self, at_most: Millis, mut until: impl FnMut(&Self) -> bool) -> bool {
        let horizon = self.shared.lock().now.saturating_add(at_most);
        loop {
            if until(self) {
                return true;
            }
            if self.violation().is_some() || !self.step(horizon) {
                return until(self);
            }
        }
    }

    /// Runs for so much virtual time.
    pub fn run_for(&mut self, span: Millis) {
        let end = self.shared.lock().now.saturating_add(span);
        while self.violation().is_none() && self.step(end) {}
        self.shared.lock().now = end;
    }

    /// Runs a future of the domain's on [`Sim::world`], which never waits, at this very moment.
    pub fn at_once<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    /// Polls whoever is next. `false`: nobody is, before the horizon.
    fn step(&mut self, horizon: Millis) -> bool {
        let task = {
            let mut inner = self.shared.lock();
            self.tasks.extend(inner.births.drain(..));
            let Some(Reverse((at, chance, task))) = inner.heap.pop() else { return false };
            if at > horizon {
                inner.heap.push(Reverse((at, chance, task)));
                return false;
            }
            inner.now = inner.now.max(at);
            task
        };
        if let Some(work) = self.tasks.get_mut(&task)
            && let Poll::Ready(()) = work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            self.tasks.remove(&task);
        }
        let killed = std::mem::take(&mut self.shared.lock().killed);
        // Dropped outside the lock: a future may hold a gate, and its drop must be free to use it.
        for task in killed {
            self.tasks.remove(&task);
        }
        true
    }

    /// The trace so far, for a failing seed.
    #[must_use]
    pub fn trace(&self) -> Vec<String> {
        self.shared.lock().trace.lines().collect()
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sim(seed {}, {} tasks)", self.seed, self.tasks.len())
    }
}
