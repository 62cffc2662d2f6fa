//! RDS: the Query API of version 2014-10-31 over real PostgreSQL clusters.
//!
//! A call changes the record of an instance or snapshot, answers, and leaves the work to a background task, which takes
//! the statuses through their course on the stack's clock. The work stands in the record too, so that a stack that was
//! killed in the middle does it over.

mod archive;
mod describe;
mod events;
mod fault;
mod fleet;
mod groups;
mod instances;
mod model;
mod modify;
mod panel;
mod restores;
mod setup;
mod snapshots;
mod store;
mod tags;
mod work;
mod xml;

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use async_trait::async_trait;
use http::StatusCode;
use jiff::SignedDuration;

pub use fleet::Fleet;
pub use panel::{Breakage, DatabaseView};
pub use store::GroupKind;

use self::{
    model::{Instance, Moment},
    store::Store,
};
use crate::{
    postgres::{Addresses, Cluster, Installation},
    service::{Call, Reply, Service, Shared},
    traffic::Traffic,
    wire::query::{self, Params},
};

/// The XML namespace of the API's version.
const NAMESPACE: &str = "http://rds.amazonaws.com/doc/2014-10-31/";

/// How time passes here, in the stack's time.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How far `LatestRestorableTime` trails.
    pub archive_every: Duration,
    /// How long each status lasts beyond the real work in it.
    pub pace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { archive_every: Duration::from_secs(2), pace: Duration::from_secs(1) }
    }
}

/// The name of an instance's endpoint, which the stack's DNS answers: for a zone or a secret that is written before the
/// instance is there.
#[must_use]
pub fn endpoint(identifier: &str, region: &str) -> String {
    format!("{identifier}.{}.{region}.rds.amazonaws.com", model::region_hash(region))
}

/// The service.
#[derive(Debug)]
pub struct Rds {
    shared: Arc<Shared>,
    store: Store,
    installation: Arc<Installation>,
    addresses: Addresses,
    clusters: Mutex<BTreeMap<String, Arc<Cluster>>>,
    options: Options,
    /// Which instances applications reach: they write a heartbeat there.
    traffic: OnceLock<Weak<Traffic>>,
    /// For the tasks that outlive a call.
    me: Weak<Self>,
}

/// What an operation answers: a refusal is a whole reply too.
type Answer = Result<Reply, Reply>;

impl Rds {
    /// Opens the service over what is in the data directory: servers that still run are kept, others are started,
    /// interrupted work is taken up again.
    ///
    /// # Errors
    /// When there is no PostgreSQL on the machine, or the data directory can't be read.
    pub async fn open(shared: Arc<Shared>, options: Options) -> anyhow::Result<Arc<Self>> {
        let installation = Arc::new(Installation::open(&shared.data.join("postgres")).await?);
        let store = Store::open(shared.data.join("rds"))?;
        let addresses = Addresses::seeded(&shared.data.to_string_lossy());
        let rds = Arc::new_cyclic(|me| Self {
            shared,
            store,
            installation,
            addresses,
            clusters: Mutex::default(),
            options,
            traffic: OnceLock::new(),
            me: me.clone(),
        });
        rds.resume().await?;
        Ok(rds)
    }

    /// From now on the time is noted in the `heartbeat` table of each instance that applications reach, as one of them would.
    pub fn beat_where_applications_are(&self, traffic: &Arc<Traffic>) {
        // What is there already goes to the same places.
        let _ = self.traffic.set(Arc::downgrade(traffic));
    }

    /// Stops all servers in order. Their data stays.
    pub async fn close(&self) {
        let mut stopping = tokio::task::JoinSet::new();
        for cluster in self.all_clusters() {
            stopping.spawn(async move { cluster.stop().await });
        }
        while let Some(stopped) = stopping.join_next().await {
            if let Ok(Err(error)) = stopped {
                tracing::warn!("{error:#}");
            }
        }
    }

