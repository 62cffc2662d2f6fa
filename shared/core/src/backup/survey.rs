use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Hold, RecoveryPoint, Verification, sorted};
use crate::{
    action::Act,
    approval::{self, Approval},
    database::{self, Lineage, Live},
    failure::{Failure, Fault},
    ident::ProposalId,
    plan::{self, Current},
    planted::{Bug, planted},
    port::{Instance, Page, RestoreFrom, Snapshot, World},
    proposal::Proposal,
    run::Run,
    store::{Kept, Record, Store},
};

/// All databases of the plan as they are seen in one tick: one list of instances and one of snapshots for each region.
#[derive(Debug)]
pub struct Survey {
    /// The plan in force.
    pub current: Current,
    /// When.
    pub now: Timestamp,
    /// The databases, by name.
    pub databases: BTreeMap<String, Result<Seen, Unseen>>,
    /// Why a region could not be asked, in the vendor's words.
    pub silent: BTreeMap<String, String>,
    /// How many manual snapshots a region has that are not ours.
    pub foreign: BTreeMap<String, usize>,
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
    /// Looks at everything. A region that does not answer leaves its databases unknown and the others as they are.
    ///
    /// # Errors
    /// When there is no plan, or our own records can't be read.
    pub async fn take(world: &World) -> Result<Self, Fault> {
        let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
        let mut survey = Self {
            current,
            now: world.clock.now(),
            databases: BTreeMap::new(),
            silent: BTreeMap::new(),
            foreign: BTreeMap::new(),
            held: held(world).await?,
        };
        let records = Records::read(world).await?;
        // After a failover a database is in another region than the plan's.
        let mut regions: BTreeMap<String, Vec<(String, plan::Database)>> = BTreeMap::new();
        for name in survey.current.plan.databases.keys() {
            let entry = records.entry(world, &survey.current.plan, name).await?;
            regions.entry(entry.region.clone()).or_default().push((name.clone(), entry));
        }
        for (region, databases) in regions {
            survey.look_at(world, &region, databases, &records).await;
        }
        Ok(survey)
    }

    async fn look_at(&mut self, world: &World, region: &str, databases: Vec<(String, plan::Database)>, records: &Records) {
        let listed = async { Ok((world.databases.instances_in(region).await?, world.databases.snapshots_in(region).await?)) };
        let (instances, snapshots): (Vec<Instance>, Vec<Snapshot>) = match listed.await {
            Ok(listed) => listed,
            Err(error) => {
                let error: crate::failure::CallError = error;
                self.silent.insert(region.to_owned(), error.to_string());
                self.databases.extend(databases.into_iter().map(|(name, _)| (name, Err(Unseen::Unknown(error.to_string())))));
                return;
            }
        };
        for (name, entry) in databases {
            let seen = match database::look_among(world, entry, &name, &instances).await {
                Ok(live) => Ok(records.seen(live, &snapshots)),
                Err(Failure::Refusal(refusal)) => Err(Unseen::Missing(refusal.to_string())),
                Err(Failure::Fault(fault)) => Err(Unseen::Unknown(fault.chain())),
            };
            self.databases.insert(name, seen);
        }
        let ours = |snapshot: &&Snapshot| snapshot.tags.contains_key(super::CLASS_TAG);
        let manual = snapshots.iter().filter(|snapshot| snapshot.kind == crate::port::SnapshotKind::Manual);
        self.foreign.insert(region.to_owned(), manual.filter(|snapshot| !ours(snapshot)).count());
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

    /// The plan's entry of a database for where it is now. Only one that was ever moved has a lineage to be read.
    async fn entry(&self, world: &World, plan: &plan::Plan, name: &str) -> Result<plan::Database, Fault> {
        match (self.lineages.contains_key(name), plan.databases.get(name)) {
            (false, Some(entry)) => Ok(entry.clone()),
            _ => database::entry(world, plan, name).await.map_err(Failure::into_fault),
        }
    }

    fn seen(&self, live: Live, snapshots: &[Snapshot]) -> Seen {
        let lineage = self.lineages.get(&live.name).cloned().unwrap_or_else(|| Lineage::first(&live));
        let here =
            |snapshot: &Snapshot| lineage.reigns.iter().any(|reign| reign.instance == snapshot.instance && reign.is_in(&live.entry.region));
        let mine = snapshots.iter().filter(|snapshot| here(snapshot));
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
    let runs = store.list::<Run>(&RECENT).await?;
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
    let store = Store::of(world);
    let mut records: Vec<Kept<T>> = Vec::new();
    loop {
        let after = records.last().map(|kept| kept.value.id());
        let page = store.list::<T>(&Page { after, newest_first: false, limit: PAGE }).await?;
        let over = page.len() < PAGE;
        records.extend(page);
        if over {
            return Ok(records);
        }
    }
}
