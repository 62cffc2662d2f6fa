use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Happened, Run, State, StepRecord, StepState, Stop, begin,
    finish::{self, Locks},
    flow, gate, step, tell,
};
use crate::{
    action::Act,
    audit,
    failure::Fault,
    ident::{Actor, RunId, StepId},
    picture,
    planted::{Bug, planted},
    port::{Delivery, World},
    proposal::{Proposal, drifted},
    store::{Kept, Store},
};

/// What whoever drives the run must do next. The state machine's Choice reads `next`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Visit again in so many seconds.
    Wait {
        /// At least one.
        seconds: u64,
    },
    /// Wait for a person; visit again when one has decided, or after so many seconds.
    Decision {
        /// At least one.
        seconds: u64,
    },
    /// The run has ended well.
    Done,
    /// The run has ended, and not well.
    Failed,
    /// Another execution drives this run now.
    Superseded,
}

/// Nine history events a round; an execution takes 25,000 and is continued long before.
const VISITS_IN_EPOCH: u64 = 1_500;
/// For how long a run that has touched nothing waits for all of the world that it is about to answer.
const UNANSWERED: SignedDuration = SignedDuration::from_mins(2);
/// How often a run that is held off looks whether somebody wants it to stop, in seconds.
const HELD_OFF: i64 = 15;
/// How often people who must decide are reminded.
pub(super) const REMINDER: SignedDuration = SignedDuration::from_mins(30);

/// Takes a run as far as it goes without waiting.
///
/// `token` is given when the execution is about to wait for a person: it is put away, and the visit does nothing else.
///
/// # Errors
/// When the record can't be read or written. Visiting again is always right.
pub async fn visit(world: &World, id: &RunId, epoch: u64, token: Option<String>) -> Result<Next, Fault> {
    let store = Store::of(world);
    let kept: Kept<Run> = store.load(id.as_str()).await?.ok_or_else(|| Fault::new(format!("there is no run {id}")))?;
    if kept.value.epoch != epoch {
        return Ok(Next::Superseded);
    }
    let proposal: Kept<Proposal> =
        store.load(kept.value.proposal.as_str()).await?.ok_or_else(|| Fault::new(format!("the proposal of {id} is gone")))?;
    let mut visit = Visit { world, store, kept, proposal: proposal.value };
    match token {
        Some(token) => visit.wait_for_person(token).await,
        None => visit.drive().await,
    }
}

/// One visit: the run as this visitor last wrote it. The first write that somebody else made in between ends the visit.
pub(super) struct Visit<'a> {
    pub(super) world: &'a World,
    store: Store,
    kept: Kept<Run>,
    pub(super) proposal: Proposal,
}

/// Somebody else has written the run: a person who decided, or another visitor.
#[derive(Debug)]
pub(super) enum Interrupted {
    Lost,
    Fault(Fault),
}

