//! Gates: a stop in the middle, until people who see what is known by then approve the rest.
//!
//! They decide on a proposal of its own, with a digest that covers every step that is left and what the run has found out.
//! [`crate::policy::permit`] demands that approval of every step behind the gate.

use jiff::Timestamp;
use serde_json::json;

use super::{
    Happened, Run, StepState, Stop, flow,
    intervene::drive_on,
    step,
    visit::{Interrupted, Visit},
};
use crate::{
    action::{Finding, Gate},
    approval::{Approval, State},
    desk,
    failure::Fault,
    ident::{Actor, Identity, ProposalId, RunId, StepId, sha256_hex, ulid_text},
    plan::{self, Current},
    planted::{Bug, planted},
    port::World,
    proposal::{Consequences, GateOf, PlannedStep, Proposal},
    runbook::{condition::Known, reference},
    store::{Created, Kept, Store},
};

/// How often a run that waits at a gate looks by itself, in seconds.
const LOOKS_EVERY: i64 = 30 * 60;
/// The longest finding that is told at a gate, in characters.
const LONGEST: usize = 200;

/// Takes a gate as far as it goes without waiting.
pub(super) async fn advance(visit: &mut Visit<'_>, planned: &PlannedStep, gate: &Gate) -> Result<Option<u64>, Interrupted> {
    if planted(Bug::GateIgnored) {
        return step::done(visit, planned, Finding::said("walked through")).await;
    }
    let StepState::Asked { proposal } = step::record(visit, &planned.id)?.state else { return ask(visit, planned, gate).await };
    let store = Store::of(visit.world);
    let approval: Kept<Approval> =
        store.load(proposal.as_str()).await?.ok_or_else(|| Fault::new(format!("the approval {proposal} is gone")))?;
    let now = visit.now();
    match &approval.value.state {
        State::Approved { .. } => {
            let by: Vec<&Identity> = approval.value.votes.iter().map(|vote| &vote.by).collect();
            let detail = json!({"proposal": proposal, "digest": approval.value.digest, "approved_by": by});
            step::done(visit, planned, Finding { summary: "the rest was approved".to_owned(), detail }).await
        }
        State::Denied { by, .. } | State::Cancelled { by, .. } => stop(visit, planned, by.clone()).await,
        State::Pending if approval.value.is_open(now) => {
            let left = approval.value.expires_at.duration_since(now).as_secs().saturating_add(1);
            Ok(Some(left.clamp(1, LOOKS_EVERY).unsigned_abs()))
        }
        State::Pending | State::Expired => step::fail(visit, &planned.id, Finding::said("nobody decided in time")).await,
    }
}

/// Somebody said no: the run ends at a safe point, with what it has done so far.
async fn stop(visit: &mut Visit<'_>, planned: &PlannedStep, by: Identity) -> Result<Option<u64>, Interrupted> {
    visit.audit("gate.denied", json!({"step": planned.id, "by": by})).await?;
    let now = visit.now();
    let id = planned.id.clone();
    visit
        .save(|run| {
            step::edit(run, &id, |step| {
                step.state = StepState::Failed(Finding::said("the rest was not approved"));
                step.ended_at = Some(now);
            });
            run.stop = Some(Stop { by: by.clone(), at: now });
            run.happened(now, Happened::StopAsked(by));
        })
        .await?;
    Ok(None)
}

/// Puts the rest before those who decide. Doing it twice is doing it once: the proposal's id follows from the run's, the
/// step's and the time that the step began.
async fn ask(visit: &mut Visit<'_>, planned: &PlannedStep, gate: &Gate) -> Result<Option<u64>, Interrupted> {
    let world = visit.world;
    let started_at = step::record(visit, &planned.id)?.started_at.unwrap_or_else(|| visit.now());
    let current = match plan::current(world.blobs.as_ref()).await {
        Ok(current) => current,
        Err(crate::failure::Failure::Fault(fault)) => return Err(fault.into()),
        Err(crate::failure::Failure::Refusal(why)) => return step::fail(visit, &planned.id, Finding::said(why.to_string())).await,
    };
    let child = child(visit, &current, planned, gate, started_at)?;
    let id = child.id.clone();
    visit.audit("gate.asked", json!({"step": planned.id, "proposal": id})).await?;
    let store = Store::of(world);
    let child = match store.create(child).await? {
        Created::New(kept) | Created::Already(kept) => kept.value,
    };
    let requester = match &child.requester {
        Actor::Person(identity) => identity.clone(),
        Actor::System(name) => Identity { org: String::new(), user: name.clone() },
    };
    let approval = Approval::of(&child, child.digest()?, requester).ok_or_else(|| Fault::new("a gate without a quorum"))?;
    let approval = match store.create(approval).await? {
        Created::New(kept) | Created::Already(kept) => kept,
    };
    let step = planned.id.clone();
    let now = visit.now();
    visit
        .save(|run| {
            step::edit(run, &step, |record| {
                record.state = StepState::Asked { proposal: id };
                record.attempts += 1;
            });
            run.happened(now, Happened::Asked(step.clone()));
        })
        .await?;
    // Where this does not get out, the sweep shows it.
    if approval.value.cards.is_empty()
        && let Err(fault) = desk::post_card(world, &current.plan.slack.channel, &child, &approval).await
    {
        tracing::warn!(run = visit.run().id.as_str(), fault = fault.chain(), "the card of a gate was not shown");
    }
    Ok(None)
}

