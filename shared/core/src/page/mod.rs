//! Pages: somebody is woken, and a page counts only when a human acknowledges it (DESIGN decision 11).
//!
//! [`raise`] keeps a page and wakes the first level; the minute tick does what is due from what the record says: sends again what a
//! crash has swallowed, wakes the next level, asks whoever has gone quiet. A page is never more than its record.

mod acknowledge;
mod alerts;
mod contact;
mod due;
mod note;
mod raise;
mod reply;
mod roster;
mod runs;
mod send;
mod undelivered;
mod unwatched;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use acknowledge::{Acked, Hand, acknowledge, close, escalate, not_over};
pub use alerts::watch_alerts;
pub use contact::{digits, e164};
pub use due::due;
pub use raise::{Raise, Raised, raise, resolve};
pub use reply::{PagerEvent, Replied, from_pagerduty, from_sms};
pub use roster::{Turn, ladder, on_call_now, turn, woken};
pub use runs::watch_runs;
pub use send::next_rung;
pub use undelivered::{Undelivered, undelivered};
pub use unwatched::{UNWATCHED, UNWATCHED_KEY, unwatched};

use crate::{
    ident::{Actor, PageId},
    plan::{Channel, Severity},
    port::Posted,
    store::Record,
};

/// How long whoever has acknowledged may stay quiet before they are asked whether they are still on it.
pub const QUIET: SignedDuration = SignedDuration::from_mins(30);
/// How long an answer to that is waited for before the escalation begins again.
pub const ANSWER: SignedDuration = SignedDuration::from_mins(10);
/// How often the ladder is climbed where the plan does not say.
pub const ROUNDS: u8 = 3;

/// A page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its id.
    pub id: PageId,
    /// What it is about, once: a second page with the same key is the same page. PagerDuty's dedup key.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// In one line.
    pub subject: String,
    /// What is known.
    pub why: String,
    /// Who wants people to be woken.
    pub raised_by: Actor,
    /// When.
    pub raised_at: Timestamp,
    /// When the trouble began.
    pub since: Timestamp,
    /// The run that it is about.
    pub run: Option<String>,
    /// Whom to wake before the plan's levels: people or rotations.
    pub to: Vec<String>,
    /// Where it stands.
    pub state: State,
    /// Which round of the ladder, from 1; 0: nobody was woken yet.
    pub round: u8,
    /// In which round the climb began: after somebody took the page and went quiet, it begins anew.
    pub begun: u8,
    /// Which level of the ladder was woken last, from 0.
    pub level: usize,
    /// When the next level is woken, or whoever acknowledged is asked; absent: nothing is due.
    pub next_at: Option<Timestamp>,
    /// Whom it went to by which way, and what came of it, oldest first.
    pub attempts: Vec<Attempt>,
    /// What a person replies by text message to acknowledge: four digits, by the person's short name.
    pub codes: BTreeMap<String, String>,
    /// The one message that is edited in place.
    pub headline: Option<Posted>,
    /// How the headline was last shown, so that it is edited when something has changed.
    pub shown: Option<String>,
    /// What PagerDuty was last told.
    pub pagerduty: Option<PagerState>,
    /// When it was told everywhere that nobody answers.
    pub unanswered_at: Option<Timestamp>,
    /// What happened, oldest first; each is told once in the headline's thread.
    pub log: Vec<Told>,
    /// How many of them have been told.
    pub told: usize,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What can happen to a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// A level was woken.
    Woken {
        /// In which round.
        round: u8,
        /// What the level is called.
        level: String,
        /// Whom, by their short names; nobody: the level has nobody now.
        people: Vec<String>,
    },
    /// Every level was woken as often as the plan says, and nobody has answered.
    Unanswered,
    /// Somebody has taken it.
    Acknowledged {
        /// Who.
        by: String,
        /// How.
        how: Way,
    },
    /// Whoever had taken it was quiet for long, and was asked.
    Asked {
        /// Who.
        by: String,
    },
    /// They are still on it.
    StillOnIt {
        /// Who.
        by: String,
    },
    /// They did not answer: others are woken again.
    Reopened {
        /// Who did not.
        by: String,
    },
    /// Somebody wants the next level at once.
    Escalated {
        /// Who.
        by: String,
    },
    /// It is over.
    Resolved {
        /// By whom.
        by: String,
        /// Why.
        why: String,
    },
}

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has acknowledged it.
    Open,
    /// Somebody is at it.
    Acknowledged(Acknowledgment),
    /// It is over.
    Resolved {
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
        /// Why, in words.
        why: String,
    },
}

/// A human who has taken a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgment {
    /// The person's short name in the plan, or what PagerDuty calls them.
    pub by: String,
    /// Their user id, if they are in the plan.
    pub user: Option<String>,
    /// When.
    pub at: Timestamp,
    /// By which way.
    pub how: Way,
    /// When they were last heard of.
    pub heard_at: Timestamp,
    /// When they were asked whether they are still on it.
    pub asked_at: Option<Timestamp>,
    /// Whether that question may not have reached them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unasked: bool,
}

/// How a human acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A button in Slack.
    Button,
    /// `/dr ack`.
    Command,
    /// A reply by text message.
    Sms,
    /// PagerDuty.
    Pagerduty,
}

/// One person by one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was intended.
    pub at: Timestamp,
    /// In which round.
    pub round: u8,
    /// For which level of it.
    pub level: usize,
    /// The person's short name; `PagerDuty`, which knows for itself whom it wakes.
    pub person: String,
    /// The way.
    pub channel: Channel,
    /// The way that it replaces, because that one failed.
    pub instead_of: Option<Channel>,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// The message in Slack, whose buttons go when somebody has taken the page.
    pub posted: Option<Posted>,
    /// The id under which the way took it, by which it says later that it did not arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It is about to be sent, or whoever was about to has died: then it is sent again.
    Intended,
    /// It was taken by the way. Nobody is known to have seen it.
    Accepted,
    /// It surely did not arrive.
    Undelivered(String),
    /// Nobody knows.
    Unknown(String),
}

/// What PagerDuty was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagerState {
    /// That there is trouble.
    Triggered,
    /// That somebody is at it.
    Acknowledged,
    /// That it is over.
    Resolved,
}

impl Page {
    /// Whether nobody has taken it yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    fn happened(&mut self, at: Timestamp, what: Happened) {
        self.log.push(Told { at, what });
    }

    /// The key as PagerDuty takes it: 255 characters at most.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        if self.key.len() <= 255 { self.key.clone() } else { crate::ident::sha256_hex(self.key.as_bytes()) }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        matches!(self.state, State::Resolved { .. })
    }
}

impl Record for Page {
    const PARTITION: &'static str = "page";

    fn id(&self) -> String {
        self.id.0.clone()
    }
}

/// Which page a key stands for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageKey {
    /// The key.
    pub key: String,
    /// The page; absent: it was resolved before it was ever raised.
    pub page: Option<PageId>,
    /// Until when trouble under this key is over: what began before is not raised again.
    pub resolved_at: Option<Timestamp>,
}

impl Record for PageKey {
    const PARTITION: &'static str = "page_key";

    fn id(&self) -> String {
        crate::ident::sha256_hex(self.key.as_bytes())
    }
}
