use proptest::prelude::*;

use super::*;

const NOW: &str = "2026-11-22T15:00:00Z";

fn read(text: &str, now: &str, person: &str) -> String {
    let zones = Zones { person: Some(person).filter(|zone| !zone.is_empty()), plan: None };
    match instant(text, now.parse().unwrap(), zones) {
        Ok(when) => format!("{} | {}{}", when.at, when.echo, if when.in_future { " (to come)" } else { "" }),
        Err(refusal) => format!("! {refusal}"),
    }
}

#[track_caller]
fn all_read(now: &str, person: &str, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(read(text, now, person), *expected, "for {text:?}");
    }
}

#[track_caller]
fn all_refused(now: &str, person: &str, cases: &[(&str, &str)]) {
    for (text, part) in cases {
        let said = read(text, now, person);
        assert!(said.starts_with('!') && said.contains(part), "{text:?} said {said:?} instead of something with {part:?}");
    }
}

#[test]
fn b15_times_are_read_in_the_zone_of_the_person_and_said_back() {
    all_read(
        NOW,
        "Europe/Berlin",
        &[
            ("14:05", "2026-11-22T13:05:00Z | 14:05:00 Europe/Berlin = 13:05:00 UTC"),
            ("14:05:30", "2026-11-22T13:05:30Z | 14:05:30 Europe/Berlin = 13:05:30 UTC"),
            ("14:05:30.9", "2026-11-22T13:05:30Z | 14:05:30 Europe/Berlin = 13:05:30 UTC"),
            ("9:05", "2026-11-22T08:05:00Z | 09:05:00 Europe/Berlin = 08:05:00 UTC"),
            ("14:05 UTC", "2026-11-22T14:05:00Z | 14:05:00 UTC"),
            ("14:05Z", "2026-11-22T14:05:00Z | 14:05:00 UTC"),
            ("14:05 gmt", "2026-11-22T14:05:00Z | 14:05:00 UTC"),
            ("16:05+02:00", "2026-11-22T14:05:00Z | 16:05:00 UTC+02:00 = 14:05:00 UTC"),
            ("09:35 UTC-4:30", "2026-11-22T14:05:00Z | 09:35:00 UTC-04:30 = 14:05:00 UTC"),
            ("09:05 New York", "2026-11-22T14:05:00Z | 09:05:00 America/New_York = 14:05:00 UTC"),
            ("14:05 london", "2026-11-22T14:05:00Z | 14:05:00 Europe/London = 14:05:00 UTC"),
            ("14:05 europe/london", "2026-11-22T14:05:00Z | 14:05:00 Europe/London = 14:05:00 UTC"),
            // Two names of one zone.
            ("11:05 Buenos Aires", "2026-11-22T14:05:00Z | 11:05:00 America/Argentina/Buenos_Aires = 14:05:00 UTC"),
            ("2026-11-20 14:05", "2026-11-20T13:05:00Z | 2026-11-20 14:05:00 Europe/Berlin = 2026-11-20 13:05:00 UTC"),
            ("2026-11-20T14:05", "2026-11-20T13:05:00Z | 2026-11-20 14:05:00 Europe/Berlin = 2026-11-20 13:05:00 UTC"),
            ("2026-11-22T14:05:00Z", "2026-11-22T14:05:00Z | 14:05:00 UTC"),
            ("2026-11-22t14:05:00.123z", "2026-11-22T14:05:00Z | 14:05:00 UTC"),
            ("2026-11-22T14:05:00-01:00", "2026-11-22T15:05:00Z | 14:05:00 UTC-01:00 = 15:05:00 UTC (to come)"),
            ("2025-01-15T10:00:00Z", "2025-01-15T10:00:00Z | 2025-01-15 10:00:00 UTC"),
        ],
    );
}

#[test]
fn without_a_zone_of_the_person_the_plan_s_counts_and_then_utc() {
    let now: Timestamp = NOW.parse().unwrap();
    let zone = |person, plan| instant("10:00", now, Zones { person, plan }).unwrap().zone;
    assert_eq!(zone(Some("Asia/Tokyo"), Some("Europe/Berlin")), "Asia/Tokyo");
    assert_eq!(zone(None, Some("Europe/Berlin")), "Europe/Berlin");
    assert_eq!(zone(Some("Mars/Olympus"), Some("Europe/Berlin")), "Europe/Berlin");
    assert_eq!(zone(None, None), "UTC");
    assert_eq!(zone(Some("Etc/UTC"), None), "UTC");
}

