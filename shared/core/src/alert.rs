//! Alerts: what people should look at before it hurts. Each is told once, once more when it has come to the worst, and once
//! when it is over.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    failure::Fault,
    port::{Page, Posted, World},
    run,
    store::{Created, Kept, Record, Store},
    view,
};

/// What an alert is about. With the subject it says which alert it is: there is one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// More data would be lost than the objective allows, or soon.
    Rpo,
    /// The log of a database does not move.
    Log,
    /// A scheduled backup failed.
    BackupFailed,
    /// A scheduled backup was not taken at its time.
    BackupLate,
    /// A snapshot holds nothing.
    BackupEmpty,
    /// No recovery point was restored and found good for too long, or the newest was found bad.
    Unverified,
    /// The newest row that should be written all the time is old.
    Heartbeat,
    /// Snapshots will reach the account's quota.
    Quota,
    /// The vendor can't be asked: nobody knows.
    Unknown,
    /// A service does not answer as it should.
    Health,
    /// An old primary takes writes beside what serves now.
    OldPrimary,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rpo => "rpo",
            Self::Log => "log",
            Self::BackupFailed => "backup-failed",
            Self::BackupLate => "backup-late",
            Self::BackupEmpty => "backup-empty",
            Self::Unverified => "unverified",
            Self::Heartbeat => "heartbeat",
            Self::Quota => "quota",
            Self::Unknown => "unknown",
            Self::Health => "health",
            Self::OldPrimary => "old-primary",
        })
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// There is time to do something about it.
    Warning,
    /// What was promised does not hold any more.
    Broken,
}

/// What is to be told, built where the reason is known; no layer above rewords it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub kind: Kind,
    /// On what: the name of a database or service, a region.
    pub subject: String,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// What to do: what to type or whom to ask.
    pub way_out: Option<String>,
}

/// An alert's record. It stays when the alert is over, until the same one is raised again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What was said last.
    pub alert: Alert,
    /// Since when it is so.
    pub since: Timestamp,
    /// The worst that people were told.
    pub told: Option<Level>,
    /// Since when it is over.
    pub resolved: Option<Timestamp>,
    /// Whether people were told that.
    pub told_resolved: bool,
    /// Until when somebody is busy telling it.
    pub telling: Option<Timestamp>,
    /// The message in the channel.
    pub posted: Option<Posted>,
}

impl Record for Standing {
    const PARTITION: &'static str = "alert";

    fn id(&self) -> String {
        id(self.alert.kind, &self.alert.subject)
    }
}

impl Standing {
    /// Whether it is still so.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.resolved.is_none()
    }
}

fn id(kind: Kind, subject: &str) -> String {
    format!("{kind}/{subject}")
}

/// How long whoever tells an alert may take before another does: longer than a call to the chat may.
const TELLING: SignedDuration = SignedDuration::from_secs(60);
/// How often a write that lost a race is judged anew.
const RACES: u32 = 5;
/// They are read so many at a time, to the last: whoever misses one wakes nobody for it.
const AT_ONCE: Page = Page { after: None, newest_first: false, limit: 500 };

/// Says that something is wrong. Saying it again and again tells people once; once more when it has got worse.
///
/// A message may be sent twice when the bot dies between sending and noting it; none is left out, as long as whoever raised
/// it looks again.
///
/// # Errors
/// When it can't be recorded, or people can't be told: raising it again is always right.
pub async fn raise(world: &World, alert: Alert) -> Result<(), Fault> {
    let store = Store::of(world);
    for _ in 0..RACES {
        let now = world.clock.now();
        let fresh = Standing {
            since: now,
            told: None,
            resolved: None,
            told_resolved: false,
            telling: Some(end_of_telling(now)),
            posted: None,
            alert: alert.clone(),
        };
        let kept: Kept<Standing> = match store.create(fresh.clone()).await? {
            Created::New(kept) => return tell(world, kept).await,
            Created::Already(kept) => kept,
        };
        let open = kept.value.is_open();
        if open && (kept.value.told >= Some(alert.level) || kept.value.telling.is_some_and(|until| now < until)) {
            return Ok(());
        }
        let next = if open { Standing { alert: alert.clone(), telling: fresh.telling, ..kept.value.clone() } } else { fresh };
        if let Ok(kept) = store.replace(&kept, next).await? {
            return tell(world, kept).await;
        }
    }
    Err(Fault::new(format!("the alert {} is fought over", id(alert.kind, &alert.subject))))
}

/// Says that something is not wrong, or not any more. Whoever was told that it is, is told that it is over.
///
/// # Errors
/// As [`raise`].
pub async fn resolve(world: &World, kind: Kind, subject: &str) -> Result<(), Fault> {
    let Some(kept) = Store::of(world).load::<Standing>(&id(kind, subject)).await? else { return Ok(()) };
    resolve_standing(world, kept).await
}

/// As [`resolve`], for an alert that was read.
///
/// # Errors
/// As [`raise`].
pub async fn resolve_standing(world: &World, kept: Kept<Standing>) -> Result<(), Fault> {
    let now = world.clock.now();
    let standing = &kept.value;
    if (!standing.is_open() && standing.told_resolved) || standing.telling.is_some_and(|until| now < until) {
        return Ok(());
    }
    let resolved = standing.resolved.or(Some(now));
    // What nobody was told of is over without a word.
    let told_resolved = standing.told.is_none();
    let telling = (!told_resolved).then(|| end_of_telling(now));
    let next = Standing { resolved, told_resolved, telling, ..standing.clone() };
    match Store::of(world).replace(&kept, next).await? {
        Ok(kept) if !told_resolved => tell(world, kept).await,
        // Somebody else has seen to it.
        _ => Ok(()),
    }
}

fn end_of_telling(now: Timestamp) -> Timestamp {
    now.saturating_add(TELLING).unwrap_or(Timestamp::MAX)
}

async fn tell(world: &World, kept: Kept<Standing>) -> Result<(), Fault> {
    let standing = &kept.value;
    let mut next = Standing { telling: None, ..standing.clone() };
    if standing.is_open() {
        let message = view::alert(standing);
        let posted = world.chat.post(&run::channel(world).await?, None, &message).await?;
        next.told = Some(standing.alert.level);
        next.posted = Some(posted);
    } else if let Some(posted) = &standing.posted {
        world.chat.post(&posted.channel, Some(&posted.ts), &view::alert_over(standing)).await?;
        if let Err(error) = world.chat.update(posted, &view::alert(standing)).await {
            tracing::warn!(alert = standing.id(), error = %error, "an alert's message was not edited");
        }
        next.told_resolved = true;
    }
    // Whoever wrote in between tells it once more.
    let _ = Store::of(world).replace(&kept, next).await?;
    Ok(())
}

/// All alerts that stand now or stood before, by kind and subject.
///
/// # Errors
/// When they can't be read.
pub async fn standing(world: &World) -> Result<Vec<Kept<Standing>>, Fault> {
    Store::of(world).list_to_the_end(AT_ONCE).await
}
