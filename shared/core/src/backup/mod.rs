//! Recovery points: what can be restored, and what is known of each.

mod agenda;
mod choose;
pub mod crowd;
mod hold;
mod pace;
mod prune;
mod quota;
pub mod retention;
mod rpo;
pub mod schedule;
mod survey;
mod turn;
mod verification;
mod watch;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use agenda::tags;
pub use agenda::{Agenda, Outcome, Past, Slot, keep_to};
pub use choose::{Choices, Source, Wanted, choose, loss};
pub use hold::{HOLD_TAG, Hold, hold, release};
pub use pace::Pace;
pub use prune::prune;
pub(crate) use prune::{allowed as prune_allowed, is_deleting, is_meant, is_pruning};
pub use quota::{Counted, forecast};
pub use rpo::{Hour, Sample, rpo_series};
pub(crate) use rpo::{Hours, measure};
pub(crate) use survey::all;
pub use survey::{Seen, Survey, Unseen, held};
pub use turn::{SHARE, Turn};
pub(crate) use turn::{first, place};
pub use verification::Verification;
pub use watch::watch;

use crate::{
    database::{Lineage, Live},
    failure::Fault,
    port::{Phase, Snapshot, SnapshotKind, World},
    store::{Kept, Store},
};

/// The tag that says which database of the plan a snapshot is of.
pub const DATABASE_TAG: &str = "mayday:database";
/// The tag that says what a snapshot is for: by its class it is deleted in time. One without it stays.
pub const CLASS_TAG: &str = "mayday:class";

/// A backup with what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoveryPoint {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The newest verdict on its data, if anybody ever looked.
    pub verification: Option<Verification>,
}

impl RecoveryPoint {
    /// Its id, as people type it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.snapshot.id
    }

    /// The moment whose data it holds; absent while it is being made.
    #[must_use]
    pub fn taken_at(&self) -> Option<Timestamp> {
        self.snapshot.taken_at
    }

    /// Whether it can be restored now.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.snapshot.status == Phase::Available && self.snapshot.size_gib > 0 && self.snapshot.taken_at.is_some()
    }

    /// Whether its data was checked and found good.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verification.as_ref().is_some_and(|verification| verification.passed)
    }

    /// Whether it goes away with its instance.
    #[must_use]
    pub fn dies_with_instance(&self) -> bool {
        self.snapshot.kind == SnapshotKind::Automated
    }
}

/// All recovery points of a database, over all instances that ever had its traffic, newest first; those being made come
/// before all.
///
/// # Errors
/// When they can't be read.
pub async fn points(world: &World, live: &Live, lineage: &Lineage) -> Result<Vec<RecoveryPoint>, Fault> {
    let store = Store::of(world);
    let mut points = Vec::new();
    for reign in lineage.reigns.iter().filter(|reign| reign.is_in(&live.entry.region)) {
        for snapshot in world.databases.snapshots(&live.entry.region, &reign.instance).await? {
            let verification: Option<Kept<Verification>> = store.load(&snapshot.id).await?;
            points.push(RecoveryPoint { snapshot, verification: verification.map(|kept| kept.value) });
        }
    }
    Ok(sorted(points))
}

fn sorted(mut points: Vec<RecoveryPoint>) -> Vec<RecoveryPoint> {
    points.sort_by(|left, right| {
        let age = |point: &RecoveryPoint| point.taken_at().unwrap_or(Timestamp::MAX);
        age(right).cmp(&age(left)).then_with(|| left.id().cmp(right.id()))
    });
    points.dedup_by(|left, right| left.id() == right.id());
    points
}