#[test]
fn a_time_of_day_is_the_last_one_unless_a_clock_is_only_a_little_ahead() {
    all_read(
        NOW,
        "",
        &[
            ("15:00", "2026-11-22T15:00:00Z | 15:00:00 UTC"),
            ("15:04:59", "2026-11-22T15:04:59Z | 15:04:59 UTC (to come)"),
            ("15:05", "2026-11-21T15:05:00Z | 2026-11-21 15:05:00 UTC"),
            ("23:59", "2026-11-21T23:59:00Z | 2026-11-21 23:59:00 UTC"),
            ("2026-11-22 23:59", "2026-11-22T23:59:00Z | 23:59:00 UTC (to come)"),
            ("2027-01-01 00:00", "2027-01-01T00:00:00Z | 2027-01-01 00:00:00 UTC (to come)"),
        ],
    );
    // Just after midnight in the zone, "today" is the zone's.
    all_read(
        "2026-11-22T15:10:00Z",
        "Asia/Tokyo",
        &[
            ("00:05", "2026-11-22T15:05:00Z | 00:05:00 Asia/Tokyo = 15:05:00 UTC"),
            ("23:55", "2026-11-22T14:55:00Z | 2026-11-22 23:55:00 Asia/Tokyo = 2026-11-22 14:55:00 UTC"),
        ],
    );
}

#[test]
fn b15_spans_before_now() {
    all_read(
        NOW,
        "Europe/Berlin",
        &[
            ("10 minutes ago", "2026-11-22T14:50:00Z | 15:50:00 Europe/Berlin = 14:50:00 UTC"),
            ("10m ago", "2026-11-22T14:50:00Z | 15:50:00 Europe/Berlin = 14:50:00 UTC"),
            ("-10m", "2026-11-22T14:50:00Z | 15:50:00 Europe/Berlin = 14:50:00 UTC"),
            ("1 hour 30 min Ago", "2026-11-22T13:30:00Z | 14:30:00 Europe/Berlin = 13:30:00 UTC"),
            ("2 days ago", "2026-11-20T15:00:00Z | 2026-11-20 16:00:00 Europe/Berlin = 2026-11-20 15:00:00 UTC"),
        ],
    );
    all_refused(
        NOW,
        "",
        &[
            ("0m ago", "more than nothing"),
            ("-0", "more than nothing"),
            ("--5m", "more than nothing"),
            ("1e9h ago", "numbers with units"),
            ("-999999999999999999999h", "3660 days are the most"),
            ("5 ago", "the unit is missing"),
            ("ago", "numbers with units"),
            ("five minutes ago", "numbers with units"),
        ],
    );
}

#[test]
fn b15_what_is_no_time_is_refused_with_the_cause() {
    all_refused(
        NOW,
        "",
        &[
            ("2026-02-30 14:05", "There is no 2026-02-30: February 2026 has 28 days."),
            ("2024-02-30 14:05", "February 2024 has 29 days."),
            ("2026-13-01 14:05", "months go from 01 to 12"),
            ("2026-11-00 14:05", "November 2026 has 30 days"),
            ("2026-11-22", "a day without a time of day"),
            ("24:00", "no “24:00” on a clock"),
            ("14:60", "no “14:60” on a clock"),
            ("23:59:60", "on a clock"),
            ("14:05.5", "on a clock"),
            ("14:05:30:10", "on a clock"),
            ("14:5", "no time that I can read"),
            ("1405", "no time that I can read"),
            ("0", "no time that I can read"),
            ("", "no time that I can read"),
            ("22.11.2026 14:05", "no time that I can read"),
            ("11/22/2026 14:05", "no time that I can read"),
            ("yesterday", "no time that I can read"),
            ("１４:０５", "no time that I can read"),
            ("14\u{200b}:05", "\\u{200b}"),
            ("2:05pm", "no time zone “pm”"),
            (&"1".repeat(81), "too long"),
        ],
    );
}

#[test]
fn b15_zones_of_several_meanings_are_refused_with_what_works() {
    all_refused(
        NOW,
        "",
        &[
            ("14:05 CET", "abbreviation “CET” has no single meaning. Zones that work: UTC, an offset"),
            ("14:05 cst", "no single meaning"),
            ("14:05 IST", "no single meaning"),
            ("14:05 Etc/GMT+5", "no time zone"),
            ("14:05 Berln", "I know no time zone “Berln”"),
            ("14:05 Bеrlin", "“B\\u{0435}rlin”"),
            ("14:05 Eastern", "no time zone"),
            ("14:05+25:00", "no time zone"),
            ("14:05 +1:0", "no time zone"),
        ],
    );
}

#[test]
fn b15_what_clocks_skipped_or_showed_twice_is_refused_with_the_choice() {
    let (spring, autumn) = ("2026-03-29T12:00:00Z", "2026-10-25T12:00:00Z");
    insta::assert_snapshot!(read("02:30", spring, "Europe/Berlin"), @"! There was no 02:30:00 on 2026-03-29 in Europe/Berlin: the clocks went forward then. Type 2026-03-29T01:59:59+01:00 or 2026-03-29T03:00:00+02:00.");
    insta::assert_snapshot!(read("02:30", autumn, "Europe/Berlin"), @"! 02:30:00 came twice on 2026-10-25 in Europe/Berlin: the clocks went back then. Type 2026-10-25T02:30:00+02:00 for the first or 2026-10-25T02:30:00+01:00 for the second.");
    insta::assert_snapshot!(read("2026-03-08 02:00 New York", NOW, ""), @"! There was no 02:00:00 on 2026-03-08 in America/New_York: the clocks went forward then. Type 2026-03-08T01:59:59-05:00 or 2026-03-08T03:00:00-04:00.");
    all_read(
        autumn,
        "Europe/Berlin",
        &[
            ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z | 02:30:00 UTC+02:00 = 00:30:00 UTC"),
            ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z | 02:30:00 UTC+01:00 = 01:30:00 UTC"),
            ("03:00", "2026-10-25T02:00:00Z | 03:00:00 Europe/Berlin = 02:00:00 UTC"),
        ],
    );
    // Before the clocks change, the day before is meant, which has one 02:30.
    all_read(
        "2026-10-24T22:30:00Z",
        "Europe/Berlin",
        &[("02:30", "2026-10-24T00:30:00Z | 2026-10-24 02:30:00 Europe/Berlin = 2026-10-24 00:30:00 UTC")],
    );
}

