//! Recovery points: what can be restored, and what is known of each.

mod choose;
pub mod schedule;
mod verification;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use choose::{Choices, Source, Wanted, choose, loss};
pub use verification::Verification;

use crate::{
    database::{Lineage, Live},
    failure::Fault,
    port::{Phase, Snapshot, SnapshotKind, World},
    store::{Kept, Store},
};

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
    for reign in &lineage.reigns {
        for snapshot in world.databases.snapshots(&live.entry.region, &reign.instance).await? {
            let verification: Option<Kept<Verification>> = store.load(&snapshot.id).await?;
            points.push(RecoveryPoint { snapshot, verification: verification.map(|kept| kept.value) });
        }
    }
    points.sort_by(|left, right| {
        let age = |point: &RecoveryPoint| point.taken_at().unwrap_or(Timestamp::MAX);
        age(right).cmp(&age(left)).then_with(|| left.id().cmp(right.id()))
    });
    points.dedup_by(|left, right| left.id() == right.id());
    Ok(points)
}
