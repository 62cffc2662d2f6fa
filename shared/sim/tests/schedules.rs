//! Random schedules of faults over a restore and its approval.

use std::time::Instant;

use mayday_sim::{Course, Rates, Schedule};

fn batch(name: &str, schedule: &Schedule, seeds: std::ops::Range<u64>) -> Course {
    #[expect(clippy::disallowed_methods, reason = "measures the simulator itself")]
    let began = Instant::now();
    let count = seeds.end - seeds.start;
    let mut sum = Course::default();
    for seed in seeds {
        match schedule.run(seed) {
            Ok(course) => sum.add(&course),
            Err(failing) => panic!("{failing:?}"),
        }
    }
    let took = began.elapsed();
    println!("{name}: {count} schedules, {:.0} a second, {sum:?}", count as f64 / took.as_secs_f64());
    sum
}

#[test]
fn calm_schedules_keep_all_invariants() {
    let sum = batch("calm", &Schedule { rates: Rates::CALM, ..Schedule::default() }, 0..200);
    assert!(sum.succeeded > 100, "{sum:?}");
}

#[test]
fn rough_schedules_keep_all_invariants() {
    let sum = batch("rough", &Schedule::default(), 0..200);
    assert!(sum.succeeded > 100, "{sum:?}");
}

#[test]
fn stormy_schedules_keep_all_invariants() {
    let sum = batch("storm", &Schedule { rates: Rates::STORM, ..Schedule::default() }, 0..200);
    assert!(sum.succeeded > 50, "{sum:?}");
}
