//! Dependencies that are down for a span, as the bot sees it.

use crate::{
    dice::Dice,
    fault::{Fate, MINUTE, Millis, SECOND},
    region::Region,
    trace::{Call, Port},
};

/// Something that the bot depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependency {
    /// Messages, forms, and who people are.
    Slack,
    /// PagerDuty.
    PagerDuty,
    /// Text messages and calls.
    Phone,
    /// Email.
    Mail,
    /// Our records, from everywhere.
    Table,
    /// Our files: the plan.
    Blobs,
    /// RDS' control plane of a region.
    Databases(Region),
    /// Route 53's control plane; name servers answer all the same.
    Route53,
    /// A whole region, with all that runs there.
    Region(Region),
}

impl Dependency {
    /// Whether a call needs it.
    fn takes(self, call: &Call) -> bool {
        match self {
            Self::Slack => matches!(call.port, Port::Chat | Port::Directory),
            Self::PagerDuty => call.port == Port::Pager,
            Self::Phone => call.port == Port::Phone,
            Self::Mail => call.port == Port::Mail,
            Self::Table => call.port == Port::Table,
            Self::Blobs => call.port == Port::Blobs,
            Self::Databases(region) => call.port == Port::Databases && call.region == Some(region),
            Self::Route53 => call.port == Port::Dns && call.method != "lookup",
            Self::Region(region) => call.region == Some(region),
        }
    }
}

/// How an outage shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// Every request is answered with an error of the server's: nothing happened, and nobody knows.
    Fails,
    /// No request is answered.
    TimesOut,
    /// Every request is throttled.
    Throttles,
}

impl Symptom {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fails, Self::TimesOut, Self::Throttles];

    /// What becomes of a call.
    #[must_use]
    pub fn fate(self) -> Fate {
        match self {
            Self::Fails => Fate::Broken,
            Self::TimesOut => Fate::LostRequest,
            Self::Throttles => Fate::NotNow,
        }
    }
}

/// A dependency that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// What is.
    pub of: Dependency,
    /// How that shows.
    pub symptom: Symptom,
    /// Since when, in milliseconds since the epoch.
    pub from: Millis,
    /// Until when.
    pub until: Millis,
    /// Only for functions of this region; absent: for all.
    pub seen_from: Option<Region>,
}

impl Outage {
    /// Whether it lasts at a time.
    pub(crate) fn lasts(&self, now: Millis) -> bool {
        (self.from..self.until).contains(&now)
    }

    /// Whether a call that is made in a region at a time meets it.
    pub(crate) fn hits(&self, call: &Call, at: Region, now: Millis) -> bool {
        self.lasts(now) && self.seen_from.is_none_or(|from| from == at) && self.of.takes(call)
    }
}

/// What can be down in a random schedule.
const ANY: [Dependency; 11] = [
    Dependency::Slack,
    Dependency::PagerDuty,
    Dependency::Phone,
    Dependency::Mail,
    Dependency::Table,
    Dependency::Blobs,
    Dependency::Databases(Region::Home),
    Dependency::Databases(Region::Away),
    Dependency::Route53,
    Dependency::Region(Region::Home),
    Dependency::Region(Region::Away),
];

/// Trouble beyond single calls: the bot lives in two regions, and what it depends on is down for spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Troubles {
    /// So many outages at most.
    pub outages: u64,
    /// Each so long at most.
    pub longest: Millis,
    /// How far each instance's clock is off at most.
    pub skew: Millis,
}

impl Troubles {
    /// Some outages, of minutes, with clocks that are right.
    pub const OUTAGES: Self = Self { outages: 4, longest: 12 * MINUTE, skew: 0 };
    /// The same with clocks that are off by minutes (TESTCASES I3).
    pub const SKEWED: Self = Self { skew: 10 * MINUTE, ..Self::OUTAGES };

    /// Picks what is down and when, all of it over at a time.
    pub(crate) fn pick(self, dice: &mut Dice, now: Millis, until: Millis) -> Vec<Outage> {
        let number = dice.below(self.outages + 1);
        let mut outages = Vec::new();
        for _ in 0..number {
            let from = dice.between(now, until);
            let ends = from.saturating_add(dice.between(SECOND, self.longest)).min(until);
            let of = dice.pick(&ANY).copied().unwrap_or(Dependency::Slack);
            let symptom = dice.pick(&Symptom::ALL).copied().unwrap_or(Symptom::Fails);
            // A region is lost for everybody; all else can be a partition.
            let cut = dice.chance(3_000) && !matches!(of, Dependency::Region(_));
            let seen_from = if cut { dice.pick(&Region::ALL).copied() } else { None };
            outages.push(Outage { of, symptom, from, until: ends, seen_from });
        }
        outages
    }
}
