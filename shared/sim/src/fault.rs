//! What can go wrong with a call, and who decides when it does.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    dice::Dice,
    trace::{Call, Port},
};

/// A span of virtual time, in milliseconds.
pub type Millis = i64;

/// A second of virtual time.
pub const SECOND: Millis = 1_000;
/// A minute of virtual time.
pub const MINUTE: Millis = 60 * SECOND;
/// An hour of virtual time.
pub const HOUR: Millis = 60 * MINUTE;

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It does what it says.
    Well,
    /// It is answered later than usual.
    Slow(Millis),
    /// Throttled: nothing happened, and it says so.
    NotNow,
    /// Refused: nothing happened, and it won't work later either.
    Refused,
    /// Answered with an error of the server's: nothing happened, and nobody knows.
    Broken,
    /// The request got lost: nothing happened, and nobody knows.
    LostRequest,
    /// The answer got lost: it happened, and nobody knows.
    LostAnswer,
    /// The caller gives up, and so much later it happens all the same: the request was on its way.
    Late(Millis),
    /// A look that shows the world as it was so long ago. Databases only.
    Stale(Millis),
    /// The caller's process dies before the request is sent.
    CrashBefore,
    /// The caller's process dies after it happened, before it learns of it.
    CrashAfter,
    /// The caller's process is frozen before the request is sent, and goes on so much later, not knowing.
    FreezeBefore(Millis),
    /// The caller's process is frozen after it happened, and goes on so much later.
    FreezeAfter(Millis),
}

/// A [`Fate`] that is not well, without its measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the fate of the same name")]
pub enum Kind {
    Slow,
    NotNow,
    Refused,
    LostRequest,
    LostAnswer,
    Late,
    Stale,
    CrashBefore,
    CrashAfter,
    FreezeBefore,
    FreezeAfter,
}

impl Kind {
    /// All that chance hands out.
    pub const ALL: [Self; 11] = [
        Self::Slow,
        Self::NotNow,
        Self::Refused,
        Self::LostRequest,
        Self::LostAnswer,
        Self::Late,
        Self::Stale,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::FreezeBefore,
        Self::FreezeAfter,
    ];
}

impl Fate {
    /// Its kind. `None`: it is well, or an outage's, which no chance hands out.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Well | Self::Broken => return None,
            Self::Slow(_) => Kind::Slow,
            Self::NotNow => Kind::NotNow,
            Self::Refused => Kind::Refused,
            Self::LostRequest => Kind::LostRequest,
            Self::LostAnswer => Kind::LostAnswer,
            Self::Late(_) => Kind::Late,
            Self::Stale(_) => Kind::Stale,
            Self::CrashBefore => Kind::CrashBefore,
            Self::CrashAfter => Kind::CrashAfter,
            Self::FreezeBefore(_) => Kind::FreezeBefore,
            Self::FreezeAfter(_) => Kind::FreezeAfter,
        })
    }
}

/// How long a request can be on its way at most: the life of its signature.
pub const LONGEST_FLIGHT: Millis = 5 * MINUTE;

/// How often what goes wrong, in 10,000 calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the fate of the same name")]
pub struct Rates {
    pub slow: u32,
    pub not_now: u32,
    pub refused: u32,
    pub lost_request: u32,
    pub lost_answer: u32,
    pub late: u32,
    pub stale: u32,
    pub crash: u32,
    pub freeze: u32,
}

impl Rates {
    /// Nothing goes wrong.
    pub const CALM: Self =
        Self { slow: 0, not_now: 0, refused: 0, lost_request: 0, lost_answer: 0, late: 0, stale: 0, crash: 0, freeze: 0 };
    /// One call in twenty goes wrong: some trouble in each run.
    pub const ROUGH: Self =
        Self { slow: 100, not_now: 100, refused: 5, lost_request: 50, lost_answer: 50, late: 25, stale: 300, crash: 100, freeze: 40 };
    /// Each way to fail as often as any other, one call in fifteen in all: for seeing that each was met everywhere.
    pub const EVEN: Self =
        Self { slow: 60, not_now: 60, refused: 60, lost_request: 60, lost_answer: 60, late: 60, stale: 60, crash: 120, freeze: 120 };
    /// One call in six goes wrong.
    pub const STORM: Self = Self {
        slow: 200,
        not_now: 300,
        refused: 20,
        lost_request: 200,
        lost_answer: 200,
        late: 100,
        stale: 1_000,
        crash: 300,
        freeze: 100,
    };
}

