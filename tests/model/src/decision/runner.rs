//! The one step of the run, by the protocol of `run/step.rs`: look, ask, write the intent, call once, write what came of it.

use super::{Decision, Standing, State, Wrong, ballot};
use crate::Bug;

/// How often a step is called again, at most.
const RETRIES: u8 = 1;

/// Where the step stands, as its record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Nothing was called.
    Waiting,
    /// A call may be on its way, sent before this tick.
    Intended(u8),
    /// The vendor has answered, in this tick.
    Called(u8),
    /// Its effect was seen.
    Done,
    /// People were asked.
    Stuck,
}

/// The run's row in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// How often it was written.
    pub version: u8,
    /// Its step.
    pub step: Step,
    /// How many calls were intended; the last one's number is the newest fencing token.
    pub attempts: u8,
}

/// A runner in the middle of a visit. Numbers are the version that it read or wrote last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runner {
    /// No visit.
    Idle,
    /// It has read the run.
    Visits(Row),
    /// It has seen the effect.
    Finds(Row),
    /// It has not, and goes on to call.
    Misses(Row),
    /// The policy gave it a permit; the plan was another one by then, if so said.
    Permitted(Row, bool),
    /// The policy, or its patience, forbids the call.
    Forbidden(Row),
    /// It has written its intent with this token, and may send until this tick.
    Intends(Row, bool),
    /// It has sent the call.
    Waits(Row),
    /// It has got the answer.
    Hears(Row),
}

/// A call on its way to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Request {
    from: u8,
    token: u8,
    other_plan: bool,
}

impl Runner {
    /// Whether there is anything for it to do but to wait.
    pub(super) fn can_move(self, model: &Decision, state: &State) -> bool {
        match self {
            Self::Idle => state.run.is_some_and(|run| {
                let over = matches!(run.step, Step::Done | Step::Stuck);
                !over && (state.effects > 0 || state.quiet_at() <= state.now || model.is(Bug::NoPatience))
            }),
            // An answer that does not come any more.
            Self::Waits(row) => !state.wire.iter().any(|request| request.token == row.attempts),
            _ => true,
        }
    }
}

/// Writes the run, if nobody has since this row was read.
fn put(state: &mut State, read: Row, step: Step, attempts: u8, in_any_case: bool) -> Option<Row> {
    let there = state.run?;
    if there.version != read.version && !in_any_case {
        return None;
    }
    let row = Row { version: there.version + 1, step, attempts };
    state.run = Some(row);
    Some(row)
}

/// A runner's next action.
pub(super) fn go_on(model: &Decision, state: &mut State, at: u8) -> Option<()> {
    let next = match *state.runners.get(usize::from(at))? {
        Runner::Idle => Runner::Visits(state.run?),
        Runner::Visits(row) => look(model, state, row),
        Runner::Finds(row) => {
            put(state, row, Step::Done, row.attempts, false);
            Runner::Idle
        }
        Runner::Misses(row) => ask(model, state, row),
        Runner::Forbidden(row) => {
            put(state, row, Step::Stuck, row.attempts, false);
            Runner::Idle
        }
        Runner::Permitted(row, other_plan) => intend(model, state, row, other_plan),
        Runner::Intends(row, other_plan) => send(model, state, at, row, other_plan),
        Runner::Waits(_) => Runner::Idle,
        Runner::Hears(row) => {
            put(state, row, Step::Called(state.now), row.attempts, false);
            Runner::Idle
        }
    };
    *state.runners.get_mut(usize::from(at))? = next;
    Some(())
}

fn look(model: &Decision, state: &State, row: Row) -> Runner {
    if matches!(row.step, Step::Done | Step::Stuck) {
        return Runner::Idle;
    }
    if state.effects > 0 && !model.is(Bug::NoLook) {
        return Runner::Finds(row);
    }
    if row.attempts > RETRIES { Runner::Forbidden(row) } else { Runner::Misses(row) }
}

/// The permit: everything is read anew.
fn ask(model: &Decision, state: &State, row: Row) -> Runner {
    let other_plan = state.plan_changed && !model.is(Bug::PlanNotCompared);
    if other_plan || state.ballot.standing != Standing::Approved {
        Runner::Forbidden(row)
    } else {
        Runner::Permitted(row, state.plan_changed)
    }
}

fn intend(model: &Decision, state: &mut State, row: Row, other_plan: bool) -> Runner {
    let until = state.now + 1;
    let attempts = row.attempts + 1;
    match put(state, row, Step::Intended(until), attempts, model.is(Bug::IntentWithoutVersion)) {
        Some(row) => Runner::Intends(row, other_plan),
        None => Runner::Idle,
    }
}

/// Sends the call, unless it woke too late for that.
fn send(model: &Decision, state: &mut State, at: u8, row: Row, other_plan: bool) -> Runner {
    let Step::Intended(until) = row.step else { return Runner::Idle };
    if state.now >= until && !model.is(Bug::SendsWhenLate) {
        return Runner::Idle;
    }
    state.wire.push(Request { from: at, token: row.attempts, other_plan });
    Runner::Waits(row)
}

/// The vendor gets a call.
pub(super) fn arrive(model: &Decision, state: &mut State, at: u8, answered: bool) {
    let request = state.wire.remove(usize::from(at));
    if state.effects == 0 || !model.refuses {
        state.effects += 1;
        if state.run.is_some_and(|run| run.attempts > request.token) {
            state.note(Wrong::OldToken);
        }
        if request.other_plan {
            state.note(Wrong::OtherPlan);
        }
        let others = (state.ballot.votes & !(1 << ballot::REQUESTER)).count_ones();
        if state.ballot.standing != Standing::Approved || others < u32::from(model.needed) {
            state.note(Wrong::Unapproved);
        }
    }
    if let Some(runner) = state.runners.get_mut(usize::from(request.from))
        && answered
        && let Runner::Waits(row) = *runner
        && row.attempts == request.token
    {
        *runner = Runner::Hears(row);
    }
}
