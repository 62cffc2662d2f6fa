//! The audit: whatever happened to the world or to a run stands in it.

use std::collections::BTreeMap;

use mayday_core::{
    audit::{self, Entry},
    run::{State, StepState},
};
use mayday_sim::{Faults, Rates, Sim, fault::HOUR};

use crate::approved;

/// The times of a run's entries of a kind, by the step that each is about.
fn entries(all: &[Entry], run: &str, what: &str) -> BTreeMap<String, Vec<jiff::Timestamp>> {
    let mut found: BTreeMap<String, Vec<jiff::Timestamp>> = BTreeMap::new();
    for entry in all.iter().filter(|entry| entry.event.about == run && entry.event.what == what) {
        let step = entry.event.detail["of"]["step"].as_str().unwrap_or_default().to_owned();
        found.entry(step).or_default().push(entry.event.at);
    }
    found
}

/// Every change of the world has an entry from before it, and every turn of the run has one; so many and no fewer.
fn all_is_there(sim: &Sim) {
    let all = sim.see(|state| state.records::<Entry>());
    audit::verify(&all).unwrap();
    let run = sim.run().expect("a run");
    let (intents, done) = (entries(&all, run.id.as_str(), "step.intent"), entries(&all, run.id.as_str(), "step.done"));
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for effect in sim.see(|state| state.effects.clone()) {
        assert_eq!(effect.run, run.id.0, "{effect:?}");
        let at = jiff::Timestamp::from_millisecond(effect.at).unwrap();
        assert!(intents[&effect.step].iter().any(|intent| *intent <= at), "{effect:?} was not announced");
        *made.entry(effect.step).or_default() += 1;
    }
    for step in &run.steps {
        let name = step.id.0.as_str();
        assert_eq!(matches!(step.state, StepState::Done(_)), done.contains_key(name), "{name}");
        let announced = intents.get(name).map_or(0, Vec::len);
        assert!(announced >= made.get(name).copied().unwrap_or(0), "{name} was announced {announced} times");
    }
    assert_eq!(run.state.is_final(), entries(&all, run.id.as_str(), "run.end").contains_key(""));
    assert!(entries(&all, run.id.as_str(), "run.begin").contains_key(""));
}

#[test]
fn m2_every_change_and_every_turn_has_its_entry_whatever_goes_wrong() {
    for seed in 0..12 {
        let (mut sim, _) = approved(seed);
        sim.set_faults(Faults::Random { rates: Rates::ROUGH, until: 2 * HOUR });
        // Some of them stand still and wait for people: what has happened by then must stand there all the same.
        sim.until_run_ends(4 * HOUR);
        assert_eq!(sim.violation(), None, "{seed}");
        all_is_there(&sim);
    }
}

/// Where nothing goes wrong, each turn has one entry and no more.
#[test]
fn m2_a_calm_run_has_one_entry_for_each_turn() {
    let (mut sim, proposal) = approved(2);
    let run = sim.until_run_ends(48 * HOUR).unwrap();
    assert_eq!(run.state, State::Succeeded);
    all_is_there(&sim);
    let all = sim.see(|state| state.records::<Entry>());
    // A step that calls twice (a change, then a reboot) announces both.
    for what in ["run.begin", "step.done", "run.end"] {
        assert!(entries(&all, run.id.as_str(), what).values().all(|times| times.len() == 1), "{what}");
    }
    // Who decided what on which digest: the digest in the audit is the approved one.
    let about = |what: &str| all.iter().find(|entry| entry.event.what == what).unwrap().event.clone();
    assert_eq!(about("run.begin").digest, Some(proposal.digest().unwrap()));
    assert_eq!((about("approval.approve").digest, sim.audited("approval.approve")), (Some(proposal.digest().unwrap()), 1));
}
