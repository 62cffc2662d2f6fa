use jiff::Timestamp;

use super::{Chart, Lines, Point, Series, Tone, Unit};
use crate::probe::{Bucket, Outcome, Question, Sample, Watch};

/// With at least so many ten minutes on record, the day is shown, else the single answers.
const ENOUGH: usize = 12;

/// How long a service's probes took to answer, and when they were not as they should be; and the same in words. `None`: they
/// were not asked yet.
#[must_use]
pub fn of_health(name: &str, watches: &[(Question, Watch)], now: Timestamp) -> Option<(Chart, String)> {
    let day = watches.iter().any(|(_, watch)| watch.history.len() >= ENOUGH);
    let series: Vec<Series> = watches
        .iter()
        .map(|(question, watch)| Series {
            name: question.probe.name.clone(),
            points: if day { watch.history.iter().map(of_bucket).collect() } else { watch.recent.iter().map(of_sample).collect() },
        })
        .collect();
    let all = || series.iter().flat_map(|series| &series.points);
    let first = all().map(|point| point.at).min()?;
    let (ill, unseen) = (all().filter(|point| point.tone == Tone::Ill).count(), all().filter(|point| point.value.is_none()).count());
    let slowest = all().filter_map(|point| point.value).fold(0.0_f64, f64::max);
    let title = format!("{name}: how long its probes took to answer");
    let subtitle = match (ill, unseen) {
        (0, 0) => format!("all well; slowest {slowest:.0} ms"),
        (ill, 0) => format!("{} not as it should be; slowest {slowest:.0} ms", times(ill)),
        (ill, unseen) => format!("{} not as it should be, {} not seen; slowest {slowest:.0} ms", times(ill), times(unseen)),
    };
    let alt = format!(
        "Chart of “{title}” from {} to {} UTC: {subtitle}. Probes: {}.",
        first.strftime("%Y-%m-%d %H:%M"),
        now.strftime("%Y-%m-%d %H:%M"),
        series.iter().map(|series| series.name.as_str()).collect::<Vec<_>>().join(", ")
    );
    Some((Chart::Lines(Lines { title, subtitle, unit: Unit::Milliseconds, series, limits: Vec::new() }), alt))
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds beyond 2^53 do not occur")]
fn of_sample(sample: &Sample) -> Point {
    let tone = match sample.outcome {
        Outcome::Well => Tone::Well,
        Outcome::Ill => Tone::Ill,
        Outcome::Blind => Tone::Plain,
    };
    Point { at: sample.at, value: sample.took_ms.map(|ms| ms as f64), tone }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds beyond 2^53 do not occur")]
fn of_bucket(bucket: &Bucket) -> Point {
    let seen = bucket.well + bucket.ill;
    let value = (seen > 0).then(|| bucket.total_ms as f64 / f64::from(seen));
    let tone = match (bucket.ill, seen) {
        (0, 0) => Tone::Plain,
        (0, _) => Tone::Well,
        _ => Tone::Ill,
    };
    Point { at: bucket.from, value, tone }
}