#[test]
fn b15_spans_have_units_and_bounds() {
    let seconds = |text: &str| span(text).map(|span| span.as_secs()).map_err(|refusal| refusal.to_string());
    for (text, expected) in
        [("30m", 1_800), ("2h", 7_200), ("1h30m", 5_400), ("90s", 90), (" 1 d ", 86_400), ("10 Minutes", 600), ("366d", 31_622_400)]
    {
        assert_eq!(seconds(text), Ok(expected), "for {text:?}");
    }
    for (text, part) in [
        ("-5m", "more than nothing"),
        ("0", "more than nothing"),
        ("0s", "more than nothing"),
        ("1e9h", "numbers with units"),
        ("99999999999999999999h", "366 days are the most"),
        ("367d", "366 days are the most"),
        ("5", "the unit is missing"),
        ("1.5h", "numbers with units"),
        ("30m1h", "the largest first"),
        ("1h1h", "each once"),
        ("5M5", "numbers with units"),
        ("", "numbers with units"),
        ("3w", "numbers with units"),
        ("2 fortnights", "numbers with units"),
    ] {
        assert!(seconds(text).is_err_and(|said| said.contains(part)), "{text:?} said {:?}", seconds(text));
    }
}

#[test]
fn the_words_of_a_time_end_where_other_words_begin() {
    for (text, expected) in [
        ("14:05 orders", 1),
        ("14:05 Berlin orders", 2),
        ("14:05 New York orders", 3),
        ("14:05 CET orders", 2),
        ("14:05 +01:00 orders", 2),
        ("2026-11-22 14:05 orders", 2),
        ("2026-11-22 14:05:30 Europe/Berlin orders", 3),
        ("2026-11-22T14:05:00Z orders", 1),
        ("2026-11-22 orders", 1),
        ("10 minutes ago orders", 3),
        ("10m ago orders", 2),
        ("1h 30m ago orders", 3),
        ("-10m orders", 1),
        ("orders 14:05", 1),
        ("", 1),
    ] {
        assert_eq!(extent(&text.split(' ').collect::<Vec<_>>()), expected, "for {text:?}");
    }
    assert_eq!(extent(&[]), 0);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), digits in "[-0-9:.TZ+ aghmsd/]{0,30}") {
        let now: Timestamp = NOW.parse().unwrap();
        for text in [text, digits] {
            let _ = instant(&text, now, Zones::default());
            let _ = span(&text);
            let _ = extent(&text.split(' ').collect::<Vec<_>>());
        }
    }

    /// What the bot says back can be typed again and means the same.
    #[test]
    fn an_echo_can_be_typed_again(seconds in 0_i64..2_000_000_000, zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])) {
        let at = Timestamp::from_second(seconds).unwrap();
        let now: Timestamp = "2040-01-01T00:00:00Z".parse().unwrap();
        let when = instant(&at.to_string(), now, Zones::default()).unwrap();
        prop_assert_eq!(when.at, at);
        let zones = Zones { person: Some(zone), plan: None };
        let local = at.to_zoned(jiff::tz::TimeZone::get(zone).unwrap());
        match instant(&local.strftime("%Y-%m-%d %H:%M:%S").to_string(), now, zones) {
            Ok(when) => {
                prop_assert_eq!(when.at, at);
                let said = when.echo.split(" = ").next().unwrap();
                prop_assert_eq!(instant(said, now, Zones::default()).unwrap().at, at);
            }
            // Only a time that the clocks showed twice can't be typed like this; the way out names both.
            Err(refusal) => prop_assert!(refusal.way_out.unwrap().contains(&local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())),
        }
    }

    #[test]
    fn i1_a_bare_time_of_day_is_never_more_than_a_day_old_or_minutes_ahead(seconds in 0_i64..2_000_000_000, hour in 0..24, minute in 0..60) {
        let now = Timestamp::from_second(seconds).unwrap();
        let zones = Zones { person: Some("Europe/Berlin"), plan: None };
        if let Ok(when) = instant(&format!("{hour:02}:{minute:02}"), now, zones) {
            let age = now.duration_since(when.at);
            // A day of the zone has up to 25 hours.
            prop_assert!(age > -AHEAD && age <= SignedDuration::from_hours(25), "{age:?}");
        }
    }
}
