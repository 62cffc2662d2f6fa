//! How much would be lost, measured all the time and kept for people to see how it went.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RecoveryPoint, Seen, place};
use crate::{
    action::timestamp,
    failure::Fault,
    port::{Page, Probe, SqlTarget, World},
    store::{Created, Kept, Record, Store},
};

/// How long measurements are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 35);
/// Hours that are read at once.
const PAGE: usize = 200;

/// One measurement. Ages are in seconds; what could not be told is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When, to the second.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// What would be lost if the database were lost now: the age of the newest moment that can be restored.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<u32>,
    /// How far the log lags behind.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub log: Option<u32>,
    /// The age of the newest recovery point that was found good.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<u32>,
    /// The age of the newest row that should be written all the time.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<u32>,
}

/// An hour's measurements of one database, at most one a minute: a record of a few kilobytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// The database.
    pub database: String,
    /// Which hour.
    pub hour: Timestamp,
    /// The last measurement before it.
    pub before: Option<Sample>,
    /// Since when nobody could measure, if that is so now.
    pub unknown_since: Option<Timestamp>,
    /// Oldest first.
    pub samples: Vec<Sample>,
}

impl Record for Hour {
    const PARTITION: &'static str = "rpo";

    fn id(&self) -> String {
        hour_id(&self.database, self.hour)
    }
}

fn hour_id(database: &str, at: Timestamp) -> String {
    format!("{database}/{}", at.strftime("%Y-%m-%dT%H"))
}

fn hour_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(at)
}

impl Hour {
    /// The newest measurement.
    #[must_use]
    pub fn newest(&self) -> Option<&Sample> {
        self.samples.last().or(self.before.as_ref())
    }

    /// A database's newest hour of measurements.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn newest_of(world: &World, database: &str, now: Timestamp) -> Result<Option<Self>, Fault> {
        let after = Some(format!("{}~", hour_id(database, now)));
        let last: Option<Kept<Self>> = Store::of(world).list(&Page { after, newest_first: true, limit: 1 }).await?.into_iter().next();
        Ok(last.map(|last| last.value).filter(|last| last.database == database))
    }

    /// The one before the newest.
    #[must_use]
    pub fn last_but_one(&self) -> Option<&Sample> {
        let newest = self.samples.len().checked_sub(1)?;
        self.samples.get(..newest).and_then(<[Sample]>::last).or(self.before.as_ref())
    }
}

/// Works out a measurement; pure. `heartbeat` is the newest moment in the data, where it was asked.
#[must_use]
pub(super) fn sample(seen: &Seen, heartbeat: Option<Timestamp>, now: Timestamp) -> Sample {
    let age = |at: Timestamp| u32::try_from(now.duration_since(at).as_secs().max(0)).unwrap_or(u32::MAX);
    let log = seen.live.instance.latest_restorable.filter(|_| !seen.live.gone);
    let newest = |wanted: &dyn Fn(&RecoveryPoint) -> bool| {
        seen.points.iter().filter(|point| point.is_usable() && wanted(point)).filter_map(RecoveryPoint::taken_at).max()
    };
    Sample {
        at: Timestamp::from_second(now.as_second()).unwrap_or(now),
        loss: log.max(newest(&|_| true)).map(age),
        log: log.map(age),
        verified: newest(&|point| point.is_verified()).map(age),
        heartbeat: heartbeat.map(age),
    }
}

/// The measurements of many databases: of this hour, and of the one before where there are none yet.
#[derive(Debug, Default)]
pub(crate) struct Hours(BTreeMap<String, Kept<Hour>>);

impl Hours {
    /// Reads them.
    pub(crate) async fn read(world: &World, databases: impl Iterator<Item = &String> + Clone, now: Timestamp) -> Result<Self, Fault> {
        let store = Store::of(world);
        let before = now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now);
        let mut hours = store.load_many::<Hour>(databases.clone().map(|name| hour_id(name, now))).await?;
        let new: Vec<String> =
            databases.filter(|name| !hours.contains_key(&hour_id(name, now))).map(|name| hour_id(name, before)).collect();
        hours.extend(store.load_many::<Hour>(new).await?);
        Ok(Self(hours))
    }

    fn of(&self, database: &str, at: Timestamp) -> Option<&Kept<Hour>> {
        self.0.get(&hour_id(database, at))
    }
}

/// Measures a database, and keeps it: once a minute, whoever else does too. `None`: it could not be seen.
///
/// # Errors
/// When it can't be kept.
pub(crate) async fn measure(world: &World, hours: &Hours, database: &str, seen: Option<&Seen>, now: Timestamp) -> Result<Hour, Fault> {
    let store = Store::of(world);
    let kept = hours.of(database, now);
    let minute = |at: Timestamp| at.as_second().div_euclid(60);
    if let Some(kept) = kept.filter(|kept| kept.value.samples.last().is_some_and(|last| minute(last.at) >= minute(now))) {
        return Ok(kept.value.clone());
    }
    let heartbeat = match seen {
        Some(seen) => heartbeat(world, seen).await,
        None => None,
    };
    let blank = Sample { at: now, loss: None, log: None, verified: None, heartbeat: None };
    let sample = seen.map_or(blank, |seen| sample(seen, heartbeat, now));
    let mut hour = match kept {
        Some(kept) => kept.value.clone(),
        None => next_hour(world, hours, database, now).await?,
    };
    hour.unknown_since = if seen.is_some() { None } else { hour.unknown_since.or(Some(now)) };
    hour.samples.push(sample);
    // Whoever was faster has measured the same minute.
    match kept {
        Some(kept) => drop(store.replace(kept, hour.clone()).await?),
        None => {
            let is_new = matches!(store.create(hour.clone()).await?, Created::New(_));
            // Whoever has no earlier measurements has no old ones either.
            if is_new && hour.before.is_some() && forgets(database, hour.hour) {
                forget(world, database, now).await?;
            }
        }
    }
    Ok(hour)
}

