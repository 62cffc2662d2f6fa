use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::RecoveryPoint;
use crate::{
    database::{Lineage, Live, Reign},
    failure::Refusal,
    view::Span,
};

/// Which data somebody wants back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// As new as can be had.
    Latest,
    /// As of a moment.
    At(Timestamp),
    /// A recovery point by its id.
    Id(String),
    /// The newest recovery point with a passed verification, taken before a moment.
    LastKnownGood {
        /// When the trouble began; absent: now.
        before: Option<Timestamp>,
    },
}

/// Where it will come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A snapshot.
    Point(Box<RecoveryPoint>),
    /// The log of an instance, up to a moment.
    Log {
        /// The instance.
        reign: Reign,
        /// The moment.
        at: Timestamp,
        /// Whether the log does not reach there yet.
        wait: bool,
    },
    /// The log of the serving instance, up to its end.
    LogEnd {
        /// Where the log's end was seen.
        seen: Timestamp,
    },
}

impl Source {
    /// The moment whose data it gives.
    #[must_use]
    pub fn recovery_point(&self) -> Option<Timestamp> {
        match self {
            Self::Point(point) => point.taken_at(),
            Self::Log { at, .. } => Some(*at),
            Self::LogEnd { seen } => Some(*seen),
        }
    }
}

/// Works out where the wanted data comes from.
///
/// # Errors
/// A refusal that says what there is instead.
pub fn choose(wanted: &Wanted, live: &Live, lineage: &Lineage, points: &[RecoveryPoint], now: Timestamp) -> Result<Source, Refusal> {
    match wanted {
        Wanted::Latest => latest(live, points),
        Wanted::At(at) => at_moment(*at, live, lineage, now),
        Wanted::Id(id) => by_id(id, live, points),
        Wanted::LastKnownGood { before } => last_known_good(before.unwrap_or(now), live, points),
    }
}

/// The log's end loses least; a lost instance has no log, and its newest snapshot must do.
fn latest(live: &Live, points: &[RecoveryPoint]) -> Result<Source, Refusal> {
    match live.instance.latest_restorable {
        Some(seen) if !live.gone => Ok(Source::LogEnd { seen }),
        _ => points.iter().find(|point| point.is_usable()).cloned().map(Box::new).map(Source::Point).ok_or_else(|| nothing(live)),
    }
}

fn at_moment(at: Timestamp, live: &Live, lineage: &Lineage, now: Timestamp) -> Result<Source, Refusal> {
    if at > now {
        return Err(Refusal::new(format!("{at} is in the future: it is {now} now."))
            .instead("Give a moment that has passed, such as `--at \"10 minutes ago\"`."));
    }
    if live.gone {
        return Err(Refusal::new(format!("The instance {} is gone, and its log with it.", live.instance.id))
            .instead(format!("`/dr backups {}` lists the snapshots that are left; restore one with `--id`.", live.name)));
    }
    let Some(reign) = lineage.at(at) else {
        return Err(Refusal::new(format!("No instance of {} is known from {at}.", live.name)));
    };
    if reign.resource_id == live.instance.resource_id {
        let Some(latest) = live.instance.latest_restorable else {
            return Err(Refusal::new(format!("{} keeps no log: automated backups are off.", live.instance.id))
                .instead(format!("`/dr backups {}` lists its snapshots; restore one with `--id`.", live.name)));
        };
        if let Some(earliest) = live.instance.earliest_restorable.filter(|earliest| at < *earliest) {
            return Err(Refusal::new(format!(
                "The log of {} begins at {earliest}, {} after the moment you gave.",
                live.instance.id,
                Span(earliest.duration_since(at))
            ))
            .instead(format!("`/dr backups {} --before \"{at}\"` lists older recovery points.", live.name)));
        }
        return Ok(Source::Log { reign: reign.clone(), at, wait: at > latest });
    }
    Ok(Source::Log { reign: reign.clone(), at, wait: false })
}

fn by_id(id: &str, live: &Live, points: &[RecoveryPoint]) -> Result<Source, Refusal> {
    let list = format!("`/dr backups {}` lists them.", live.name);
    match points.iter().find(|point| point.id() == id) {
        Some(point) if point.is_usable() => Ok(Source::Point(Box::new(point.clone()))),
        Some(point) => Err(Refusal::new(format!(
            "The recovery point {id} can't be restored: it is {}, {} % done.",
            point.snapshot.status, point.snapshot.percent
        ))
        .instead(list)),
        None => Err(Refusal::new(format!("{} has no recovery point “{id}”.", live.name)).instead(list)),
    }
}

fn last_known_good(before: Timestamp, live: &Live, points: &[RecoveryPoint]) -> Result<Source, Refusal> {
    let earlier = || points.iter().filter(|point| point.is_usable() && point.taken_at().is_some_and(|taken_at| taken_at < before));
    if let Some(point) = earlier().find(|point| point.is_verified()) {
        return Ok(Source::Point(Box::new(point.clone())));
    }
    let none = Refusal::new(format!(
        "No recovery point of {} from before {before} was ever restored and found good, so none is known to be good.",
        live.name
    ));
    Err(match earlier().next() {
        Some(point) => none.instead(format!(
            "The newest unverified one is {}: restore it with `--id {}`; its data is checked before traffic moves.",
            point.id(),
            point.id()
        )),
        None => none.instead(format!("There is none from before that time at all; see `/dr backups {}`.", live.name)),
    })
}

fn nothing(live: &Live) -> Refusal {
    Refusal::new(format!(
        "There is nothing to restore {} from: the instance {} is gone and has left no snapshot.",
        live.name, live.instance.id
    ))
}

/// How long ago a recovery point was, as of `now`: what would be lost.
#[must_use]
pub fn loss(point: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(point).max(SignedDuration::ZERO)
}
