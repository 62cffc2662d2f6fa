use super::*;
use crate::plan::Span;

/// Worked out by brute force over every minute of the wall clock: zone, cron, after, next.
const GOLDEN: &str = include_str!("golden.txt");

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(class: BackupClass, cron: &str, days: i64) -> Schedule {
    Schedule { class, cron: cron.to_owned(), timezone: None, keep: Span(SignedDuration::from_hours(24 * days)), spread: None }
}

/// The three of the plan that the product was made for.
fn three() -> Vec<Schedule> {
    vec![
        schedule(BackupClass::Daily, "0 2 * * *", 30),
        schedule(BackupClass::Full, "0 3 * * 0", 84),
        schedule(BackupClass::Archive, "0 4 1 * *", 2_555),
    ]
}

fn seen_at(schedules: &[Schedule], at: &str) -> BTreeMap<String, Timestamp> {
    schedules.iter().map(|schedule| (key(schedule, "UTC"), utc(at))).collect()
}

#[test]
fn i2_two_hundred_times_across_changes_of_clocks_leap_days_and_years() {
    let rows: Vec<&str> = GOLDEN.lines().collect();
    assert_eq!(rows.len(), 200);
    for row in rows {
        let [zone, cron, after, next] = row.split('|').collect::<Vec<_>>().try_into().unwrap();
        let timetable = Timetable::read(cron, zone).unwrap();
        let (after, next) = (utc(after), utc(next));
        assert_eq!(timetable.next(after), Some(next), "{row}");
        // Looked at from behind, at once and just before the one after it, it is the newest.
        assert_eq!(timetable.newest(next), Some(next), "{row}");
        let following = timetable.next(next).unwrap();
        assert_eq!(timetable.newest(following - SignedDuration::from_secs(1)), Some(next), "{row}");
        assert!(timetable.newest(next - SignedDuration::from_secs(1)).is_none_or(|earlier| earlier <= after), "{row}");
    }
}

#[test]
fn i1_what_the_clocks_skip_in_spring_is_done_late_and_what_they_repeat_in_autumn_once() {
    let half_past_two = Timetable::read("30 2 * * *", "Europe/Berlin").unwrap();
    assert_eq!(half_past_two.next(utc("2026-03-28T12:00:00Z")), Some(utc("2026-03-29T01:00:00Z")), "03:00, when the clocks have jumped");
    assert_eq!(half_past_two.newest(utc("2026-03-29T00:59:59Z")), Some(utc("2026-03-28T01:30:00Z")));
    let half_past_one = Timetable::read("30 1 * * *", "America/New_York").unwrap();
    let (first, second) = (utc("2026-11-01T05:30:00Z"), utc("2026-11-01T06:30:00Z"));
    assert_eq!(half_past_one.next(utc("2026-11-01T00:00:00Z")), Some(first));
    assert_eq!(half_past_one.next(first), Some(utc("2026-11-02T06:30:00Z")), "not at {second}");
    for within in ["2026-11-01T06:00:00Z", "2026-11-01T06:10:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:10:00Z"] {
        assert_eq!(half_past_one.newest(utc(within)), Some(first), "{within}");
    }
}

#[test]
fn a_cron_that_is_none_and_a_day_that_never_comes() {
    assert!(Timetable::read("0 2 * *", "UTC").unwrap_err().contains("no cron of five fields"));
    assert!(Timetable::read("0 0 2 * * *", "UTC").is_err(), "no seconds");
    assert_eq!(Timetable::read("0 2 * * *", "Mars/Base").unwrap_err(), "timezone “Mars/Base” is not in the IANA database");
    let never = Timetable::read("0 2 31 2 *", "UTC");
    assert!(never.is_err() || never.unwrap().next(utc("2026-01-01T00:00:00Z")).is_none());
}

