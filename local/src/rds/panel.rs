//! What the console shows and breaks, and how the demonstration's databases come to be.

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Rds,
    instances::{Draft, default_key},
    model::{Instance, Tag, Work},
    setup::Setup,
    store::GroupKind,
};
use crate::{
    postgres::{Damage, Database, PORT},
    seed::{SeedDatabase, SeedStandby},
    service::ACCOUNT,
};

/// The master user of the demonstration's databases.
const MASTER: &str = "app";

/// An instance as the panel shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatabaseView {
    /// The instance identifier.
    pub identifier: String,
    /// Its region.
    pub region: String,
    /// Its status, as RDS tells it.
    pub status: String,
    /// Its endpoint's name; absent until it has one.
    pub endpoint: Option<String>,
    /// Where its server listens.
    pub address: std::net::Ipv4Addr,
    /// Whether its server answers.
    pub answers: bool,
    /// The identifier of the instance that it follows.
    pub follows: Option<String>,
    /// How far it is behind, in seconds, for a replica that answers.
    pub lag_seconds: Option<f64>,
    /// Up to when it can be restored.
    pub latest_restorable: Option<Timestamp>,
    /// What is in it, counted just now.
    pub databases: Vec<Database>,
}

/// What was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breakage {
    /// `delete-rows`, `drop-table`, `kill-primary`, `pause-replay` or `resume-replay`.
    pub what: String,
    /// The instance.
    pub target: String,
    /// The last moment, in the stack's time, when all was well.
    pub before: Timestamp,
    /// The table that suffered.
    pub table: Option<String>,
    /// The rows that are gone.
    pub rows: Option<i64>,
}

impl Rds {
    /// All snapshots, newest first: id, source, kind, status, taken_at.
    #[must_use]
    pub fn snapshots(&self) -> Vec<Value> {
        let world = self.store.read();
        let mut snapshots: Vec<_> = world.snapshots.values().collect();
        snapshots.sort_by_key(|one| std::cmp::Reverse(one.began));
        let shown = snapshots.into_iter().map(|one| {
            let kind = if one.automated { "automated" } else { "manual" };
            json!({"id": one.identifier, "source": one.of.identifier, "kind": kind, "status": one.status, "taken_at": one.original})
        });
        shown.collect()
    }

    /// All instances with what is in them, by name.
    pub async fn databases(&self) -> Vec<DatabaseView> {
        let mut instances: Vec<Instance> = self.store.read().instances.values().cloned().collect();
        instances.sort_by(|one, other| (&one.identifier, &one.region).cmp(&(&other.identifier, &other.region)));
        let mut views = Vec::new();
        for one in instances {
            views.push(self.view(one).await);
        }
        views
    }

    async fn view(&self, one: Instance) -> DatabaseView {
        let cluster = self.cluster(&one);
        let resting = !one.answered || one.killed || one.status == "stopped";
        let found = if resting { None } else { cluster.databases().await.ok() };
        let lag_seconds = if found.is_some() { cluster.replica_lag().await.ok().flatten() } else { None };
        let world = self.store.read();
        let follows = one.follows.as_ref().and_then(|source| world.instances.get(source)).map(|source| source.identifier.clone());
        DatabaseView {
            endpoint: one.answered.then(|| one.endpoint()),
            answers: found.is_some(),
            databases: found.unwrap_or_default(),
            latest_restorable: one.latest.map(|latest| latest.at),
            address: one.address,
            identifier: one.identifier,
            region: one.region,
            status: one.status,
            follows,
            lag_seconds,
        }
    }

    /// Breaks something: `delete-rows`, `drop-table`, `kill-primary`, or a replica's replay (`pause-replay`,
    /// `resume-replay`). `target` is an instance identifier, with its region before a slash where two regions have it.
    ///
    /// # Errors
    /// When there is no such instance or nothing to break in it.
    pub async fn break_database(&self, what: &str, target: &str) -> anyhow::Result<Breakage> {
        let (region, name) = target.split_once('/').map_or((None, target), |(region, name)| (Some(region), name));
        let found = self
            .store
            .read()
            .instances
            .values()
            .find(|one| one.identifier == name && region.is_none_or(|region| region == one.region))
            .cloned();
        let one = found.with_context(|| format!("there is no database instance {target}"))?;
        let cluster = self.cluster(&one);
        let mut breakage =
            Breakage { what: what.to_owned(), target: one.identifier.clone(), before: self.shared.clock.now(), table: None, rows: None };
        let damage = match what {
            "delete-rows" => Damage::DeleteRows,
            "drop-table" => Damage::DropTable,
            "kill-primary" => {
                self.store.change(&one.resource, |one| one.killed = true)?;
                cluster.kill().await?;
                return Ok(breakage);
            }
            "pause-replay" | "resume-replay" => {
                cluster.pause_replay(what == "pause-replay").await?;
                return Ok(breakage);
            }
            other => bail!("don't know how to break {other}: delete-rows, drop-table, kill-primary, pause-replay or resume-replay"),
        };
        let broken = cluster.damage(damage).await?;
        (breakage.table, breakage.rows) = (Some(broken.table), Some(broken.rows));
        Ok(breakage)
    }

    /// Makes one of the first world's databases, with settings that a careless restore loses, and waits until it is
    /// `available`. Returns what its secret holds: engine, host, port, username, password, dbname, dbInstanceIdentifier.
    /// Done again, it finds what is there.
    ///
    /// # Errors
    /// When PostgreSQL or the disk refuses.
    pub async fn seed(&self, seed: &SeedDatabase) -> anyhow::Result<Value> {
        let family = self.own_groups(&seed.region, &seed.instance)?;
        let one = self.grown(&seed.region, self.seed_draft(seed, &family)).await?;
        let password = one.seeded.as_deref().context("the database exists, but was not seeded")?;
        Ok(secret_of(&one, Some(&seed.database), password))
    }

