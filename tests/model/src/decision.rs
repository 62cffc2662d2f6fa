//! From clicks to at most one effect: one approval, one run with one step, two regions.

use jiff::SignedDuration;
use mayday_core::run::StepState;
use stateright::{Model, Property};

use crate::Bug;

mod ballot;
mod runner;

pub use ballot::{Ballot, Says, Standing};
pub use runner::{Request, Row, Runner, Step};

use ballot::EXPIRY;

/// Until this tick time passes by itself; later only when everybody waits for it. A tick is longer than a function may run and a
/// signature lives: whoever goes on in a later tick than the one they began in was frozen.
const LAST: u8 = 2;

/// One delivery of a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Click {
    /// Who clicked; 0 is whoever asked.
    pub by: u8,
    /// What.
    pub says: Says,
    /// The region whose worker gets it.
    pub region: u8,
}

/// The model: who clicks, and what may go wrong.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The deliveries. One click that is delivered twice is two.
    pub clicks: Vec<Click>,
    /// How many must approve.
    pub needed: u8,
    /// Whether the vendor refuses a second call for what is there already.
    pub refuses: bool,
    /// How many processes may die in the middle of something.
    pub crashes: u8,
    /// How many reads may show what stood there before the last write.
    pub stale: u8,
    /// Whether a region may go down, for good.
    pub outage: bool,
    /// What is done wrong on purpose.
    pub bug: Option<Bug>,
}

/// A worker with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hand {
    /// It has not looked yet.
    Waits,
    /// It has read this at this tick, and is about to write.
    Looked(Ballot, u8),
    /// Its write was the last needed vote: it is about to begin the run.
    Begins,
    /// It has answered, or is dead.
    Over,
}

/// The sweep, which makes up for what was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sweep {
    /// Between two looks.
    Idle,
    /// It has read this version of an approval whose time is over.
    Expires(u8),
    /// It has seen an approval without a run.
    Begins,
}

/// What must never happen, noted when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// A decision changed after it was made.
    Redecided,
    /// A person's decision landed when the time was over.
    Late,
    /// A second run was made.
    SecondRun,
    /// A call took effect though a later intent stood in the record.
    OldToken,
    /// A call took effect that was permitted when the plan was another than the approved one.
    OtherPlan,
    /// A call took effect without enough approvals of others.
    Unapproved,
}

/// All of the small world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) now: u8,
    pub(crate) plan_changed: bool,
    pub(crate) down: Option<u8>,
    pub(crate) crashes: u8,
    pub(crate) stale: u8,
    pub(crate) ballot: Ballot,
    pub(crate) before: Ballot,
    pub(crate) hands: Vec<Hand>,
    pub(crate) sweep: Sweep,
    pub(crate) run: Option<Row>,
    pub(crate) runners: [Runner; 2],
    pub(crate) wire: Vec<Request>,
    pub(crate) effects: u8,
    pub(crate) wrong: Option<Wrong>,
}

/// What can happen next. Numbers are hands, runners, regions or requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A hand reads the approval; as it was before the last write, if so said.
    Look(u8, bool),
    /// A hand writes its decision.
    Decide(u8),
    /// A hand begins the run.
    Begin(u8),
    /// A hand dies.
    HandDies(u8),
    /// The sweep reads the approval.
    SweepLooks(bool),
    /// The sweep does what it found to do.
    Sweeps,
    /// A runner goes on.
    Runner(u8),
    /// A runner dies.
    RunnerDies(u8),
    /// A call reaches the vendor; its answer arrives, if so said.
    Arrives(u8, bool),
    /// The plan becomes another.
    PlanChanges,
    /// A region goes down.
    Down(u8),
    /// Time passes; what was still on its way is not taken any more.
    Tick,
}

impl State {
    /// Whether all is over: there is nothing to run, or the run has ended, or people were asked.
    fn is_settled(&self) -> bool {
        match self.run {
            None => !matches!(self.ballot.standing, Standing::Pending | Standing::Approved),
            Some(run) => matches!(run.step, Step::Done | Step::Stuck),
        }
    }

    pub(crate) fn note(&mut self, wrong: Wrong) {
        self.wrong = self.wrong.or(Some(wrong));
    }

    fn is_up(&self, region: u8) -> bool {
        self.down != Some(region)
    }

    /// Writes the approval.
    fn put(&mut self, next: Ballot, by_person: bool) {
        if self.ballot.standing != Standing::Pending {
            self.note(Wrong::Redecided);
        }
        if by_person && self.now >= EXPIRY {
            self.note(Wrong::Late);
        }
        self.before = self.ballot;
        self.ballot = Ballot { version: self.ballot.version + 1, ..next };
    }

