//! Runs that nobody drives, and locks that outlived theirs.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::Swept;
use crate::{
    failure::Fault,
    planted::{Bug, planted},
    port::World,
    run::{self, Run},
    store::Store,
};

/// So long, and one that failed is the last that is tried in this tick.
const ENOUGH: SignedDuration = SignedDuration::from_secs(10);

pub(super) async fn resume(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    if planted(Bug::RunAbandoned) {
        return Ok(());
    }
    let now = world.clock.now();
    let mut failed = None;
    for kept in run::going_or_ended_today(world).await?.into_iter().filter(|kept| kept.value.is_abandoned(now)) {
        let id = kept.value.id.clone();
        match run::resume(world, kept).await {
            Ok(()) => swept.resumed += 1,
            Err(fault) => {
                tracing::error!(run = id.as_str(), fault = fault.chain(), "a run that nobody drives was not driven on");
                failed = Some(fault);
                // Whoever starts executions is silent: to ask for each run takes the other duties' time, and hides the rest from the other region.
                if world.clock.now().duration_since(now) >= ENOUGH {
                    break;
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

pub(super) async fn unlock(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    if planted(Bug::LockKept) {
        return Ok(());
    }
    let held = run::held(world).await?;
    let holders = held.iter().filter_map(|lock| lock.value.run.as_ref()).map(|run| run.0.clone()).collect::<BTreeSet<_>>();
    let store = Store::of(world);
    let runs = store.load_many::<Run>(holders).await?;
    for lock in held {
        let Some(holder) = &lock.value.run else { continue };
        let run = runs.get(holder.as_str()).map(|run| &run.value);
        let ended = match run {
            Some(run) => run.state.is_final(),
            // One that can't be read is not one that is not there: its lock stays, and the others are looked at.
            None => match store.load::<Run>(holder.as_str()).await {
                Ok(run) => run.is_none(),
                Err(fault) => {
                    tracing::error!(run = holder.as_str(), fault = fault.chain(), "a lock's holder can't be read");
                    continue;
                }
            },
        };
        if ended {
            run::release(world, &lock, run).await?;
            swept.released += 1;
        }
    }
    Ok(())
}
