//! Which databases a fleet has, where two look the account through at once and one of them is slow; and what a tick reads for it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use mayday_core::{
    desk::Claim,
    plan::{PLAN_KEY, ROSTER_KEY, Roster},
    store::Record,
};
use mayday_sim::{Fate, Faults, Sim, fault::MINUTE, setting};

use crate::scale::{fleet, name};

/// The rosters that were written, oldest first, by how many databases each has.
fn rosters(sim: &Sim) -> Vec<usize> {
    let read = |bytes: &Vec<u8>| -> Roster { serde_json::from_slice(bytes).unwrap() };
    sim.see(|state| state.blobs.get(ROSTER_KEY).into_iter().flatten().map(|bytes| read(bytes).fleets["tenants"].len()).collect())
}

/// One more database of the fleet.
fn comes(sim: &mut Sim, number: usize) {
    sim.by_hand(|state, _| {
        let place = |name: String| (setting::REGION.to_owned(), name);
        let mut one = state.databases.instances[&place(name(0))].clone();
        one.resource_id = format!("db-{number}");
        state.databases.instances.insert(place(name(number)), one);
    });
}

/// Runs until a roster with so many databases was written.
fn until_written(sim: &mut Sim, databases: usize) {
    assert!(sim.run_until(13 * MINUTE, |sim| rosters(sim).contains(&databases)), "{:?}\n{}", rosters(sim), sim.trace().join("\n"));
}

/// Whoever has looked the account through falls asleep before it writes. Others look meanwhile, and what they saw is not undone.
#[test]
fn who_wakes_late_does_not_bring_an_older_roster_back() {
    let mut sim = fleet(3);
    sim.spreads(0);
    sim.run_for(2 * MINUTE);
    comes(&mut sim, 3);
    let asleep = AtomicBool::new(false);
    sim.set_faults(Faults::rule(move |call| {
        let writes = call.method == "put" && (call.about == ROSTER_KEY || call.about.starts_with("roster/"));
        if writes && !asleep.swap(true, Ordering::Relaxed) { Fate::FreezeBefore(12 * MINUTE) } else { Fate::Well }
    }));
    until_written(&mut sim, 4);
    comes(&mut sim, 4);
    until_written(&mut sim, 5);
    sim.run_for(3 * MINUTE);
    let rosters = rosters(&sim);
    assert!(rosters.is_sorted() && rosters.last() == Some(&5), "{rosters:?}");
    assert_eq!(sim.violation(), None);
}

/// A file that arrives late is older than the one that counts: the next tick puts that one there again.
#[test]
fn an_older_roster_that_arrives_late_stays_for_a_tick_and_not_for_eleven_minutes() {
    let mut sim = fleet(3);
    sim.run_for(2 * MINUTE);
    comes(&mut sim, 3);
    until_written(&mut sim, 4);
    let older = sim.see(|state| state.blobs[ROSTER_KEY].iter().rev().nth(1).cloned()).unwrap();
    sim.by_hand(|state, _| state.blobs.get_mut(ROSTER_KEY).unwrap().push(older));
    assert_eq!(rosters(&sim).last(), Some(&3));
    sim.run_for(MINUTE + MINUTE / 2);
    assert_eq!((rosters(&sim).last(), sim.audited("fleet.roster")), (Some(&4), 2), "put back, and told once");
    assert_eq!(sim.violation(), None);
}

/// Every duty of a tick acts by the same plan, and none by one of the tick before. A duty that can't read it fails, and the next one asks again.
#[test]
fn a_tick_reads_the_plan_and_its_roster_once() {
    let mut sim = fleet(3);
    sim.run_for(3 * MINUTE);
    let counted = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let (count, failed) = (counted.clone(), AtomicBool::new(false));
    sim.set_faults(Faults::rule(move |call| {
        if ["get", "list"].contains(&call.method) {
            *count.lock().unwrap().entry(call.about.clone()).or_default() += 1;
        }
        if call.about == PLAN_KEY && !failed.swap(true, Ordering::Relaxed) { Fate::NotNow } else { Fate::Well }
    }));
    sim.run_for(10 * MINUTE);
    let counted = counted.lock().unwrap();
    let ticks = counted[Claim::PARTITION];
    assert!(ticks >= 9, "{counted:?}");
    assert_eq!((counted[PLAN_KEY], counted[ROSTER_KEY]), (ticks + 1, ticks), "{counted:?}");
    assert_eq!(sim.violation(), None);
}
