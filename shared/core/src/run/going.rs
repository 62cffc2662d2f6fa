//! The runs that are going on, however many have begun and ended since.

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

/// The newest runs, ended ones among them, and every older one that holds a database or a service.
///
/// A fleet's night is thousands of runs that back up. They are seen to by their agendas; a restore that began before them must not
/// be lost behind them. Whatever is no backup holds a lock, and the locks of backups stand together and are passed over.
///
/// # Errors
/// When the records can't be read.
pub(crate) async fn going(world: &World) -> Result<Vec<Kept<Run>>, Fault> {
    let store = Store::of(world);
    let mut runs = store.list::<Run>(&NEWEST).await?;
    if runs.len() < NEWEST.limit {
        return Ok(runs);
    }
    let mut holders: BTreeSet<String> = BTreeSet::new();
    let beside_backups = [(backup_lock(""), true), (backup_lock("~"), false)];
    for (after, newest_first) in beside_backups {
        let locks = store.list::<Lock>(&Page { after: Some(after), newest_first, limit: NEWEST.limit }).await?;
        holders.extend(locks.into_iter().filter_map(|lock| lock.value.run).map(|run| run.0));
    }
    for run in &runs {
        holders.remove(run.value.id.as_str());
    }
    runs.extend(store.load_many::<Run>(holders).await?.into_values());
    Ok(runs)
}
