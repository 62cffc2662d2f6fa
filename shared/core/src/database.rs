//! A database of the plan as it stands in the world: which instance carries its traffic now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    digest::digest_of,
    failure::{CallError, Failure, Fault, Refusal},
    plan::{self, Plan, Traffic},
    port::{Instance, RecordSet, SecretText, SecretVersion, World},
    store::{Created, Kept, Record, Store},
};

/// The indirection as it stood when it was looked at: the exact before-image of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The host in a secret.
    Secret {
        /// The secret's region.
        region: String,
        /// The secret's name.
        name: String,
        /// The version that was current.
        version: String,
        /// The host in it.
        host: String,
    },
    /// A CNAME.
    Cname {
        /// The hosted zone.
        zone: String,
        /// The record.
        record: RecordSet,
    },
}

impl Route {
    /// The instance endpoint that traffic is led to.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::Secret { host, .. } => host,
            Self::Cname { record, .. } => record.values.first().map_or("", |value| value.trim_end_matches('.')),
        }
    }

    /// The name of the instance behind the host: RDS endpoints begin with it.
    #[must_use]
    pub fn instance(&self) -> &str {
        self.host().split('.').next().unwrap_or_default()
    }
}

/// Says where traffic is led now, if that is not as it was.
///
/// # Errors
/// When it can't be looked at.
pub async fn rerouted(world: &World, before: &Route) -> Result<Option<String>, CallError> {
    Ok(match before {
        Route::Secret { region, name, version, .. } => match world.secrets.current(region, name).await? {
            Some(current) if current.version == *version => None,
            Some(current) => Some(format!("the secret {name} has version {} now", current.version)),
            None => Some(format!("the secret {name} is gone")),
        },
        Route::Cname { zone, record } => match world.dns.record(zone, &record.name, &record.kind).await? {
            Some(current) if current == *record => None,
            Some(current) => Some(format!("{} leads to {} now", record.name, current.values.join(", "))),
            None => Some(format!("{} is gone", record.name)),
        },
    })
}

/// Looks at the indirection now.
///
/// # Errors
/// A refusal when what the plan names is not there.
pub async fn route(world: &World, entry: &plan::Database) -> Result<Route, Failure> {
    match &entry.traffic {
        Traffic::Secret => route_in(entry, world.secrets.current(&entry.region, &entry.secret).await?),
        Traffic::Cname { zone, name } => cname_in(zone, name, world.dns.record(zone, name, "CNAME").await?),
    }
}

/// Where a database's CNAME leads.
fn cname_in(zone: &str, name: &str, found: Option<RecordSet>) -> Result<Route, Failure> {
    match found {
        Some(record) => Ok(Route::Cname { zone: zone.to_owned(), record }),
        None => Err(Refusal::new(format!("The zone {zone} has no CNAME {name}.")).into()),
    }
}

/// Where a database's secret leads.
fn route_in(entry: &plan::Database, found: Option<SecretVersion>) -> Result<Route, Failure> {
    let missing =
        || Refusal::new(format!("There is no secret {} in {}.", entry.secret, entry.region)).instead("Correct the plan, or create it.");
    let SecretVersion { version, value } = found.ok_or_else(missing)?;
    let host = member(&value, "host").ok_or_else(|| Refusal::new(format!("The secret {} has no “host”.", entry.secret)))?;
    Ok(Route::Secret { region: entry.region.clone(), name: entry.secret.clone(), version, host })
}

/// One member of a secret that is a JSON object.
#[must_use]
pub fn member(value: &SecretText, name: &str) -> Option<String> {
    let object: serde_json::Value = serde_json::from_str(value.expose()).ok()?;
    object.get(name)?.as_str().map(str::to_owned)
}

/// A database as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// What people call it.
    pub name: String,
    /// What the plan says of it.
    pub entry: plan::Database,
    /// Where traffic is led.
    pub route: Route,
    /// The instance that it is led to; as it was last seen, when it is gone.
    pub instance: Instance,
    /// Whether that instance does not exist any more.
    pub gone: bool,
}

/// An instance as the sweep last saw it: what a restore goes by when the instance itself is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastSeen {
    /// The instance, by whose name this is found.
    pub instance: Instance,
}

impl Record for LastSeen {
    const PARTITION: &'static str = "last-seen";

    fn id(&self) -> String {
        format!("{}/{}", self.instance.region, self.instance.id)
    }
}

