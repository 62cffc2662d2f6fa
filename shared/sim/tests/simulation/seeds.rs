//! Seeds that once showed a bug, kept for ever: whatever is changed, they must hold.

use std::collections::BTreeMap;

use mayday_sim::{
    Fate, Faults, Rates, Schedule,
    minimize::{read, written},
    planted::LIST,
};

/// One line each: what it showed, the seed, and the fewest faults that led there.
const KEPT: &str = include_str!("../seeds.txt");

struct Kept {
    what: &'static str,
    seed: u64,
    faults: Vec<(u64, Fate)>,
}

fn kept() -> Vec<Kept> {
    let lines = KEPT.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let [what, seed, faults] = line.split_whitespace().collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"));
            Kept { what, seed: seed.parse().unwrap(), faults: read(faults).unwrap_or_else(|| panic!("{line}")) }
        })
        .collect()
}

#[test]
fn what_once_failed_holds() {
    let all = kept();
    assert!(all.len() >= 40, "seeds are never thrown away: {}", all.len());
    for Kept { what, seed, faults } in all {
        let script = || Faults::Script(BTreeMap::from_iter(faults.iter().copied()));
        let rates = match what {
            "rough" => Some(Rates::ROUGH),
            "storm" => Some(Rates::STORM),
            _ => None,
        };
        let held = match rates {
            Some(rates) => {
                let schedule = Schedule { rates, ..Schedule::default() };
                schedule.run(seed).and_then(|_| schedule.run_under(seed, script())).map(drop)
            }
            None => {
                let planted = LIST.iter().find(|planted| planted.name() == what).unwrap_or_else(|| panic!("{what} is no bug of the list"));
                planted.scenario.run(seed, None, None).and_then(|()| planted.scenario.run(seed, Some(script()), None))
            }
        };
        if let Err(failing) = held {
            panic!("{what} {seed}\n{failing:?}");
        }
    }
}

#[test]
fn kept_faults_are_read_as_they_were_written() {
    let all = vec![
        (0, Fate::CrashBefore),
        (7, Fate::Late(4_000)),
        (8, Fate::FreezeAfter(61_000)),
        (9, Fate::Stale(5)),
        (12, Fate::Refused),
        (13, Fate::NotNow),
        (14, Fate::LostAnswer),
    ];
    assert_eq!(read(&written(&all)), Some(all));
    assert_eq!(read(&written(&[])), Some(Vec::new()));
    for broken in ["", "CrashBefore", "1:Crash", "1:Late()", "x:Refused", "1:Refused,"] {
        assert_eq!(read(broken), None, "{broken}");
    }
}

/// A schedule that fails is told by its fewest faults, and those lead there again.
#[test]
fn what_fails_is_told_by_the_fewest_faults_that_lead_there() {
    let mut fewer = 0;
    for name in ["UnconditionalApprovals", "HiddenRetry", "StartLeftToDecider"] {
        let planted = LIST.iter().find(|planted| planted.name() == name).unwrap();
        let caught = planted.catch(2_000).unwrap();
        let smallest = planted.minimized(&caught.failing);
        assert!(!smallest.faults.is_empty() && smallest.faults.len() <= caught.failing.faults.len(), "{name}");
        fewer += usize::from(smallest.faults.len() < caught.failing.faults.len());
        let script = Faults::Script(BTreeMap::from_iter(smallest.faults.iter().copied()));
        let again = planted.run(smallest.seed, Some(script)).unwrap_err();
        assert_eq!((again.violation, again.seed), (smallest.violation, smallest.seed), "{name}");
    }
    assert!(fewer > 1, "faults that had no part in it are left out");
}
