//! Random schedules: people who ask, approve, deny, click twice and late, while things go wrong; then everything works again
//! and must come to a good end.

use std::{fmt, sync::Arc};

use mayday_core::{
    approval::Approval,
    desk::Request,
    ident::Identity,
    port::Row,
    proposal::Proposal,
    run::{Run, State as RunState},
};
use serde_json::Value;

use crate::{
    coverage::Coverage,
    executor::{Shared, Sim, TaskId, Wrap},
    fault::{Fate, Faults, HOUR, MINUTE, Millis, Rates, SECOND},
    gate::Gate,
    invariant::{self, Violation},
    minimize::minimized,
    outage::Troubles,
    region,
    setting::ORG,
    story::{RESTORE, click, deliver, phrase, tick},
};

/// What a schedule is made of.
#[derive(Clone)]
pub struct Schedule {
    /// How often what goes wrong, while it does.
    pub rates: Rates,
    /// How long things go wrong.
    pub trouble: Millis,
    /// How often the scheduler ticks. Less than every minute: then more depends on what happens between ticks, and a schedule is cheaper.
    pub tick: Millis,
    /// The longest that all may take until it has come to an end.
    pub limit: Millis,
    /// What is put between the domain and the world.
    pub wrap: Option<Wrap>,
    /// Two regions, and what is down for spans of the time in which things go wrong. None: one region.
    pub troubles: Option<Troubles>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { rates: Rates::ROUGH, trouble: 20 * MINUTE, tick: 5 * MINUTE, limit: 48 * HOUR, wrap: None, troubles: None }
    }
}

/// What came of a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// How many calls were made.
    pub calls: u64,
    /// Runs that succeeded.
    pub succeeded: usize,
    /// Runs that ended otherwise.
    pub ended: usize,
    /// Proposals that never became a run.
    pub declined: usize,
    /// What was met.
    pub covered: Coverage,
}

impl Course {
    /// Sums up the courses of many schedules.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.succeeded += other.succeeded;
        self.ended += other.ended;
        self.declined += other.declined;
        self.covered.add(&other.covered);
    }
}

/// A schedule that found something wrong.
#[derive(Clone)]
pub struct Failing {
    /// The seed that shows it again.
    pub seed: u64,
    /// What is wrong.
    pub violation: Violation,
    /// What did not go well, by the number of the call: [`Faults::Script`] of it leads to the same.
    pub faults: Vec<(u64, Fate)>,
    /// What led to it.
    pub trace: Vec<String>,
}

impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        let faults: Vec<String> = self.faults.iter().map(|(call, fate)| format!("({call}, Fate::{fate:?})")).collect();
        writeln!(f, "after Faults::Script(BTreeMap::from([{}]))", faults.join(", "))?;
        self.trace.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Schedule {
    /// Runs the schedule of a seed.
    ///
    /// # Errors
    /// What does not hold, with the fewest faults and the trace that lead there.
    pub fn run(&self, seed: u64) -> Result<Course, Box<Failing>> {
        let ran = self.run_under(seed, Faults::Random { rates: self.rates, until: self.trouble });
        ran.map_err(|failing| Box::new(minimized(&failing, |faults| self.run_under(seed, faults).err())))
    }

    /// Runs the schedule of a seed under faults of one's own: those of a [`Failing`], say, as a [`Faults::Script`].
    ///
    /// # Errors
    /// As [`Schedule::run`].
    pub fn run_under(&self, seed: u64, faults: Faults) -> Result<Course, Box<Failing>> {
        let mut sim = Sim::with(seed, faults, self.wrap.clone());
        match self.troubles {
            None => tick(&sim.shared, self.tick),
            Some(troubles) => region::troubled(&sim.shared, troubles, self.tick, self.trouble),
        }
        people(&sim.shared);
        let began = sim.shared.lock().now;
        sim.until_over(began + self.limit);
        sim.finish().map(|()| course(&sim))
    }
}

impl Sim {
    /// Runs until nobody has anything left to do; that it does not come to that by a time is a violation.
    pub(crate) fn until_over(&mut self, limit: Millis) {
        while self.violation().is_none() && !over(self) {
            if self.shared.lock().now > limit {
                self.shared.lock().violated(invariant::ENDS, "it does not".to_owned());
            }
            self.run_for(30 * SECOND);
        }
    }

    /// Checks what must hold when all is over.
    ///
    /// # Errors
    /// What does not hold, with the trace.
    pub fn finish(&self) -> Result<(), Box<Failing>> {
        if self.violation().is_none() {
            invariant::at_end(&mut self.shared.lock());
        }
        match self.violation() {
            Some(violation) => {
                let faults = self.shared.lock().happened.clone();
                Err(Box::new(Failing { seed: self.seed(), violation, faults, trace: self.trace() }))
            }
            None => Ok(()),
        }
    }
}

fn course(sim: &Sim) -> Course {
    let inner = sim.shared.lock();
    let runs: Vec<Run> = inner.state.records();
    let succeeded = runs.iter().filter(|run| run.state == RunState::Succeeded).count();
    let proposals = inner.state.rows.all("proposal").count();
    let mut covered = inner.covered.clone();
    covered.ended(&inner);
    Course { calls: inner.calls, succeeded, ended: runs.len() - succeeded, declined: proposals - runs.len(), covered }
}

