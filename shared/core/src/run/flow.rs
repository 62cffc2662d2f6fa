//! Which steps can go on now: pure, from the record and the proposal alone.

use serde_json::{Map, Value, json};

use super::{Run, StepRecord, StepState};
use crate::{
    action::{Finding, SecondCall},
    ident::StepId,
    planted::{Bug, planted},
    proposal::{OnFailure, PlannedStep, Proposal},
    runbook::condition::{Condition, Known},
};

/// The steps that can go on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Todo {
    /// Of these, a call may be on its way, or people are asked.
    pub(super) under_way: Vec<StepId>,
    /// All that these wait for is over.
    pub(super) ready: Vec<StepId>,
    /// Whether there is nothing left to do.
    pub(super) over: bool,
}

/// What can go on now.
pub(super) fn todo(run: &Run, proposal: &Proposal) -> Todo {
    let mut todo = Todo { over: true, ..Todo::default() };
    for (step, record) in pairs(run, proposal) {
        let under_way = matches!(record.state, StepState::Intended { .. } | StepState::Called { .. } | StepState::Asked { .. });
        if under_way {
            todo.over = false;
            todo.under_way.push(step.id.clone());
        } else if is_meant(run, step) && !record.is_over() {
            todo.over = false;
            let is_next = before(proposal, &step.id).iter().all(|id| record_of(run, id).is_none_or(StepRecord::is_over));
            if is_next || planted(Bug::OrderIgnored) {
                todo.ready.push(step.id.clone());
            }
        }
    }
    todo
}

fn pairs<'a>(run: &'a Run, proposal: &'a Proposal) -> impl Iterator<Item = (&'a PlannedStep, &'a StepRecord)> {
    proposal.steps.iter().filter_map(|step| Some((step, record_of(run, &step.id)?)))
}

fn record_of<'a>(run: &'a Run, id: &StepId) -> Option<&'a StepRecord> {
    run.steps.iter().find(|record| record.id == *id)
}

/// While a run undoes, only what undoes is meant; else all but that.
fn is_meant(run: &Run, step: &PlannedStep) -> bool {
    step.flow.undoes.is_some() == run.undoing.is_some()
}

/// The steps that must be over before this one begins.
pub(super) fn before(proposal: &Proposal, id: &StepId) -> Vec<StepId> {
    let Some(index) = proposal.steps.iter().position(|step| step.id == *id) else { return Vec::new() };
    let after = proposal.steps.get(index).and_then(|step| step.flow.after.clone());
    after.unwrap_or_else(|| {
        let before = index.checked_sub(1).and_then(|index| proposal.steps.get(index));
        before.map(|step| step.id.clone()).into_iter().collect()
    })
}

/// All that a step waits for, directly or not.
pub(crate) fn all_before(proposal: &Proposal, id: &StepId) -> Vec<StepId> {
    let mut all: Vec<StepId> = before(proposal, id);
    let mut next = 0;
    while let Some(id) = all.get(next).cloned() {
        for earlier in before(proposal, &id) {
            if !all.contains(&earlier) {
                all.push(earlier);
            }
        }
        next += 1;
    }
    all
}

/// Why a step that is about to begin is not needed; `None` when it is.
///
/// # Errors
/// When its condition can't be told: then it is neither done nor left out.
pub(super) fn not_needed(run: &Run, proposal: &Proposal, step: &PlannedStep) -> Result<Option<String>, String> {
    if let Some(undone) = &step.flow.undoes {
        let is_done = pairs(run, proposal)
            .any(|(other, record)| other.flow.undoes.is_none() && belongs(other, undone) && matches!(record.state, StepState::Done(_)));
        return Ok((!is_done).then(|| format!("{undone} was not done")));
    }
    let in_group = |id: &&StepId| proposal.step(id).is_some_and(|other| step.flow.group.is_some() && other.flow.group == step.flow.group);
    for earlier in before(proposal, &step.id).iter().filter(in_group) {
        match record_of(run, earlier).map(|record| &record.state) {
            Some(StepState::NotNeeded { why }) => return Ok(Some(why.clone())),
            Some(StepState::Failed(_)) => return Ok(Some(format!("{earlier} failed before it"))),
            _ => {}
        }
    }
    let Some(text) = &step.flow.condition else { return Ok(None) };
    let holds = Condition::compile(text).and_then(|condition| condition.holds(&known(run, proposal)));
    match holds {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(format!("{text} is not so"))),
        Err(why) => Err(format!("whether it is needed can't be told: {text}: {why}")),
    }
}

fn belongs(step: &PlannedStep, of: &StepId) -> bool {
    step.id == *of || step.flow.group.as_ref().is_some_and(|group| group.id == *of)
}

