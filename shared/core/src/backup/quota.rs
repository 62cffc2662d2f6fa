//! Snapshots that there will be, against how many there may be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Survey, schedule::Timetable};
use crate::{
    failure::Fault,
    plan::Plan,
    port::{Quota, World},
    store::{Created, Kept, Record, Store},
};

/// How often the vendor is asked.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// More snapshots than any account may have.
const MOST: usize = 10_000;

/// What the vendor said of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The region.
    pub region: String,
    /// When it was asked.
    pub at: Timestamp,
    /// How many manual snapshots there are and may be.
    pub quota: Quota,
}

impl Record for Counted {
    const PARTITION: &'static str = "snapshot-quota";

    fn id(&self) -> String {
        self.region.clone()
    }
}

/// How many snapshots the schedules of a region's databases keep in the long run: as many as come due while the first is kept.
#[must_use]
pub fn forecast(plan: &Plan, databases: &[&str], now: Timestamp) -> usize {
    let scheduled = databases.iter().filter_map(|name| plan.databases.get(*name)).flat_map(|database| &database.backups);
    let kept = scheduled.filter_map(|schedule| {
        let zone = schedule.timezone.as_deref().unwrap_or(&plan.timezone);
        Some(Timetable::read(&schedule.cron, zone).ok()?.count(now, schedule.keep.0, MOST))
    });
    kept.sum()
}

/// What the vendor says of each region, asked once an hour.
///
/// # Errors
/// When our records can't be read or written. A region that does not answer is left as it was.
pub(super) async fn counted(world: &World, survey: &Survey) -> Result<BTreeMap<String, Counted>, Fault> {
    let store = Store::of(world);
    let mut counted = BTreeMap::new();
    for region in survey.foreign.keys() {
        let kept: Option<Kept<Counted>> = store.load(region).await?;
        if let Some(kept) = kept.as_ref().filter(|kept| survey.now.duration_since(kept.value.at) < EVERY) {
            counted.insert(region.clone(), kept.value.clone());
            continue;
        }
        let quota = match world.databases.snapshot_quota(region).await {
            Ok(quota) => quota,
            Err(error) => {
                tracing::warn!(region, %error, "the snapshot quota could not be asked for");
                counted.extend(kept.map(|kept| (region.clone(), kept.value)));
                continue;
            }
        };
        let fresh = Counted { region: region.clone(), at: survey.now, quota };
        // Whoever was faster has asked the same.
        match kept {
            Some(kept) => drop(store.replace(&kept, fresh.clone()).await?),
            None => {
                let _: Created<Counted> = store.create(fresh.clone()).await?;
            }
        }
        counted.insert(region.clone(), fresh);
    }
    Ok(counted)
}
