use serde_json::json;

use super::{Happened, Run, State, StepState, Stop, begin};
use crate::{
    approval::Approval,
    audit,
    failure::{Failure, Fault, Refusal},
    ident::{Actor, Identity, RunId},
    plan::Plan,
    policy::{self},
    port::{Delivery, World},
    proposal::Proposal,
    store::{Kept, Store},
};

/// What a person can do about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervention {
    /// Do the failed step again.
    Retry,
    /// Go on without the failed step. That is not what was approved, so an approver must say it.
    Skip,
    /// Stop at the next safe point.
    Stop,
}

/// How often a write that lost a race is judged anew.
const RACES: u32 = 20;

/// Carries out a person's decision about a run, and has the run driven on.
///
/// # Errors
/// A refusal when they may not, or there is nothing to decide (any more); a fault when it can't be recorded.
pub async fn intervene(world: &World, plan: &Plan, id: &RunId, by: &Identity, what: Intervention) -> Result<Run, Failure> {
    let store = Store::of(world);
    for _ in 0..RACES {
        let kept: Kept<Run> = store
            .load(id.as_str())
            .await?
            .ok_or_else(|| Refusal::new(format!("There is no run {id}.")).instead("`/dr runs` lists them."))?;
        entitled(world, plan, &kept.value, by, what).await?;
        let now = world.clock.now();
        let next = judged(&kept.value, by, what, now)?;
        audit::append(
            world,
            audit::Event {
                at: now,
                actor: Actor::Person(by.clone()),
                what: format!("run.{what:?}").to_lowercase(),
                about: id.0.clone(),
                digest: Some(kept.value.digest.clone()),
                detail: json!({"after_version": kept.version(), "state": kept.value.state}),
            },
        )
        .await?;
        if let Ok(kept) = store.replace(&kept, next).await? {
            return Ok(drive_on(world, kept).await?);
        }
    }
    Err(Fault::new(format!("{id} is decided on by too many at once")).into())
}

async fn entitled(world: &World, plan: &Plan, run: &Run, by: &Identity, what: Intervention) -> Result<(), Failure> {
    let store = Store::of(world);
    let proposal: Kept<Proposal> =
        store.load(run.proposal.as_str()).await?.ok_or_else(|| Fault::new(format!("the proposal of {} is gone", run.id)))?;
    let environment = proposal.value.target.environment.as_str();
    let directory = world.directory.as_ref();
    if what == Intervention::Skip {
        let approval: Option<Kept<Approval>> = store.load(run.proposal.as_str()).await?;
        let quorum = approval.map_or_else(|| plan.approvals.destructive.clone(), |approval| approval.value.quorum);
        policy::counts(plan, directory, by, &quorum, environment).await?;
        if matches!(&proposal.value.requester, Actor::Person(requester) if requester == by) {
            return Err(Refusal::new("You asked for this run, so you can't waive one of its steps.")
                .instead("Another approver can skip it; you can retry it, or stop the run.")
                .into());
        }
        return Ok(());
    }
    policy::authorize(plan, directory, by, proposal.value.verb, Some(environment)).await.map(drop)
}

fn judged(run: &Run, by: &Identity, what: Intervention, now: jiff::Timestamp) -> Result<Run, Refusal> {
    if run.state.is_final() {
        return Err(Refusal::new(format!("{} has ended already.", run.id)).instead(format!("`/dr why {}` tells how.", run.id)));
    }
    let mut next = run.clone();
    if what == Intervention::Stop {
        if run.stop.is_none() {
            next.stop = Some(Stop { by: by.clone(), at: now });
            next.happened(now, Happened::StopAsked(by.clone()));
        }
        return Ok(next);
    }
    let State::Stuck { step, .. } = &run.state else {
        return Err(Refusal::new(format!("No step of {} waits for a decision: somebody has decided, or it went on by itself.", run.id)));
    };
    let record = next.steps.iter_mut().find(|record| record.id == *step);
    let record = record.ok_or_else(|| Refusal::new(format!("{} has no step {step}.", run.id)))?;
    if what == Intervention::Skip {
        record.state = StepState::Skipped { by: by.clone() };
        record.ended_at = Some(now);
    } else {
        record.reset();
    }
    next.state = State::Running;
    let happened =
        if what == Intervention::Skip { Happened::Skipped(step.clone(), by.clone()) } else { Happened::Retried(step.clone(), by.clone()) };
    next.happened(now, happened);
    Ok(next)
}

/// Wakes the execution that waits for this decision; where none does (any more), starts another.
pub(super) async fn drive_on(world: &World, kept: Kept<Run>) -> Result<Run, Fault> {
    let hears = match &kept.value.wake_token {
        // A token is known in its own region only.
        Some(_) if kept.value.is_driven_elsewhere(world.installation.region()) => false,
        Some(token) => world.workflow.wake(token).await? == Delivery::Delivered,
        // Where it is at work in the other region, its next visit there reads what was decided.
        None => begin::is_left_to_others(world, &kept.value),
    };
    Ok(if hears { kept.value } else { begin::launch(world, kept).await?.value })
}
