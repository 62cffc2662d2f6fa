//! Many databases at once: what is wrong with a fleet is told in one message with counts, and kept as a tally for whoever asks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Survey, Turn};
use crate::{
    alert::{Alert, Kind, Level, Standing},
    failure::Fault,
    port::World,
    store::{Created, Kept, Record, Store},
};

/// The subject of an alert about many databases. No database is called so: their names have no spaces.
pub const MANY: &str = "many databases";
/// More databases than this with the same new trouble are told of together.
const ALONE: usize = 10;
/// The worst that a tally keeps by name.
const WORST: usize = 40;
/// Databases that such an alert names.
const NAMED: usize = 3;
/// A plan with more databases than this is shown by its tallies, and looked at live only by name.
pub const GLANCE: usize = 40;

/// What is wrong with one database, as a tally keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which database.
    pub database: String,
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, in one sentence.
    pub sentence: String,
}

/// How one share of a fleet stood when its turn was last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Which share, from 0.
    pub share: usize,
    /// Of how many.
    pub of: usize,
    /// When.
    pub at: Timestamp,
    /// How many databases it has.
    pub databases: usize,
    /// How many of them could not be seen.
    pub unseen: usize,
    /// How many have something broken, and how many a warning only.
    pub broken: usize,
    /// See `broken`.
    pub warned: usize,
    /// How many of each trouble are told of together.
    pub together: BTreeMap<Kind, usize>,
    /// The worst, by name.
    pub worst: Vec<Trouble>,
}

impl Record for Tally {
    const PARTITION: &'static str = "tally";

    fn id(&self) -> String {
        format!("{:04}", self.share)
    }
}

/// How a fleet stands, put together from its tallies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetGlance {
    /// How many databases the plan has.
    pub databases: usize,
    /// How many were looked at when their turn was.
    pub looked_at: usize,
    /// How many of them have something broken.
    pub broken: usize,
    /// How many have a warning only.
    pub warned: usize,
    /// How many could not be seen.
    pub unseen: usize,
    /// When the share that waits longest for its turn was looked at.
    pub since: Option<Timestamp>,
    /// The worst first.
    pub worst: Vec<Trouble>,
}

impl FleetGlance {
    /// Puts it together; pure.
    #[must_use]
    pub fn of(tallies: Vec<Tally>, databases: usize) -> Self {
        // Tallies of another number of shares speak of the same databases twice.
        let of = tallies.iter().max_by_key(|tally| tally.at).map_or(1, |newest| newest.of);
        let tallies: Vec<Tally> = tallies.into_iter().filter(|tally| tally.of == of && tally.share < of).collect();
        let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum();
        let mut glance = Self {
            databases,
            looked_at: sum(|tally| tally.databases),
            broken: sum(|tally| tally.broken),
            warned: sum(|tally| tally.warned),
            unseen: sum(|tally| tally.unseen),
            since: tallies.iter().map(|tally| tally.at).min(),
            worst: Vec::new(),
        };
        glance.worst = tallies.into_iter().flat_map(|tally| tally.worst).collect();
        glance.worst.sort_by(|one, other| (other.level, one.kind, &one.database).cmp(&(one.level, other.kind, &other.database)));
        glance
    }

    /// As its shares were counted last.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn read(world: &World, databases: usize) -> Result<Self, Fault> {
        let tallies = super::all::<Tally>(world).await?;
        Ok(Self::of(tallies.into_iter().map(|kept| kept.value).collect(), databases))
    }
}

/// What is told of one by one, and what is told of together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted {
    pub(super) alone: Vec<Alert>,
    pub(super) together: BTreeMap<Kind, Vec<Alert>>,
}

/// Sorts what was found by whether people are told of it one by one; pure. What they were told of one by one stays so.
#[must_use]
pub(super) fn sort(found: Vec<Alert>, standing: &BTreeMap<(Kind, String), Kept<Standing>>) -> Sorted {
    let open = |kind: Kind, subject: &str| standing.get(&(kind, subject.to_owned())).is_some_and(|kept| kept.value.is_open());
    let mut sorted = Sorted::default();
    for alert in found {
        match open(alert.kind, &alert.subject) {
            true => sorted.alone.push(alert),
            false => sorted.together.entry(alert.kind).or_default().push(alert),
        }
    }
    let few: Vec<Kind> =
        sorted.together.iter().filter(|(kind, new)| new.len() <= ALONE && !open(**kind, MANY)).map(|(kind, _)| *kind).collect();
    for kind in few {
        sorted.alone.extend(sorted.together.remove(&kind).unwrap_or_default());
    }
    sorted
}

