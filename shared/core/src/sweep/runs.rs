//! Runs that nobody drives, and locks that outlived theirs.

use jiff::SignedDuration;

use super::{LOOKED_AT, Swept};
use crate::{
    failure::Fault,
    planted::{Bug, planted},
    port::World,
    run::{self, Lock, Run},
    store::{Kept, Store},
};

/// A run that nobody has visited for so long is driven anew: longer than any wait, reminder or retry.
const ABANDONED: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn resume(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    if planted(Bug::RunAbandoned) {
        return Ok(());
    }
    let store = Store::of(world);
    let now = world.clock.now();
    for kept in store.list::<Run>(&LOOKED_AT).await? {
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
    let store = Store::of(world);
    for lock in store.list::<Lock>(&LOOKED_AT).await? {
        let Some(holder) = lock.value.run.as_ref().filter(|_| !planted(Bug::LockKept)) else { continue };
        let run: Option<Kept<Run>> = store.load(holder.as_str()).await?;
        if run.is_none_or(|run| run.value.state.is_final()) {
            run::release(world, &lock).await?;
            swept.released += 1;
        }
    }
    Ok(())
}
