//! Planted bugs: each an adapter that does what a careless one would, and each must be caught by an invariant.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    picture::Picture,
    policy::Permit,
    port::{
        Chat, Databases, Expect, Inspection, Instance, Key, Page, Posted, Probe, Quota, Replication, ResponseUrl, Restoration, Row,
        SecretPlace, SecretVersion, Secrets, Settings, Snapshot, Sql, SqlChange, SqlTarget, Table, Tags, TriggerId, ViewId, World, Write,
    },
    view::{Form, Message},
};
use mayday_sim::{Faults, Rates, Schedule, Sim, fault::HOUR, setting};

/// Runs schedules until an invariant finds the bug; says which.
fn caught(wrap: impl Fn(World) -> World + Send + Sync + 'static) -> &'static str {
    let schedule = Schedule { rates: Rates::ROUGH, wrap: Some(Arc::new(wrap)), ..Schedule::default() };
    for seed in 0..2_000 {
        if let Err(failing) = schedule.run(seed) {
            println!("caught by seed {seed}: {}", failing.violation);
            return failing.violation.invariant;
        }
    }
    panic!("2,000 schedules did not show it")
}

/// How a table is broken.
#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    /// Writes of this partition land whatever they expect.
    Unconditional(&'static str),
    /// Writes of this partition are answered and not made.
    Lost(&'static str),
    /// Locks are never released, though it is answered that they were.
    Unreleased,
}

struct BrokenTable(Arc<dyn Table>, Flaw);

#[async_trait]
impl Table for BrokenTable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, CallError> {
        self.0.get(key).await
    }

    async fn put(&self, row: &Row, expect: Expect) -> Result<Write, CallError> {
        match self.1 {
            Flaw::Unreleased if row.key.partition == "lock" && row.body["record"]["run"].is_null() => Ok(Write::Landed),
            Flaw::Lost(partition) if row.key.partition == partition => Ok(Write::Landed),
            Flaw::Unconditional(partition) if row.key.partition == partition => {
                let there = self.0.get(&row.key).await?;
                self.0.put(row, there.map_or(Expect::Absent, |there| Expect::Version(there.version))).await
            }
            _ => self.0.put(row, expect).await,
        }
    }

    async fn delete(&self, key: &Key, version: u64) -> Result<Write, CallError> {
        self.0.delete(key, version).await
    }

    async fn list(&self, partition: &str, page: &Page) -> Result<Vec<Row>, CallError> {
        self.0.list(partition, page).await
    }
}

fn with_table(flaw: Flaw) -> impl Fn(World) -> World {
    move |world| World { table: Arc::new(BrokenTable(world.table.clone(), flaw)), ..world }
}

#[test]
fn a_table_that_ignores_conditions_on_approvals_is_caught() {
    let by = caught(with_table(Flaw::Unconditional("approval")));
    assert_eq!(by, "the first decision stands");
}

#[test]
fn a_table_that_ignores_conditions_on_the_audit_is_caught() {
    let by = caught(with_table(Flaw::Unconditional("audit")));
    assert_eq!(by, "an audit entry follows the last one");
}

#[test]
fn a_table_that_lets_zombies_write_runs_is_caught() {
    caught(with_table(Flaw::Unconditional("run")));
}

#[test]
fn a_table_that_gives_one_lock_twice_is_caught() {
    caught(with_table(Flaw::Unconditional("lock")));
}

#[test]
fn an_audit_that_is_not_written_is_caught() {
    let by = caught(with_table(Flaw::Lost("audit")));
    assert_eq!(by, "an audit entry stands before each effect");
}

#[test]
fn locks_that_are_never_released_are_caught() {
    let by = caught(with_table(Flaw::Unreleased));
    assert_eq!(by, "everything comes to an end");
}

/// How a vendor's adapter is broken.
#[derive(Clone, Copy, PartialEq)]
enum Slip {
    /// The new instance gets a name of its own, as a vendor without names would give it.
    MadeUpNames,
    /// A restore whose answer was lost is sent once more under another name.
    HiddenRetry,
    /// A restored instance is not tagged as ours, and one that is not ours is taken for it.
    SourceAligned,
}

struct BrokenDatabases(Arc<dyn Databases>, Slip, Arc<AtomicU64>);

#[async_trait]
impl Databases for BrokenDatabases {
    async fn instance(&self, region: &str, id: &str) -> Result<Option<Instance>, CallError> {
        self.0.instance(region, id).await
    }

    async fn snapshots(&self, region: &str, instance: &str) -> Result<Vec<Snapshot>, CallError> {
        self.0.snapshots(region, instance).await
    }

    async fn snapshot(&self, region: &str, id: &str) -> Result<Option<Snapshot>, CallError> {
        self.0.snapshot(region, id).await
    }

    async fn instances_in(&self, region: &str) -> Result<Vec<Instance>, CallError> {
        self.0.instances_in(region).await
    }

    async fn snapshots_in(&self, region: &str) -> Result<Vec<Snapshot>, CallError> {
        self.0.snapshots_in(region).await
    }

    async fn snapshot_quota(&self, region: &str) -> Result<Quota, CallError> {
        self.0.snapshot_quota(region).await
    }

    async fn create_snapshot(&self, permit: &Permit, region: &str, instance: &str, id: &str, tags: &Tags) -> Result<(), CallError> {
        self.0.create_snapshot(permit, region, instance, id, tags).await
    }

    async fn delete_snapshot(&self, permit: &Permit, region: &str, id: &str) -> Result<(), CallError> {
        self.0.delete_snapshot(permit, region, id).await
    }

    async fn restore(&self, permit: &Permit, restoration: &Restoration) -> Result<(), CallError> {
        let other = || {
            let number = self.2.fetch_add(1, Ordering::Relaxed);
            Restoration { new_instance: format!("{}-{number}", restoration.new_instance), ..restoration.clone() }
        };
        match self.1 {
            Slip::MadeUpNames => self.0.restore(permit, &other()).await,
            Slip::HiddenRetry => match self.0.restore(permit, restoration).await {
                Err(CallError::Unknown { .. }) => self.0.restore(permit, &other()).await,
                answer => answer,
            },
            Slip::SourceAligned => self.0.restore(permit, restoration).await,
        }
    }

    async fn align(&self, permit: &Permit, region: &str, instance: &str, settings: &Settings) -> Result<(), CallError> {
        if self.1 == Slip::SourceAligned {
            let changed = Settings { multi_az: false, ..settings.clone() };
            return self.0.align(permit, region, instance.split("-r-").next().unwrap(), &changed).await;
        }
        self.0.align(permit, region, instance, settings).await
    }

    async fn reboot(&self, permit: &Permit, region: &str, instance: &str) -> Result<(), CallError> {
        self.0.reboot(permit, region, instance).await
    }

    async fn promote(&self, permit: &Permit, region: &str, instance: &str, backup_retention_days: i32) -> Result<(), CallError> {
        self.0.promote(permit, region, instance, backup_retention_days).await
    }

    async fn replicate(&self, permit: &Permit, replication: &Replication) -> Result<(), CallError> {
        self.0.replicate(permit, replication).await
    }

    async fn delete_instance(&self, permit: &Permit, region: &str, instance: &str, last: Option<&str>) -> Result<(), CallError> {
        self.0.delete_instance(permit, region, instance, last).await
    }
}

fn with_databases(slip: Slip) -> impl Fn(World) -> World {
    let made = Arc::new(AtomicU64::new(0));
    move |world| World { databases: Arc::new(BrokenDatabases(world.databases.clone(), slip, made.clone())), ..world }
}

#[test]
fn a_vendor_that_makes_up_names_is_caught() {
    let by = caught(with_databases(Slip::MadeUpNames));
    assert_eq!(by, "the world is changed for a step of the proposal, and as it says");
}

#[test]
fn a_hidden_retry_is_caught() {
    let by = caught(with_databases(Slip::HiddenRetry));
    assert!(["a step takes effect once", "the world is changed for a step of the proposal, and as it says"].contains(&by), "{by}");
}

#[test]
fn a_change_of_the_source_is_caught() {
    caught(with_databases(Slip::SourceAligned));
}

/// Reads each secret once and remembers it, as a cache without end would, and replaces whatever is current.
struct CachedSecrets(Arc<dyn Secrets>, Arc<Mutex<BTreeMap<String, SecretVersion>>>);

#[async_trait]
impl Secrets for CachedSecrets {
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError> {
        if let Some(known) = self.1.lock().unwrap().get(name).cloned() {
            return Ok(Some(known));
        }
        let found = self.0.current(region, name).await?;
        if let Some(found) = &found {
            self.1.lock().unwrap().insert(name.to_owned(), found.clone());
        }
        Ok(found)
    }

    async fn replace(&self, permit: &Permit, place: SecretPlace<'_>, _: &str, after: &SecretVersion) -> Result<(), CallError> {
        let whatever = self.0.current(place.region, place.name).await?.map(|now| now.version).unwrap_or_default();
        self.0.replace(permit, place, &whatever, after).await
    }
}

#[test]
fn a_secret_read_from_a_cache_and_replaced_whatever_it_is_is_caught() {
    let cache = Arc::new(Mutex::new(BTreeMap::new()));
    let wrap = move |world: World| World { secrets: Arc::new(CachedSecrets(world.secrets.clone(), cache.clone())), ..world };
    let mut sim = Sim::with(1, Faults::Never, Some(Arc::new(wrap)));
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().unwrap();
    sim.as_("ben").approves(&proposal);
    sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
    crate::approval::move_secret(&mut sim);
    sim.run_for(HOUR);
    assert_eq!(sim.violation().map(|violation| violation.invariant), Some("traffic moves from the approved before-image only"));
}

/// Words that get lost on their way, or say too much.
struct BrokenChat(Arc<dyn Chat>);

#[async_trait]
impl Chat for BrokenChat {
    async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<Posted, CallError> {
        if channel.starts_with('U') {
            return Ok(Posted { channel: channel.to_owned(), ts: "0.0".to_owned() });
        }
        self.0.post(channel, thread, message).await
    }

    async fn link(&self, posted: &Posted) -> Result<String, CallError> {
        self.0.link(posted).await
    }

    async fn update(&self, posted: &Posted, message: &Message) -> Result<(), CallError> {
        self.0.update(posted, message).await
    }

    async fn whisper(&self, channel: &str, user: &str, message: &Message) -> Result<(), CallError> {
        self.0.whisper(channel, user, message).await
    }

    async fn picture(&self, channel: &str, thread: Option<&str>, picture: &Picture) -> Result<(), CallError> {
        self.0.picture(channel, thread, picture).await
    }

    async fn respond(&self, to: &ResponseUrl, message: &Message) -> Result<(), CallError> {
        self.0.respond(to, message).await
    }

    async fn publish(&self, user: &str, home: &Message) -> Result<(), CallError> {
        self.0.publish(user, home).await
    }

    async fn open(&self, trigger: &TriggerId, form: &Form) -> Result<ViewId, CallError> {
        self.0.open(trigger, form).await
    }

    async fn update_form(&self, view: &ViewId, form: &Form) -> Result<(), CallError> {
        self.0.update_form(view, form).await
    }
}

#[test]
fn an_answer_that_never_reaches_whoever_asked_is_caught() {
    let by = caught(|world| World { chat: Arc::new(BrokenChat(world.chat.clone())), ..world });
    assert_eq!(by, "whoever asked gets a final answer");
}

/// Says the password in its error, as some drivers do.
struct TalkativeSql;

#[async_trait]
impl Sql for TalkativeSql {
    async fn inspect(&self, target: &SqlTarget, _: &[Probe]) -> Result<Inspection, CallError> {
        let error = format!("could not connect: postgres://app:{}@{}", setting::PASSWORD, target.host);
        Ok(Inspection { connection_error: Some(error), ..Inspection::default() })
    }

    async fn change(&self, _: &Permit, target: &SqlTarget, _: &SqlChange) -> Result<String, CallError> {
        let why = format!("could not connect: postgres://app:{}@{}", setting::PASSWORD, target.host);
        Err(CallError::NotNow { code: "Unreachable".to_owned(), why })
    }
}

#[test]
fn a_secret_in_an_error_is_caught() {
    let by = caught(|world| World { sql: Arc::new(TalkativeSql), ..world });
    assert!(by.contains("secret"), "{by}");
}
