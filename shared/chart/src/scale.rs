//! From values to places, and the round values that are written beside an axis.

use jiff::{SignedDuration, Timestamp};
use mayday_core::{picture::Unit, view};

/// A straight line from values to pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Values from `low` to `high` between the pixels `from` and `to`. No span at all is taken as one.
    pub(crate) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, from, to }
    }

    /// Where a value is. What is outside lies on the edge.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }
}

/// Steps in which people count spans, in seconds.
const SPANS: [i64; 18] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

/// The smallest of people's steps that divides a span into at most `most` parts; in seconds.
pub(crate) fn step(seconds: f64, most: f64) -> i64 {
    let fits = |step: &&i64| seconds / as_float(**step) <= most;
    SPANS.iter().find(fits).copied().unwrap_or_else(|| {
        let days = (seconds / (most * 86_400.0)).ceil().max(1.0);
        as_whole(days).saturating_mul(86_400)
    })
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that divides a number into at most `most` parts.
pub(crate) fn round(value: f64, most: f64) -> f64 {
    let least = (value / most).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= least * 0.999).unwrap_or(10.0 * power)
}

/// Round values from zero to the highest, a few of them.
pub(crate) fn values(unit: Unit, highest: f64) -> Vec<f64> {
    let step = match unit {
        Unit::Seconds => as_float(step(highest, 5.0)),
        Unit::Milliseconds => round(highest, 5.0).max(1.0),
    };
    std::iter::successors(Some(0.0), |value| Some(value + step)).take_while(|value| *value <= highest * 1.001).take(12).collect()
}

/// Round times between two, a few of them.
pub(crate) fn times(from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let seconds = to.duration_since(from).as_secs_f64();
    let step = step(seconds, 5.0);
    let first = from.as_second().div_euclid(step).saturating_add(1).saturating_mul(step);
    let all = std::iter::successors(Some(first), |second| second.checked_add(step)).take(12);
    all.take_while(|second| *second <= to.as_second()).filter_map(|second| Timestamp::from_second(second).ok()).collect()
}

/// A value beside its axis.
pub(crate) fn label(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Milliseconds if value >= 1_000.0 => format!("{} s", trimmed(value / 1_000.0)),
        Unit::Milliseconds => format!("{} ms", trimmed(value)),
        Unit::Seconds => view::Span(SignedDuration::from_secs(as_whole(value))).to_string(),
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "spans of time are far below 2^53 seconds")]
fn as_float(seconds: i64) -> f64 {
    seconds as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and a chart of more seconds than that has no reader")]
fn as_whole(seconds: f64) -> i64 {
    seconds as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_in_which_people_count() {
        assert_eq!([step(170.0, 5.0), step(3_600.0, 5.0), step(604_800.0, 5.0), step(6_048_000.0, 5.0)], [60, 900, 172_800, 1_209_600]);
        assert_eq!([round(7.0, 5.0), round(43.0, 5.0), round(1_000.0, 5.0)], [2.0, 10.0, 200.0]);
        assert_eq!(values(Unit::Milliseconds, 43.0), [0.0, 10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn what_has_no_span_is_drawn_all_the_same() {
        let scale = Scale::new((5.0, 5.0), (0.0, 100.0));
        assert!(scale.at(5.0).is_finite() && scale.at(f64::MAX).is_finite());
        assert_eq!(values(Unit::Seconds, 0.0), [0.0]);
        let now = Timestamp::from_second(1_795_348_800).unwrap();
        assert_eq!(times(now, now), Vec::<Timestamp>::new());
    }

    #[test]
    fn values_are_written_as_people_say_them() {
        assert_eq!(label(Unit::Milliseconds, 250.0), "250 ms");
        assert_eq!(label(Unit::Milliseconds, 1_500.0), "1.5 s");
        assert_eq!(label(Unit::Seconds, 900.0), "15 min");
    }
}
