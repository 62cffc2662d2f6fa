use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Counted, Hold, RecoveryPoint, Turn, Verification, quota, sorted};
use crate::{
    action::Act,
    approval::{self, Approval},
    database::{self, Lineage, Live, Route},
    failure::{CallError, Failure, Fault},
    ident::ProposalId,
    plan::{self, Current},
    planted::{Bug, planted},
    port::{Instance, Page, RestoreFrom, Snapshot, World},
    proposal::Proposal,
    run,
    store::{Kept, Record, Store},
};

/// The databases of the plan as they are seen in one tick: for each region, the pages of instances, of snapshots and of secrets.
#[derive(Debug)]
pub struct Survey {
    /// The plan in force.
    pub current: Current,
    /// When.
    pub now: Timestamp,
    /// Whose turn it is: others are not in here.
    pub turn: Turn,
    /// The databases, by name.
    pub databases: BTreeMap<String, Result<Seen, Unseen>>,
    /// Why a region could not be asked, in the vendor's words.
    pub silent: BTreeMap<String, String>,
    /// How many manual snapshots a region has that are not ours; none are known where only a share was looked at.
    pub foreign: BTreeMap<String, usize>,
    /// The regions that answered.
    pub answered: BTreeSet<String>,
    /// What the vendor said of how many snapshots a region may have.
    pub quotas: BTreeMap<String, Counted>,
    /// The recovery points that nobody may delete: held by people, or meant by an open proposal or a run.
    pub held: BTreeSet<String>,
}

/// A database as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// As it stands.
    pub live: Live,
    /// Which instances have had its traffic.
    pub lineage: Lineage,
    /// Its recovery points, newest first.
    pub points: Vec<RecoveryPoint>,
}

/// Why a database was not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// What the plan names is not there: somebody must correct it.
    Missing(String),
    /// The vendor did not answer: nobody knows.
    Unknown(String),
}

impl Survey {
    /// Looks at everything whose turn it is, and at what must not be deleted.
    ///
    /// # Errors
    /// As for [`Self::look`].
    pub async fn take(world: &World) -> Result<Self, Fault> {
        let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
        let turn = Turn::at(world.clock.now(), current.plan.databases.len());
        let held = held(world).await?;
        let mut survey = Self { held, ..Self::look(world, current, turn).await? };
        survey.quotas = quota::counted(world, &survey).await?;
        Ok(survey)
    }

    /// Why no snapshot can be taken in a region, if the account has as many as it may.
    #[must_use]
    pub fn is_full(&self, region: &str) -> Option<String> {
        let quota = self.quotas.get(region)?.quota;
        let full = quota.used >= quota.max;
        full.then(|| format!("the account has {} manual snapshots in {region}, as many as it may", quota.used))
    }

    /// Looks at the databases whose turn it is. A region that does not answer leaves its databases unknown and the others as they
    /// are.
    ///
    /// # Errors
    /// When our own records can't be read.
    pub async fn look(world: &World, current: Current, turn: Turn) -> Result<Self, Fault> {
        let mut survey = Self {
            current,
            now: world.clock.now(),
            turn,
            databases: BTreeMap::new(),
            silent: BTreeMap::new(),
            foreign: BTreeMap::new(),
            answered: BTreeSet::new(),
            quotas: BTreeMap::new(),
            held: BTreeSet::new(),
        };
        let records = Records::read(world).await?;
        // After a failover a database is in another region than the plan's.
        let mut regions: BTreeMap<String, Vec<(String, plan::Database)>> = BTreeMap::new();
        for name in survey.current.plan.databases.keys().filter(|name| turn.has(name)) {
            let lineage = records.lineages.get(name);
            let entry = database::entry_by(&survey.current.plan, name, lineage).map_err(|refusal| Failure::from(refusal).into_fault())?;
            regions.entry(entry.region.clone()).or_default().push((name.clone(), entry));
        }
        for (region, databases) in regions {
            survey.look_at(world, &region, databases, &records).await;
        }
        Ok(survey)
    }

    async fn look_at(&mut self, world: &World, region: &str, databases: Vec<(String, plan::Database)>, records: &Records) {
        let entries: Vec<&plan::Database> = databases.iter().map(|(_, entry)| entry).collect();
        let routes = database::routes(world, region, &entries).await;
        let names = (self.turn != Turn::ALL).then(|| meant(&databases, &routes, records));
        let (instances, snapshots) = match list(world, region, names.as_ref()).await {
            Ok(listed) => listed,
            Err(error) => {
                self.silent.insert(region.to_owned(), error.to_string());
                self.databases.extend(databases.into_iter().map(|(name, _)| (name, Err(Unseen::Unknown(error.to_string())))));
                return;
            }
        };
        self.answered.insert(region.to_owned());
        if names.is_none() {
            let ours = |snapshot: &&Snapshot| snapshot.tags.contains_key(super::CLASS_TAG);
            let manual = snapshots.iter().filter(|snapshot| snapshot.kind == crate::port::SnapshotKind::Manual);
            self.foreign.insert(region.to_owned(), manual.filter(|snapshot| !ours(snapshot)).count());
        }
        let instances: BTreeMap<String, Instance> = instances.into_iter().map(|instance| (instance.id.clone(), instance)).collect();
        let mut by_instance: BTreeMap<String, Vec<Snapshot>> = BTreeMap::new();
        for snapshot in snapshots {
            by_instance.entry(snapshot.instance.clone()).or_default().push(snapshot);
        }
        for ((name, entry), route) in databases.into_iter().zip(routes) {
            let live = match route {
                Ok(route) => {
                    let instance = instances.get(route.instance()).cloned();
                    database::stands(world, &name, entry, route, instance).await
                }
                Err(failure) => Err(failure),
            };
            let seen = match live {
                Ok(live) => Ok(records.seen(live, &by_instance)),
                Err(Failure::Refusal(refusal)) => Err(Unseen::Missing(refusal.to_string())),
                Err(Failure::Fault(fault)) => Err(Unseen::Unknown(fault.chain())),
            };
            self.databases.insert(name, seen);
        }
    }
}

