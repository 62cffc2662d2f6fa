use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    plan::{Probe, ProbeKind, Span},
    port::Answer,
    probe::{Place, Question, Watch},
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_348_800 + minute * 60).unwrap()
}

fn lines(chart: Chart) -> Lines {
    match chart {
        Chart::Lines(lines) => lines,
        Chart::Timeline(_) => panic!("a line chart was wanted"),
    }
}

fn watch(answers: &str) -> (Question, Watch) {
    let span = |seconds| Span(SignedDuration::from_secs(seconds));
    let how = ProbeKind::Tcp { address: "app.example:443".to_owned() };
    let probe = Probe { name: "port".to_owned(), how, every: span(60), within: span(5), in_a_row: 3 };
    let question = Question { owner: "orders".to_owned(), place: Place::Service, probe };
    let fresh = Watch::new(&question, at(0)).unwrap();
    let watch = answers.chars().zip(0..).fold(fresh, |watch, (kind, minute)| {
        let answer = match kind {
            'w' => Answer::Well { took_ms: 20, note: String::new() },
            'i' => Answer::Ill { why: "refused".to_owned(), took_ms: 5 },
            _ => Answer::blind("dark"),
        };
        watch.heard(&answer, at(minute))
    });
    (question, watch)
}

#[test]
fn what_we_did_not_see_is_a_gap_and_what_was_ill_is_marked() {
    let (chart, alt) = of_health("orders", &[watch("wwbiw")], at(5)).unwrap();
    let points = &lines(chart).series[0].points;
    assert_eq!(points.iter().map(|point| point.value.is_some()).collect::<Vec<_>>(), [true, true, false, true, true]);
    assert_eq!(points[3].tone, Tone::Ill);
    assert_eq!(
        alt,
        "Chart of “orders: how long its probes took to answer” from 2026-11-22 12:00 to 2026-11-22 12:05 UTC: once not as it should be, \
         once not seen; slowest 20 ms. Probes: port."
    );
    assert_eq!(of_health("orders", &[], at(0)), None, "what was never asked has no picture");
}

#[test]
fn after_two_hours_the_day_is_shown() {
    let (chart, _) = of_health("orders", &[watch(&"w".repeat(125))], at(125)).unwrap();
    assert_eq!(lines(chart).series[0].points.len(), 13, "ten minutes each");
}

#[test]
fn r06_the_chart_of_a_loss_says_when_it_was_beyond_the_objective() {
    let measured = [(at(0), 60), (at(60), 1_200), (at(600), 30)];
    let (chart, alt) = of_rpo("orders", &measured, Span(SignedDuration::from_mins(15)));
    let chart = lines(chart);
    let tones: Vec<(bool, Tone)> = chart.series[0].points.iter().map(|point| (point.value.is_some(), point.tone)).collect();
    assert_eq!(
        tones,
        [(true, Tone::Well), (true, Tone::Ill), (false, Tone::Plain), (true, Tone::Well)],
        "a night without measurements is a gap"
    );
    assert_eq!(chart.limits[0].label, "RPO 15 min");
    assert_eq!(
        alt,
        "Chart of “orders: what would have been lost” over time: now 30 s, at worst 20 min; objective (RPO) 15 min. \
         1 of 3 measurements were beyond the objective."
    );
}
