//! Instances without servers: an account with thousands of databases, for whatever only reads what RDS says of them. They live in
//! memory and are gone with the process.

use std::net::Ipv4Addr;

use jiff::SignedDuration;
use serde_json::Value;

use super::{
    Rds,
    model::{Instance, Moment, Snapshot, Tag},
    panel::{secret_of, seed_setup},
    setup::Changes,
};
use crate::seed::SeedDatabase;

/// A fleet that stands in for a real one.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Its region.
    pub region: String,
    /// What its instances are called.
    pub instances: Vec<String>,
    /// What each of them is tagged with.
    pub tags: Vec<(String, String)>,
    /// How many automated snapshots each has, a day apart.
    pub snapshots: usize,
}

impl Rds {
    /// Puts a fleet up: instances that are `available`, with logs and snapshots, whose servers answer nobody. Gives what the secret of
    /// each holds, in their order.
    #[must_use]
    pub fn put_up(&self, fleet: &Fleet) -> Vec<Value> {
        let now = self.moment();
        let tags: Vec<Tag> = fleet.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
        let made: Vec<Instance> = fleet.instances.iter().map(|name| self.stand_in(&fleet.region, name, &tags, now)).collect();
        let secrets = made.iter().map(|one| secret_of(one, one.database.as_deref(), "nobody-answers")).collect();
        let mut world = self.store.read();
        for one in made {
            for day in 0..fleet.snapshots {
                let snapshot = taken(&one, now, day);
                world.put_snapshot(snapshot);
            }
            world.instances.insert(one.resource.clone(), one);
        }
        secrets
    }

    /// Moves the logs of all fleets up to now, as their servers would.
    pub fn keep_up(&self) {
        let now = self.moment();
        let mut world = self.store.read();
        // A server has an address of its own.
        for one in world.instances.values_mut().filter(|one| one.address == Ipv4Addr::LOCALHOST) {
            one.latest = Some(now);
        }
    }

    fn stand_in(&self, region: &str, name: &str, tags: &[Tag], now: Moment) -> Instance {
        let seed = SeedDatabase {
            instance: name.to_owned(),
            region: region.to_owned(),
            secret: String::new(),
            database: "app".to_owned(),
            rows: 0,
        };
        Instance {
            resource: format!("db-{}", ulid::Ulid::generate()),
            region: region.to_owned(),
            identifier: name.to_owned(),
            status: "available".to_owned(),
            engine_version: self.installation.version().to_owned(),
            master_user: "app".to_owned(),
            database: Some("app".to_owned()),
            created: now.at,
            setup: seed_setup(&seed, &self.family()),
            tags: tags.to_vec(),
            pending: Changes::default(),
            reboot_pending: false,
            address: Ipv4Addr::LOCALHOST,
            answered: true,
            killed: false,
            follows: None,
            latest: Some(now),
            seeded: None,
            work: None,
        }
    }
}

/// The automated snapshot of so many days ago.
fn taken(one: &Instance, now: Moment, day: usize) -> Snapshot {
    let age = SignedDuration::from_hours(24 * i64::try_from(day).unwrap_or(0));
    let at = |moment: jiff::Timestamp| moment.saturating_sub(age).unwrap_or(moment);
    let then = Moment { at: at(now.at), real: at(now.real) };
    let identifier = format!("rds:{}-{}", one.identifier, then.at.strftime("%Y-%m-%d-%H-%M"));
    Snapshot {
        backup: format!("{}-{day}", one.resource),
        region: one.region.clone(),
        identifier,
        status: "available".to_owned(),
        automated: true,
        of: one.clone(),
        began: then.at,
        original: then.at,
        finished: Some(then),
        copy_of: None,
        encrypted: true,
        kms_key: one.setup.kms_key.clone(),
        tags: one.tags.clone(),
    }
}
