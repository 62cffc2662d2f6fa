//! Snapshots that there will be, against how many there may be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Survey, schedule::Timetable};
use crate::{
    failure::Fault,
    plan::{Database, Plan, Span},
    port::{Quota, World},
    store::{Created, Kept, Record, Store},
};

/// How often the vendor is asked.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How often where so many percent of it are used.
const EVERY_CROWDED: SignedDuration = SignedDuration::from_mins(5);
const CROWDED: u64 = 90;
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

impl Counted {
    /// How long it is relied on: less when there is hardly any room, since each backup takes some of it.
    fn good_for(&self) -> SignedDuration {
        let crowded = u64::from(self.quota.used) * 100 >= u64::from(self.quota.max) * CROWDED;
        if crowded { EVERY_CROWDED } else { EVERY }
    }
}

impl Record for Counted {
    const PARTITION: &'static str = "snapshot-quota";

    fn id(&self) -> String {
        self.region.clone()
    }
}

/// How many snapshots the schedules of a region's databases keep in the long run: as many as come due while the first is kept.
#[must_use]
pub fn forecast<'a>(plan: &'a Plan, databases: impl Iterator<Item = &'a Database>, now: Timestamp) -> usize {
    // A fleet has one schedule for all: it is counted once.
    let mut alike: BTreeMap<(&str, &str, Span), usize> = BTreeMap::new();
    for schedule in databases.flat_map(|database| &database.backups) {
        let zone = schedule.timezone.as_deref().unwrap_or(&plan.timezone);
        *alike.entry((&schedule.cron, zone, schedule.keep)).or_default() += 1;
    }
    let kept = alike.into_iter().filter_map(|((cron, zone, keep), databases)| {
        Some(Timetable::read(cron, zone).ok()?.count(now, keep.0, MOST).saturating_mul(databases))
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
    for region in &survey.answered {
        let kept: Option<Kept<Counted>> = store.load(region).await?;
        if let Some(kept) = kept.as_ref().filter(|kept| survey.now.duration_since(kept.value.at) < kept.value.good_for()) {
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
