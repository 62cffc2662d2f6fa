//! Two runs want one target. In each of two regions a visitor may drive either; all of them may freeze and wake at any time.

use mayday_core::run;
use stateright::{Model, Property};

use crate::Bug;

/// The model: what may go wrong.
#[derive(Debug, Clone)]
pub struct Lock {
    /// How many visitors may die in the middle of something.
    pub crashes: u8,
    /// What is done wrong on purpose.
    pub bug: Option<Bug>,
}

/// A run, as far as others can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Run {
    /// It has done nothing yet.
    Untouched,
    /// It has called the world.
    Acted,
    /// It has ended.
    Ended,
}

/// The lock's row. It stays when it is released, so that its version counts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// The run that holds it.
    pub holder: Option<u8>,
    /// How often it was written.
    pub version: u8,
}

/// A visitor, with the run that it drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visitor {
    /// No visit.
    Idle,
    /// It has read the lock, which may be had, and is about to take it.
    Takes(u8, Row),
    /// Its run holds the lock, as far as it knows.
    Holds(u8),
    /// The policy saw that its run holds the lock: it is about to call.
    Permitted(u8),
    /// It has ended its run, and read the lock, which its run holds: it is about to release it.
    Releases(Row),
}

/// All of the small world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    runs: [Run; 2],
    lock: Row,
    visitors: [Visitor; 4],
    sweep: Option<Row>,
    crashes: u8,
    /// A run called the world when another held its target.
    trespassed: bool,
    /// Two runs held the target, and both were in the middle of something.
    shared: bool,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A visitor goes on.
    Visitor(u8),
    /// A visitor ends its run, and reads the lock.
    Ends(u8),
    /// A visitor dies.
    Dies(u8),
    /// The sweep reads the lock, and finds that its holder has ended.
    SweepLooks,
    /// The sweep releases it.
    Sweeps,
}

impl Run {
    /// `State::is_final` of the record.
    fn is_over(self) -> bool {
        let state = match self {
            Self::Untouched | Self::Acted => run::State::Running,
            Self::Ended => run::State::Succeeded,
        };
        state.is_final()
    }
}

/// Visitors 0 and 1 drive the first run, 2 and 3 the second, one of each in each region.
fn run_of(visitor: u8) -> u8 {
    visitor / 2
}

impl State {
    fn run(&self, run: u8) -> Run {
        self.runs.get(usize::from(run)).copied().unwrap_or(Run::Ended)
    }

    fn set(&mut self, run: u8, to: Run) {
        if let Some(there) = self.runs.get_mut(usize::from(run))
            && !there.is_over()
        {
            *there = to;
        }
    }

    fn put(&mut self, holder: Option<u8>) {
        let left = self.lock.holder.filter(|left| Some(*left) != holder);
        self.shared |= left.is_some_and(|left| self.run(left) == Run::Acted);
        self.lock = Row { holder, version: self.lock.version + 1 };
    }

    fn holder_is_over(&self) -> bool {
        self.lock.holder.is_some_and(|holder| self.run(holder).is_over())
    }
}

impl Lock {
    fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn begin(&self, state: &mut State, run: u8) -> Visitor {
        match state.lock.holder {
            Some(holder) if holder == run => Visitor::Holds(run),
            Some(holder) if !state.run(holder).is_over() && !self.is(Bug::TakesFromTheLiving) => {
                // Held by one that runs: this one ends, and has done nothing.
                state.set(run, Run::Ended);
                Visitor::Idle
            }
            _ => Visitor::Takes(run, state.lock),
        }
    }

    fn go_on(&self, state: &mut State, at: u8) -> Option<()> {
        let run = run_of(at);
        let next = match *state.visitors.get(usize::from(at))? {
            Visitor::Idle => self.begin(state, run),
            Visitor::Takes(run, read) => {
                if read.version == state.lock.version || self.is(Bug::LockWithoutVersion) {
                    state.put(Some(run));
                    Visitor::Holds(run)
                } else {
                    Visitor::Idle
                }
            }
            Visitor::Holds(run) if state.lock.holder == Some(run) && !state.run(run).is_over() => Visitor::Permitted(run),
            Visitor::Holds(_) => Visitor::Idle,
            Visitor::Permitted(run) => {
                // What is called is an intent first, and that write fails when the run has ended.
                if !state.run(run).is_over() {
                    state.trespassed |= state.lock.holder != Some(run);
                    state.set(run, Run::Acted);
                }
                Visitor::Idle
            }
            Visitor::Releases(read) => {
                if read.version == state.lock.version || self.is(Bug::ReleaseWithoutVersion) {
                    state.put(None);
                }
                Visitor::Idle
            }
        };
        *state.visitors.get_mut(usize::from(at))? = next;
        Some(())
    }

    fn end(&self, state: &mut State, at: u8) -> Option<()> {
        let run = run_of(at);
        state.set(run, Run::Ended);
        let held = state.lock.holder == Some(run) && !self.is(Bug::LockForgotten);
        *state.visitors.get_mut(usize::from(at))? = if held { Visitor::Releases(state.lock) } else { Visitor::Idle };
        Some(())
    }
}

impl Model for Lock {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            runs: [Run::Untouched; 2],
            lock: Row { holder: None, version: 1 },
            visitors: [Visitor::Idle; 4],
            sweep: None,
            crashes: self.crashes,
            trespassed: false,
            shared: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, visitor) in (0_u8..).zip(&state.visitors) {
            let run = state.run(run_of(at));
            let held = state.lock.holder == Some(run_of(at));
            if *visitor != Visitor::Idle {
                actions.push(Action::Visitor(at));
                actions.extend((state.crashes > 0).then_some(Action::Dies(at)));
            } else if run == Run::Untouched {
                actions.push(Action::Visitor(at));
            } else if run == Run::Acted || (run.is_over() && held && !self.is(Bug::LockForgotten)) {
                actions.push(Action::Ends(at));
            }
        }
        if state.sweep.is_some() {
            actions.push(Action::Sweeps);
        } else if state.holder_is_over() && !self.is(Bug::LockForgotten) {
            actions.push(Action::SweepLooks);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Visitor(at) => self.go_on(&mut state, at)?,
            Action::Ends(at) => self.end(&mut state, at)?,
            Action::Dies(at) => {
                state.crashes -= 1;
                *state.visitors.get_mut(usize::from(at))? = Visitor::Idle;
            }
            Action::SweepLooks => state.sweep = Some(state.lock),
            Action::Sweeps => {
                if state.sweep.take()?.version == state.lock.version {
                    state.put(None);
                }
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("nobody calls on a target that another holds", |_, state| !state.trespassed),
            Property::<Self>::always("no target leaves a run that is in the middle of something", |_, state| !state.shared),
            Property::<Self>::always("no lock outlives its run", |model, state| {
                let mut actions = Vec::new();
                model.actions(state, &mut actions);
                !actions.is_empty() || (state.lock.holder.is_none() && state.runs.iter().all(|run| run.is_over()))
            }),
            Property::<Self>::sometimes("both act, one after the other", |_, state| {
                state.runs == [Run::Ended; 2] && state.lock.holder.is_none() && state.lock.version >= 5
            }),
        ]
    }
}
