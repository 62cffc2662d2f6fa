//! A fleet in the plan: what a tick asks grows by lists, and what happens to many is told to people once.

use std::sync::Arc;

use jiff::SignedDuration;
use mayday_core::{
    backup::{Agenda, Hour, crowd::Tally},
    port::{Phase, SecretText, Tags},
};
use mayday_sim::{
    Sim,
    fault::{HOUR, MINUTE, SECOND},
    setting,
    state::SecretState,
    trace::Port,
};
use serde_json::{Value, json};

const FLEET: &str = include_str!("../../../../tests/fixtures/fleet.yaml");

pub(crate) fn name(number: usize) -> String {
    format!("tenant-{number:04}")
}

/// A world with a fleet of so many databases beside its two, backed up at one o'clock and in the two hours after. It begins at noon.
pub(crate) fn fleet(databases: usize) -> Sim {
    fleet_by(databases, "cron: 0 13 * * *, timezone: UTC, keep: 7d, spread: 2h")
}

fn fleet_by(databases: usize, schedule: &str) -> Sim {
    let mut sim = Sim::new(7);
    let fleets = FLEET.replace("cron: 0 2 * * *, keep: 7d, spread: 4h", schedule);
    assert!(fleets.contains(schedule));
    sim.put_plan(&format!("{}{fleets}", setting::plan(1)));
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
fn a_fleet_is_found_by_its_tags_and_each_of_it_is_backed_up_once_in_its_window() {
    let mut sim = fleet(12);
    sim.run_for(4 * HOUR);
    assert_eq!(sim.violation(), None);
    let past = |number| sim.see(|state| state.record::<Agenda>(&name(number))).map_or(Vec::new(), |agenda| agenda.past);
    assert_eq!((0..12).map(|number| past(number).len()).collect::<Vec<_>>(), vec![1; 12]);
    assert_eq!(sim.effects("create_snapshot"), 12);
    let taken_after = |number| past(number).iter().map(|past| past.at.duration_since(past.due.at).as_mins()).collect::<Vec<_>>();
    let mut minutes: Vec<i64> = (0..12).flat_map(taken_after).collect();
    minutes.sort_unstable();
    // Each at its own moment of the two hours; whoever looks what came of it looks once a minute.
    assert!(minutes.first() < Some(&40) && minutes.last() > Some(&80) && minutes.last() < Some(&130), "{minutes:?}");
}

#[test]
fn of_backups_that_are_due_at_once_sixty_begin_in_a_tick_and_four_hundred_are_under_way() {
    const FLEET: usize = 430;
    let mut sim = fleet_by(FLEET, "cron: 14 12 * * *, timezone: UTC, keep: 7d");
    sim.by_hand(|state, _| state.databases.raised = 1_000);
    // It begins two minutes after noon.
    sim.run_for(11 * MINUTE);
    // How many had begun, and for how many looks.
    let mut begun: Vec<(usize, usize)> = Vec::new();
    for _ in 0..200 {
        sim.run_for(4 * SECOND);
        // No snapshot is done before all that may have begun.
        sim.by_hand(|state, now| {
            for found in state.databases.snapshots.values_mut().filter(|found| found.complete > now) {
                found.complete = now + 20 * HOUR;
            }
        });
        let now = sim.effects("create_snapshot");
        match begun.last_mut() {
            Some((count, looks)) if *count == now => *looks += 1,
            _ => begun.push((now, 1)),
        }
    }
    let between_ticks: Vec<usize> = begun.into_iter().filter(|(_, looks)| *looks >= 4).map(|(count, _)| count).collect();
    assert_eq!(between_ticks, [0, 60, 120, 180, 240, 300, 360, 400]);
    sim.by_hand(|state, now| {
        for found in state.databases.snapshots.values_mut() {
            found.complete = found.complete.min(now);
        }
    });
    sim.run_for(10 * MINUTE);
    assert_eq!((sim.violation(), sim.effects("create_snapshot")), (None, FLEET));
}

#[test]
fn measurements_of_five_weeks_ago_go_and_younger_ones_stay() {
    let mut sim = fleet(3);
    sim.run_for(5 * MINUTE);
    let now = sim.now();
    let hours = |sim: &Sim| {
        let old = |hour: &Hour| now.duration_since(hour.hour).as_hours();
        let mut ages: Vec<i64> = sim.see(|state| state.records::<Hour>().iter().map(old).filter(|age| *age > 24).collect());
        ages.sort_unstable();
        ages
    };
    let ages = [30 * 24, 33 * 24, 35 * 24, 36 * 24, 40 * 24];
    sim.by_hand(|state, _| {
        let row = state.rows.all("rpo").find(|row| row.key.id.starts_with("orders/")).unwrap().clone();
        for age in ages {
            let at = now - SignedDuration::from_hours(age);
            let mut old = row.clone();
            let mut body: Value = (**row.body).clone();
            body["record"]["hour"] = json!(at);
            old.body = Arc::new(body.into());
            old.key.id = format!("orders/{}", at.strftime("%Y-%m-%dT%H"));
            state.rows.set(old);
        }
    });
    assert_eq!(hours(&sim), ages);
    sim.run_for(25 * HOUR);
    assert_eq!(sim.violation(), None);
    assert_eq!(hours(&sim), ages[..2]);
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
