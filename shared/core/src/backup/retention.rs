//! Which backups may go: by class, computed when it is cleaned up, and never what a recovery may need. Pure.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{CLASS_TAG, DATABASE_TAG, HOLD_TAG, RecoveryPoint};
use crate::{
    plan::{BackupClass, Schedule},
    planted::{Bug, planted},
    policy::OWNER_TAG,
    port::SnapshotKind,
};

/// All that it is decided from, read just now.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The database's name in the plan.
    pub database: &'a str,
    /// Its region: what is elsewhere is not touched.
    pub region: &'a str,
    /// Its schedules: how long each class is kept. A class without one is kept.
    pub schedules: &'a [Schedule],
    /// The `DbiResourceId` of the instance that serves; absent when that is gone.
    pub serving: Option<&'a str>,
    /// All its recovery points, of every instance that had its traffic.
    pub points: &'a [RecoveryPoint],
    /// Those that people hold, and those that an open proposal or a run restores from.
    pub held: &'a BTreeSet<String>,
    /// The time.
    pub now: Timestamp,
}

/// A backup whose time is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Expendable<'a> {
    /// The backup.
    pub point: &'a RecoveryPoint,
    /// Its class.
    pub class: BackupClass,
    /// Until when it was to be kept.
    pub until: Timestamp,
}

/// The backups that may go now, oldest first.
///
/// Never those that people hold, the newest of all, the newest that was found good, the newest that outlives its instance, or
/// the newest of its class. While the instance that serves has no backup of a class, or of one kept longer, the backups of its
/// predecessors of that class stay: after a switch, theirs is the only history. When nothing serves, nothing goes.
#[must_use]
pub fn expendable<'a>(facts: &Facts<'a>) -> Vec<Expendable<'a>> {
    let Some(serving) = facts.serving else { return Vec::new() };
    let kept = indispensable(facts);
    let mut all: Vec<Expendable<'a>> = Vec::new();
    for point in facts.points {
        let Some((class, keep)) = class_of(facts, point) else { continue };
        let Some(until) = point.taken_at().and_then(|taken| taken.checked_add(keep).ok()) else { continue };
        if until <= facts.now && !kept.contains(point.id()) && has_history(facts, serving, keep) {
            all.push(Expendable { point, class, until });
        }
    }
    all.sort_by(|left, right| (left.point.taken_at(), left.point.id()).cmp(&(right.point.taken_at(), right.point.id())));
    all
}

/// The class of a backup that we made for this database, and how long the plan keeps it.
fn class_of(facts: &Facts<'_>, point: &RecoveryPoint) -> Option<(BackupClass, SignedDuration)> {
    let snapshot = &point.snapshot;
    let ours = snapshot.kind == SnapshotKind::Manual
        && snapshot.region == facts.region
        && snapshot.tags.contains_key(OWNER_TAG)
        && snapshot.tags.get(DATABASE_TAG).is_some_and(|database| database == facts.database);
    let class = match snapshot.tags.get(CLASS_TAG) {
        None if planted(Bug::NotOursPruned) && snapshot.kind == SnapshotKind::Manual => BackupClass::Daily,
        named => BackupClass::named(named?).filter(|_| ours)?,
    };
    let keep = facts.schedules.iter().filter(|schedule| schedule.class == class).map(|schedule| schedule.keep.0).max()?;
    Some((class, keep))
}

/// Whether the serving instance has a backup of its own that is kept as long.
fn has_history(facts: &Facts<'_>, serving: &str, keep: SignedDuration) -> bool {
    let own = facts.points.iter().filter(|point| point.is_usable() && point.snapshot.resource_id == serving);
    own.filter_map(|point| class_of(facts, point)).any(|(_, kept)| kept >= keep)
}

fn indispensable(facts: &Facts<'_>) -> BTreeSet<String> {
    let newest = |wanted: &dyn Fn(&RecoveryPoint) -> bool| {
        let usable = facts.points.iter().filter(|point| point.is_usable() && wanted(point));
        usable.max_by_key(|point| (point.taken_at(), point.id())).map(|point| point.id().to_owned())
    };
    let mut kept = facts.held.clone();
    if planted(Bug::NewestPruned) {
        return kept;
    }
    kept.extend(facts.points.iter().filter(|point| point.snapshot.tags.contains_key(HOLD_TAG)).map(|point| point.id().to_owned()));
    kept.extend(newest(&|_| true));
    kept.extend(newest(&|point| point.is_verified()));
    kept.extend(newest(&|point| !point.dies_with_instance()));
    for class in BackupClass::ALL {
        kept.extend(newest(&|point| class_of(facts, point).is_some_and(|(of, _)| of == class)));
    }
    kept
}

#[cfg(test)]
mod tests;