    /// Makes the run, if there is none.
    fn begin(&mut self, bug: Option<Bug>) {
        if self.run.is_some() {
            if bug != Some(Bug::RunWithoutCondition) {
                return;
            }
            self.note(Wrong::SecondRun);
        }
        self.run = Some(Row { version: 1, step: Step::Waiting, attempts: 0 });
    }

    fn quiet_at(&self) -> u8 {
        let Some(run) = self.run else { return 0 };
        let state = match run.step {
            Step::Intended(until) => StepState::Intended { token: u64::from(run.attempts), until: ballot::at(until) },
            Step::Called(at) => StepState::Called { at: ballot::at(at) },
            Step::Waiting | Step::Done | Step::Stuck => StepState::Waiting,
        };
        ballot::tick(state.settled_at(ballot::at(self.now), SignedDuration::ZERO))
    }
}

impl Decision {
    fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// What can happen, but for the passing of time.
    fn moves(&self, state: &State, actions: &mut Vec<Action>) {
        let views: &[bool] = if state.stale > 0 && state.before != state.ballot { &[false, true] } else { &[false] };
        for (at, hand) in (0_u8..).zip(&state.hands) {
            match hand {
                Hand::Waits => actions.extend(views.iter().map(|stale| Action::Look(at, *stale))),
                Hand::Looked(..) => actions.push(Action::Decide(at)),
                Hand::Begins => actions.push(Action::Begin(at)),
                Hand::Over => {}
            }
            if state.crashes > 0 && matches!(hand, Hand::Looked(..) | Hand::Begins) {
                actions.push(Action::HandDies(at));
            }
        }
        if state.sweep != Sweep::Idle {
            actions.push(Action::Sweeps);
        } else if !self.is(Bug::NoSweep) {
            actions.extend(views.iter().filter(|stale| self.swept(state, **stale).is_some()).map(|stale| Action::SweepLooks(*stale)));
        }
        for (at, runner) in (0_u8..).zip(&state.runners) {
            if state.is_up(at) && runner.can_move(self, state) {
                actions.push(Action::Runner(at));
            }
            if state.crashes > 0 && *runner != Runner::Idle {
                actions.push(Action::RunnerDies(at));
            }
        }
        let arriving = (0_u8..).zip(&state.wire);
        actions.extend(arriving.flat_map(|(at, _)| [Action::Arrives(at, true), Action::Arrives(at, false)]));
        if !state.plan_changed && state.run.is_none_or(|run| run.step != Step::Done) {
            actions.push(Action::PlanChanges);
        }
        if self.outage && state.down.is_none() {
            actions.extend([Action::Down(0), Action::Down(1)]);
        }
    }

    fn swept(&self, state: &State, stale: bool) -> Option<Sweep> {
        let seen = if stale { state.before } else { state.ballot };
        match seen.standing {
            Standing::Pending if state.now >= EXPIRY => Some(Sweep::Expires(seen.version)),
            Standing::Approved if state.run.is_none() => Some(Sweep::Begins),
            _ => None,
        }
    }

    /// A hand reads, and ends at once if there is nothing to write.
    fn look(&self, state: &State, click: Click, stale: bool) -> Hand {
        let seen = if stale { state.before } else { state.ballot };
        if seen.accepts(state.now)
            && (self.is(Bug::OwnVoteCounts) || !seen.excludes(click.by, click.says))
            && seen.after(click, self.needed, state.now).is_some()
        {
            Hand::Looked(seen, state.now)
        } else {
            Hand::Over
        }
    }

    /// A hand writes what it made of what it read, if that still stands there and its time is not over.
    fn decide(&self, state: &mut State, click: Click, seen: Ballot, looked_at: u8) -> Hand {
        let judged_at = if self.is(Bug::ExpiryOfTheLook) { looked_at } else { state.now };
        let version_holds = state.ballot.version == seen.version || self.is(Bug::DecisionWithoutVersion);
        if !version_holds || judged_at >= EXPIRY {
            return Hand::Waits;
        }
        let Some(next) = seen.after(click, self.needed, looked_at) else { return Hand::Over };
        state.put(next, true);
        if next.standing == Standing::Approved { Hand::Begins } else { Hand::Over }
    }

    fn sweep(&self, state: &mut State) {
        match std::mem::replace(&mut state.sweep, Sweep::Idle) {
            Sweep::Expires(version) if version == state.ballot.version => {
                state.put(Ballot { standing: Standing::Expired, ..state.ballot }, false);
            }
            Sweep::Begins => state.begin(self.bug),
            Sweep::Expires(_) | Sweep::Idle => {}
        }
    }

