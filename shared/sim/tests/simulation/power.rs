//! Planted bugs: each of the list must be caught by the invariant that is there for it, soon enough for every build.

use mayday_sim::planted::{LIST, Planted, Slip};

/// How many schedules a bug may take to show itself here. By hand there can be more: the command `bugs`.
const MOST: u64 = 2_000;

/// Runs every bug of a part of the list.
fn caught(part: usize, parts: usize) {
    let mut missed = Vec::new();
    for planted in LIST.iter().skip(part).step_by(parts) {
        match planted.catch(MOST) {
            None => missed.push(format!("{planted}\n    was not caught in {MOST} schedules")),
            Some(caught) if !planted.by.contains(&caught.failing.violation.invariant) => {
                missed.push(format!("{planted}\n    was caught by seed {}, and by {}", caught.failing.seed, caught.failing.violation));
            }
            Some(caught) => println!("{} is caught by seed {}: {}", planted.name(), caught.failing.seed, caught.failing.violation),
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

macro_rules! parts {
    ($($name:ident: $part:literal),*) => {$(
        #[test]
        fn $name() {
            caught($part, 8);
        }
    )*};
}
parts!(
    planted_bugs_are_caught_1: 0, planted_bugs_are_caught_2: 1, planted_bugs_are_caught_3: 2, planted_bugs_are_caught_4: 3,
    planted_bugs_are_caught_5: 4, planted_bugs_are_caught_6: 5, planted_bugs_are_caught_7: 6, planted_bugs_are_caught_8: 7
);

fn planted(slip: Slip) -> &'static Planted {
    LIST.iter().find(|planted| planted.name() == format!("{slip:?}")).unwrap()
}

#[test]
fn locks_that_are_never_released_are_caught() {
    let caught = planted(Slip::UnreleasedLocks).catch(MOST).unwrap();
    assert_eq!(caught.failing.violation.invariant, "everything comes to an end");
}

#[test]
fn a_secret_in_an_error_is_caught() {
    let caught = planted(Slip::TalkativeSql).catch(MOST).unwrap();
    assert!(caught.failing.violation.invariant.contains("secret"), "{}", caught.failing.violation);
}

/// Nothing can show that this fails: whatever changes an instance is judged as an effect first. It is a second line.
const SECOND_LINE: [&str; 1] = ["what a restore reads is as it was"];

/// Every invariant can fail: some bug of the list is there for it before all others.
#[test]
fn every_invariant_is_shown_to_see_something() {
    let known: Vec<&str> = mayday_sim::invariant::names().collect();
    let unknown: Vec<&str> = LIST.iter().flat_map(|planted| planted.by).copied().filter(|name| !known.contains(name)).collect();
    assert_eq!(unknown, Vec::<&str>::new());
    let shown: Vec<&str> = LIST.iter().filter_map(|planted| planted.by.first()).copied().collect();
    let blind: Vec<&str> = known.into_iter().filter(|name| !shown.contains(name) && !SECOND_LINE.contains(name)).collect();
    assert_eq!(blind, Vec::<&str>::new(), "nothing shows that these can fail");
}

/// What catches a bug must not be there without it.
#[test]
fn without_a_bug_every_scenario_holds() {
    for planted in LIST {
        for seed in 0..2 {
            if let Err(failing) = planted.scenario.run(seed, None, None) {
                panic!("{}\n{failing:?}", planted.scenario.name);
            }
        }
    }
}

#[test]
fn there_are_as_many_bugs_as_were_asked_for_and_each_once() {
    let names: std::collections::BTreeSet<String> = LIST.iter().map(Planted::name).collect();
    assert_eq!(names.len(), LIST.len());
    assert!(names.len() >= 40, "{}", names.len());
}
