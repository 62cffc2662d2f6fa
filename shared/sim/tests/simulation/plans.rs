//! Plans over time: from where they come, and clocks that go back.

use mayday_core::{
    alert::{Kind, Standing},
    audit::{self, Entry, Event},
    failure::Failure,
    ident::Actor,
    plan::{LIVE_KEY, PLAN_KEY, current},
};
use mayday_sim::{
    Sim,
    fault::{HOUR, MINUTE},
    setting,
};

use crate::asked;

/// The alerts that are open about a subject and that people were told of.
fn told(sim: &Sim, subject: &str) -> Vec<Kind> {
    let all = sim.see(|state| state.records::<Standing>());
    let open = all.into_iter().filter(|standing| standing.is_open() && standing.told.is_some() && standing.alert.subject == subject);
    open.map(|standing| standing.alert.kind).collect()
}

#[test]
fn l3_a_database_whose_secret_is_gone_is_told_within_the_hour() {
    let mut sim = Sim::new(601);
    sim.ticks();
    sim.run_for(30 * MINUTE);
    assert!(!told(&sim, "orders").contains(&Kind::Unknown));
    sim.by_hand(|state, _| state.secrets.remove(&(setting::REGION.to_owned(), "prod/orders".to_owned())).expect("a secret"));
    sim.run_for(HOUR);
    assert!(told(&sim, "orders").contains(&Kind::Unknown), "{:?}", told(&sim, "orders"));
}

#[test]
fn l5_a_plan_that_is_not_the_one_that_was_seen_to_be_good_is_not_taken_for_it() {
    let mut sim = Sim::new(602);
    sim.ticks();
    sim.run_for(3 * MINUTE);
    assert!(sim.see(|state| state.blobs.contains_key(LIVE_KEY)), "the tick has noted which plan is good");
    sim.put_plan("schema: nonsense");
    let at_once = |sim: &Sim| sim.at_once(current(sim.world().blobs.as_ref())).expect("at once");
    let stays = at_once(&sim).expect("the last good one");
    assert_eq!(stays.plan.organization, "Example");
    assert!(stays.refused.is_some());
    // Somebody writes another plan, which reads well, in the place of the version that was good.
    sim.by_hand(|state, _| {
        let versions = state.blobs.get_mut(PLAN_KEY).expect("a plan");
        let good = versions.len() - 2;
        versions[good] = setting::plan(1).replace("organization: Example", "organization: Somebody").into_bytes();
    });
    let refused = at_once(&sim).expect_err("no plan is better than somebody's");
    assert!(matches!(&refused, Failure::Refusal(refusal) if refusal.sentence.contains("can't be used")), "{refused:?}");
}

#[test]
fn l5_the_version_of_the_plan_and_what_it_says_are_part_of_what_is_approved() {
    let (_, proposal) = asked(603);
    let digest = proposal.digest().unwrap();
    let mut other = proposal.clone();
    other.plan_version.push('x');
    assert_ne!(other.digest().unwrap(), digest, "the version is part of it");
    let mut other = proposal.clone();
    other.plan_digest = "0".repeat(64);
    assert_ne!(other.digest().unwrap(), digest, "so is what it says");
    assert_eq!(proposal.digest().unwrap(), digest);
}

#[test]
fn i4_a_clock_that_jumps_back_changes_no_order_and_no_entry() {
    let sim = Sim::new(604);
    let world = sim.world();
    let now = sim.now();
    for (number, seconds) in [0_i64, 300, -600, -3_600, 5].into_iter().enumerate() {
        let at = now.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        let event = Event {
            at,
            actor: Actor::System("test".to_owned()),
            what: format!("clock.{number}"),
            about: "r-test".to_owned(),
            digest: None,
            detail: serde_json::Value::Null,
        };
        sim.at_once(audit::append(&world, event)).expect("at once").expect("appended");
    }
    let mut all: Vec<Entry> = sim.see(|state| state.records::<Entry>());
    all.sort_by_key(|entry| entry.seq);
    audit::verify(&all).unwrap();
    let order: Vec<&str> = all.iter().map(|entry| entry.event.what.as_str()).filter(|what| what.starts_with("clock.")).collect();
    assert_eq!(order, ["clock.0", "clock.1", "clock.2", "clock.3", "clock.4"], "what came first stands first, whatever the clock said");
    // Whoever orders them by their times has another chain, and the verifier says so.
    all.sort_by_key(|entry| entry.event.at);
    assert!(audit::verify(&all).is_err());
}