/// The proposal of what is left.
fn child(visit: &Visit<'_>, current: &Current, planned: &PlannedStep, gate: &Gate, at: Timestamp) -> Result<Proposal, Fault> {
    let parent = &visit.proposal;
    let run = visit.run();
    let seed = sha256_hex(format!("{}/{}", run.id, planned.id).as_bytes());
    let random = seed.get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default();
    let is_left = |step: &&PlannedStep| step.id != planned.id && run.steps.iter().any(|record| record.id == step.id && !record.is_over());
    let steps: Vec<PlannedStep> = parent.steps.iter().filter(is_left).cloned().collect();
    let is_known = |step: &StepId| steps.iter().any(|left| left.id == *step);
    let point_of_no_return = parent.consequences.point_of_no_return.clone().filter(is_known);
    Ok(Proposal {
        id: ProposalId(format!("p-{}", ulid_text(at, random))),
        title: format!("Go on with {}", parent.title),
        reason: Some(reference::with_outputs(&gate.message, &flow::known(run, parent))),
        asked_at: at,
        plan_version: current.version.clone(),
        plan_digest: current.plan.digest_for(&parent.target, &parent.locks)?,
        consequences: Consequences { warnings: said(run, parent), usual_seconds: None, point_of_no_return, ..parent.consequences.clone() },
        steps,
        quorum: Some(gate.quorum.clone()),
        phrase: format!("go on {}", parent.phrase),
        expires_at: at.saturating_add(gate.quorum.within.0).unwrap_or(Timestamp::MAX),
        gate: Some(GateOf { run: run.id.clone(), step: planned.id.clone() }),
        ..parent.clone()
    })
}

/// What is known by now, a line for each step that is over, and the facts that are true.
fn said(run: &Run, proposal: &Proposal) -> Vec<String> {
    let short = |text: &str| -> String { text.chars().take(LONGEST).collect() };
    let mut lines: Vec<String> = Vec::new();
    for step in &proposal.steps {
        let Some(record) = run.steps.iter().find(|record| record.id == step.id) else { continue };
        match &record.state {
            StepState::Done(finding) => lines.push(format!("{}: done: {}", step.name, short(&finding.summary))),
            StepState::Failed(finding) => lines.push(format!("{}: failed: {}", step.name, short(&finding.summary))),
            StepState::NotNeeded { why } => lines.push(format!("{}: not needed: {}", step.name, short(why))),
            StepState::Skipped { by } => lines.push(format!("{}: left out by {by}", step.name)),
            _ => {}
        }
    }
    let known = flow::known(run, proposal);
    let mut facts: Vec<String> =
        known.facts.iter().filter(|(_, value)| **value != json!(false)).map(|(name, value)| format!("{name} = {value}")).collect();
    facts.sort();
    if !facts.is_empty() {
        lines.push(format!("Facts: {}", short(&facts.join(", "))));
    }
    lines
}

/// What a run has found out so far.
pub(crate) struct SoFar {
    /// Its facts and outputs.
    pub(crate) known: Known,
    /// A line for each step that is over.
    pub(crate) lines: Vec<String>,
}

/// What a run has found out so far.
///
/// # Errors
/// When it can't be read.
pub(crate) async fn so_far(world: &World, id: &RunId) -> Result<SoFar, Fault> {
    let run = load(world, id).await?.value;
    let proposal: Option<Kept<Proposal>> = Store::of(world).load(run.proposal.as_str()).await?;
    let proposal = proposal.ok_or_else(|| Fault::new(format!("the proposal of {id} is gone")))?.value;
    Ok(SoFar { known: flow::known(&run, &proposal), lines: said(&run, &proposal) })
}

/// Has a run go on whose gate was decided on.
///
/// # Errors
/// When the run can't be read or driven; the sweep tries again.
pub async fn decided(world: &World, gate: &GateOf) -> Result<Kept<Run>, Fault> {
    let kept = load(world, &gate.run).await?;
    if kept.value.state.is_final() || !waits(&kept.value, gate) {
        return Ok(kept);
    }
    drive_on(world, kept).await?;
    load(world, &gate.run).await
}

async fn load(world: &World, id: &RunId) -> Result<Kept<Run>, Fault> {
    Store::of(world).load(id.as_str()).await?.ok_or_else(|| Fault::new(format!("there is no run {id}")))
}

fn waits(run: &Run, gate: &GateOf) -> bool {
    run.steps.iter().any(|step| step.id == gate.step && matches!(step.state, StepState::Asked { .. }))
}

/// Whether a run still waits at a gate.
///
/// # Errors
/// When it can't be read.
pub async fn is_open(world: &World, gate: &GateOf) -> Result<bool, Fault> {
    let run = load(world, &gate.run).await?.value;
    Ok(!run.state.is_final() && waits(&run, gate))
}

/// Whether somebody has decided on a gate that the run waits at.
pub(super) async fn any_decided(world: &World, run: &Run) -> Result<bool, Fault> {
    let store = Store::of(world);
    for step in &run.steps {
        let StepState::Asked { proposal } = &step.state else { continue };
        let approval: Option<Kept<Approval>> = store.load(proposal.as_str()).await?;
        if approval.is_none_or(|approval| !approval.value.is_open(world.clock.now())) {
            return Ok(true);
        }
    }
    Ok(false)
}