    /// The address behind a name of the form `<instance>.<hash>.<region>.rds.amazonaws.com`.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<Ipv4Addr> {
        let name = name.trim_end_matches('.');
        let world = self.store.read();
        world.instances.values().find(|one| one.answered && one.endpoint().eq_ignore_ascii_case(name)).map(|one| one.address)
    }

    /// Makes a parameter or subnet group known in a region. Groups don't cross regions by themselves.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add_group(&self, kind: GroupKind, region: &str, name: &str) -> anyhow::Result<bool> {
        self.store.add_group(store::Group { kind, region: region.to_owned(), name: name.to_owned() })
    }

    /// The cluster of an instance.
    fn cluster(&self, instance: &Instance) -> Arc<Cluster> {
        let mut clusters = self.clusters.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        clusters
            .entry(instance.resource.clone())
            .or_insert_with(|| Arc::new(Cluster::at(self.installation.clone(), &instance.resource, instance.address)))
            .clone()
    }

    fn all_clusters(&self) -> Vec<Arc<Cluster>> {
        self.clusters.lock().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect()
    }

    /// Now, by both clocks.
    fn moment(&self) -> Moment {
        let at = self.shared.clock.now();
        Moment { at, real: self.shared.clock.real_at(at) }
    }

    /// Lets a status last.
    async fn pace(&self) {
        self.shared.clock.sleep(SignedDuration::try_from(self.options.pace).unwrap_or(SignedDuration::ZERO)).await;
    }

    /// The family of parameter groups that fits the servers: `postgres15`.
    fn family(&self) -> String {
        format!("postgres{}", self.installation.version().split('.').next().unwrap_or("15"))
    }

    fn answer(&self, call: &Call) -> Answer {
        let params = Params::of(call);
        let region = call.region.as_str();
        match call.operation.as_str() {
            "CreateDBInstance" => self.create_instance(region, &params),
            "DescribeDBInstances" => self.describe_instances(region, &params),
            "ModifyDBInstance" => self.modify_instance(region, &params),
            "DeleteDBInstance" => self.delete_instance(region, &params),
            "StartDBInstance" => self.start_instance(region, &params),
            "StopDBInstance" => self.stop_instance(region, &params),
            "RebootDBInstance" => self.reboot_instance(region, &params),
            "CreateDBSnapshot" => self.create_snapshot(region, &params),
            "DescribeDBSnapshots" => self.describe_snapshots(region, &params),
            "DeleteDBSnapshot" => self.delete_snapshot(region, &params),
            "CopyDBSnapshot" => self.copy_snapshot(region, &params),
            "RestoreDBInstanceFromDBSnapshot" => self.restore_from_snapshot(region, &params),
            "RestoreDBInstanceToPointInTime" => self.restore_to_time(region, &params),
            "CreateDBInstanceReadReplica" => self.create_replica(region, &params),
            "PromoteReadReplica" => self.promote_replica(region, &params),
            "AddTagsToResource" => self.add_tags(&params),
            "RemoveTagsFromResource" => self.remove_tags(&params),
            "ListTagsForResource" => self.list_tags(&params),
            "DescribeAccountAttributes" => Ok(self.account_attributes(region)),
            "DescribeDBInstanceAutomatedBackups" => self.describe_automated_backups(region, &params),
            "DeleteDBInstanceAutomatedBackup" => self.delete_automated_backup(region, &params),
            "DescribeEvents" => self.describe_events(region, &params),
            "DescribeOrderableDBInstanceOptions" => Ok(self.orderable_options(region, &params)),
            "DescribeDBParameterGroups" => self.describe_parameter_groups(region, &params),
            "DescribeDBSubnetGroups" => self.describe_subnet_groups(region, &params),
            "CreateDBParameterGroup" => self.create_parameter_group(region, &params),
            "CreateDBSubnetGroup" => self.create_subnet_group(region, &params),
            other => Err(query::error(
                StatusCode::BAD_REQUEST,
                "InvalidAction",
                &format!("Could not find operation {other} for version 2014-10-31"),
            )),
        }
    }
}

impl Drop for Rds {
    /// A stack that is dropped, by a test that failed perhaps, leaves no servers behind. One that is killed does: they are
    /// taken over by the next.
    fn drop(&mut self) {
        for cluster in self.all_clusters() {
            cluster.let_go();
        }
    }
}

#[async_trait]
impl Service for Rds {
    fn name(&self) -> &'static str {
        "rds"
    }

    fn operation(&self, call: &Call) -> String {
        query::operation(call)
    }

    async fn handle(&self, call: &Call) -> Reply {
        self.answer(call).unwrap_or_else(|refusal| refusal)
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        query::error(status, code, message)
    }
}
