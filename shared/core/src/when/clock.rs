//! What clocks and calendars show: dates, times of day, and where the zone begins behind them.

use jiff::civil::{Date, Time};

use super::unknown;
use crate::{command::shown, failure::Refusal};

/// A time as it was typed, its zone not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed<'a> {
    pub(super) date: Option<Date>,
    pub(super) time: Time,
    /// What stands behind; empty: nothing.
    pub(super) zone: &'a str,
}

/// Reads `[DATE(T| )]TIME[ZONE]`.
pub(super) fn read(text: &str) -> Result<Typed<'_>, Refusal> {
    let text = text.trim();
    let no_time = || unknown(text);
    let (date, rest) = match text.split_at_checked(10).filter(|(date, _)| is_date(date)) {
        None => (None, text),
        Some((date, rest)) => {
            let date = read_date(date).ok_or_else(|| impossible_date(date))?;
            let rest = rest.strip_prefix(['T', 't', ' ', '_']).map(str::trim_start).unwrap_or(rest);
            if rest.is_empty() {
                return Err(Refusal::new(format!("{} is a day without a time of day.", shown(text)))
                    .instead(format!("Type for example {date} 14:05.")));
            }
            (Some(date), rest)
        }
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(end).ok_or_else(no_time)?;
    if !is_time(time) {
        return Err(no_time());
    }
    let time = read_time(time).ok_or_else(|| {
        Refusal::new(format!("There is no {} on a clock: hours go to 23, minutes and seconds to 59.", shown(time)))
            .instead("Type for example 14:05 or 14:05:30.")
    })?;
    Ok(Typed { date, time, zone: zone.trim() })
}

/// Whether a word is written as a date: `2026-11-22`, existing or not, perhaps with more behind it.
pub(super) fn is_date(word: &str) -> bool {
    word.len() == 10
        && word.bytes().enumerate().all(|(position, byte)| if matches!(position, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

/// Whether a word is written as a time of day, perhaps with a zone right behind it.
pub(super) fn is_time(word: &str) -> bool {
    word.split_once(':').is_some_and(|(hour, rest)| {
        (1..=2).contains(&hour.len())
            && hour.bytes().all(|byte| byte.is_ascii_digit())
            && rest.bytes().take_while(u8::is_ascii_digit).count() == 2
    })
}

fn read_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Date::new(year, month, day).ok()
}

fn read_time(text: &str) -> Option<Time> {
    // A fraction of a second is cut off.
    let (text, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let seconds = parts.next();
    let second = seconds.map_or(Some(0), |second| (second.len() == 2).then(|| second.parse().ok()).flatten())?;
    let whole = parts.next().is_none()
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (fraction == "0" || seconds.is_some());
    if whole { Time::new(hour, minute, second, 0).ok() } else { None }
}

/// Why a date is none.
fn impossible_date(text: &str) -> Refusal {
    let mut parts = text.split('-').map(|part| part.parse::<i16>().unwrap_or_default());
    let (year, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let cause = match i8::try_from(month).ok().and_then(|month| Date::new(year, month, 1).ok()) {
        Some(first) => format!("{} has {} days", first.strftime("%B %Y"), first.days_in_month()),
        None => "months go from 01 to 12".to_owned(),
    };
    Refusal::new(format!("There is no {text}: {cause}.")).instead("Type the date as year-month-day, for example 2026-11-22.")
}
