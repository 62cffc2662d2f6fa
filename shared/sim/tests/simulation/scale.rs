//! A fleet in the plan: what a tick asks grows by lists, and what happens to many is told to people once.

use mayday_core::{
    backup::crowd::Tally,
    port::{Phase, SecretText, Tags},
};
use mayday_sim::{Sim, fault::MINUTE, setting, state::SecretState, trace::Port};

const FLEET: &str = "
fleets:
  tenants:
    tags: {fleet: tenants}
    each:
      environment: production
      region: eu-west-1
      database: app
      secret: tenants/{name}
      traffic: secret
      objectives: {rto: 1h, rpo: 15m}
      backups: [{class: daily, cron: 0 13 * * *, timezone: UTC, keep: 7d, spread: 2h}]
";

fn name(number: usize) -> String {
    format!("tenant-{number:04}")
}

/// A world with a fleet of so many databases beside its two.
fn fleet(databases: usize) -> Sim {
    let mut sim = Sim::new(7);
    sim.put_plan(&format!("{}{FLEET}", setting::plan(1)));
    sim.by_hand(|state, _| {
        let region = setting::REGION.to_owned();
        let orders = state.databases.instances[&(region.clone(), "orders-db".to_owned())].clone();
        let secret = state.secrets[&(region.clone(), "prod/orders".to_owned())].versions.last().unwrap().clone();
        for number in 0..databases {
            let mut one = orders.clone();
            one.resource_id = format!("db-{number}");
            for (_, settings) in &mut one.settings {
                settings.tags = Tags::from([("fleet".to_owned(), "tenants".to_owned())]);
            }
            state.databases.instances.insert((region.clone(), name(number)), one);
            let value = SecretText::new(secret.1.expose().replace("orders-db", &name(number)));
            let versions = vec![(format!("v-{number}"), value)];
            state.secrets.insert((region.clone(), format!("tenants/{}", name(number))), SecretState { versions, pending: Vec::new() });
        }
    });
    sim.ticks();
    sim
}

/// What one tick asks, once everything is known.
fn asked_in_a_tick(databases: usize) -> [usize; 7] {
    let mut sim = fleet(databases);
    sim.run_for(5 * MINUTE);
    let counts = |sim: &Sim| {
        [
            sim.asked(Port::Databases, "instances_in"),
            sim.asked(Port::Databases, "snapshots_in"),
            sim.asked(Port::Databases, "instance"),
            sim.asked(Port::Secrets, "current"),
            sim.asked(Port::Table, "get"),
            sim.asked(Port::Table, "get_many"),
            sim.asked(Port::Table, "list"),
        ]
    };
    let before = counts(&sim);
    sim.run_for(MINUTE);
    assert_eq!(sim.violation(), None);
    let after = counts(&sim);
    std::array::from_fn(|index| after[index] - before[index])
}

#[test]
fn a_tick_over_a_hundred_databases_asks_as_often_as_one_over_ten() {
    let (few, many) = (asked_in_a_tick(10), asked_in_a_tick(100));
    // One more list and one more read: how a fleet stands is kept where it is too large to be looked at when somebody asks.
    assert_eq!(many[..4], few[..4], "instances, snapshots, one instance, secrets");
    for (few, many) in few[4..].iter().zip(&many[4..]) {
        assert!(*many <= few + 2, "{many} for {few}");
    }
}

#[test]
fn what_is_wrong_with_many_databases_is_one_message_and_one_more_when_it_is_over() {
    let mut sim = fleet(60);
    sim.run_for(3 * MINUTE);
    let change = |sim: &mut Sim, phase: Phase| {
        sim.by_hand(|state, now| {
            for number in 0..60 {
                let key = (setting::REGION.to_owned(), format!("tenants/{}", name(number)));
                let secret = state.secrets.get_mut(&key).unwrap();
                let (version, value) = secret.versions.last().unwrap().clone();
                let (here, gone) = (name(number), format!("nobody-{number}"));
                let value = match &phase {
                    Phase::Available => value.expose().replace(&gone, &here),
                    _ => value.expose().replace(&here, &gone),
                };
                secret.versions.push((format!("{version}-{now}"), SecretText::new(value)));
            }
        });
    };
    // The secrets lead to instances that were never there: nobody can tell how stale the backups are.
    change(&mut sim, Phase::Leaving);
    sim.run_for(15 * MINUTE);
    assert!(sim.shows("60 of 62 databases can't be seen"), "one message with the count");
    assert!(!sim.shows("tenant-0001 are"), "and none for each");
    let tally = sim.see(|state| state.records::<Tally>()).pop().expect("a tally");
    assert_eq!((tally.databases, tally.unseen), (62, 60));
    change(&mut sim, Phase::Available);
    sim.run_for(10 * MINUTE);
    assert_eq!(sim.violation(), None);
    let tally = sim.see(|state| state.records::<Tally>()).pop().expect("a tally");
    assert_eq!((tally.unseen, tally.together.len()), (0, 0), "{tally:?}");
}
