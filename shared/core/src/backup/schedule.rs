//! When a backup is due, worked out from what was done last and what time it is: a tick that comes late, twice or not at all
//! makes no difference. Pure.

use std::collections::BTreeMap;

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::plan::{BackupClass, Schedule};

/// How many wall-clock times are tried for one that lies where it is looked for: more than any clock repeats.
const TRIED: usize = 300;

/// Five fields of cron, meant on the wall clock of a zone.
///
/// A time that the clocks skip in spring is due when they have skipped it; one that they show twice in autumn is due the first
/// time only.
#[derive(Debug, Clone)]
pub struct Timetable {
    cron: Cron,
    zone: TimeZone,
}

impl Timetable {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(cron: &str, zone: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(cron).map_err(|error| format!("“{cron}” is no cron of five fields: {error}"))?;
        let zone = TimeZone::get(zone).map_err(|_| format!("timezone “{zone}” is not in the IANA database"))?;
        Ok(Self { cron, zone })
    }

    /// The newest time at or before `now`.
    #[must_use]
    pub fn newest(&self, now: Timestamp) -> Option<Timestamp> {
        let wall = self.zone.to_datetime(now);
        let from_here = self.newest_from(wall, now);
        // When the clocks show an hour for the second time, all of it has been once.
        let repeated = self.zone.to_ambiguous_timestamp(wall);
        if !matches!(repeated.offset(), AmbiguousOffset::Fold { .. }) || repeated.earlier().is_ok_and(|first| first == now) {
            return from_here;
        }
        let next = now.checked_add(SignedDuration::from_nanos(1)).unwrap_or(now);
        let fold = self.zone.preceding(next).next().map(|transition| transition.timestamp());
        let before = fold.and_then(|fold| fold.checked_sub(SignedDuration::from_secs(1)).ok()).map(|last| self.zone.to_datetime(last));
        before.and_then(|wall| self.newest_from(wall, now)).max(from_here)
    }

    fn newest_from(&self, mut wall: DateTime, now: Timestamp) -> Option<Timestamp> {
        let mut inclusive = true;
        for _ in 0..TRIED {
            wall = self.cron.find_previous_occurrence(&wall, inclusive).ok()?;
            inclusive = false;
            if let Some(at) = self.place(wall).filter(|at| *at <= now) {
                return Some(at);
            }
        }
        None
    }

    /// The next time after `after`.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut wall = self.zone.to_datetime(after);
        for _ in 0..TRIED {
            wall = self.cron.find_next_occurrence(&wall, false).ok()?;
            if let Some(at) = self.place(wall).filter(|at| *at > after) {
                return Some(at);
            }
        }
        None
    }

    /// How many times there are within a span from `from`, at most `most`.
    #[must_use]
    pub fn count(&self, from: Timestamp, span: SignedDuration, most: usize) -> usize {
        let end = from.saturating_add(span).unwrap_or(Timestamp::MAX);
        let times = std::iter::successors(self.next(from), |at| self.next(*at));
        times.take_while(|at| *at <= end).take(most).count()
    }

    /// When the wall clock shows that time.
    fn place(&self, wall: DateTime) -> Option<Timestamp> {
        let there = self.zone.to_ambiguous_timestamp(wall);
        match there.offset() {
            AmbiguousOffset::Gap { .. } => {
                let after = there.later().ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
                self.zone.preceding(after).next().map(|transition| transition.timestamp())
            }
            _ => there.earlier().ok(),
        }
    }
}

/// Which schedule it is: another time or zone makes it another schedule, which counts from when it was first seen.
#[must_use]
pub fn key(schedule: &Schedule, plan_zone: &str) -> String {
    format!("{}|{}|{}", schedule.class, schedule.cron, schedule.timezone.as_deref().unwrap_or(plan_zone))
}

/// A backup that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Since when: the time of the longest kept class that it serves.
    pub at: Timestamp,
    /// What it is taken as: the longest kept of all that are due.
    pub class: BackupClass,
    /// All that it serves: fewer snapshots, and each kept as long as the longest asks.
    pub serves: Vec<BackupClass>,
}

/// What is due of a database's schedules now, if anything, and up to when each schedule is dealt with then.
///
/// Of several missed times of one schedule only the newest counts. What is due together is one backup.
///
/// # Errors
/// When a schedule can't be read; the plan's check refuses those.
pub fn due(
    schedules: &[Schedule],
    plan_zone: &str,
    dealt_with: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> Result<(Option<Due>, BTreeMap<String, Timestamp>), String> {
    let mut then = BTreeMap::new();
    let mut all: Vec<(&Schedule, Timestamp)> = Vec::new();
    for schedule in schedules {
        let key = key(schedule, plan_zone);
        // A schedule counts from when it was first seen: what it would have done before, nobody wanted.
        let Some(since) = dealt_with.get(&key).copied() else {
            then.insert(key, now);
            continue;
        };
        let zone = schedule.timezone.as_deref().unwrap_or(plan_zone);
        let missed = Timetable::read(&schedule.cron, zone)?.newest(now).filter(|at| *at > since);
        all.extend(missed.map(|at| (schedule, at)));
        // A tick that comes out of order does not turn time back.
        then.insert(key, missed.map_or(since, |at| at.max(since)));
    }
    let longest = all.iter().max_by_key(|(schedule, at)| (schedule.keep.0, schedule.class, *at));
    let due = longest.map(|(schedule, at)| {
        let mut serves: Vec<BackupClass> = all.iter().map(|(schedule, _)| schedule.class).collect();
        serves.sort();
        serves.dedup();
        Due { at: *at, class: schedule.class, serves }
    });
    Ok((due, then))
}

/// The name of the snapshot of a database for a due time: the same whoever works it out.
#[must_use]
pub fn snapshot_name(database: &str, due: &Due, tries: u32) -> String {
    let again = if tries == 0 { String::new() } else { format!("-{}", tries + 1) };
    format!("mayday-{database}-{}-{}{again}", due.class, due.at.strftime("%Y%m%d-%H%M"))
}

#[cfg(test)]
mod tests;
