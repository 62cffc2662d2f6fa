use jiff::{SignedDuration, Timestamp};

use super::{Chart, Limit, Lines, Point, Series, Tone, Unit};
use crate::{plan::Span, view};

/// A gap between two measurements that is longer than this is a time of which nobody knows.
const GAP: SignedDuration = SignedDuration::from_hours(3);

/// How much of a database would have been lost at each time, against the objective; and the same in words. `measured` is in
/// seconds, oldest first.
#[must_use]
pub fn of_rpo(database: &str, measured: &[(Timestamp, u32)], objective: Span) -> (Chart, String) {
    let limit = objective.0.as_secs_f64();
    let mut points: Vec<Point> = Vec::new();
    for (at, seconds) in measured {
        if points.last().is_some_and(|last| at.duration_since(last.at) > GAP) {
            points.push(Point { at: *at, value: None, tone: Tone::Plain });
        }
        let value = f64::from(*seconds);
        points.push(Point { at: *at, value: Some(value), tone: if value > limit { Tone::Ill } else { Tone::Well } });
    }
    let worst = measured.iter().max_by_key(|(_, seconds)| *seconds);
    let beyond = points.iter().filter(|point| point.tone == Tone::Ill).count();
    let span = |seconds: u32| view::Span(SignedDuration::from_secs(i64::from(seconds)));
    let subtitle = match (worst, measured.last()) {
        (Some((_, worst)), Some((_, last))) => {
            format!("now {}, at worst {}; objective (RPO) {}", span(*last), span(*worst), view::Span(objective.0))
        }
        _ => "nothing was measured yet".to_owned(),
    };
    let title = format!("{database}: what would have been lost");
    let alt = format!("Chart of “{title}” over time: {subtitle}. {beyond} of {} measurements were beyond the objective.", measured.len());
    let limits = vec![Limit { value: limit, label: format!("RPO {}", view::Span(objective.0)), tone: Tone::Ill }];
    let series = vec![Series { name: database.to_owned(), points }];
    (Chart::Lines(Lines { title, subtitle, unit: Unit::Seconds, series, limits }), alt)
}
