//! What must hold of each turn that a record takes, beside what it says.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mayday_core::{
    approval::Approval,
    ident::{Actor, Identity},
    port::Row,
    proposal::Proposal,
    run::{Run, StepRecord, StepState},
    store::Record,
};
use serde_json::Value;

use super::{Finding, effect};
use crate::{setting::ORG, state::State};

/// How long after it could last be approved something may still be begun.
const GRACE: SignedDuration = SignedDuration::from_mins(10);
/// How many of the newest audit entries are looked through: between an entry and what it announces few others are written.
const RECENT: usize = 200;

/// A record as it stands in a row; `None` where its payload went to a file.
fn record<T: Record>(row: &Row) -> Option<T> {
    row.body.get("record")?;
    row.body.record().ok()
}

fn member<'a>(row: &'a Row, path: &str) -> Option<&'a Value> {
    row.body.pointer(path)
}

/// A write that was made on an older version than the one that stands must not land.
pub(super) fn follows(_: &State, before: Option<&Row>, row: &Row) -> Finding {
    let wanted = before.map_or(1, |before| before.version + 1);
    if row.version == wanted {
        return Ok(());
    }
    Err(format!("{} {} is written as version {}, and {wanted} is next", row.key.partition, row.key.id, row.version))
}

/// A vote is given before the time is over, by a person of the plan with one of the roles, who has a sound account and did not ask.
pub(super) fn votes_count(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    let votes = |row: &Row| member(row, "/record/votes").and_then(Value::as_array).map_or(0, Vec::len);
    let known = before.map_or(0, votes);
    if row.key.partition != "approval" || votes(row) <= known {
        return Ok(());
    }
    let (Some(approval), Ok(plan)) = (record::<Approval>(row), effect::plan(state)) else { return Ok(()) };
    for vote in approval.votes.iter().skip(known) {
        let Identity { org, user } = &vote.by;
        let why = |why: &str| Err(format!("{user} of {org} on {}: {why}", row.key.id));
        let has_role = plan.person(user).is_some_and(|(_, person)| person.roles.iter().any(|role| approval.quorum.roles.contains(role)));
        let sound = state.people.get(user).is_some_and(|profile| {
            let strange = profile.deleted || profile.restricted || profile.ultra_restricted || profile.stranger || profile.bot;
            !strange && profile.team == ORG
        });
        if vote.at >= approval.expires_at {
            return why("the time was over");
        }
        if org != ORG || !has_role {
            return why("no approver");
        }
        if vote.by == approval.requester {
            return why("asked for it");
        }
        if !sound {
            return why("an account that can't be used");
        }
    }
    Ok(())
}

/// Whoever asks for something is a person of the plan, in our organization.
pub(super) fn asked_by_ours(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    if row.key.partition != "proposal" || before.is_some() {
        return Ok(());
    }
    let (Some(proposal), Ok(plan)) = (record::<Proposal>(row), effect::plan(state)) else { return Ok(()) };
    match &proposal.requester {
        Actor::Person(person) if person.org != ORG || plan.person(&person.user).is_none() => {
            Err(format!("{person} asked for {}", row.key.id))
        }
        _ => Ok(()),
    }
}

/// A proposal becomes one run, and in time.
pub(super) fn one_run_in_time(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    if row.key.partition != "run" || before.is_some() {
        return Ok(());
    }
    let Some(run) = record::<Run>(row) else { return Ok(()) };
    let of_it = |other: &&Row| member(other, "/record/proposal").and_then(Value::as_str) == Some(run.proposal.as_str());
    if let Some(other) = state.rows.all("run").find(of_it) {
        return Err(format!("{} of {} is begun beside {}", row.key.id, run.proposal, other.key.id));
    }
    let Some(proposal) = state.record::<Proposal>(run.proposal.as_str()) else { return Ok(()) };
    let until = proposal.expires_at.checked_add(GRACE).unwrap_or(Timestamp::MAX);
    if !run.state.is_final() && run.started_at > until {
        return Err(format!("{} is begun at {}, and could be until {until}", row.key.id, run.started_at));
    }
    Ok(())
}

