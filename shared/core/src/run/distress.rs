use serde_json::json;

use super::{
    Happened, Run, State,
    tell::{self, tell},
};
use crate::{
    audit,
    failure::Fault,
    ident::{Actor, RunId},
    port::World,
    proposal::Proposal,
    store::{Kept, Store},
    view,
};

/// How often a run that can't be driven is given another try by the sweep.
const TRIES: u32 = 5;
/// The longest error that is kept, in characters.
const LONGEST: usize = 300;

/// Notes that the execution that drove a run has given up, and tells people. The sweep has the run driven again, some
/// times; then the run is given up, if nothing of it is under way.
///
/// # Errors
/// When the record can't be read or written.
pub async fn distress(world: &World, id: &RunId, epoch: u64, error: &str) -> Result<(), Fault> {
    let store = Store::of(world);
    let kept: Kept<Run> = match store.load(id.as_str()).await {
        Ok(found) => found.ok_or_else(|| Fault::new(format!("there is no run {id}")))?,
        Err(fault) => return tell_unreadable(world, id, &fault).await,
    };
    if kept.value.epoch != epoch || kept.value.state.is_final() {
        return Ok(());
    }
    // The state machine tries this again, too: one execution gives up once.
    let noted = kept.value.log.last().is_some_and(|told| matches!(told.what, Happened::Distressed(_)));
    let kept = if noted { kept } else { note(world, kept, error).await? };
    match store.load::<Proposal>(kept.value.proposal.as_str()).await {
        Ok(Some(proposal)) => {
            // It is noted: the next visit tells what could not be told now, and the tick wakes people without the chat.
            if let Err(fault) = tell(world, kept, &proposal.value).await {
                tracing::error!(run = id.as_str(), fault = fault.chain(), "people could not be told");
            }
            Ok(())
        }
        Ok(None) => Err(Fault::new(format!("the proposal of {id} is gone"))),
        // A step of another release: what the run does can't be shown, but people can be told that it stands still.
        Err(fault) => {
            tell_unreadable(world, id, &fault).await?;
            if fault.is_of_a_call() {
                // It can be shown as soon as the call is answered: the next visit says all that was not said.
                return Ok(());
            }
            let told = Run { told: kept.value.log.len(), ..kept.value.clone() };
            store.replace(&kept, told).await?.map(drop).map_err(|_| Fault::new("somebody else wrote the run"))
        }
    }
}

/// Writes that an execution has given up; that the run has, when it was so for the last time.
async fn note(world: &World, kept: Kept<Run>, error: &str) -> Result<Kept<Run>, Fault> {
    let now = world.clock.now();
    let error: String = error.chars().take(LONGEST).collect();
    let mut next = kept.value.clone();
    next.distressed += 1;
    if next.distressed >= TRIES && next.is_between_steps() {
        next.state = State::Failed { why: format!("it could not be driven on, in {TRIES} tries: {error}") };
        next.ended_at = Some(now);
        next.happened(now, Happened::Ended);
    } else {
        next.happened(now, Happened::Distressed(error.clone()));
    }
    let event = audit::Event {
        at: now,
        actor: Actor::System("runner".to_owned()),
        what: "run.distress".to_owned(),
        about: kept.value.id.0.clone(),
        digest: Some(next.digest.clone()),
        detail: json!({"after_version": kept.version(), "error": error}),
    };
    audit::append(world, event).await?;
    Store::of(world).replace(&kept, next).await?.map_err(|_| Fault::new("somebody else wrote the run"))
}

/// A record of a newer release, or a table that does not answer: nothing can be written down, but people can be told.
async fn tell_unreadable(world: &World, id: &RunId, fault: &Fault) -> Result<(), Fault> {
    let channel = tell::channel(world).await?;
    world.chat.post(&channel, None, &view::run_unreadable(id, &fault.chain())).await?;
    Ok(())
}