/// Who decides what goes wrong.
#[derive(Clone)]
pub enum Faults {
    /// Nothing goes wrong.
    Never,
    /// By chance, until so much virtual time has passed; then everything works, and must come to a good end.
    Random {
        /// How often what.
        rates: Rates,
        /// Until when, since the beginning.
        until: Millis,
    },
    /// Exactly these calls, counted from 0.
    Script(BTreeMap<u64, Fate>),
    /// Whatever a test says of a call.
    Rule(Arc<dyn Fn(&Call) -> Fate + Send + Sync>),
}

impl Faults {
    /// The call with this number, and no other.
    #[must_use]
    pub fn at(number: u64, fate: Fate) -> Self {
        Self::Script(BTreeMap::from([(number, fate)]))
    }

    /// The first so many calls of a method get this fate.
    #[must_use]
    pub fn first(times: u64, port: Port, method: &'static str, fate: Fate) -> Self {
        let seen = AtomicU64::new(0);
        Self::rule(move |call| {
            if call.port == port && call.method == method && seen.fetch_add(1, Ordering::Relaxed) < times { fate } else { Fate::Well }
        })
    }

    /// Every call gets the fate that a test says.
    #[must_use]
    pub fn rule(rule: impl Fn(&Call) -> Fate + Send + Sync + 'static) -> Self {
        Self::Rule(Arc::new(rule))
    }

    /// Whether chance decides at this time.
    pub(crate) fn by_chance(&self, passed: Millis) -> bool {
        matches!(self, Self::Random { until, .. } if passed <= *until)
    }

    /// Decides on a call.
    pub(crate) fn fate(&self, number: u64, call: &Call, passed: Millis, dice: &mut Dice) -> Fate {
        match self {
            Self::Never => Fate::Well,
            Self::Script(script) => script.get(&number).copied().unwrap_or(Fate::Well),
            Self::Rule(rule) => rule(call),
            Self::Random { until, .. } if passed > *until => Fate::Well,
            Self::Random { rates, .. } => rates.fate(call, dice),
        }
    }
}

impl Rates {
    /// How often, in 10,000 calls of such an operation.
    pub(crate) fn share(&self, kind: Kind, port: Port, changes: bool) -> u32 {
        let of_ours = matches!(port, Port::Table | Port::Blobs);
        match kind {
            Kind::Slow => self.slow,
            Kind::NotNow => self.not_now + if of_ours { self.refused } else { 0 },
            Kind::Refused => {
                if of_ours {
                    0
                } else {
                    self.refused
                }
            }
            Kind::LostRequest => self.lost_request,
            Kind::LostAnswer => self.lost_answer,
            Kind::Late => self.late,
            Kind::Stale => {
                if port == Port::Databases && !changes {
                    self.stale
                } else {
                    0
                }
            }
            Kind::CrashBefore | Kind::CrashAfter => self.crash / 2,
            Kind::FreezeBefore | Kind::FreezeAfter => self.freeze / 2,
        }
    }

    fn fate(&self, call: &Call, dice: &mut Dice) -> Fate {
        let roll = u32::try_from(dice.below(10_000)).unwrap_or(0);
        let mut bound = 0;
        let mut hit = |rate: u32| {
            bound += rate;
            roll < bound
        };
        if hit(self.slow) {
            Fate::Slow(dice.between(SECOND, 20 * SECOND))
        } else if hit(self.not_now) {
            Fate::NotNow
        } else if hit(self.refused) {
            // Our own records are not refused to us: that would be a broken installation, which `doctor` finds.
            if matches!(call.port, Port::Table | Port::Blobs) { Fate::NotNow } else { Fate::Refused }
        } else if hit(self.lost_request) {
            Fate::LostRequest
        } else if hit(self.lost_answer) {
            Fate::LostAnswer
        } else if hit(self.late) {
            Fate::Late(dice.between(SECOND, LONGEST_FLIGHT))
        } else if hit(self.crash) {
            if dice.chance(5_000) { Fate::CrashBefore } else { Fate::CrashAfter }
        } else if hit(self.freeze) {
            frozen(call, dice)
        } else if call.port == Port::Databases && !call.changes && hit(self.stale) {
            Fate::Stale(dice.between(SECOND, 60 * SECOND))
        } else {
            Fate::Well
        }
    }
}

fn frozen(call: &Call, dice: &mut Dice) -> Fate {
    let long = dice.between(10 * SECOND, 40 * MINUTE);
    // A call to AWS is not sent later than its function's time-out and its signature's life allow (decision 3).
    let sendable = if call.changes && call.port != Port::Table { long.min(LONGEST_FLIGHT) } else { long };
    if dice.chance(5_000) { Fate::FreezeBefore(sendable) } else { Fate::FreezeAfter(long) }
}