    /// Makes a read replica of one of the first world's databases, and waits until it is `available`. Returns what its
    /// secret holds, as [`Self::seed`] does.
    ///
    /// # Errors
    /// When PostgreSQL or the disk refuses, or the source was not seeded.
    pub async fn seed_standby(&self, seed: &SeedStandby) -> anyhow::Result<Value> {
        self.own_groups(&seed.region, &seed.of)?;
        let source = self.store.read().instance(&seed.of_region, &seed.of).cloned();
        let source = source.with_context(|| format!("there is no instance {}", seed.of))?;
        let draft = Draft {
            identifier: seed.instance.clone(),
            engine_version: source.engine_version.clone(),
            master_user: source.master_user.clone(),
            database: source.database.clone(),
            setup: Setup { retention: 0, kms_key: Some(default_key(&seed.region)), ..source.setup.clone() },
            tags: source.tags.clone(),
            follows: Some(source.resource.clone()),
            work: Work::SeedReplica { source: source.resource.clone() },
        };
        let one = self.grown(&seed.region, draft).await?;
        let password = source.seeded.as_deref().context("its source exists, but was not seeded")?;
        Ok(secret_of(&one, source.database.as_deref(), password))
    }

    /// Makes the parameter and subnet group that are named after an instance. The parameter group's family.
    fn own_groups(&self, region: &str, instance: &str) -> anyhow::Result<String> {
        let family = self.family();
        self.add_group(GroupKind::Parameter, region, &format!("{instance}-{family}"))?;
        self.add_group(GroupKind::Subnet, region, &format!("{instance}-private"))?;
        Ok(family)
    }

    /// The instance of the draft's name, made now where there is none, when its work is done.
    async fn grown(&self, region: &str, draft: Draft) -> anyhow::Result<Instance> {
        let name = draft.identifier.clone();
        let known = self.store.read().instance(region, &name).cloned();
        let one = match known {
            Some(one) => one,
            None => self.begin_instance(region, draft).map_err(|refusal| anyhow!("{name}: {:?}", refusal.body))?,
        };
        self.settled(&one.resource).await
    }

    fn seed_draft(&self, seed: &SeedDatabase, family: &str) -> Draft {
        let tags = [("Environment", "production"), ("Service", &seed.database), ("Team", "platform")];
        Draft {
            identifier: seed.instance.clone(),
            engine_version: self.installation.version().to_owned(),
            master_user: MASTER.to_owned(),
            database: Some(seed.database.clone()),
            setup: seed_setup(seed, family),
            tags: tags.map(|(key, value)| Tag { key: key.to_owned(), value: value.to_owned() }).to_vec(),
            follows: None,
            work: Work::Seed { password: ulid::Ulid::generate().to_string(), rows: seed.rows },
        }
    }

    /// The instance when its work is done.
    async fn settled(&self, resource: &str) -> anyhow::Result<Instance> {
        loop {
            let found = self.store.read().instances.get(resource).cloned().context("gone")?;
            match (&found.work, found.status.as_str()) {
                (Some(_), _) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                (None, "failed") => bail!("{} failed: {}", found.identifier, self.cluster(&found).log_end()),
                (None, _) => return Ok(found),
            }
        }
    }

    /// Carries out a standby's seed.
    pub(super) async fn grow_standby(&self, one: &Instance, work: &Work) -> anyhow::Result<()> {
        if !one.answered {
            self.build(one, work).await?;
        }
        self.spawn_archiver(&one.resource);
        self.finish(&one.resource, "available")
    }

    /// Carries out a seed: everything without the statuses' delays.
    pub(super) async fn grow_seed(&self, one: &Instance, work: &Work) -> anyhow::Result<()> {
        let Work::Seed { rows, .. } = work else { return Ok(()) };
        if !one.answered {
            self.build(one, work).await?;
        }
        let cluster = self.cluster(one);
        if cluster.databases().await?.iter().all(|database| database.tables.is_empty()) {
            cluster.fill(one.database.as_deref().context("no database")?, &one.master_user, *rows).await?;
        }
        self.automated_backup(one).await?;
        self.spawn_archiver(&one.resource);
        self.finish(&one.resource, "available")
    }
}

/// What a secret says of an instance, in the form that RDS's own secrets have.
pub(super) fn secret_of(one: &Instance, database: Option<&str>, password: &str) -> Value {
    json!({
        "engine": "postgres",
        "host": one.endpoint(),
        "port": PORT,
        "username": one.master_user,
        "password": password,
        "dbname": database,
        "dbInstanceIdentifier": one.identifier,
    })
}

/// Nothing here is a default.
pub(super) fn seed_setup(seed: &SeedDatabase, family: &str) -> Setup {
    Setup {
        class: "db.r6g.large".to_owned(),
        allocated_storage: 100,
        max_allocated_storage: Some(500),
        encrypted: true,
        kms_key: Some(default_key(&seed.region)),
        security_groups: vec![format!("sg-{}-app", seed.database), format!("sg-{}-admin", seed.database)],
        parameter_group: format!("{}-{family}", seed.instance),
        subnet_group: format!("{}-private", seed.instance),
        multi_az: true,
        public: false,
        deletion_protection: true,
        iam_authentication: true,
        log_exports: vec!["postgresql".to_owned(), "upgrade".to_owned()],
        copy_tags: true,
        monitoring_interval: 60,
        monitoring_role: Some(format!("arn:aws:iam::{ACCOUNT}:role/rds-monitoring")),
        insights: true,
        retention: 7,
        maintenance_window: "sun:02:00-sun:02:30".to_owned(),
        ..Setup::of_default(family)
    }
}
