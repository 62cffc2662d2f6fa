//! EventBridge Scheduler's expressions: `at(…)`, `rate(…)`, `cron(…)`, in a time zone.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

/// A schedule's expression.
#[derive(Debug, Clone)]
pub enum Expression {
    /// Once.
    At(Timestamp),
    /// Again and again after this span.
    Rate(SignedDuration),
    /// When the wall clock in a time zone shows it.
    Cron(Box<Cron>, TimeZone),
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, in the service's words.
    pub fn parse(text: &str, zone: &str) -> Result<Self, String> {
        let invalid = || format!("Invalid Schedule Expression {text}.");
        let zone = TimeZone::get(zone).map_err(|_| "Invalid Schedule Expression Timezone.".to_owned())?;
        let (kind, inside) = text.strip_suffix(')').and_then(|text| text.split_once('(')).ok_or_else(invalid)?;
        match kind {
            "at" => {
                let at: DateTime = inside.parse().map_err(|_| invalid())?;
                let zoned = zone.to_zoned(at).map_err(|_| invalid())?;
                Ok(Self::At(zoned.timestamp()))
            }
            "rate" => {
                let (number, unit) = inside.split_once(' ').ok_or_else(invalid)?;
                let number: i64 = number.parse().ok().filter(|number| (1..=1_000_000).contains(number)).ok_or_else(invalid)?;
                let seconds = match unit {
                    "minute" | "minutes" => 60,
                    "hour" | "hours" => 3_600,
                    "day" | "days" => 86_400,
                    _ => return Err(invalid()),
                };
                Ok(Self::Rate(SignedDuration::from_secs(number.saturating_mul(seconds))))
            }
            "cron" => parse_cron(inside).map(|cron| Self::Cron(Box::new(cron), zone)).ok_or_else(invalid),
            _ => Err(invalid()),
        }
    }

    /// When it comes next after `now`, if it ever does. A rate counts from `origin`.
    #[must_use]
    pub fn next(&self, origin: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(at) => (*at > now).then_some(*at),
            Self::Rate(span) => {
                let passed = now.duration_since(origin).as_secs().max(0).checked_div(span.as_secs())?;
                let next = SignedDuration::from_secs(span.as_secs().checked_mul(passed.checked_add(1)?)?);
                origin.checked_add(next).ok()
            }
            Self::Cron(cron, zone) => next_on_the_wall(cron, zone, now),
        }
    }
}

/// Six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year. One of the two days is a `?`. The parser
/// wants seconds too.
fn parse_cron(text: &str) -> Option<Cron> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [_, _, day, _, weekday, _] = fields.as_slice() else { return None };
    if (*day == "?") == (*weekday == "?") {
        return None;
    }
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required).alternative_weekdays(true).sloppy_ranges(true);
    parser.build().parse(&format!("0 {text}")).ok()
}

/// Searches wall-clock times and then places them: one that the clocks skip in spring is left out, one that they show twice
/// in autumn counts the first time only. That is how the service documents it.
fn next_on_the_wall(cron: &Cron, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let mut wall = zone.to_datetime(now);
    // In autumn the wall shows an hour again: what it holds has been.
    for _ in 0..1_000 {
        wall = cron.find_next_occurrence(&wall, false).ok()?;
        let placed = zone.to_ambiguous_timestamp(wall);
        let skipped = matches!(placed.offset(), AmbiguousOffset::Gap { .. });
        match placed.earlier() {
            Ok(at) if !skipped && at > now => return Some(at),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, zone: &str, now: &str) -> Option<String> {
        let origin = "2026-01-01T00:00:30Z".parse().unwrap();
        Expression::parse(expression, zone).unwrap().next(origin, now.parse().unwrap()).map(|at| at.to_string())
    }

    fn occurrences(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (expression, mut now) = (Expression::parse(expression, zone).unwrap(), from.parse().unwrap());
        let mut step = || {
            now = expression.next(now, now)?;
            Some(now.to_string())
        };
        (0..count).map_while(|_| step()).collect()
    }

    #[test]
    fn at_comes_once_in_its_zone() {
        assert_eq!(next("at(2026-11-22T14:05:00)", "Europe/Berlin", "2026-11-22T13:04:59Z").as_deref(), Some("2026-11-22T13:05:00Z"));
        assert_eq!(next("at(2026-11-22T14:05:00)", "Europe/Berlin", "2026-11-22T13:05:00Z"), None);
    }

    #[test]
    fn a_rate_keeps_to_its_origin() {
        assert_eq!(next("rate(5 minutes)", "UTC", "2026-01-01T00:12:00Z").as_deref(), Some("2026-01-01T00:15:30Z"));
    }

    #[test]
    fn sunday_is_one_and_names_work_too() {
        for days in ["1", "SUN"] {
            let cron = format!("cron(0 3 ? * {days} *)");
            assert_eq!(next(&cron, "UTC", "2026-11-20T00:00:00Z").as_deref(), Some("2026-11-22T03:00:00Z"), "{days}");
        }
        assert_eq!(next("cron(0 3 ? * 2-6 *)", "UTC", "2026-11-21T00:00:00Z").as_deref(), Some("2026-11-23T03:00:00Z"), "Monday to Friday");
        assert_eq!(next("cron(0 3 ? * 6L *)", "UTC", "2026-11-01T00:00:00Z").as_deref(), Some("2026-11-27T03:00:00Z"), "the last Friday");
        assert_eq!(
            next("cron(0 3 ? * 2#2 *)", "UTC", "2026-11-01T00:00:00Z").as_deref(),
            Some("2026-11-09T03:00:00Z"),
            "the second Monday"
        );
    }

    #[test]
    fn the_last_day_of_the_month_and_a_year() {
        assert_eq!(next("cron(30 23 L * ? *)", "UTC", "2028-02-01T00:00:00Z").as_deref(), Some("2028-02-29T23:30:00Z"));
        assert_eq!(next("cron(0 0 1 1 ? 2027)", "UTC", "2026-06-01T00:00:00Z").as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(next("cron(0 0 1 1 ? 2027)", "UTC", "2027-06-01T00:00:00Z"), None);
        assert_eq!(next("cron(0/15 * * * ? *)", "UTC", "2026-11-22T10:46:00Z").as_deref(), Some("2026-11-22T11:00:00Z"));
    }

    #[test]
    fn a_time_that_spring_skips_is_left_out() {
        let at = occurrences("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T00:00:00Z", 2);
        assert_eq!(at, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"], "on the 29th there was no 02:30");
    }

    #[test]
    fn a_time_that_autumn_shows_twice_counts_once() {
        let at = occurrences("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
        assert_eq!(at, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        assert_eq!(next("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T01:10:00Z").as_deref(), Some("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        for bad in
            ["cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(0 3 * * ?)", "rate(0 minutes)", "rate(5 seconds)", "at(tomorrow)", "every day"]
        {
            assert!(Expression::parse(bad, "UTC").is_err(), "{bad}");
        }
        assert_eq!(Expression::parse("rate(1 day)", "Europe/Atlantis").unwrap_err(), "Invalid Schedule Expression Timezone.");
    }
}
