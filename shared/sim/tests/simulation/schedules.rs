use std::{ops::Range, time::Instant};

use mayday_sim::{Course, Rates, Schedule};

/// Runs schedules and says how many a second. More of them: `cargo run --profile sim -p mayday-sim -- --schedules 20000`.
fn batch(name: &str, rates: Rates, seeds: Range<u64>) -> Course {
    #[expect(clippy::disallowed_methods, reason = "measures the simulator itself")]
    let began = Instant::now();
    let (count, schedule) = (seeds.end - seeds.start, Schedule { rates, ..Schedule::default() });
    let mut sum = Course::default();
    for seed in seeds {
        match schedule.run(seed) {
            Ok(course) => sum.add(&course),
            Err(failing) => panic!("{failing:?}"),
        }
    }
    println!("{name}: {count} schedules, {:.0} a second, {sum:?}", count as f64 / began.elapsed().as_secs_f64());
    sum
}

#[test]
fn calm_schedules_keep_all_invariants() {
    let sum = batch("calm", Rates::CALM, 0..1_000);
    assert!(sum.succeeded > 600, "{sum:?}");
}

/// As many rough schedules as two cores run in a good minute, in parts that run beside each other.
fn rough(part: u64) {
    let sum = batch("rough", Rates::ROUGH, part * ROUGH..(part + 1) * ROUGH);
    assert!(sum.succeeded as u64 > ROUGH / 2 && sum.ended as u64 > ROUGH / 30 && sum.declined as u64 > ROUGH / 30, "{sum:?}");
}

const ROUGH: u64 = 6_000;

#[test]
fn rough_schedules_keep_all_invariants_1() {
    rough(0);
}

#[test]
fn rough_schedules_keep_all_invariants_2() {
    rough(1);
}

#[test]
fn rough_schedules_keep_all_invariants_3() {
    rough(2);
}

#[test]
fn rough_schedules_keep_all_invariants_4() {
    rough(3);
}

#[test]
fn stormy_schedules_keep_all_invariants() {
    let sum = batch("storm", Rates::STORM, 0..3_000);
    assert!(sum.succeeded > 200, "{sum:?}");
}

/// What a restore can't do without.
const STEPS: [&str; 14] = [
    "Blobs.get",
    "Chat.post",
    "Chat.respond",
    "Chat.update",
    "Databases.instance",
    "Databases.restore",
    "Directory.profile",
    "Dns.record",
    "Secrets.current",
    "Sql.inspect",
    "Table.get",
    "Table.list",
    "Table.put",
    "Workflow.start",
];

/// All ends, and what can happen on the way. `Skipped` is seldom: the rough ones have it.
const TURNS: [&str; 14] = [
    "Began",
    "Distressed",
    "Ended",
    "Resumed",
    "Retried",
    "StepDone",
    "StepFailed",
    "StopAsked",
    "approval Approved",
    "approval Cancelled",
    "approval Denied",
    "approval Expired",
    "run Failed",
    "run Stopped",
];

/// What was never met was never tested: every way to fail at every step, and every end.
#[test]
fn every_way_to_fail_is_met_at_every_step_and_every_end_is_reached() {
    let sum = batch("even", Rates::EVEN, 0..4_000);
    let covered = &sum.covered;
    println!("{covered}");
    let judged = covered.judged(&Rates::EVEN);
    let seldom: Vec<&str> = STEPS.into_iter().filter(|step| !judged.iter().any(|judged| judged == step)).collect();
    assert!(seldom.is_empty(), "called too seldom to say: {seldom:?}");
    let missed = covered.missed(&Rates::EVEN);
    assert!(missed.is_empty(), "{missed:#?}");
    let never: Vec<&str> = TURNS.into_iter().filter(|turn| !covered.turns.contains_key(*turn)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
    // That it can fail: without crashes, none is met.
    let calm = batch("calm", Rates::CALM, 0..500);
    assert!(calm.covered.missed(&Rates::EVEN).iter().any(|missed| missed.starts_with("Table.put never met CrashAfter")));
}

#[test]
fn a_seed_gives_the_same_course_every_time() {
    let schedule = Schedule::default();
    for seed in 0..10 {
        assert_eq!(schedule.run(seed).ok(), schedule.run(seed).ok());
    }
}