/// What the plan says of a database, for where it is now: after a failover it is in its standby's region, and the
/// applications there follow the standby's secret.
///
/// # Errors
/// A refusal when the plan does not have it; a fault when its lineage can't be read.
pub async fn entry(world: &World, plan: &Plan, name: &str) -> Result<plan::Database, Failure> {
    let lineage: Option<Kept<Lineage>> = Store::of(world).load(name).await?;
    Ok(entry_by(plan, name, lineage.as_ref().map(|kept| &kept.value))?)
}

/// As [`entry`], where the lineage is known already.
///
/// # Errors
/// A refusal when the plan does not have it.
pub fn entry_by(plan: &Plan, name: &str, lineage: Option<&Lineage>) -> Result<plan::Database, Refusal> {
    let home = plan.database(name)?;
    let region = lineage.and_then(|lineage| lineage.reigns.last()).and_then(|reign| reign.region.as_deref());
    let away = region.filter(|region| *region != home.region).and_then(|region| standby_in(plan, name, region));
    let Some((region, standby)) = away else { return Ok(home.clone()) };
    Ok(plan::Database { region: region.to_owned(), secret: standby.secret.clone(), traffic: Traffic::Secret, ..home.clone() })
}

/// A database's standby in a region, with that region.
fn standby_in<'a>(plan: &'a Plan, database: &str, region: &str) -> Option<(&'a str, &'a plan::Standby)> {
    let failovers = plan.services.values().filter_map(|service| service.failover.as_ref());
    let mut there = failovers.filter(|failover| failover.secondary.region == region);
    there.find_map(|failover| Some((failover.secondary.region.as_str(), failover.standbys.get(database)?)))
}

/// Looks at a database of the plan, where it is now.
///
/// # Errors
/// A refusal when the plan does not have it, or what it names is not there and was never seen.
pub async fn look(world: &World, plan: &Plan, name: &str) -> Result<Live, Failure> {
    look_at(world, entry(world, plan, name).await?, name).await
}

/// Looks at a database by an entry of its own: at home, whether or not it is there.
///
/// # Errors
/// As for [`look`].
pub async fn look_at(world: &World, entry: plan::Database, name: &str) -> Result<Live, Failure> {
    let route = route(world, &entry).await?;
    let instance = world.databases.instance(&entry.region, route.instance()).await?;
    stands(world, name, entry, route, instance).await
}

/// Where traffic is led for many databases of one region, in their order.
pub async fn routes(world: &World, region: &str, entries: &[&plan::Database]) -> Vec<Result<Route, Failure>> {
    let names: Vec<String> = entries.iter().filter(|entry| entry.traffic == Traffic::Secret).map(|entry| entry.secret.clone()).collect();
    let told = if names.is_empty() { Vec::new() } else { world.secrets.current_of(region, &names).await };
    let mut told = told.into_iter();
    let mut zones: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries {
        if let Traffic::Cname { zone, name } = &entry.traffic {
            zones.entry(zone).or_default().push(name.clone());
        }
    }
    let mut records = BTreeMap::new();
    for (zone, names) in zones {
        let found = world.dns.records(zone, &names, "CNAME").await;
        records.extend(names.into_iter().zip(found).map(|(name, found)| ((zone, name), found)));
    }
    let mut routes = Vec::with_capacity(entries.len());
    for entry in entries {
        routes.push(match &entry.traffic {
            Traffic::Secret => match told.next() {
                Some(found) => found.map_err(Failure::from).and_then(|found| route_in(entry, found)),
                None => Err(Fault::new(format!("nothing was said of the secret {}", entry.secret)).into()),
            },
            Traffic::Cname { zone, name } => match records.get(&(zone.as_str(), name.clone())) {
                Some(found) => found.clone().map_err(Failure::from).and_then(|found| cname_in(zone, name, found)),
                None => Err(Fault::new(format!("nothing was said of the record {name}")).into()),
            },
        });
    }
    routes
}

/// A database whose indirection and instance were looked at; absent: there is no instance of that name.
///
/// # Errors
/// As for [`look`].
pub(crate) async fn stands(
    world: &World,
    name: &str,
    entry: plan::Database,
    route: Route,
    found: Option<Instance>,
) -> Result<Live, Failure> {
    if let Some(instance) = found {
        return Ok(Live { name: name.to_owned(), entry, route, instance, gone: false });
    }
    let seen: Option<Kept<LastSeen>> = Store::of(world).load(&format!("{}/{}", entry.region, route.instance())).await?;
    match seen {
        Some(seen) => Ok(Live { name: name.to_owned(), entry, route, instance: seen.value.instance, gone: true }),
        None => Err(Refusal::new(format!(
            "Traffic for {name} is led to {}, but there is no instance {} in {}, and none was ever seen.",
            route.host(),
            route.instance(),
            entry.region
        ))
        .instead("Correct the plan or the indirection.")
        .into()),
    }
}

