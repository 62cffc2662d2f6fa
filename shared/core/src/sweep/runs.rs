//! Runs that nobody drives, and locks that outlived theirs.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::Swept;
use crate::{
    failure::Fault,
    planted::{Bug, planted},
    port::World,
    run::{self, Holding, Run},
    store::Store,
};

/// A run that nobody has visited for so long is driven anew: longer than any wait, reminder or retry.
const ABANDONED: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn resume(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    if planted(Bug::RunAbandoned) {
        return Ok(());
    }
    let now = world.clock.now();
    for kept in run::going(world).await? {
        let untold = kept.value.told < kept.value.log.len();
        // What people were not told yet can't be waited for: their buttons may be missing.
        let patience = if kept.value.waits_for_people() && !untold { ABANDONED * 7 } else { ABANDONED };
        let abandoned = now.duration_since(kept.value.visited_at) > patience;
        if (!kept.value.state.is_final() || untold) && abandoned {
            run::resume(world, kept).await?;
            swept.resumed += 1;
        }
    }
    Ok(())
}

pub(super) async fn unlock(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    if planted(Bug::LockKept) {
        return Ok(());
    }
    let held = run::held(world, Holding::Anything).await?;
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
