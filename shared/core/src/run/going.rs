//! The runs that are going on, however many have begun and ended since, and the locks that they hold.

use std::collections::BTreeSet;

use super::{Lock, Run};
use crate::{
    failure::Fault,
    port::{Page, World},
    proposal::backup_lock,
    store::{Kept, Store},
};

/// The newest runs: a page of them.
const NEWEST: Page = Page { after: None, newest_first: true, limit: 200 };

/// Whose locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    /// Those of every run.
    Anything,
    /// Those of runs that do more than backing up: of a fleet's backups there may be ten thousand.
    BesideBackups,
}

/// The newest runs, ended ones among them, and every older one that holds a database or a service.
///
/// A fleet's night is thousands of runs that back up. They are seen to by their agendas; a restore that began before them must not
/// be lost behind them. Whatever is no backup holds a lock.
///
/// # Errors
/// When the records can't be read.
pub(crate) async fn going(world: &World) -> Result<Vec<Kept<Run>>, Fault> {
    let store = Store::of(world);
    let (mut runs, older) = store.part::<Run>(&NEWEST).await?;
    if older.is_none() {
        return Ok(runs);
    }
    let locks = held(world, Holding::BesideBackups).await?;
    let mut holders: BTreeSet<String> = locks.into_iter().filter_map(|lock| lock.value.run).map(|run| run.0).collect();
    for run in &runs {
        holders.remove(run.value.id.as_str());
    }
    runs.extend(store.load_many::<Run>(holders).await?.into_values());
    Ok(runs)
}

/// The locks that are held, however many were and are not any more: a lock that is released stays as a record.
///
/// # Errors
/// When the records can't be read.
pub(crate) async fn held(world: &World, by: Holding) -> Result<Vec<Kept<Lock>>, Fault> {
    let store = Store::of(world);
    let from = |after, newest_first| Page { after, newest_first, limit: NEWEST.limit };
    let mut locks: Vec<Kept<Lock>> = match by {
        Holding::Anything => store.list_to_the_end(from(None, false)).await?,
        // The locks of backups stand together, and are passed over from either side.
        Holding::BesideBackups => {
            let mut locks = store.list_to_the_end(from(Some(backup_lock("")), true)).await?;
            locks.extend(store.list_to_the_end(from(Some(backup_lock("~")), false)).await?);
            locks
        }
    };
    locks.retain(|lock| lock.value.run.is_some());
    Ok(locks)
}