#[test]
fn each_is_due_at_its_time_and_once() {
    let schedules = three();
    let mut dealt_with = seen_at(&schedules, "2026-11-27T00:00:00Z");
    let mut taken = Vec::new();
    let mut now = utc("2026-11-27T00:00:00Z");
    // A minute at a time through a Sunday and a first of the month: each tick twice.
    while now < utc("2026-12-02T00:00:00Z") {
        for _ in 0..2 {
            let (due, then) = due(&schedules, "UTC", &dealt_with, now).unwrap();
            taken.extend(due.map(|due| snapshot_name("orders", &due, 0)));
            dealt_with = then;
        }
        now += SignedDuration::from_mins(1);
    }
    assert_eq!(
        taken,
        [
            "mayday-orders-daily-20261127-0200",
            "mayday-orders-daily-20261128-0200",
            "mayday-orders-daily-20261129-0200",
            "mayday-orders-full-20261129-0300",
            "mayday-orders-daily-20261130-0200",
            "mayday-orders-daily-20261201-0200",
            "mayday-orders-archive-20261201-0400",
        ]
    );
}

#[test]
fn e6_a_tick_twice_late_out_of_order_or_for_a_deleted_schedule_makes_no_difference() {
    let schedules = three();
    let dealt_with = seen_at(&schedules, "2026-11-25T12:00:00Z");
    // Nobody ticked for days: the newest of each is made up, all in one, as what is kept longest.
    let late = utc("2026-12-01T10:00:00Z");
    let (made_up, then) = due(&schedules, "UTC", &dealt_with, late).unwrap();
    let made_up = made_up.unwrap();
    assert_eq!((made_up.class, made_up.at), (BackupClass::Archive, utc("2026-12-01T04:00:00Z")));
    assert_eq!(made_up.serves, [BackupClass::Daily, BackupClass::Full, BackupClass::Archive]);
    // Twice, and out of order.
    for again in [late, utc("2026-12-01T03:00:00Z"), utc("2026-11-20T00:00:00Z")] {
        let (none, same) = due(&schedules, "UTC", &then, again).unwrap();
        assert_eq!((none, &same), (None, &then), "{again}");
    }
    // Deleted: nothing is due, and nothing is remembered of it, so that a new one counts from anew.
    let (none, forgotten) = due(&schedules[1..], "UTC", &dealt_with, late).unwrap();
    assert_eq!(none.map(|due| due.serves), Some(vec![BackupClass::Full, BackupClass::Archive]));
    assert!(!forgotten.keys().any(|key| key.starts_with("daily")));
    let (_, anew) = due(&schedules, "UTC", &forgotten, late).unwrap();
    assert_eq!(anew.get(&key(&schedules[0], "UTC")), Some(&late));
}

#[test]
fn a_schedule_counts_from_when_it_was_first_seen_or_edited() {
    let schedules = three();
    let now = utc("2026-11-25T12:00:00Z");
    let (none, then) = due(&schedules, "UTC", &BTreeMap::new(), now).unwrap();
    assert_eq!((none, then.len()), (None, 3));
    let edited = [schedule(BackupClass::Daily, "0 11 * * *", 30)];
    assert_eq!(due(&edited, "UTC", &then, now).unwrap().0, None, "11:00 is past, and was not wanted then");
}

#[test]
fn a_second_try_has_another_name() {
    let due = Due { at: utc("2026-11-29T02:00:30Z"), class: BackupClass::Daily, serves: vec![BackupClass::Daily] };
    assert_eq!(snapshot_name("orders", &due, 0), "mayday-orders-daily-20261129-0200");
    assert_eq!(snapshot_name("orders", &due, 1), "mayday-orders-daily-20261129-0200-2");
}

#[test]
fn times_are_counted_for_the_forecast() {
    let from = utc("2026-11-25T12:00:00Z");
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    assert_eq!(Timetable::read("0 2 * * *", "UTC").unwrap().count(from, days(30), 1_000), 30);
    assert_eq!(Timetable::read("0 3 * * 0", "UTC").unwrap().count(from, days(84), 1_000), 12);
    assert_eq!(Timetable::read("0 4 1 * *", "UTC").unwrap().count(from, days(2_555), 50), 50);
}