/// The tally of a share; pure.
#[must_use]
pub(super) fn tally(survey: &Survey, sorted: &Sorted) -> Tally {
    let all = || sorted.alone.iter().chain(sorted.together.values().flatten());
    let mut levels: BTreeMap<&str, Level> = BTreeMap::new();
    for alert in all() {
        let level = levels.entry(&alert.subject).or_insert(alert.level);
        *level = (*level).max(alert.level);
    }
    let mut worst: Vec<&Alert> = all().collect();
    worst.sort_by(|one, other| (other.level, one.kind, &one.subject).cmp(&(one.level, other.kind, &other.subject)));
    let trouble = |alert: &&Alert| Trouble {
        database: alert.subject.clone(),
        kind: alert.kind,
        level: alert.level,
        sentence: alert.sentence.clone(),
    };
    Tally {
        share: survey.turn.share,
        of: survey.turn.of,
        at: survey.now,
        databases: survey.databases.len(),
        unseen: survey.databases.values().filter(|seen| seen.is_err()).count(),
        broken: levels.values().filter(|level| **level == Level::Broken).count(),
        warned: levels.values().filter(|level| **level == Level::Warning).count(),
        together: sorted.together.iter().map(|(kind, alerts)| (*kind, alerts.len())).collect(),
        worst: worst.iter().take(WORST).map(trouble).collect(),
    }
}

/// The one alert about many databases; pure. `of` is how many the plan has.
#[must_use]
pub(super) fn alert(kind: Kind, here: &[Alert], everywhere: usize, of: usize) -> Alert {
    let level = here.iter().map(|alert| alert.level).max().unwrap_or(Level::Warning);
    let named: Vec<&str> = here.iter().take(NAMED).map(|alert| alert.subject.as_str()).collect();
    let sentence = format!("{everywhere} of {of} databases {}, such as {}.", said(kind), named.join(", "));
    let way_out = "`/dr status` shows the worst, `/dr status NAME` one of them.".to_owned();
    Alert { kind, subject: MANY.to_owned(), level, sentence, way_out: Some(way_out) }
}

fn said(kind: Kind) -> &'static str {
    match kind {
        Kind::Rpo => "would lose more than their objective (RPO) allows, or soon will",
        Kind::Log => "have a log that does not move",
        Kind::BackupFailed => "have a scheduled backup that failed",
        Kind::BackupLate => "have a scheduled backup that is late",
        Kind::BackupEmpty => "have an empty newest snapshot",
        Kind::Unverified => "have no recovery point that was found good lately",
        Kind::Heartbeat => "have an old heartbeat",
        Kind::Quota => "have too many snapshots",
        Kind::Unknown => "can't be seen",
        Kind::Health => "do not answer as they should",
        Kind::OldPrimary => "have an old primary that takes writes",
    }
}

/// The tallies that are of today's shares, with the one given in place of the older one of its share.
pub(super) fn current(mut tallies: Vec<Tally>, now: &Tally) -> Vec<Tally> {
    tallies.retain(|tally| tally.of == now.of && tally.share < now.of && tally.share != now.share);
    tallies.push(now.clone());
    tallies
}

/// Puts a tally in the place of the older one of its share.
///
/// # Errors
/// When it can't be written.
pub(super) async fn keep(world: &World, known: Option<&Kept<Tally>>, tally: Tally) -> Result<(), Fault> {
    let store = Store::of(world);
    match known {
        // Whoever was faster has counted the same.
        Some(kept) => drop(store.replace(kept, tally).await?),
        None => {
            let _: Created<Tally> = store.create(tally).await?;
        }
    }
    Ok(())
}

/// A turn's tally among those that are kept.
#[must_use]
pub(super) fn of_turn(tallies: &[Kept<Tally>], turn: Turn) -> Option<&Kept<Tally>> {
    tallies.iter().find(|kept| kept.value.share == turn.share)
}
