//! Spans as people type them: `30m`, `2h`, `1h30m`, `90s`, `10 minutes`.

use jiff::SignedDuration;

use crate::{command::shown, failure::Refusal};

/// The longest span of a setting: a year.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// The longest way back: ten years, since a snapshot may be that old.
const LONGEST_AGO: SignedDuration = SignedDuration::from_hours(3_660 * 24);

/// The longest text, in bytes.
const LONGEST_TEXT: usize = 60;

/// Reads a span: `90s`, `30m`, `2h`, `1h30m`, `3d`, `10 minutes`, in whole seconds.
///
/// # Errors
/// Nothing, less than nothing, more than 366 days, no unit, or a unit that means several things.
pub fn span(text: &str) -> Result<SignedDuration, Refusal> {
    up_to(text, LONGEST)
}

/// A span of up to ten years, for how long ago something was.
pub(super) fn long_span(text: &str) -> Result<SignedDuration, Refusal> {
    up_to(text, LONGEST_AGO)
}

/// Whether a word can belong to a span or its `ago`.
pub(super) fn is_part(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
    word.eq_ignore_ascii_case("ago") || (unit.is_empty() && !word.is_empty()) || pieces(word).is_some() || seconds_in(unit).is_some()
}

fn up_to(text: &str, longest: SignedDuration) -> Result<SignedDuration, Refusal> {
    let refused = |why: &str| {
        Refusal::new(format!("{} is no span that works: {why}.", shown(text.trim()))).instead("Type for example 90s, 30m, 2h or 1h30m.")
    };
    let typed = text.trim();
    if typed.starts_with(['-', '\u{2212}']) {
        return Err(refused("it must be more than nothing"));
    }
    let compact: String = typed.split_whitespace().collect();
    if typed.len() > LONGEST_TEXT {
        return Err(refused("it is too long"));
    }
    if !compact.is_empty() && compact.bytes().all(|byte| byte.is_ascii_digit()) {
        let is_nothing = compact.bytes().all(|byte| byte == b'0');
        return Err(refused(if is_nothing { "it must be more than nothing" } else { "the unit is missing" }));
    }
    let pieces = pieces(&compact).ok_or_else(|| refused("it takes numbers with units: s, m, h or d, each once, the largest first"))?;
    let days = longest.as_hours() / 24;
    let too_long = || refused(&format!("{days} days are the most"));
    let total = pieces
        .into_iter()
        .try_fold(0_i64, |total, (number, unit)| number.checked_mul(unit).and_then(|seconds| total.checked_add(seconds)))
        .ok_or_else(too_long)?;
    match SignedDuration::from_secs(total) {
        SignedDuration::ZERO => Err(refused("it must be more than nothing")),
        span if span > longest => Err(too_long()),
        span => Ok(span),
    }
}

/// The numbers with the seconds of their units, from the largest unit to the smallest.
fn pieces(text: &str) -> Option<Vec<(i64, i64)>> {
    let mut pieces: Vec<(i64, i64)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at_checked(rest.bytes().take_while(u8::is_ascii_digit).count())?;
        let (unit, behind) = behind.split_at_checked(behind.bytes().take_while(u8::is_ascii_alphabetic).count())?;
        // More digits than an i64 holds are too many in any unit.
        let number = if number.is_empty() { return None } else { number.parse().unwrap_or(i64::MAX) };
        let seconds = seconds_in(unit)?;
        if pieces.last().is_some_and(|(_, larger)| *larger <= seconds) {
            return None;
        }
        pieces.push((number, seconds));
        rest = behind;
    }
    (!pieces.is_empty()).then_some(pieces)
}

fn seconds_in(unit: &str) -> Option<i64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    })
}
