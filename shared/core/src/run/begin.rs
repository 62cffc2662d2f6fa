use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Happened, Run, State, StepRecord, StepState, gate};
use crate::{
    audit,
    failure::Fault,
    ident::{Actor, RunId},
    planted::{Bug, planted},
    port::{Launch, World},
    proposal::Proposal,
    store::{Created, Kept, Store},
};

/// How long after it could last be approved a proposal may still be started: longer than the sweep takes to find one whose
/// start was lost, shorter than the world needs to become another.
const GRACE: SignedDuration = SignedDuration::from_mins(10);
/// How often a start is tried with a raised epoch.
const TRIES: u32 = 5;
/// For how long it is left to the other region to start what it has made there: longer than a function may run.
const THEIRS: SignedDuration = SignedDuration::from_mins(1);

/// Makes the run of a proposal that was decided on, and has it driven. Doing it twice is doing it once: the run's id follows
/// from the proposal's.
///
/// # Errors
/// When it can't be recorded or started; the sweep tries again.
pub async fn begin(world: &World, proposal: &Proposal, decided_at: Timestamp) -> Result<Kept<Run>, Fault> {
    // What is approved in the middle of a run has no run of its own: that one goes on.
    if let Some(gate) = &proposal.gate {
        return gate::decided(world, gate).await;
    }
    let now = world.clock.now();
    let run = Run { driven_in: Some(world.installation.region().to_owned()), ..fresh(proposal, decided_at, now)? };
    let store = Store::of(world);
    if let Some(kept) = store.load::<Run>(run.id.as_str()).await? {
        return join(world, kept).await;
    }
    audit::append(
        world,
        audit::Event {
            at: now,
            actor: proposal.requester.clone(),
            what: "run.begin".to_owned(),
            about: run.id.0.clone(),
            digest: Some(run.digest.clone()),
            detail: json!({"proposal": proposal.id, "title": proposal.title, "decided_at": decided_at}),
        },
    )
    .await?;
    match store.create(run).await? {
        Created::New(kept) => launch(world, kept).await,
        Created::Already(kept) => join(world, kept).await,
    }
}

/// Starts what somebody else has made, unless that was in the other region and a moment ago: both find what was decided at the same
/// minute, and one of them has it driven.
async fn join(world: &World, kept: Kept<Run>) -> Result<Kept<Run>, Fault> {
    if is_left_to_others(world, &kept.value) {
        return Ok(kept);
    }
    launch(world, kept).await
}

/// Whether the other region drives it, by all that can be known here.
pub(super) fn is_left_to_others(world: &World, run: &Run) -> bool {
    let fresh = world.clock.now().duration_since(run.visited_at) < THEIRS;
    fresh && run.is_driven_elsewhere(world.installation.region())
}

fn fresh(proposal: &Proposal, decided_at: Timestamp, now: Timestamp) -> Result<Run, Fault> {
    let waiting = |id: &crate::ident::StepId| StepRecord {
        id: id.clone(),
        state: StepState::Waiting,
        attempts: 0,
        started_at: None,
        ended_at: None,
        percent: None,
        tolerated: false,
        unanswered_until: None,
        late_until: None,
    };
    let mut run = Run {
        id: if planted(Bug::RunIdMadeUp) { RunId(format!("{}-{}", proposal.id.run(), now.as_millisecond())) } else { proposal.id.run() },
        proposal: proposal.id.clone(),
        digest: proposal.digest()?,
        locks: proposal.held(),
        title: proposal.title.clone(),
        state: State::Running,
        epoch: 1,
        driven_in: None,
        visits: 0,
        visited_at: now,
        steps: proposal.steps.iter().map(|step| waiting(&step.id)).collect(),
        stop: None,
        undoing: None,
        again: BTreeMap::new(),
        wake_token: None,
        headline: None,
        edited_at: None,
        log: Vec::new(),
        distressed: 0,
        told: 0,
        decided_at,
        started_at: now,
        ended_at: None,
    };
    if now > proposal.expires_at.saturating_add(GRACE).unwrap_or(Timestamp::MAX) && !planted(Bug::LateStart) {
        run.state = State::Failed { why: format!("it was decided at {decided_at} but could not be started in time; nothing was done") };
        run.ended_at = Some(now);
        run.happened(now, Happened::Ended);
    } else {
        run.happened(now, Happened::Began);
    }
    Ok(run)
}

/// Has a run driven by the execution of its epoch; raises the epoch where that one has ended, or is in the other region. One epoch with
/// an execution in each would be driven safely, by conditional writes, but each would stop the other's visits, and a decision would
/// wake the one whose token was put away last, or none: that can't be told from here.
///
/// # Errors
/// When it can't be started.
pub async fn launch(world: &World, mut kept: Kept<Run>) -> Result<Kept<Run>, Fault> {
    let store = Store::of(world);
    for _ in 0..TRIES {
        if kept.value.state.is_final() && kept.value.told == kept.value.log.len() {
            return Ok(kept);
        }
        let (here, now) = (world.installation.region(), world.clock.now());
        let ours = !kept.value.is_driven_elsewhere(here);
        if ours && world.workflow.start(&kept.value.id, kept.value.epoch).await? == Launch::Running {
            return Ok(kept);
        }
        let raised = kept.value.raised(here, now);
        audit::append(world, epoch_event(&kept, &raised, "launch", now)).await?;
        kept = match store.replace(&kept, raised).await? {
            Ok(kept) => kept,
            Err(_) => store.load(kept.value.id.as_str()).await?.ok_or_else(|| Fault::new(format!("{} is gone", kept.value.id)))?,
        };
    }
    Err(Fault::new(format!("{} could not be started", kept.value.id)))
}

/// Has a run driven that nobody drives any more: under a new epoch, so that whoever comes back late drives nothing.
///
/// # Errors
/// When it can't be started; the next sweep tries again.
pub async fn resume(world: &World, kept: Kept<Run>) -> Result<(), Fault> {
    let now = world.clock.now();
    let mut raised = kept.value.raised(world.installation.region(), now);
    if !raised.state.is_final() {
        raised.happened(now, Happened::Resumed);
    }
    let event = epoch_event(&kept, &raised, "sweep", now);
    audit::append(world, event).await?;
    match Store::of(world).replace(&kept, raised).await? {
        Ok(kept) => launch(world, kept).await.map(drop),
        // Somebody drives it after all.
        Err(_) => Ok(()),
    }
}

fn epoch_event(kept: &Kept<Run>, raised: &Run, by: &str, at: Timestamp) -> audit::Event {
    audit::Event {
        at,
        actor: Actor::System(by.to_owned()),
        what: "run.epoch".to_owned(),
        about: raised.id.0.clone(),
        digest: Some(raised.digest.clone()),
        detail: json!({"after_version": kept.version(), "epoch": raised.epoch}),
    }
}