/// A database whose region does not answer, with an instance of it as it was last seen there. Its indirection can't be read: the version of
/// the route is empty, which no switch takes for a before-image. `None`: it was never seen.
///
/// # Errors
/// When the records can't be read.
pub async fn as_last_seen(world: &World, entry: plan::Database, name: &str, instance: &str) -> Result<Option<Live>, Fault> {
    let seen: Option<Kept<LastSeen>> = Store::of(world).load(&format!("{}/{instance}", entry.region)).await?;
    Ok(seen.map(|seen| {
        let instance = seen.value.instance;
        let host = instance.endpoint.as_ref().map(|endpoint| endpoint.host.clone()).unwrap_or_default();
        let route = Route::Secret { region: entry.region.clone(), name: entry.secret.clone(), version: String::new(), host };
        Live { name: name.to_owned(), entry, route, instance, gone: false }
    }))
}

/// Remembers how a database's instance looks, for the day when it is gone. `known` is what this gave the last time; it gives what
/// tells the next time that nothing has changed, so that only what is news is written.
///
/// # Errors
/// When it can't be written.
pub async fn remember(world: &World, live: &Live, known: Option<&str>) -> Result<Option<String>, Fault> {
    if live.gone {
        return Ok(known.map(str::to_owned));
    }
    let store = Store::of(world);
    let mut instance = live.instance.clone();
    // What changes by itself would make every look a write, and a list does not tell where the log begins.
    instance.latest_restorable = None;
    instance.earliest_restorable = None;
    let seen = LastSeen { instance };
    // Two ticks at once may leave the older look in the record: what is known is good for a day.
    let digest = format!("{}:{}", world.clock.now().strftime("%Y-%m-%d"), digest_of(&seen)?);
    if known == Some(digest.as_str()) {
        return Ok(Some(digest));
    }
    if let Created::Already(kept) = store.create(seen.clone()).await?
        && kept.value != seen
    {
        // Whoever wrote in between has seen it too.
        let _ = store.replace(&kept, seen).await?;
    }
    Ok(Some(digest))
}

/// Which instances have carried a database's traffic, and from when: what a moment in the past must be restored from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The database's name in the plan.
    pub database: String,
    /// Oldest first.
    pub reigns: Vec<Reign>,
}

/// One instance's time with the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reign {
    /// The instance's name.
    pub instance: String,
    /// Its `DbiResourceId`.
    pub resource_id: String,
    /// From when; absent for the one that was there before us.
    pub from: Option<Timestamp>,
    /// Its region; absent where all of them are in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl Reign {
    /// Whether it is in a region: its log and its snapshots can be restored there only.
    #[must_use]
    pub fn is_in(&self, region: &str) -> bool {
        self.region.as_deref().is_none_or(|own| own == region)
    }
}

impl Record for Lineage {
    const PARTITION: &'static str = "lineage";

    fn id(&self) -> String {
        self.database.clone()
    }
}

/// The instance that stands by for a database in a region, where a run has made one: the plan's name of it is of before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingBy {
    /// The database's name in the plan.
    pub database: String,
    /// The region.
    pub region: String,
    /// The instance.
    pub instance: String,
}

impl Record for StandingBy {
    const PARTITION: &'static str = "standing-by";

    fn id(&self) -> String {
        format!("{}/{}", self.region, self.database)
    }
}

impl Lineage {
    /// That of a database which was never restored: the instance of today.
    #[must_use]
    pub fn first(live: &Live) -> Self {
        let (instance, resource_id) = (live.instance.id.clone(), live.instance.resource_id.clone());
        Self { database: live.name.clone(), reigns: vec![Reign { instance, resource_id, from: None, region: None }] }
    }

    /// The instance that had the traffic at a moment.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Option<&Reign> {
        self.reigns.iter().rev().find(|reign| reign.from.is_none_or(|from| from <= moment))
    }
}

/// Reads a database's lineage; one that was never restored has only the instance of today.
///
/// # Errors
/// When it can't be read.
pub async fn lineage(world: &World, live: &Live) -> Result<Lineage, Fault> {
    let kept: Option<Kept<Lineage>> = Store::of(world).load(&live.name).await?;
    Ok(kept.map_or_else(|| Lineage::first(live), |kept| kept.value))
}
