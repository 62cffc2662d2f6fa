//! Zones: which ones people may name, and what the clocks of one show.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};

use crate::{command::shown, failure::Refusal};

/// A zone and the name that it is said back by.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    rules: TimeZone,
    name: String,
}

/// At which moments the clocks of a zone show a time.
pub(super) enum Moments {
    /// As nearly always.
    One(Timestamp),
    /// Skipped: the last second before the clocks went forward, and the first after.
    None { before: Timestamp, after: Timestamp },
    /// Shown twice.
    Two { first: Timestamp, second: Timestamp },
    /// Out of what can be reckoned with.
    Unknown,
}

impl Zone {
    pub(super) fn utc() -> Self {
        Self { rules: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// The zone with this name in the IANA database, as profiles and plans have it.
    pub(super) fn named(name: &str) -> Option<Self> {
        let rules = TimeZoneDatabase::bundled().get(name).ok()?;
        Some(match rules.iana_name() {
            Some("UTC" | "Etc/UTC" | "GMT" | "Etc/GMT") | None => Self::utc(),
            Some(known) => Self { name: known.to_owned(), rules },
        })
    }

    fn fixed(offset: Offset) -> Self {
        if offset == Offset::UTC {
            return Self::utc();
        }
        let minutes = offset.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        Self { rules: TimeZone::fixed(offset), name: format!("UTC{sign}{hours:02}:{minutes:02}") }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the clocks show at a moment.
    pub(super) fn civil(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(at)
    }

    /// The moment with its offset, which can be read in one way only.
    pub(super) fn rfc3339(&self, at: Timestamp) -> String {
        at.display_with_offset(self.rules.to_offset(at)).to_string()
    }

    /// When the clocks showed this first, or would have.
    pub(super) fn earliest(&self, shown: DateTime) -> Option<Timestamp> {
        self.rules.to_ambiguous_timestamp(shown).earlier().ok()
    }

    pub(super) fn moments(&self, shown: DateTime) -> Moments {
        let ambiguous = self.rules.to_ambiguous_timestamp(shown);
        let moments = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => ambiguous.unambiguous().ok().map(Moments::One),
            AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().ok().zip(ambiguous.later().ok()).map(|(first, second)| Moments::Two { first, second })
            }
            // By the offset before it, what lies in the gap is at the transition or past it: the transition is the last one up to there.
            AmbiguousOffset::Gap { .. } => ambiguous.later().ok().and_then(|late| {
                let second = SignedDuration::from_secs(1);
                let after = self.rules.preceding(late.checked_add(second).ok()?).next()?.timestamp();
                let before = after.checked_sub(second).ok()?;
                Some(Moments::None { before, after })
            }),
        };
        moments.unwrap_or(Moments::Unknown)
    }
}

/// Whose cities may stand for their zone.
const AREAS: [&str; 10] = ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/// Abbreviations that people type, each of which means several things or says nothing of summer time.
const ABBREVIATIONS: [&str; 42] = [
    "ACST", "AEDT", "AEST", "AKST", "AST", "AWST", "BRT", "BST", "CAT", "CDT", "CEST", "CET", "CST", "CT", "EAT", "EDT", "EEST", "EET",
    "EST", "ET", "HKT", "HST", "IST", "JST", "KST", "MDT", "MET", "MSK", "MST", "MT", "NZDT", "NZST", "PDT", "PKT", "PST", "PT", "SAST",
    "SGT", "SST", "WAT", "WEST", "WET",
];

/// Reads a zone: `Z`, `UTC`, `+02:00`, `UTC+2`, `Europe/Berlin`, `Berlin`.
pub(super) fn read(text: &str, now: Timestamp) -> Result<Zone, Refusal> {
    let works = "Zones that work: UTC, an offset such as +01:00, a city such as Berlin, a name such as Europe/Berlin.";
    if let Some(zone) = exact(text) {
        return Ok(zone);
    }
    if ABBREVIATIONS.contains(&text.to_ascii_uppercase().as_str()) {
        return Err(Refusal::new(format!("The abbreviation {} has no single meaning.", shown(text))).instead(works));
    }
    let cities = cities(text);
    match cities.split_first() {
        None => Err(Refusal::new(format!("I know no time zone {}.", shown(text))).instead(works)),
        Some((first, others)) if others.iter().all(|other| agree(first, other, now)) => Ok(first.clone()),
        Some(_) => {
            let names: Vec<&str> = cities.iter().map(Zone::name).collect();
            Err(Refusal::new(format!("There are several time zones {}.", shown(text)))
                .instead(format!("Type one of {}.", names.join(", "))))
        }
    }
}

/// How many of the words name a zone, known or refused; the most that do.
pub(super) fn extent(words: &[&str]) -> usize {
    (1..=words.len().min(4))
        .rev()
        .find(|&count| {
            let name = words.get(..count).unwrap_or_default().join(" ");
            let is_short = count == 1 && ABBREVIATIONS.contains(&name.to_ascii_uppercase().as_str());
            is_short || exact(&name).is_some() || !cities(&name).is_empty()
        })
        .unwrap_or(0)
}

/// A zone that is written in full.
fn exact(text: &str) -> Option<Zone> {
    let is_name = |known: &str| text.eq_ignore_ascii_case(known);
    if is_name("Z") || is_name("UTC") || is_name("GMT") {
        return Some(Zone::utc());
    }
    if let Some(offset) = offset(text) {
        return Some(Zone::fixed(offset));
    }
    // `Etc/GMT+5` is five hours behind: nobody who types it means that.
    let area = text.split_once('/').map(|(area, _)| area)?;
    if area.eq_ignore_ascii_case("Etc") && !is_name("Etc/UTC") && !is_name("Etc/GMT") { None } else { Zone::named(text) }
}

/// `+2`, `+02`, `+0200`, `+02:00`, each also behind `UTC` or `GMT`.
fn offset(text: &str) -> Option<Offset> {
    let text = match text.split_at_checked(3) {
        Some((base, rest)) if base.eq_ignore_ascii_case("UTC") || base.eq_ignore_ascii_case("GMT") => rest,
        _ => text,
    };
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), 4 | 5) => (hours, minutes),
        (None, 1 | 2) => (digits, "00"),
        (None, 4) => digits.split_at_checked(2)?,
        _ => return None,
    };
    if minutes.len() != 2 || !hours.bytes().chain(minutes.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    // From Baker Island to the Line Islands.
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    match sign {
        "+" => Offset::from_seconds(seconds).ok(),
        "-" => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}

/// The zones named after a city, by their names in order.
fn cities(city: &str) -> Vec<Zone> {
    let city = city.replace(' ', "_");
    if city.len() < 3 {
        return Vec::new();
    }
    let database = TimeZoneDatabase::bundled();
    let is_it = |name: &str| {
        name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area))
            && name.rsplit_once('/').is_some_and(|(_, last)| last.eq_ignore_ascii_case(&city))
    };
    let mut names: Vec<String> = database.available().map(|name| name.as_str().to_owned()).filter(|name| is_it(name)).collect();
    names.sort_unstable();
    names.iter().filter_map(|name| Zone::named(name)).collect()
}

/// Whether two zones have shown the same time for two years: one of them is only another name.
fn agree(one: &Zone, other: &Zone, now: Timestamp) -> bool {
    let weeks_ago = |weeks: i64| now.checked_sub(SignedDuration::from_hours(weeks * 7 * 24)).unwrap_or(now);
    (0..104).map(weeks_ago).all(|at| one.civil(at) == other.civil(at))
}
