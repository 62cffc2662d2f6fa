//! The runs that are going on, however many have begun and ended since, and the locks that they hold.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{Lock, Run};
use crate::{
    failure::Fault,
    ident::RunId,
    port::{Page, World},
    proposal::backup_lock,
    store::{Kept, Store},
};

/// The newest runs: a page of them.
const NEWEST: Page = Page { after: None, newest_first: true, limit: 200 };

/// For so long a run that has ended is looked at, whatever began after it: what people were not told of it in that time is no news.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// The newest runs, ended ones among them, and every older one that holds a database or a service.
///
/// A fleet's night is thousands of runs that back up. They are seen to by their agendas; a restore that began before them must not
/// be lost behind them. Whatever is no backup holds a lock.
///
/// # Errors
/// When the records can't be read.
pub(crate) async fn going(world: &World) -> Result<Vec<Kept<Run>>, Fault> {
    newest_and(world, |lock| lock.run).await
}

/// The same, and every run that was the last to hold one of them today: it may have ended, and people not know.
///
/// # Errors
/// When the records can't be read.
pub(crate) async fn going_or_ended_today(world: &World) -> Result<Vec<Kept<Run>>, Fault> {
    let now = world.clock.now();
    newest_and(world, |lock| lock.run.or_else(|| lock.released_by.filter(|_| now.duration_since(lock.since) < REMEMBERED))).await
}

async fn newest_and(world: &World, whose: impl Fn(Lock) -> Option<RunId>) -> Result<Vec<Kept<Run>>, Fault> {
    let store = Store::of(world);
    let (mut runs, older) = store.part::<Run>(&NEWEST).await?;
    if older.is_none() {
        return Ok(runs);
    }
    let locks = beside_backups(world).await?.into_iter().map(|kept| kept.value);
    let mut holders: BTreeSet<String> = locks.filter_map(whose).map(|run| run.0).collect();
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
pub(crate) async fn held(world: &World) -> Result<Vec<Kept<Lock>>, Fault> {
    let mut locks: Vec<Kept<Lock>> = Store::of(world).list_to_the_end(from(None, false)).await?;
    locks.retain(|lock| lock.value.run.is_some());
    Ok(locks)
}

/// All locks but those of backups, of which a fleet has ten thousand. They stand together, and are passed over from either side.
async fn beside_backups(world: &World) -> Result<Vec<Kept<Lock>>, Fault> {
    let store = Store::of(world);
    let mut locks = store.list_to_the_end(from(Some(backup_lock("")), true)).await?;
    locks.extend(store.list_to_the_end(from(Some(backup_lock("~")), false)).await?);
    Ok(locks)
}

fn from(after: Option<String>, newest_first: bool) -> Page {
    Page { after, newest_first, limit: NEWEST.limit }
}
