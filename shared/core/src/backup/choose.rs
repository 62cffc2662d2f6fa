use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::RecoveryPoint;
use crate::{
    database::{Lineage, Live, Reign},
    failure::Refusal,
    port::Instance,
    view::Span,
    when::utc,
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

/// What can be chosen from.
#[derive(Debug, Clone, Copy)]
pub struct Choices<'a> {
    /// The database as it stands.
    pub live: &'a Live,
    /// Which instances have had its traffic.
    pub lineage: &'a Lineage,
    /// The instance that had it at the wanted moment, if that is another than today's and still there.
    pub past: Option<&'a Instance>,
    /// Its recovery points, newest first.
    pub points: &'a [RecoveryPoint],
}

/// Works out where the wanted data comes from.
///
/// # Errors
/// A refusal that says what there is instead.
pub fn choose(wanted: &Wanted, choices: Choices<'_>, now: Timestamp) -> Result<Source, Refusal> {
    let Choices { live, lineage, past, points } = choices;
    match wanted {
        Wanted::Latest => latest(live, points),
        Wanted::At(at) => at_moment(*at, live, lineage, past, now),
        Wanted::Id(id) => by_id(id, live, points),
        Wanted::LastKnownGood { before } => last_known_good(before.unwrap_or(now), live, points),
    }
}

/// Whether a point can be restored now, to an instance like the one that serves. A newer version is never led back by AWS; an older
/// one can be, and the card says what it is.
fn restorable(point: &RecoveryPoint, live: &Live) -> bool {
    point.is_usable() && !is_newer(&point.snapshot.engine_version, &live.instance.settings.engine_version)
}

/// Whether a version such as `16.4` comes after another. What is no number counts as zero.
pub(crate) fn is_newer(version: &str, than: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    numbers(version) > numbers(than)
}

/// The log's end loses least; a lost instance has no log, and its newest snapshot must do.
fn latest(live: &Live, points: &[RecoveryPoint]) -> Result<Source, Refusal> {
    match live.instance.latest_restorable {
        Some(seen) if !live.gone => Ok(Source::LogEnd { seen }),
        _ => points.iter().find(|point| restorable(point, live)).cloned().map(Box::new).map(Source::Point).ok_or_else(|| nothing(live)),
    }
}

fn at_moment(at: Timestamp, live: &Live, lineage: &Lineage, past: Option<&Instance>, now: Timestamp) -> Result<Source, Refusal> {
    if at > now {
        return Err(Refusal::new(format!("{} is in the future: it is {} now.", utc(at), utc(now)))
            .instead("Give a moment that has passed, such as `--at \"10 minutes ago\"`."));
    }
    let list = format!("`/dr backups {}` lists its snapshots; restore one with `--id`.", live.name);
    let Some(reign) = lineage.at(at) else {
        return Err(Refusal::new(format!("No instance of {} is known from {}.", live.name, utc(at))).instead(list));
    };
    let serving = (!live.gone).then_some(&live.instance);
    let instance = serving.into_iter().chain(past).find(|instance| instance.resource_id == reign.resource_id);
    let Some(instance) = instance else {
        return Err(
            Refusal::new(format!("The instance {} had the traffic then; it is gone, and its log with it.", reign.instance)).instead(list)
        );
    };
    let Some(latest) = instance.latest_restorable else {
        return Err(Refusal::new(format!("{} keeps no log: automated backups are off.", instance.id)).instead(list));
    };
    if let Some(earliest) = instance.earliest_restorable.filter(|earliest| at < *earliest) {
        let late = Span(earliest.duration_since(at));
        return Err(Refusal::new(format!("The log of {} begins at {}, {late} after the moment you gave.", instance.id, utc(earliest)))
            .instead(format!("`/dr backups {}` lists what can be restored.", live.name)));
    }
    Ok(Source::Log { reign: reign.clone(), at, wait: at > latest })
}

fn by_id(id: &str, live: &Live, points: &[RecoveryPoint]) -> Result<Source, Refusal> {
    let list = format!("`/dr backups {}` lists them.", live.name);
    match points.iter().find(|point| point.id() == id) {
        Some(point) if restorable(point, live) => Ok(Source::Point(Box::new(point.clone()))),
        Some(point) if point.is_usable() => Err(Refusal::new(format!(
            "The recovery point {id} was taken with version {}, and {} has {}: what comes of it could not be made like it.",
            point.snapshot.engine_version, live.instance.id, live.instance.settings.engine_version
        ))
        .instead(format!("Upgrade {} first, or take another: {list}", live.instance.id))),
        Some(point) => Err(Refusal::new(format!(
            "The recovery point {id} can't be restored: it is {}, {} % done.",
            point.snapshot.status, point.snapshot.percent
        ))
        .instead(list)),
        None => Err(Refusal::new(format!("{} has no recovery point “{id}”.", live.name)).instead(list)),
    }
}

fn last_known_good(before: Timestamp, live: &Live, points: &[RecoveryPoint]) -> Result<Source, Refusal> {
    let earlier = || points.iter().filter(|point| restorable(point, live) && point.taken_at().is_some_and(|taken_at| taken_at < before));
    if let Some(point) = earlier().find(|point| point.is_verified()) {
        return Ok(Source::Point(Box::new(point.clone())));
    }
    let none = Refusal::new(format!(
        "No recovery point of {} from before {} was ever restored and found good, so none is known to be good.",
        live.name,
        utc(before)
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