/// The facts and results so far: what conditions are asked of, and what people see at a gate.
pub(super) fn known(run: &Run, proposal: &Proposal) -> Known {
    let mut known = Known::default();
    for (step, record) in pairs(run, proposal) {
        let outputs = match &record.state {
            StepState::Done(finding) | StepState::Failed(finding) => outputs(finding),
            _ => Map::new(),
        };
        if let Some(facts) = outputs.get("facts").and_then(Value::as_object) {
            known.facts.extend(facts.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        if matches!(record.state, StepState::Failed(_)) {
            known.facts.insert(step.flow.fact_of(&step.id), json!(true));
        }
        let state = word(&record.state);
        known.steps.insert(step.id.0.clone(), json!({"state": state, "outputs": outputs}));
        if let Some(group) = &step.flow.group {
            let together = known.steps.get(&group.id.0).and_then(|so_far| so_far.get("state")).and_then(Value::as_str);
            let together = match (together, state) {
                (Some("failed"), _) | (_, "failed") => "failed",
                (None | Some("done"), "done") => "done",
                (None | Some("not_needed"), "not_needed") => "not_needed",
                (None | Some("waiting"), "waiting") => "waiting",
                _ => "running",
            };
            known.steps.insert(group.id.0.clone(), json!({"state": together, "outputs": outputs}));
        }
    }
    known
}

fn outputs(finding: &Finding) -> Map<String, Value> {
    finding.detail.as_object().cloned().unwrap_or_default()
}

/// The state, as conditions name it.
fn word(state: &StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Intended { .. } | StepState::Called { .. } | StepState::Asked { .. } => "running",
        StepState::Done(_) => "done",
        StepState::Failed(_) => "failed",
        StepState::Skipped { .. } => "skipped",
        StepState::NotNeeded { .. } => "not_needed",
    }
}

/// What a step's failure leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// These steps are done again.
    Again(Vec<StepId>),
    /// The run goes on without it.
    GoOn,
    /// What was done is undone.
    Undo,
    /// People decide.
    Ask,
}

/// What the failure of a step leads to.
pub(super) fn turn(run: &Run, proposal: &Proposal, step: &PlannedStep) -> Turn {
    if run.undoing.is_some() || step.flow.undoes.is_some() {
        return Turn::Ask;
    }
    if let Some(again) = again(run, proposal, step) {
        return Turn::Again(again);
    }
    match step.flow.on_failure {
        Some(OnFailure::Continue) => Turn::GoOn,
        Some(OnFailure::Undo) => Turn::Undo,
        Some(OnFailure::Stop) => Turn::Ask,
        None if is_read_later(run, proposal, step) => Turn::GoOn,
        None => Turn::Ask,
    }
}

/// The commands of a step that are done again, from its first to the one that failed; unless one of them may have changed
/// something that a second call would change once more.
fn again(run: &Run, proposal: &Proposal, failed: &PlannedStep) -> Option<Vec<StepId>> {
    let group = failed.flow.group.as_ref()?;
    if run.again.get(&group.id).copied().unwrap_or(0) >= group.again {
        return None;
    }
    let mut lane = vec![failed.id.clone()];
    let mut next = 0;
    while let Some(id) = lane.get(next).cloned() {
        for earlier in before(proposal, &id) {
            if !lane.contains(&earlier) && proposal.step(&earlier).is_some_and(|step| step.flow.group.as_ref() == Some(group)) {
                lane.push(earlier);
            }
        }
        next += 1;
    }
    let repeatable = lane.iter().all(|id| proposal.step(id).is_some_and(|step| is_repeatable(run, step)));
    repeatable.then_some(lane)
}

fn is_repeatable(run: &Run, step: &PlannedStep) -> bool {
    let uncalled = record_of(run, &step.id).is_none_or(|record| record.attempts == 0);
    uncalled || step.act.action().class().second_call() != Some(SecondCall::OnlyIfUnchanged)
}

/// Whether the condition of a step that is not over reads that this one failed.
fn is_read_later(run: &Run, proposal: &Proposal, failed: &PlannedStep) -> bool {
    let fact = failed.flow.fact_of(&failed.id);
    pairs(run, proposal).any(|(step, record)| {
        let reads = |condition: Condition| {
            condition.facts().contains(&fact) || condition.steps().iter().any(|name| belongs(failed, &StepId(name.replace('_', "-"))))
        };
        let waits = record.state == StepState::Waiting && record.started_at.is_none() && step.id != failed.id;
        waits && step.flow.condition.as_ref().is_some_and(|text| Condition::compile(text).is_ok_and(reads))
    })
}
