//! Where every simulation begins: one organization, four people, two databases, and rows that somebody deleted.

use std::collections::BTreeMap;

use mayday_core::{
    plan::PLAN_KEY,
    port::{Phase, Profile, RecordSet, SecretText, Settings, Snapshot, SnapshotKind, Tags},
};

use crate::{
    dice::Dice,
    executor::stamp,
    fault::{HOUR, MINUTE, Millis},
    state::{Data, Follows, InstanceState, SecretState, SnapshotState, State, databases::host},
};

/// When it begins: 2026-11-22 12:02:17 UTC.
pub const BEGAN: Millis = 1_795_348_937_000;
/// How long before the beginning the rows were deleted.
pub const TROUBLE: Millis = 12 * MINUTE;
/// How many rows `orders` had before that.
pub const ROWS: i64 = 100_001;
/// The region of both databases.
pub const REGION: &str = "eu-west-1";
/// The region of the service's other site.
pub const AWAY: &str = "eu-central-1";
/// What must never be seen anywhere but in the secret.
pub const PASSWORD: &str = "hunter2-0f-the-d4tabase";
/// The organization.
pub const ORG: &str = "T0MAYDAY";
/// The channel.
pub const CHANNEL: &str = "C0RECOVERY";
/// Who there is: name and user id. Ana responds; Ben and Cleo approve; Dora does both, in staging; Eve is in no plan.
pub const PEOPLE: [(&str, &str); 5] = [("ana", "U0ANA"), ("ben", "U0BEN"), ("cleo", "U0CLEO"), ("dora", "U0DORA"), ("eve", "U0EVE")];

/// The plan, with so many approvals needed.
#[must_use]
pub fn plan(needed: u8) -> String {
    include_str!("plan.yaml").replace("needed: 1", &format!("needed: {needed}"))
}

/// The world at the beginning.
pub(crate) fn state(began: Millis, dice: &mut Dice) -> State {
    let mut state = State::default();
    state.blobs.insert(PLAN_KEY.to_owned(), vec![plan(1).into_bytes()]);
    for (name, user) in PEOPLE {
        let profile = Profile { user: user.to_owned(), team: ORG.to_owned(), name: name.to_owned(), ..Profile::default() };
        state.people.insert(user.to_owned(), profile);
    }
    for (number, (name, instance)) in [("orders", "orders-db"), ("inventory", "inventory-db")].into_iter().enumerate() {
        let created = began - 30 * 24 * HOUR;
        let mut data = Data::default();
        data.note(created, name, ROWS);
        data.note(began - TROUBLE - dice.between(MINUTE, 2 * MINUTE), name, 1);
        data.note(began - TROUBLE, name, -ROWS);
        state.databases.instances.insert((REGION.to_owned(), instance.to_owned()), running(number, created, data.clone()));
        let last_night = began - 9 * HOUR;
        let snapshot = nightly(number, instance, last_night);
        let kept = SnapshotState { created: last_night, complete: last_night, data: data.until(last_night), snapshot };
        state.databases.snapshots.insert((REGION.to_owned(), kept.snapshot.id.clone()), kept);
        let secret = serde_json::json!({
            "username": "app", "password": PASSWORD, "host": host(REGION, instance), "port": 5432, "dbInstanceIdentifier": instance,
        });
        let versions = vec![(format!("first-version-of-{name}"), SecretText::new(secret.to_string()))];
        state.secrets.insert((REGION.to_owned(), format!("prod/{name}")), SecretState { versions, pending: Vec::new() });
    }
    other_site(&mut state, began);
    let cname = "inventory.db.internal".to_owned();
    let record = RecordSet { name: cname.clone(), kind: "CNAME".to_owned(), ttl: 5, values: vec![host(REGION, "inventory-db")] };
    state.zones.records.insert(("db.internal".to_owned(), cname), record);
    state
}

/// The other site of the service `shop`: the standby of `orders` with its secret there, and the names that lead home.
fn other_site(state: &mut State, began: Millis) {
    let created = began - 20 * 24 * HOUR;
    let mut standby = running(7, created, Data::default());
    standby.follows = Some(Follows { source: (REGION.to_owned(), "orders-db".to_owned()), lag: 3_000, unreplayed: 0, cut: None });
    state.databases.instances.insert((AWAY.to_owned(), "orders-standby".to_owned()), standby);
    let secret = serde_json::json!({"username": "app", "password": PASSWORD, "host": host(AWAY, "orders-standby"), "port": 5432});
    let versions = vec![("first-version-away".to_owned(), SecretText::new(secret.to_string()))];
    state.secrets.insert((AWAY.to_owned(), "prod/orders".to_owned()), SecretState { versions, pending: Vec::new() });
    let names = [
        ("shop.example.com", "www.shop.example.com", "CNAME", "here.shop.example.com"),
        ("shop.example.net", "api.shop.example.net", "A", "192.0.2.10"),
    ];
    for (zone, name, kind, value) in names {
        let record = RecordSet { name: name.to_owned(), kind: kind.to_owned(), ttl: 60, values: vec![value.to_owned()] };
        state.zones.records.insert((zone.to_owned(), name.to_owned()), record);
    }
}

fn running(number: usize, created: Millis, data: Data) -> InstanceState {
    InstanceState {
        resource_id: format!("db-OLD{number}"),
        created,
        gone: None,
        reachable: created,
        phases: vec![(created, Phase::Available)],
        settings: vec![(created, settings())],
        pending_reboot: false,
        data,
        follows: None,
    }
}

fn nightly(number: usize, instance: &str, taken: Millis) -> Snapshot {
    Snapshot {
        id: format!("rds-{instance}-nightly"),
        instance: instance.to_owned(),
        resource_id: format!("db-OLD{number}"),
        region: REGION.to_owned(),
        status: Phase::Available,
        percent: 100,
        taken_at: Some(stamp(taken)),
        kind: SnapshotKind::Automated,
        size_gib: 20,
        encrypted: true,
        engine_version: "16.4".to_owned(),
        tags: Tags::new(),
    }
}

/// What both instances were set up with: much that a restore forgets.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        instance_class: "db.t4g.medium".to_owned(),
        engine: "postgres".to_owned(),
        engine_version: "16.4".to_owned(),
        subnet_group: Some("private".to_owned()),
        security_groups: vec!["sg-0da7aba5e".to_owned()],
        parameter_group: Some("orders-16".to_owned()),
        deletion_protection: true,
        multi_az: true,
        backup_retention_days: 7,
        maintenance_window: Some("sun:02:00-sun:02:30".to_owned()),
        allocated_storage: 20,
        storage_type: Some("gp3".to_owned()),
        storage_encrypted: true,
        monitoring_interval: 60,
        monitoring_role: Some("arn:aws:iam::000000000000:role/monitoring".to_owned()),
        performance_insights: true,
        port: Some(5432),
        tags: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        ..Settings::default()
    }
}
