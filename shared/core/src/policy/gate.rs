//! Gates: what stands behind one needs the approval that was given there, beside the one that the run began with.

use super::{
    counts,
    permit::{Withheld, forbidden},
};
use crate::{
    action::Act,
    approval::{Approval, State},
    failure::Failure,
    plan::Plan,
    planted::{Bug, planted},
    port::World,
    proposal::{PlannedStep, Proposal},
    run::{Run, StepState, all_before},
    store::{Kept, Store},
};

/// Checks every gate that the step stands behind: it was passed, by people who count still, on exactly this step.
pub(super) async fn passed(world: &World, run: &Run, proposal: &Proposal, step: &PlannedStep, plan: &Plan) -> Result<(), Withheld> {
    // What undoes is covered by the run's own approval: a gate that nobody passed must not keep a run from undoing.
    if step.flow.undoes.is_some() || planted(Bug::GateIgnored) {
        return Ok(());
    }
    for id in all_before(proposal, &step.id) {
        if !proposal.step(&id).is_some_and(|step| matches!(step.act, Act::Gate(_))) {
            continue;
        }
        let state = run.steps.iter().find(|record| record.id == id).map(|record| &record.state);
        match state {
            // An approver waived it, or it was not needed.
            Some(StepState::Skipped { .. } | StepState::NotNeeded { .. }) => {}
            Some(StepState::Done(finding)) => {
                let child = finding.detail.get("proposal").and_then(serde_json::Value::as_str);
                let child = child.ok_or_else(|| forbidden(format!("nobody was asked at {id}")))?;
                approved(world, run, step, plan, child).await?;
            }
            _ => return Err(forbidden(format!("nobody has approved what comes after {id}"))),
        }
    }
    Ok(())
}

async fn approved(world: &World, run: &Run, step: &PlannedStep, plan: &Plan, child: &str) -> Result<(), Withheld> {
    let store = Store::of(world);
    let proposal: Option<Kept<Proposal>> = store.load(child).await?;
    let approval: Option<Kept<Approval>> = store.load(child).await?;
    let (Some(proposal), Some(approval)) = (proposal, approval) else { return Err(forbidden(format!("the approval {child} is gone"))) };
    let (proposal, approval) = (proposal.value, approval.value);
    let is_ours = proposal.gate.as_ref().is_some_and(|gate| gate.run == run.id);
    let is_approved = matches!(approval.state, State::Approved { .. }) && approval.digest == proposal.digest()?;
    if !is_ours || !is_approved || proposal.step(&step.id) != Some(step) {
        return Err(forbidden(format!("what was approved by {child} is not this step")));
    }
    let mut voters: Vec<_> = approval.votes.iter().map(|vote| &vote.by).filter(|by| **by != approval.requester).collect();
    voters.sort();
    voters.dedup();
    if voters.len() < usize::from(approval.quorum.needed.max(1)) {
        return Err(forbidden(format!("too few people approved {child}")));
    }
    for voter in voters {
        match counts(plan, world.directory.as_ref(), voter, &approval.quorum, &approval.environment).await {
            Ok(_) => {}
            Err(Failure::Refusal(why)) => return Err(forbidden(format!("an approval no longer counts: {}", why.sentence))),
            // As with the run's own approval: Slack's outage does not leave a run half done.
            Err(Failure::Fault(fault)) => {
                tracing::warn!(run = run.id.as_str(), fault = fault.chain(), "an approver's account can't be verified again");
            }
        }
    }
    Ok(())
}