impl From<Fault> for Interrupted {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<crate::failure::CallError> for Interrupted {
    fn from(error: crate::failure::CallError) -> Self {
        Self::Fault(error.into())
    }
}

impl Visit<'_> {
    pub(super) fn run(&self) -> &Run {
        &self.kept.value
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Writes the run as changed by `edit`.
    pub(super) async fn save(&mut self, edit: impl FnOnce(&mut Run)) -> Result<(), Interrupted> {
        let mut next = self.kept.value.clone();
        edit(&mut next);
        self.kept = self.store.replace(&self.kept, next).await?.map_err(|_| Interrupted::Lost)?;
        Ok(())
    }

    /// Writes something about a step that somebody else's write of the run came before, if the step stands as it stood. Only for what is
    /// true whoever drives the run.
    pub(super) async fn note_on_newer(
        &self,
        id: &StepId,
        stood: &StepState,
        edit: impl Fn(&mut StepRecord, Timestamp),
    ) -> Result<(), Fault> {
        for _ in 0..finish::RACES {
            let Some(kept) = self.store.load::<Run>(self.run().id.as_str()).await? else { return Ok(()) };
            let mut next = kept.value.clone();
            let Some(step) = next.steps.iter_mut().find(|step| step.id == *id && step.state == *stood) else { return Ok(()) };
            edit(step, self.now());
            if self.store.replace(&kept, next).await?.is_ok() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Writes to the audit what is about to be done in this run.
    pub(super) async fn audit(&self, what: &str, detail: Value) -> Result<(), Fault> {
        let event = audit::Event {
            at: self.now(),
            actor: Actor::System("runner".to_owned()),
            what: what.to_owned(),
            about: self.run().id.0.clone(),
            digest: Some(self.run().digest.clone()),
            detail: json!({"after_version": self.kept.version(), "of": detail}),
        };
        audit::append(self.world, event).await.map(drop)
    }

    async fn drive(&mut self) -> Result<Next, Fault> {
        let next = match self.advance().await {
            Ok(next) => next,
            // A person's decision or another visitor: whatever it was, it is in the record when we come back.
            Err(Interrupted::Lost) => Next::Wait { seconds: 1 },
            Err(Interrupted::Fault(fault)) => return Err(fault),
        };
        self.tell_people().await;
        Ok(next)
    }

    async fn advance(&mut self) -> Result<Next, Interrupted> {
        if self.run().state.is_final() {
            return self.wrap_up().await;
        }
        let now = self.now();
        self.save(|run| {
            run.visits += 1;
            run.visited_at = now;
        })
        .await?;
        if self.run().visits > VISITS_IN_EPOCH {
            return self.continue_elsewhere().await;
        }
        match finish::take_locks(self).await? {
            Locks::HeldInDoubt(until) if self.is_undone_by_late_calls() => return self.hold_off(until).await,
            Locks::Held | Locks::HeldInDoubt(_) => {}
            Locks::Refused(why) => return self.end(State::Failed { why }).await,
        }
        if self.run().is_untouched() {
            match drifted(self.world, &self.proposal).await {
                Ok(None) => {}
                Ok(Some(what)) => {
                    let why = format!("the world has changed since this was approved: {what}. Nothing was done; ask for it again");
                    return self.end(State::Failed { why }).await;
                }
                Err(error) => {
                    tracing::warn!(run = self.run().id.as_str(), why = error.why(), "nobody can tell whether the world has changed");
                    // After that each step asks for itself before it changes anything, and people decide about one that gets no answer.
                    if now.duration_since(self.run().could_begin_at()) < UNANSWERED {
                        return Ok(Next::Wait { seconds: 5 });
                    }
                }
            }
        }
        self.work().await
    }

    /// Whether a call of the run before that arrives late could undo it, or change what it begins with. What only looks or adds goes on,
    /// and so does what takes a database out of service: while a fence waits, two primaries are written.
    fn is_undone_by_late_calls(&self) -> bool {
        self.proposal.steps.iter().any(|step| step.act.action().class().destroys() && !matches!(step.act, Act::Freeze(_)))
    }

    /// A call of the run before may still arrive, and change what this one would begin with, or undo what it has done.
    async fn hold_off(&mut self, until: Timestamp) -> Result<Next, Interrupted> {
        if let Some(stop) = self.is_to_stop() {
            return self.end(State::Stopped { by: stop.by }).await;
        }
        let now = self.now();
        if !self.run().log.iter().any(|told| matches!(told.what, Happened::HeldOff(_))) {
            self.save(|run| run.happened(now, Happened::HeldOff(until))).await?;
        }
        Ok(Next::Wait { seconds: until.duration_since(now).as_secs().saturating_add(1).clamp(1, HELD_OFF).unsigned_abs() })
    }

    /// Who wants it to stop, where it can: no call is under way.
    fn is_to_stop(&self) -> Option<Stop> {
        self.run().stop.clone().filter(|_| self.run().is_between_steps() && !planted(Bug::StopIgnored))
    }

    /// Takes every step that can go on as far as it goes without waiting.
    async fn work(&mut self) -> Result<Next, Interrupted> {
        // A step that waits is looked at once in a visit, however far the others get.
        let mut waiting: BTreeMap<StepId, u64> = BTreeMap::new();
        loop {
            if let Some(stop) = self.is_to_stop() {
                return self.end(State::Stopped { by: stop.by }).await;
            }
            let todo = flow::todo(self.run(), &self.proposal);
            if todo.over {
                return self.all_over().await;
            }
            // Nothing is begun while people decide, or while it is to stop: what is under way comes to its end.
            let stops = self.run().stop.is_some() && !planted(Bug::StopIgnored);
            let holds = stops || self.run().state != State::Running;
            let mut can: Vec<StepId> = todo.under_way;
            can.extend(todo.ready.into_iter().filter(|_| !holds));
            let Some(next) = can.iter().find(|id| !waiting.contains_key(id)).cloned() else {
                waiting.retain(|id, _| can.contains(id));
                return self.rest(&waiting).await;
            };
            if let Some(pause) = step::advance(self, &next).await? {
                waiting.insert(next, pause);
            } else {
                self.tell_people().await;
            }
        }
    }

    /// Nothing goes on without waiting: for time, or for people.
    async fn rest(&mut self, waiting: &BTreeMap<StepId, u64>) -> Result<Next, Interrupted> {
        let asked = |id: &StepId| self.run().steps.iter().any(|step| step.id == *id && matches!(step.state, StepState::Asked { .. }));
        let soonest = waiting.iter().filter(|(id, _)| !asked(id)).map(|(_, seconds)| *seconds).min();
        if let Some(seconds) = soonest {
            return Ok(Next::Wait { seconds });
        }
        if let State::Stuck { step, since } = self.run().state.clone() {
            return self.remind(step, since).await;
        }
        match waiting.values().min() {
            Some(seconds) => Ok(Next::Decision { seconds: *seconds }),
            None => self.end(State::Failed { why: "its steps wait for each other".to_owned() }).await,
        }
    }

    /// All that was meant to be done is done.
    async fn all_over(&mut self) -> Result<Next, Interrupted> {
        if let Some(because) = self.run().undoing.clone() {
            let undone = self.proposal.steps.iter().filter(|step| step.flow.undoes.is_some());
            let done = undone.filter(|step| self.run().steps.iter().any(|record| record.id == step.id && record.was_done())).count();
            let what = if done == 0 { "there was nothing to undo" } else { "what was done before it was undone" };
            return self.end(State::Failed { why: format!("the step {because} failed, and {what}") }).await;
        }
        self.end(State::Succeeded).await
    }

    /// Ends the run, and does what must be done after its end.
    async fn end(&mut self, state: State) -> Result<Next, Interrupted> {
        self.audit("run.end", json!({"state": state})).await?;
        let now = self.now();
        self.save(|run| {
            if state == State::Succeeded {
                for step in run.steps.iter_mut().filter(|step| !step.is_over()) {
                    step.state = StepState::NotNeeded { why: "nothing had to be undone".to_owned() };
                }
            }
            run.state = state;
            run.ended_at = Some(now);
            run.happened(now, Happened::Ended);
        })
        .await?;
        self.wrap_up().await
    }

    async fn wrap_up(&mut self) -> Result<Next, Interrupted> {
        finish::settle(self.world, self.run(), &self.proposal).await?;
        self.tell_people().await;
        let now = self.now();
        let told_all = self.run().told == self.run().log.len();
        let waited = self.run().ended_at.map_or(SignedDuration::ZERO, |ended| now.duration_since(ended));
        if !told_all && waited < REMINDER {
            return Ok(Next::Wait { seconds: 15 });
        }
        picture::show_run(self.world, self.run(), &self.proposal).await;
        Ok(if self.run().state == State::Succeeded { Next::Done } else { Next::Failed })
    }

    /// A step failed: people are asked again from time to time.
    async fn remind(&mut self, stuck: StepId, since: Timestamp) -> Result<Next, Interrupted> {
        let now = self.now();
        let last = self.run().log.iter().rev().find(|told| matches!(&told.what, Happened::StillStuck(_) | Happened::StepFailed(_)));
        let last = last.map_or(since, |told| told.at);
        if now.duration_since(last) >= REMINDER {
            self.save(|run| run.happened(now, Happened::StillStuck(stuck))).await?;
        }
        Ok(Next::Decision { seconds: REMINDER.as_secs().unsigned_abs() })
    }

    /// The execution is about to wait for a person. If one has decided meanwhile, it is woken at once.
    async fn wait_for_person(&mut self, token: String) -> Result<Next, Fault> {
        if self.run().waits_for_people() && self.run().stop.is_none() {
            let kept = token.clone();
            match self.save(|run| run.wake_token = Some(kept)).await {
                // Whoever decides writes the decision first and then looks for the token; we do it the other way round.
                Ok(()) if gate::any_decided(self.world, self.run()).await? => {}
                Ok(()) => return Ok(Next::Decision { seconds: REMINDER.as_secs().unsigned_abs() }),
                Err(Interrupted::Fault(fault)) => return Err(fault),
                Err(Interrupted::Lost) => {}
            }
        }
        let _: Delivery = self.world.workflow.wake(&token).await?;
        Ok(Next::Wait { seconds: 1 })
    }

    async fn continue_elsewhere(&mut self) -> Result<Next, Interrupted> {
        let raised = self.run().raised(self.world.installation.region(), self.now());
        self.audit("run.epoch", json!({"epoch": raised.epoch})).await?;
        self.save(|run| *run = raised).await?;
        begin::launch(self.world, self.kept.clone()).await?;
        Ok(Next::Superseded)
    }

    /// Tells people what they were not told yet. Never stands in the way of the run.
    pub(super) async fn tell_people(&mut self) {
        match tell::tell(self.world, self.kept.clone(), &self.proposal).await {
            Ok(kept) => self.kept = kept,
            Err(fault) => tracing::error!(run = self.run().id.as_str(), fault = fault.chain(), "people could not be told"),
        }
    }
}
