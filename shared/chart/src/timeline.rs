//! What was done when: the whole against what was promised, and every part on a scale of its own.

use jiff::{SignedDuration, Timestamp};
use mayday_core::{
    picture::{Bar, Timeline, Tone, Unit},
    view::Span,
};

use crate::{
    canvas::{Canvas, FAINT, GRID, INK, MARGIN, Type, WIDTH, color},
    scale::{Scale, label, values},
};

/// So many parts are drawn; a picture that is taller can't be read on a phone.
const SHOWN: usize = 20;
/// Pixels for each part.
const ROW: f64 = 78.0;
/// The thinnest bar: what took no time is still seen.
const THINNEST: f64 = 6.0;

/// The chart as SVG.
pub(crate) fn draw(chart: &Timeline) -> String {
    let shown: Vec<&Bar> = chart.bars.iter().take(SHOWN).collect();
    let more = chart.bars.len() - shown.len();
    let budget = if chart.limits.is_empty() { 0.0 } else { 120.0 };
    #[expect(clippy::cast_precision_loss, reason = "some dozens of rows")]
    let rows = (shown.len() + usize::from(more > 0)) as f64 * ROW;
    let top = 150.0 + budget;
    let mut canvas = Canvas::new(top + rows + 70.0, &chart.title, &chart.subtitle);
    let (left, right) = (MARGIN, WIDTH - MARGIN);
    let took = span(chart.from, chart.to);
    if budget > 0.0 {
        against(&mut canvas, chart, took);
    }
    let across = Scale::new((0.0, took), (left, right));
    for value in values(Unit::Seconds, took) {
        let x = across.at(value);
        canvas.line((x, top), (x, top + rows), GRID, "");
        let anchor = if value == 0.0 { "start" } else { "middle" };
        // The last would run over the edge.
        if x < right - 60.0 {
            canvas.text((x, top + rows + 36.0), Type::SMALL.to(anchor), &label(Unit::Seconds, value), 150.0);
        }
    }
    let mut y = top;
    for bar in shown {
        let (from, to) = (across.at(span(chart.from, bar.from)), across.at(span(chart.from, bar.to)));
        let length = Span(bar.to.duration_since(bar.from).max(SignedDuration::ZERO)).to_string();
        canvas.text((left, y + 30.0), Type::PLAIN, &bar.label, right - left - 200.0);
        canvas.text((right, y + 30.0), Type::SMALL.to("end"), &length, 180.0);
        let from = from.min(right - THINNEST);
        canvas.rect((from, y + 42.0), ((to - from).max(THINNEST), 22.0), color(bar.tone), 4.0);
        y += ROW;
    }
    if more > 0 {
        canvas.text((left, y + 30.0), Type::PLAIN.in_color(FAINT), &format!("and {more} more"), right - left);
    }
    canvas.svg()
}

/// How much of what was promised was used up: one bar, with a mark for each promise.
fn against(canvas: &mut Canvas, chart: &Timeline, took: f64) {
    let (left, right, y) = (MARGIN, WIDTH - MARGIN, 186.0);
    let highest = chart.limits.iter().map(|limit| limit.value).fold(took, f64::max) * 1.02;
    let across = Scale::new((0.0, highest), (left, right));
    let exceeded = chart.limits.iter().any(|limit| took > limit.value);
    let tone = if exceeded { Tone::Ill } else { chart.tone };
    canvas.rect((left, y), (right - left, 34.0), GRID, 6.0);
    canvas.rect((left, y), ((across.at(took) - left).max(THINNEST), 34.0), color(tone), 6.0);
    for limit in &chart.limits {
        let x = across.at(limit.value);
        canvas.rect((x - 2.0, y - 10.0), (4.0, 54.0), INK, 0.0);
        canvas.text((x + 2.0, y - 18.0), Type::SMALL.in_color(INK).to("end"), &limit.label, 400.0);
    }
}

fn span(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