/// The instances that databases may be on, and those whose snapshots they have.
fn meant(databases: &[(String, plan::Database)], routes: &[Result<Route, Failure>], records: &Records) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for ((name, entry), route) in databases.iter().zip(routes) {
        names.extend(route.iter().map(|route| route.instance().to_owned()));
        let reigns = records.lineages.get(name).into_iter().flat_map(|lineage| &lineage.reigns);
        names.extend(reigns.filter(|reign| reign.is_in(&entry.region)).map(|reign| reign.instance.clone()));
    }
    names
}

/// A region's instances and their snapshots: all of them, or of those named.
async fn list(world: &World, region: &str, names: Option<&BTreeSet<String>>) -> Result<(Vec<Instance>, Vec<Snapshot>), CallError> {
    match names {
        None => Ok((world.databases.instances_in(region).await?, world.databases.snapshots_in(region).await?)),
        Some(names) => {
            let names: Vec<String> = names.iter().cloned().collect();
            Ok((world.databases.instances_of(region, &names).await?, world.databases.snapshots_of(region, &names).await?))
        }
    }
}

/// What our own records say of all databases: each kind is read once.
struct Records {
    lineages: BTreeMap<String, Lineage>,
    verifications: BTreeMap<String, Verification>,
}

impl Records {
    async fn read(world: &World) -> Result<Self, Fault> {
        let lineages = all::<Lineage>(world).await?;
        let verifications = all::<Verification>(world).await?;
        Ok(Self {
            lineages: lineages.into_iter().map(|kept| (kept.value.database.clone(), kept.value)).collect(),
            verifications: verifications.into_iter().map(|kept| (kept.value.snapshot.clone(), kept.value)).collect(),
        })
    }

    fn seen(&self, live: Live, snapshots: &BTreeMap<String, Vec<Snapshot>>) -> Seen {
        let lineage = self.lineages.get(&live.name).cloned().unwrap_or_else(|| Lineage::first(&live));
        let here = lineage.reigns.iter().filter(|reign| reign.is_in(&live.entry.region)).map(|reign| reign.instance.as_str());
        let mine = here.collect::<BTreeSet<_>>().into_iter().filter_map(|instance| snapshots.get(instance)).flatten();
        let points =
            mine.map(|snapshot| RecoveryPoint { snapshot: snapshot.clone(), verification: self.verifications.get(&snapshot.id).cloned() });
        let points = sorted(points.collect());
        Seen { live, lineage, points }
    }
}

/// The recovery points that nobody may delete now: those that people hold, and those that a proposal or a run restores from.
///
/// # Errors
/// When our records can't be read.
pub async fn held(world: &World) -> Result<BTreeSet<String>, Fault> {
    if planted(Bug::MeantPruned) {
        return Ok(BTreeSet::new());
    }
    let mut held: BTreeSet<String> =
        all::<Hold>(world).await?.into_iter().filter(|hold| hold.value.is_held()).map(|hold| hold.value.snapshot).collect();
    let store = Store::of(world);
    let now = world.clock.now();
    let approvals = store.list::<Approval>(&RECENT).await?;
    let mut live: BTreeSet<ProposalId> =
        approvals.into_iter().filter(|kept| may_begin(&kept.value, now)).map(|kept| kept.value.proposal).collect();
    let runs = run::going(world).await?;
    live.extend(runs.into_iter().filter(|kept| !kept.value.state.is_final()).map(|kept| kept.value.proposal));
    for id in live {
        let proposal: Option<Kept<Proposal>> = store.load(id.as_str()).await?;
        held.extend(proposal.into_iter().flat_map(|proposal| proposal.value.steps).filter_map(|step| match step.act {
            Act::Restore(restore) => match restore.restoration.from {
                RestoreFrom::Snapshot(id) => Some(id),
                _ => None,
            },
            _ => None,
        }));
    }
    Ok(held)
}

/// Whether a proposal may still become a run: it is open, or approved, and its run is about to begin.
fn may_begin(approval: &Approval, now: Timestamp) -> bool {
    let starts_until = |at: Timestamp| at.saturating_add(STARTED_WITHIN).unwrap_or(Timestamp::MAX);
    match approval.state {
        approval::State::Approved { at } => now < starts_until(at),
        _ => approval.is_open(now),
    }
}

/// How long after its approval a run has begun, or never will: longer than the sweep takes to find one that was lost.
const STARTED_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How many records are read at a time.
const PAGE: usize = 200;
/// The newest proposals and runs: older ones are not open any more.
const RECENT: Page = Page { after: None, newest_first: true, limit: 200 };

/// All records of a kind.
pub(crate) async fn all<T: Record>(world: &World) -> Result<Vec<Kept<T>>, Fault> {
    Store::of(world).list_to_the_end(Page { after: None, newest_first: false, limit: PAGE }).await
}
