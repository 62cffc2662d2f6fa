//! Times and spans as people type them, and nothing that could be read in two ways.
//!
//! What was understood is always said back, in the zone that it was read in and in UTC ([`When::echo`]).

mod clock;
mod span;
mod zone;

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use crate::{command::shown, failure::Refusal};
use clock::Typed;
pub use span::span;
use zone::Zone;

/// A moment as text, where no markup can show it in the reader's own zone: `2026-11-22 14:05:00 UTC`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A moment that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// The moment, in whole seconds: a fraction is cut off, so never later than typed.
    pub at: Timestamp,
    /// The zone that it was read in: `Europe/Berlin`, `UTC`, `UTC+02:00`.
    pub zone: String,
    /// What was understood: `14:05:00 Europe/Berlin = 13:05:00 UTC`, with dates unless both are today's.
    pub echo: String,
    /// Whether it is still to come. Most verbs refuse that; only they know.
    pub in_future: bool,
}

/// Whose zone counts when none is typed: the person's, else the plan's, else UTC. Names of the IANA database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zones<'a> {
    /// The zone in the person's Slack profile.
    pub person: Option<&'a str>,
    /// The zone of the plan.
    pub plan: Option<&'a str>,
}

impl Zones<'_> {
    fn default_zone(&self) -> Zone {
        [self.person, self.plan].into_iter().flatten().find_map(Zone::named).unwrap_or_else(Zone::utc)
    }
}

/// How far a clock that somebody reads may be ahead of ours: within it a bare time of day is today's, not yesterday's.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The longest text, in characters.
const LONGEST: usize = 80;

/// What works, for the way out.
const FORMS: &str = "Type 14:05, 2026-11-22 14:05, 2026-11-22T14:05:00Z or 10m ago; behind a time a zone such as Europe/Berlin or UTC.";

/// Reads a moment: `14:05`, `14:05:30`, `2026-11-22 14:05`, RFC 3339, `10 minutes ago`, `10m ago`, `-10m`; a zone may stand behind a time.
///
/// A bare time of day is today's, or yesterday's where today's is still to come.
///
/// # Errors
/// A text that is no time, or a date that does not exist; a zone that is unknown or has several meanings; a time that the clocks
/// skipped or showed twice.
pub fn instant(text: &str, now: Timestamp, zones: Zones<'_>) -> Result<When, Refusal> {
    if text.chars().take(LONGEST + 1).count() > LONGEST {
        return Err(Refusal::new(format!("{} is too long for a time.", shown(text))).instead(FORMS));
    }
    if let Some(span) = ago(text) {
        let at = now.checked_sub(span?).map_err(|_| unknown(text))?;
        return finish(at, zones.default_zone(), now);
    }
    let typed = clock::read(text)?;
    let zone = match typed.zone {
        "" => zones.default_zone(),
        named => zone::read(named, now)?,
    };
    let at = match typed {
        Typed { date: Some(date), time, .. } => resolve(date.to_datetime(time), &zone)?,
        Typed { date: None, time, .. } => latest(time, now, &zone)?,
    };
    finish(at, zone, now)
}

/// How many of the words belong to the time that begins with the first of them: `["14:05", "Berlin", "orders"]` has two.
///
/// The first always belongs to it, so that what is no time is refused as one.
#[must_use]
pub fn extent(words: &[&str]) -> usize {
    let Some((first, rest)) = words.split_first() else { return 0 };
    let relative = first.starts_with(|c: char| c.is_ascii_digit() || c == '-') && !first.contains(':') && !clock::is_date(first);
    let mut taken = 1;
    for word in rest {
        let belongs = if relative { span::is_part(word) } else { taken == 1 && clock::is_date(first) && clock::is_time(word) };
        if !belongs {
            break;
        }
        taken += 1;
    }
    taken + if relative { 0 } else { zone::extent(words.get(taken..).unwrap_or_default()) }
}

/// A span before now; `None`: it is not written as one.
fn ago(text: &str) -> Option<Result<SignedDuration, Refusal>> {
    let text = text.trim();
    let span = match text.strip_prefix('-') {
        Some(rest) => rest.trim_start(),
        None => text.len().checked_sub(3).and_then(|at| text.split_at_checked(at)).filter(|(_, ago)| ago.eq_ignore_ascii_case("ago"))?.0,
    };
    Some(span::long_span(span))
}

/// Today's time of day, or yesterday's where today's is still to come.
fn latest(time: jiff::civil::Time, now: Timestamp, zone: &Zone) -> Result<Timestamp, Refusal> {
    let today = zone.civil(now).date();
    let horizon = now.checked_add(AHEAD).unwrap_or(now);
    if zone.earliest(today.to_datetime(time)).is_some_and(|at| at < horizon) {
        return resolve(today.to_datetime(time), zone);
    }
    let yesterday = today.yesterday().map_err(|_| unknown("yesterday"))?;
    resolve(yesterday.to_datetime(time), zone)
}

/// The moment at which the clocks of a zone showed this.
fn resolve(shown: DateTime, zone: &Zone) -> Result<Timestamp, Refusal> {
    match zone.moments(shown) {
        zone::Moments::One(at) => Ok(at),
        zone::Moments::None { before, after } => Err(Refusal::new(format!(
            "There was no {} on {} in {}: the clocks went forward then.",
            shown.strftime("%H:%M:%S"),
            shown.date(),
            zone.name()
        ))
        .instead(format!("Type {} or {}.", zone.rfc3339(before), zone.rfc3339(after)))),
        zone::Moments::Two { first, second } => Err(Refusal::new(format!(
            "{} came twice on {} in {}: the clocks went back then.",
            shown.strftime("%H:%M:%S"),
            shown.date(),
            zone.name()
        ))
        .instead(format!("Type {} for the first or {} for the second.", zone.rfc3339(first), zone.rfc3339(second)))),
        zone::Moments::Unknown => Err(unknown(&shown.to_string())),
    }
}

fn finish(at: Timestamp, zone: Zone, now: Timestamp) -> Result<When, Refusal> {
    let at = Timestamp::from_second(at.as_millisecond().div_euclid(1_000)).map_err(|_| unknown(&at.to_string()))?;
    Ok(When { at, echo: echo(at, &zone, now), zone: zone.name().to_owned(), in_future: at > now })
}

/// What was understood, in the zone and in UTC.
fn echo(at: Timestamp, zone: &Zone, now: Timestamp) -> String {
    let utc = Zone::utc();
    let is_today = |zone: &Zone| zone.civil(at).date() == zone.civil(now).date();
    let format = if is_today(zone) && is_today(&utc) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let said = |zone: &Zone| format!("{} {}", zone.civil(at).strftime(format), zone.name());
    if zone.name() == utc.name() { said(zone) } else { format!("{} = {}", said(zone), said(&utc)) }
}

fn unknown(text: &str) -> Refusal {
    Refusal::new(format!("{} is no time that I can read.", shown(text))).instead(FORMS)
}

#[cfg(test)]
mod tests;