    fn go_down(&self, state: &mut State, region: u8) {
        state.down = Some(region);
        for (hand, click) in state.hands.iter_mut().zip(&self.clicks) {
            if click.region == region {
                *hand = Hand::Over;
            }
        }
        if let Some(runner) = state.runners.get_mut(usize::from(region)) {
            *runner = Runner::Idle;
        }
    }

    fn act_by_hand(&self, state: &mut State, at: u8, stale: bool) -> Option<()> {
        let click = *self.clicks.get(usize::from(at))?;
        let next = match *state.hands.get(usize::from(at))? {
            Hand::Waits => self.look(state, click, stale),
            Hand::Looked(seen, looked_at) => self.decide(state, click, seen, looked_at),
            Hand::Begins => {
                state.begin(self.bug);
                Hand::Over
            }
            Hand::Over => return None,
        };
        *state.hands.get_mut(usize::from(at))? = next;
        Some(())
    }
}

impl Model for Decision {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let ballot = Ballot::open();
        vec![State {
            now: 0,
            plan_changed: false,
            down: None,
            crashes: self.crashes,
            stale: self.stale,
            ballot,
            before: ballot,
            hands: vec![Hand::Waits; self.clicks.len()],
            sweep: Sweep::Idle,
            run: None,
            runners: [Runner::Idle; 2],
            wire: Vec::new(),
            effects: 0,
            wrong: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.moves(state, actions);
        let all_wait = actions.is_empty() && state.quiet_at() > state.now;
        if state.now < LAST || all_wait {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Look(at, stale) => {
                state.stale -= u8::from(stale);
                self.act_by_hand(&mut state, at, stale)?;
            }
            Action::Decide(at) | Action::Begin(at) => self.act_by_hand(&mut state, at, false)?,
            Action::HandDies(at) => {
                state.crashes -= 1;
                *state.hands.get_mut(usize::from(at))? = Hand::Over;
            }
            Action::SweepLooks(stale) => {
                state.stale -= u8::from(stale);
                state.sweep = self.swept(&state, stale)?;
            }
            Action::Sweeps => self.sweep(&mut state),
            Action::Runner(at) => runner::go_on(self, &mut state, at)?,
            Action::RunnerDies(at) => {
                state.crashes -= 1;
                *state.runners.get_mut(usize::from(at))? = Runner::Idle;
            }
            Action::Arrives(at, answered) => runner::arrive(self, &mut state, at, answered),
            Action::PlanChanges => state.plan_changed = true,
            Action::Down(region) => self.go_down(&mut state, region),
            Action::Tick => {
                state.now += 1;
                state.wire.clear();
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("at most one decision", |_, state| state.wrong != Some(Wrong::Redecided)),
            Property::<Self>::always("no decision when the time is over", |_, state| state.wrong != Some(Wrong::Late)),
            Property::<Self>::always("nobody votes for what they asked for", |_, state| !state.ballot.has_vote_of(ballot::REQUESTER)),
            Property::<Self>::always("at most one run, and only of what was approved", |_, state| {
                state.wrong != Some(Wrong::SecondRun) && (state.run.is_none() || state.ballot.standing == Standing::Approved)
            }),
            Property::<Self>::always("at most one effect", |_, state| state.effects <= 1),
            Property::<Self>::always("no effect with an old fencing token", |_, state| state.wrong != Some(Wrong::OldToken)),
            Property::<Self>::always("no effect under another plan than the approved", |_, state| state.wrong != Some(Wrong::OtherPlan)),
            Property::<Self>::always("no effect without the approval of others", |_, state| state.wrong != Some(Wrong::Unapproved)),
            Property::<Self>::always("whatever stands still has ended, or people were asked", |model, state| {
                let mut actions = Vec::new();
                model.actions(state, &mut actions);
                !actions.is_empty() || state.is_settled()
            }),
            Property::<Self>::eventually("it ends, or people are asked", |_, state| state.is_settled()),
            Property::<Self>::sometimes("an effect, told as done", |_, state| state.run.is_some_and(|run| run.step == Step::Done)),
            Property::<Self>::sometimes("an effect at the second try", |_, state| {
                state.effects == 1 && state.run.is_some_and(|run| run.attempts == 2)
            }),
            Property::<Self>::sometimes("people are asked", |_, state| state.run.is_some_and(|run| run.step == Step::Stuck)),
            Property::<Self>::sometimes("nobody decides in time", |_, state| state.ballot.standing == Standing::Expired),
        ]
    }
}
