//! Values over time, against what must not be exceeded.

use jiff::Timestamp;
use mayday_core::picture::{Lines, Point, Series, Tone};

use crate::{
    canvas::{Canvas, FAINT, GRID, MARGIN, Type, WIDTH, color},
    scale::{Scale, label, times, values},
};

/// Where the values stand, from the left edge to the right and from the top down.
const PLOT: (f64, f64, f64, f64) = (150.0, WIDTH - MARGIN, 160.0, 540.0);
/// What tells lines apart. None of them is a state's color: a state is shown by dots.
const HUES: [&str; 4] = ["#1264a3", "#6b4fbb", "#0b7285", "#8f5a2b"];

/// The chart as SVG.
pub(crate) fn draw(chart: &Lines) -> String {
    let shown: Vec<&Series> = chart.series.iter().take(HUES.len()).collect();
    let names = if shown.len() > 1 { shown.len() } else { 0 };
    let (left, right, top, bottom) = PLOT;
    #[expect(clippy::cast_precision_loss, reason = "four at most")]
    let height = bottom + 70.0 + names as f64 * 40.0;
    let mut canvas = Canvas::new(height, &chart.title, &chart.subtitle);
    let points = || shown.iter().flat_map(|series| &series.points);
    let Some((first, last)) = ends(points()) else {
        canvas.text(((left + right) / 2.0, (top + bottom) / 2.0), Type::PLAIN.in_color(FAINT).to("middle"), "nothing yet", WIDTH);
        return canvas.svg();
    };
    let highest = points().filter_map(|point| point.value).chain(chart.limits.iter().map(|limit| limit.value)).fold(0.0, f64::max) * 1.08;
    let across = Scale::new((seconds(first), seconds(last)), (left, right));
    let up = Scale::new((0.0, highest), (bottom, top));
    for value in values(chart.unit, highest) {
        let y = up.at(value);
        canvas.line((left, y), (right, y), GRID, "");
        canvas.text((left - 14.0, y + 8.0), Type::SMALL.to("end"), &label(chart.unit, value), left - 20.0);
    }
    let format = if seconds(last) - seconds(first) > 2.0 * 86_400.0 { "%b %-d" } else { "%H:%M" };
    for time in times(first, last) {
        let x = across.at(seconds(time));
        canvas.line((x, bottom), (x, bottom + 8.0), FAINT, "");
        canvas.text((x, bottom + 38.0), Type::SMALL.to("middle"), &time.strftime(format).to_string(), 160.0);
    }
    canvas.text((left - 14.0, bottom + 38.0), Type::SMALL.to("end"), "UTC", 100.0);
    for limit in &chart.limits {
        let y = up.at(limit.value);
        canvas.line((left, y), (right, y), color(limit.tone), "14 10");
        canvas.text((right, y - 12.0), Type::SMALL.in_color(color(limit.tone)).to("end"), &limit.label, 400.0);
    }
    for (series, hue) in shown.iter().zip(HUES) {
        trace(&mut canvas, series, hue, |point| Some((across.at(seconds(point.at)), up.at(point.value?))));
    }
    for ((series, hue), row) in shown.iter().zip(HUES).zip(0..names) {
        #[expect(clippy::cast_precision_loss, reason = "four at most")]
        let y = bottom + 86.0 + row as f64 * 40.0;
        canvas.rect((left, y - 16.0), (30.0, 10.0), hue, 5.0);
        canvas.text((left + 44.0, y), Type::SMALL, &series.name, right - left - 44.0);
    }
    canvas.svg()
}

/// One line with its gaps; a dot wherever something was not as it should be.
fn trace(canvas: &mut Canvas, series: &Series, hue: &str, place: impl Fn(&Point) -> Option<(f64, f64)>) {
    for piece in series.points.split(|point| point.value.is_none()) {
        let places: Vec<(f64, f64)> = piece.iter().filter_map(&place).collect();
        match places.as_slice() {
            [] => {}
            [alone] => canvas.dot(*alone, hue, 5.0),
            several => canvas.path(several, hue),
        }
    }
    for point in series.points.iter().filter(|point| matches!(point.tone, Tone::Ill | Tone::Warning)) {
        if let Some(at) = place(point) {
            canvas.dot(at, color(point.tone), 9.0);
        }
    }
}

fn ends<'a>(points: impl Iterator<Item = &'a Point>) -> Option<(Timestamp, Timestamp)> {
    points.map(|point| (point.at, point.at)).reduce(|(first, last), (at, _)| (first.min(at), last.max(at)))
}

#[expect(clippy::cast_precision_loss, reason = "seconds since the epoch are far below 2^53")]
fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}
