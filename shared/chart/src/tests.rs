use jiff::Timestamp;
use mayday_core::picture::{Bar, Limit, Lines, Point, Series, Timeline, Tone, Unit};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_348_800 + second).unwrap()
}

fn latency() -> Chart {
    let point = |minute: i64, value: Option<f64>, tone| Point { at: at(minute * 60), value, tone };
    let page = [(0, Some(40.0)), (1, Some(60.0)), (2, None), (3, Some(50.0)), (4, Some(180.0))];
    let page = page.map(|(minute, value)| point(minute, value, if minute == 4 { Tone::Ill } else { Tone::Well })).to_vec();
    let port = (0..5).map(|minute| point(minute, Some(12.0), Tone::Well)).collect();
    Chart::Lines(Lines {
        title: "shop: how long its probes took to answer".to_owned(),
        subtitle: "1 times not as it should be; slowest 180 ms".to_owned(),
        unit: Unit::Milliseconds,
        series: vec![Series { name: "front page".to_owned(), points: page }, Series { name: "port".to_owned(), points: port }],
        limits: vec![Limit { value: 150.0, label: "at most 150 ms".to_owned(), tone: Tone::Ill }],
    })
}

fn run(took: i64) -> Chart {
    let bar = |label: &str, from, to, tone| Bar { label: label.to_owned(), from: at(from), to: at(to), tone };
    Chart::Timeline(Timeline {
        title: "Restore inventory to 14:02".to_owned(),
        subtitle: "done after 12 min".to_owned(),
        from: at(0),
        to: at(took),
        tone: Tone::Well,
        bars: vec![
            bar("Until it was approved", 0, 60, Tone::Plain),
            bar("Restore <orders> beside the old instance, with everything that the old one had", 60, took - 60, Tone::Well),
            bar("Check the data", took - 60, took - 60, Tone::Ill),
            bar("Move traffic", took - 60, took, Tone::Warning),
        ],
        limits: vec![Limit { value: 3_600.0, label: "RTO 1 h".to_owned(), tone: Tone::Ill }],
    })
}

#[test]
fn a_line_chart_with_its_limit_its_gap_and_its_bad_moment() {
    insta::assert_snapshot!(svg(&latency()));
}

#[test]
fn a_runs_timeline_against_its_objective() {
    insta::assert_snapshot!(svg(&run(720)));
}

/// The colors of a picture, with how many pixels have each.
fn colors(png: &[u8]) -> (u32, u32, std::collections::BTreeMap<[u8; 3], usize>) {
    let pixels = resvg::tiny_skia::Pixmap::decode_png(png).unwrap();
    let mut found = std::collections::BTreeMap::new();
    for pixel in pixels.pixels() {
        *found.entry([pixel.red(), pixel.green(), pixel.blue()]).or_default() += 1;
    }
    (pixels.width(), pixels.height(), found)
}

#[test]
fn a_picture_has_the_size_that_it_says_and_is_not_blank() {
    let (width, height, latency) = colors(&Painter.png(&latency()).unwrap());
    assert_eq!((width, height), (1_000, 690));
    assert!(latency.contains_key(&[0xb3, 0x12, 0x3f]), "the bad moment and the limit are red");
    let letters = |colors: &std::collections::BTreeMap<[u8; 3], usize>| colors.get(&[0x1d, 0x1c, 0x1d]).copied().unwrap_or(0);
    assert!(letters(&latency) > 500, "letters are drawn: {}", letters(&latency));
}

#[test]
fn what_took_longer_than_promised_is_red() {
    let (_, _, within) = colors(&Painter.png(&run(720)).unwrap());
    let (_, _, beyond) = colors(&Painter.png(&run(7_200)).unwrap());
    let red = |colors: &std::collections::BTreeMap<[u8; 3], usize>| colors.get(&[0xb3, 0x12, 0x3f]).copied().unwrap_or(0);
    assert!(red(&beyond) > red(&within) + 10_000, "{} and {}", red(&within), red(&beyond));
}

#[test]
fn whatever_it_is_given_it_draws() {
    let nothing = Chart::Lines(Lines {
        title: "x".repeat(500),
        subtitle: String::new(),
        unit: Unit::Seconds,
        series: Vec::new(),
        limits: Vec::new(),
    });
    let instant = Chart::Timeline(Timeline {
        title: "\u{0}<&>".to_owned(),
        subtitle: "漢字".to_owned(),
        from: at(0),
        to: at(0),
        tone: Tone::Ill,
        bars: (0..60).map(|number| Bar { label: format!("step {number}"), from: at(0), to: at(0), tone: Tone::Well }).collect(),
        limits: Vec::new(),
    });
    for chart in [nothing, instant] {
        let (_, height, _) = colors(&Painter.png(&chart).unwrap());
        assert!((200..2_500).contains(&height), "{height}");
    }
}
