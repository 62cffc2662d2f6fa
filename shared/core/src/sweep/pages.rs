//! Who must be woken, and who is woken next. Before all else: people sleep, everything else can wait a moment.

use super::Swept;
use crate::{failure::Fault, page, port::World};

/// Raises what has to be raised, and does what is due on every page.
pub(super) async fn wake(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    // One that fails keeps neither of the others from being done.
    let (runs, alerts) = (page::watch_runs(world).await, page::watch_alerts(world).await);
    let due = page::due(world).await;
    for woken in [&runs, &alerts, &due].into_iter().flatten() {
        swept.woken += woken;
    }
    let seen_to = runs.and(alerts).and(due).map(drop);
    // Whatever keeps us from it: nobody else would say that nobody is woken any more.
    swept.woken += page::unwatched(world, seen_to.as_ref().err()).await?;
    seen_to
}