/// Whether nobody has anything left to do.
pub(crate) fn over(sim: &Sim) -> bool {
    let inner = sim.shared.lock();
    if inner.open_people > 0 || inner.open_deliveries > 0 {
        return false;
    }
    let rows = &inner.state.rows;
    let state = |row: &Row| row.body.pointer("/record/state").cloned().unwrap_or_default();
    let open = rows.all("approval").any(|row| {
        let state = state(row);
        let approved = state.get("approved").is_some();
        let announced = row.body.pointer("/record/announced") == Some(&Value::Bool(true));
        state == "pending" || (approved && !started(&inner, &row.key.id)) || (!approved && !announced)
    });
    let running = rows.all("run").any(|row| {
        let told = row.body.pointer("/record/told").and_then(Value::as_u64);
        let log = row.body.pointer("/record/log").and_then(Value::as_array).map(|log| log.len() as u64);
        let state = state(row);
        state == "running" || state.get("stuck").is_some() || told < log
    });
    let locked = rows.all("lock").any(|row| row.body.pointer("/record/run").is_some_and(|run| !run.is_null()));
    !open && !running && !locked
}

fn started(inner: &crate::executor::Inner, proposal: &str) -> bool {
    inner.state.rows.get("run", &proposal.replacen("p-", "r-", 1)).is_some()
}

/// The people of a schedule. Ana asks, and perhaps once more, and perhaps takes it back; Ben and Cleo decide, twice or late; somebody
/// looks after what gets stuck.
pub(crate) fn people(shared: &Arc<Shared>) {
    person(shared, |gate| Box::pin(asks(gate)));
    person(shared, |gate| Box::pin(decides(gate, "U0BEN")));
    person(shared, |gate| Box::pin(decides(gate, "U0CLEO")));
    {
        let mut inner = shared.lock();
        let now = inner.now;
        let hand = shared.clone();
        inner.add(now, |task| Box::pin(looks_after(Gate::of(&hand, task))));
    }
}

fn somebody(user: &str) -> Identity {
    Identity { org: ORG.to_owned(), user: user.to_owned() }
}

fn person(shared: &Arc<Shared>, act: impl FnOnce(Gate) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) {
    let mut inner = shared.lock();
    inner.open_people += 1;
    let now = inner.now;
    let hand = shared.clone();
    inner.add(now, |task: TaskId| {
        let acting = act(Gate::of(&hand, task));
        Box::pin(async move {
            acting.await;
            hand.lock().open_people -= 1;
        })
    });
}

fn chance(gate: &Gate, percent: u32) -> bool {
    gate.shared.lock().dice.chance(percent * 100)
}

fn between(gate: &Gate, least: Millis, most: Millis) -> Millis {
    gate.shared.lock().dice.between(least, most)
}

const COMMANDS: [&str; 3] = [RESTORE, "restore inventory --at 2026-11-22T11:49:30Z", "restore orders --at \"13m ago\""];

async fn asks(gate: Gate) {
    let times = if chance(&gate, 20) { 2 } else { 1 };
    for _ in 0..times {
        let command = {
            let mut inner = gate.shared.lock();
            inner.dice.pick(&COMMANDS).copied().unwrap_or_default().to_owned()
        };
        deliver(&gate.shared, &somebody("U0ANA"), Request::Command(command), None);
        gate.pause(between(&gate, SECOND, 90 * SECOND)).await;
    }
    if chance(&gate, 10)
        && let Some(proposal) = newest(&gate)
    {
        deliver(&gate.shared, &somebody("U0ANA"), click("cancel", proposal.id.as_str(), None), None);
    }
}

fn newest(gate: &Gate) -> Option<Proposal> {
    let inner = gate.shared.lock();
    inner.state.record(inner.state.rows.newest("proposal")?)
}

/// Decides on whatever is open, some time after it was asked.
async fn decides(gate: Gate, user: &'static str) {
    let mut seen = std::collections::BTreeSet::new();
    // Late enough for everything that is ever asked to have been asked.
    for _ in 0..4 {
        gate.pause(between(&gate, 5 * SECOND, 2 * MINUTE)).await;
        let open: Vec<Proposal> = {
            let inner = gate.shared.lock();
            let pending = inner.state.records::<Approval>().into_iter().filter(|approval| !seen.contains(&approval.proposal));
            pending.filter_map(|approval| inner.state.record(approval.proposal.as_str())).collect()
        };
        for proposal in open {
            seen.insert(proposal.id.clone());
            decide(&gate, user, &proposal).await;
        }
    }
}

async fn decide(gate: &Gate, user: &str, proposal: &Proposal) {
    if chance(gate, 3) {
        return;
    }
    let denies = chance(gate, 5);
    for _ in 0..if chance(gate, 25) { 2 } else { 1 } {
        let request = if denies {
            click("deny", proposal.id.as_str(), None)
        } else {
            let view = format!("V-{:08x}", gate.shared.lock().dice.roll() >> 32);
            phrase(proposal, &view)
        };
        deliver(&gate.shared, &somebody(user), request, None);
        gate.pause(between(gate, 0, 2 * SECOND)).await;
    }
}

/// Retries what is stuck, and stops what stays stuck.
async fn looks_after(gate: Gate) {
    loop {
        gate.pause(between(&gate, 2 * MINUTE, 15 * MINUTE)).await;
        let stuck: Vec<Run> = {
            let inner = gate.shared.lock();
            inner.state.records::<Run>().into_iter().filter(|run| matches!(run.state, RunState::Stuck { .. })).collect()
        };
        for run in stuck {
            let (user, action) = match gate.shared.lock().dice.below(4) {
                0 => ("U0ANA", "cancel"),
                1 if run.steps.iter().any(|step| step.id.0 == "compare") && run.current().is_some_and(|step| step.id.0 == "compare") => {
                    ("U0BEN", "skip")
                }
                _ => ("U0ANA", "retry"),
            };
            deliver(&gate.shared, &somebody(user), click(action, run.id.as_str(), None), None);
        }
    }
}
