//! Bugs as adapters: each does what a careless one would.

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
        Chat, Databases, Expect, Instance, Key, Page, Posted, Quota, Replication, ResponseUrl, Restoration, Row, Settings, Snapshot, Table,
        Tags, TriggerId, ViewId, World, Write,
    },
    view::{Form, Message},
};
use serde_json::Value;

use super::pretence;
use crate::{Wrap, setting};

/// What an adapter does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slip {
    /// Writes of approvals land whatever they expect.
    UnconditionalApprovals,
    /// Writes of the audit land whatever they expect.
    UnconditionalAudit,
    /// Writes of runs land whatever they expect.
    UnconditionalRuns,
    /// Writes of locks land whatever they expect.
    UnconditionalLocks,
    /// Entries of the audit are answered as written, and are not.
    LostAudit,
    /// Locks are answered as released, and are not.
    UnreleasedLocks,
    /// The new instance gets a name of its own.
    MadeUpNames,
    /// A restore whose answer was lost is sent once more under another name.
    HiddenRetry,
    /// The source of a restore is changed instead of what was restored.
    SourceAligned,
    /// Secrets are read once and remembered, and replaced whatever they are by then.
    CachedSecrets,
    /// Messages to people are answered as posted, and are not.
    LostAnswers,
    /// The password stands in an error.
    TalkativeSql,
    /// What is to be changed by SQL is changed again and again.
    HammeredSql,
    /// What an entry of the audit says is altered as it is written.
    AlteredAudit,
    /// A run's proposal is thrown away when the run is written.
    ForgottenProposals,
    /// The password is kept beside a run.
    SecretKept,
    /// The password is in what is sent to telephones.
    SecretTexted,
    /// A secret is answered as replaced, and remembered as such, and is not.
    PretendedSwitch,
    /// Names are answered as changed, and remembered as such, and are not.
    PretendedNames,
}

impl Slip {
    /// What is put between the domain and the world.
    #[must_use]
    pub fn wrap(self) -> Wrap {
        let made = Arc::new(AtomicU64::new(0));
        let known = Arc::new(Mutex::new(BTreeMap::new()));
        let names = Arc::new(Mutex::new(BTreeMap::new()));
        Arc::new(move |world: World| match self {
            Self::MadeUpNames | Self::HiddenRetry | Self::SourceAligned => {
                World { databases: Arc::new(BrokenDatabases(world.databases.clone(), self, made.clone())), ..world }
            }
            Self::CachedSecrets | Self::PretendedSwitch => {
                World { secrets: Arc::new(pretence::RememberedSecrets(world.secrets.clone(), self, known.clone())), ..world }
            }
            Self::PretendedNames => World { dns: Arc::new(pretence::PretendedNames(world.dns.clone(), names.clone())), ..world },
            Self::SecretTexted => World { phone: Arc::new(pretence::TalkativePhone(world.phone.clone())), ..world },
            Self::LostAnswers => World { chat: Arc::new(BrokenChat(world.chat.clone())), ..world },
            Self::TalkativeSql => World { sql: Arc::new(pretence::TalkativeSql), ..world },
            Self::HammeredSql => World { sql: Arc::new(pretence::HammeredSql(world.sql.clone())), ..world },
            _ => World { table: Arc::new(BrokenTable(world.table.clone(), self)), ..world },
        })
    }

    /// The records whose writes are broken.
    fn partition(self) -> &'static str {
        match self {
            Self::UnconditionalApprovals => "approval",
            Self::UnconditionalRuns | Self::ForgottenProposals | Self::SecretKept => "run",
            Self::UnconditionalLocks | Self::UnreleasedLocks => "lock",
            _ => "audit",
        }
    }
}

struct BrokenTable(Arc<dyn Table>, Slip);

#[async_trait]
impl Table for BrokenTable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, CallError> {
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, CallError> {
        self.0.get_many(keys).await
    }

    async fn put(&self, row: &Row, expect: Expect) -> Result<Write, CallError> {
        if row.key.partition != self.1.partition() {
            return self.0.put(row, expect).await;
        }
        match self.1 {
            Slip::LostAudit => Ok(Write::Landed),
            Slip::UnreleasedLocks if row.body.pointer("/record/run").is_some_and(Value::is_null) => Ok(Write::Landed),
            Slip::UnreleasedLocks => self.0.put(row, expect).await,
            Slip::AlteredAudit => self.0.put(&with(row, "/record/event/digest", "another"), expect).await,
            Slip::SecretKept => self.0.put(&with(row, "/note", setting::PASSWORD), expect).await,
            Slip::ForgottenProposals => {
                let id = row.body.pointer("/record/proposal").and_then(Value::as_str).unwrap_or_default().to_owned();
                let key = Key { partition: "proposal".to_owned(), id };
                if let Some(proposal) = self.0.get(&key).await? {
                    let _ = self.0.delete(&key, proposal.version).await?;
                }
                self.0.put(row, expect).await
            }
            _ => {
                let there = self.0.get(&row.key).await?;
                self.0.put(row, there.map_or(Expect::Absent, |there| Expect::Version(there.version))).await
            }
        }
    }

    async fn delete(&self, key: &Key, version: u64) -> Result<Write, CallError> {
        self.0.delete(key, version).await
    }

    async fn list(&self, partition: &str, page: &Page) -> Result<Vec<Row>, CallError> {
        self.0.list(partition, page).await
    }
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

    async fn instances_of(&self, region: &str, ids: &[String]) -> Result<Vec<Instance>, CallError> {
        self.0.instances_of(region, ids).await
    }

    async fn snapshots_of(&self, region: &str, instances: &[String]) -> Result<Vec<Snapshot>, CallError> {
        self.0.snapshots_of(region, instances).await
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
            _ => self.0.restore(permit, restoration).await,
        }
    }

    async fn align(&self, permit: &Permit, region: &str, instance: &str, settings: &Settings) -> Result<(), CallError> {
        if self.1 == Slip::SourceAligned {
            let changed = Settings { multi_az: false, ..settings.clone() };
            return self.0.align(permit, region, instance.split("-r-").next().unwrap_or_default(), &changed).await;
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

/// A row with a text put into its body.
fn with(row: &Row, place: &str, text: &str) -> Row {
    let mut row = row.clone();
    let body = Arc::make_mut(&mut row.body);
    match (body.pointer_mut(place), place.strip_prefix('/')) {
        (Some(there), _) => *there = text.into(),
        (None, Some(name)) => drop(body.as_object_mut().map(|members| members.insert(name.to_owned(), text.into()))),
        (None, None) => {}
    }
    row
}