/// What became of a step in one word, where it is over.
fn over(state: &StepState) -> Option<&'static str> {
    match state {
        StepState::Done(_) => Some("done"),
        StepState::Failed(_) => Some("failed"),
        StepState::NotNeeded { .. } => Some("not needed"),
        StepState::Skipped { .. } => Some("skipped"),
        _ => None,
    }
}

/// Whether an entry about a record was written on the version that is replaced now.
fn announced(state: &State, row: &Row, version: u64) -> bool {
    state.rows.all("audit").rev().take(RECENT).any(|entry| {
        let event = |path: &str| entry.body.pointer("/record/event").and_then(|event| event.pointer(path));
        let about = event("/about").and_then(Value::as_str) == Some(row.key.id.as_str());
        about && event("/detail/after_version").and_then(Value::as_u64) == Some(version)
    })
}

/// Checks of a run's next record against the one that it replaces.
pub(super) fn run_turns(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    let Some(before) = before.filter(|_| row.key.partition == "run") else { return Ok(()) };
    if member(before, "/record/steps") == member(row, "/record/steps") && member(before, "/record/state") == member(row, "/record/state") {
        return Ok(());
    }
    let (Some(was), Some(is)) = (record::<Run>(before), record::<Run>(row)) else { return Ok(()) };
    let turned =
        was.state != is.state || pairs(&was, &is).any(|(was, is)| over(&was.state) != over(&is.state) && over(&is.state).is_some());
    if turned && !announced(state, row, before.version) {
        return Err(format!("{} turns to {:?} on version {}, and no entry says so", row.key.id, is.state, before.version));
    }
    Ok(())
}

fn pairs<'a>(was: &'a Run, is: &'a Run) -> impl Iterator<Item = (&'a StepRecord, &'a StepRecord)> {
    was.steps.iter().zip(&is.steps)
}

/// Once somebody has said stop, nothing is begun.
pub(super) fn stop_is_heeded(_: &State, before: Option<&Row>, row: &Row) -> Finding {
    let stops = |row: &Row| member(row, "/record/stop").is_some_and(|stop| !stop.is_null());
    let Some(before) = before.filter(|before| row.key.partition == "run" && stops(before)) else { return Ok(()) };
    let (Some(was), Some(is)) = (record::<Run>(before), record::<Run>(row)) else { return Ok(()) };
    let begun = |(was, is): &(&StepRecord, &StepRecord)| was.state == StepState::Waiting && matches!(is.state, StepState::Intended { .. });
    match pairs(&was, &is).find(begun) {
        Some((_, step)) => Err(format!("{} begins {} though it was to stop", row.key.id, step.id)),
        None => Ok(()),
    }
}

/// A step's call is tried so often and no more.
pub(super) fn budget_holds(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    let Some(before) = before.filter(|_| row.key.partition == "run") else { return Ok(()) };
    let attempts = |row: &Row| -> Vec<Option<Value>> {
        let steps = member(row, "/record/steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        steps.iter().map(|step| step.get("attempts").cloned()).collect()
    };
    if attempts(before) == attempts(row) {
        return Ok(());
    }
    let Some(run) = record::<Run>(row) else { return Ok(()) };
    let Some(proposal) = state.record::<Proposal>(run.proposal.as_str()) else { return Ok(()) };
    let gates: BTreeSet<_> =
        proposal.steps.iter().filter(|step| matches!(step.act, mayday_core::action::Act::Gate(_))).map(|step| &step.id).collect();
    for step in run.steps.iter().filter(|step| !gates.contains(&step.id)) {
        let most = proposal.step(&step.id).map_or(0, |planned| planned.retries) + 1;
        if step.attempts > most {
            return Err(format!("{} has tried {} {} times, of {most}", row.key.id, step.id, step.attempts));
        }
    }
    Ok(())
}