/// A new hour's record, which goes on from the one before.
async fn next_hour(world: &World, hours: &Hours, database: &str, now: Timestamp) -> Result<Hour, Fault> {
    let fresh = Hour { database: database.to_owned(), hour: hour_of(now), before: None, unknown_since: None, samples: Vec::new() };
    let before = now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now);
    let last = match hours.of(database, before) {
        Some(last) => Some(last.clone()),
        // Nobody has measured for an hour, or ever.
        None => {
            let page = Page { after: Some(hour_id(database, now)), newest_first: true, limit: 1 };
            Store::of(world).list::<Hour>(&page).await?.into_iter().next()
        }
    };
    Ok(match last.filter(|last| last.value.database == database) {
        Some(last) => Hour { before: last.value.newest().copied(), unknown_since: last.value.unknown_since, ..fresh },
        None => fresh,
    })
}

/// Whether what is too old of a database is looked for in this hour: once a day, and not all of a fleet in the same hour.
fn forgets(database: &str, hour: Timestamp) -> bool {
    hour.as_second().div_euclid(3_600).rem_euclid(24) == i64::try_from(place(database) % 24).unwrap_or(0)
}

/// Deletes what is too old: two days' hours at most, so that what was left undone is made up for.
async fn forget(world: &World, database: &str, now: Timestamp) -> Result<(), Fault> {
    let store = Store::of(world);
    let page = Page { after: Some(format!("{database}/")), newest_first: false, limit: 48 };
    let oldest: Vec<Kept<Hour>> = store.list(&page).await?;
    for hour in oldest.iter().filter(|kept| kept.value.database == database && now.duration_since(kept.value.hour) > KEPT) {
        store.delete(hour).await?;
    }
    Ok(())
}

/// The newest moment in the data, by the plan's question. A database that can't be asked is told by other means.
async fn heartbeat(world: &World, seen: &Seen) -> Option<Timestamp> {
    let entry = &seen.live.entry;
    let sql = entry.heartbeat.as_ref().filter(|_| !seen.live.gone)?;
    let endpoint = seen.live.instance.endpoint.as_ref()?;
    let target = SqlTarget {
        region: entry.region.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
        database: entry.database.clone(),
        secret: entry.secret.clone(),
    };
    let probe = Probe { name: "heartbeat".to_owned(), sql: sql.clone() };
    match world.sql.inspect(&target, &[probe]).await {
        Ok(inspection) => inspection.results.into_iter().next().and_then(|answer| timestamp(&answer.value?)),
        Err(error) => {
            tracing::warn!(database = seen.live.name, %error, "the heartbeat could not be asked for");
            None
        }
    }
}

/// How much would have been lost, over time: each moment with seconds. Moments when nobody could tell are left out.
///
/// # Errors
/// When it can't be read.
pub async fn rpo_series(world: &World, database: &str, from: Timestamp, to: Timestamp) -> Result<Vec<(Timestamp, u32)>, Fault> {
    let store = Store::of(world);
    let mut series = Vec::new();
    let mut after = hour_id(database, hour_of(from).saturating_sub(SignedDuration::from_secs(1)).unwrap_or(from));
    loop {
        let page: Vec<Kept<Hour>> = store.list(&Page { after: Some(after.clone()), newest_first: false, limit: PAGE }).await?;
        let full = page.len() == PAGE;
        for kept in page {
            if kept.value.database != database || kept.value.hour > to {
                return Ok(series);
            }
            after = kept.value.id();
            let within = kept.value.samples.iter().filter(|sample| (from..=to).contains(&sample.at));
            series.extend(within.filter_map(|sample| Some((sample.at, sample.loss?))));
        }
        if !full {
            return Ok(series);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_is_looked_for_once_a_day_and_not_for_a_whole_fleet_at_once() {
        let hours: Vec<Timestamp> = (0..24).map(|hour| Timestamp::from_second(1_795_003_200 + hour * 3_600).unwrap()).collect();
        let names: Vec<String> = (0..2_400).map(|number| format!("tenant-{number:05}")).collect();
        for name in &names {
            assert_eq!(hours.iter().filter(|hour| forgets(name, **hour)).count(), 1, "{name}");
        }
        for hour in &hours {
            let now = names.iter().filter(|name| forgets(name, *hour)).count();
            assert!((60..=150).contains(&now), "{now} at {hour}, where 100 would be even");
        }
    }
}
