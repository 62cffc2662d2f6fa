//! What must hold when an effect takes place, of the steps around it and of where traffic is led.

use mayday_core::{
    action::{Act, Promote},
    approval::{self, Approval},
    ident::StepId,
    port::{Mark, Phase},
    proposal::{PlannedStep, Proposal, TargetKind},
    run::{Run, StepRecord, StepState},
};

use super::{
    Finding,
    effect::{Case, held, plan},
};
use crate::{setting::ROWS, state::State};

fn record_of<'a>(run: &'a Run, id: &StepId) -> Option<&'a StepRecord> {
    run.steps.iter().find(|record| record.id == *id)
}

/// What a step comes right after.
fn before(proposal: &Proposal, step: &PlannedStep) -> Vec<StepId> {
    let index = proposal.steps.iter().position(|other| other.id == step.id).unwrap_or(0);
    let previous = || index.checked_sub(1).and_then(|index| proposal.steps.get(index)).map(|step| step.id.clone()).into_iter().collect();
    step.flow.after.clone().unwrap_or_else(previous)
}

/// Whoever comes late changes nothing: the run was about to do this, or had tried to.
pub(super) fn still_meant(case: &Case<'_>) -> Finding {
    let Some(record) = record_of(&case.run, &case.step.id) else { return Err("the run has no such step".to_owned()) };
    let meant = match record.state {
        StepState::Intended { .. } | StepState::Called { .. } | StepState::Failed(_) => true,
        StepState::Waiting => record.attempts > 0,
        _ => false,
    };
    held(meant, || format!("the step is {:?}", record.state))
}

/// A step is carried out when those before it are over.
pub(super) fn in_order(case: &Case<'_>) -> Finding {
    for id in before(&case.proposal, &case.step) {
        let over = record_of(&case.run, &id).is_some_and(|record| match record.state {
            StepState::Done(_) | StepState::Skipped { .. } | StepState::NotNeeded { .. } => true,
            StepState::Failed(_) => record.tolerated,
            _ => false,
        });
        held(over || case.step.flow.undoes.is_some(), || format!("{id} is not over"))?;
    }
    Ok(())
}

/// What comes after a gate was approved there.
pub(super) fn behind_gates(case: &Case<'_>) -> Finding {
    if case.step.flow.undoes.is_some() {
        return Ok(());
    }
    let mut all = before(&case.proposal, &case.step);
    let mut next = 0;
    while let Some(id) = all.get(next).cloned() {
        next += 1;
        let Some(step) = case.proposal.step(&id) else { continue };
        all.extend(before(&case.proposal, step).into_iter().filter(|id| !all.contains(id)).collect::<Vec<_>>());
        if !matches!(step.act, Act::Gate(_)) {
            continue;
        }
        match record_of(&case.run, &id).map(|record| &record.state) {
            Some(StepState::Skipped { .. } | StepState::NotNeeded { .. }) => {}
            Some(StepState::Done(finding)) => {
                let child = finding.detail.get("proposal").and_then(serde_json::Value::as_str).unwrap_or_default();
                let approval: Option<Approval> = case.state.record(child);
                let given = approval.is_some_and(|approval| matches!(approval.state, approval::State::Approved { .. }));
                held(given, || format!("nobody has approved what comes after {id}"))?;
            }
            _ => return Err(format!("{id} was not passed")),
        }
    }
    Ok(())
}

/// What the plan says of the target is what it said when this was approved.
pub(super) fn by_the_same_plan(case: &Case<'_>) -> Finding {
    let said = plan(case.state)?.digest_for(&case.proposal.target, &case.proposal.locks).map_err(|fault| fault.chain())?;
    held(said == case.proposal.plan_digest, || "the plan was edited since".to_owned())
}

/// Traffic of a restored database goes to data that is as it should be.
pub(super) fn to_good_data(case: &Case<'_>) -> Finding {
    let Act::Switch(switch) = &case.step.act else { return Ok(()) };
    let waived = case.run.steps.iter().any(|step| matches!(step.state, StepState::Skipped { .. }));
    if waived || case.proposal.target.kind != TargetKind::Database {
        return Ok(());
    }
    let place = (switch.region.clone(), switch.to.clone());
    let rows = case.state.databases.data(&place, case.effect.at).and_then(|data| data.count(&case.proposal.target.name));
    held(rows >= Some(ROWS), || format!("{} has {rows:?} rows", switch.to))
}

/// Whether an instance can take writes.
fn takes_writes(state: &State, (region, instance): (&str, &str), at: i64) -> bool {
    let place = (region.to_owned(), instance.to_owned());
    let Some(found) = state.databases.instances.get(&place) else { return false };
    let follows = found.follows.as_ref().is_some_and(|follows| follows.cut.is_none_or(|cut| at < cut));
    // Nobody reaches what is in a region that is lost.
    let reached = state.lost.get(region).is_none_or(|until| at >= *until);
    reached && found.exists(at) && !follows && found.phase(at) == Phase::Available && !found.data.is_read_only()
}

fn old_primary_is_quiet(state: &State, promote: &Promote, at: i64) -> Finding {
    let old = (promote.source.region.as_str(), promote.source.instance.as_str());
    held(!takes_writes(state, old, at), || format!("{} takes writes", old.1))
}

/// A standby becomes a primary when the old one takes no writes and all of them have arrived.
pub(super) fn promoted_in_peace(case: &Case<'_>) -> Finding {
    let Act::Promote(promote) = &case.step.act else { return Ok(()) };
    old_primary_is_quiet(case.state, promote, case.effect.at)?;
    let mark = case.proposal.steps.iter().find_map(|step| match &step.act {
        Act::AwaitStandby(wait) if wait.standby.instance == promote.standby.instance => wait.mark.clone(),
        _ => None,
    });
    let place = (promote.standby.region.clone(), promote.standby.instance.clone());
    let there = case.state.databases.instances.get(&place).and_then(|found| found.data.marked(Mark::Frozen.key()));
    held(mark.is_none() || there == mark.as_deref(), || format!("{} lacks the last writes: its mark is {there:?}", place.1))
}

/// Names of a service move while one primary takes writes, the new one.
pub(super) fn to_one_primary(case: &Case<'_>) -> Finding {
    if !matches!(case.step.act, Act::UpdateDns(_)) {
        return Ok(());
    }
    one_primary(case.state, &case.proposal, case.effect.at)
}

/// Of every database that was led over: the new primary takes writes, and the old one none.
pub(super) fn one_primary(state: &State, proposal: &Proposal, at: i64) -> Finding {
    for step in &proposal.steps {
        let Act::Promote(promote) = &step.act else { continue };
        let new = (promote.standby.region.as_str(), promote.standby.instance.as_str());
        held(takes_writes(state, new, at), || format!("{} takes no writes", new.1))?;
        old_primary_is_quiet(state, promote, at)?;
    }
    Ok(())
}

/// No name is left without an answer.
pub(super) fn names_answer(state: &State) -> Finding {
    match state.zones.records.values().find(|record| record.values.iter().all(|value| value.trim().is_empty())) {
        Some(record) => Err(format!("{} leads nowhere", record.name)),
        None => Ok(()),
    }
}
