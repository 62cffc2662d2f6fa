//! What a step or a run leaves behind in other records. All of it can be done twice.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Lock, Run, State, StepState,
    visit::{Interrupted, Visit},
};
use crate::{
    action::{Act, CheckResult, Finding, Reseed, Through, Verify},
    backup::Verification,
    database::{Lineage, Reign, StandingBy},
    failover::Left,
    failure::Fault,
    ident::StepId,
    planted::{Bug, planted},
    port::{Replication, RestoreFrom, World},
    proposal::{self, PlannedStep, Proposal, TargetKind},
    store::{Created, Kept, Record, Store},
};

/// How often a write that lost a race is made again.
pub(super) const RACES: u32 = 10;

/// How a run stands to its locks.
pub(super) enum Locks {
    /// It holds them all.
    Held,
    /// It holds them all, and a call of whoever held one before may still reach the vendor until then.
    HeldInDoubt(Timestamp),
    /// Why one can't be had.
    Refused(String),
}

/// Takes the locks on all that the run touches, in their order.
///
/// A run may end while a call of it that was never answered is still on its way: what it was to do was there, and nothing tells whether by
/// its own hand or by somebody else's (Route 53 gives a change's id in the answer alone). It ends all the same, since whoever waits for
/// the word “done” mostly waits for nothing: mostly the call had arrived. But whoever leads names back within these minutes makes
/// the before-image of that call true once more, and it would lead them away again by itself. So the next run on the target waits,
/// if that could undo anything of it.
pub(super) async fn take_locks(visit: &Visit<'_>) -> Result<Locks, Interrupted> {
    let mut doubt = None;
    for lock in visit.run().locks.iter().filter(|_| !planted(Bug::LockNotTaken)) {
        match take_lock(visit, lock).await? {
            Ok(until) => doubt = doubt.max(until),
            Err(why) => return Ok(Locks::Refused(why)),
        }
    }
    Ok(doubt.filter(|until| visit.now() < *until).map_or(Locks::Held, Locks::HeldInDoubt))
}

/// `Ok`: it is ours, and until when a call of whoever held it before may still arrive. `Err`: why it can't be had.
async fn take_lock(visit: &Visit<'_>, lock: &str) -> Result<Result<Option<Timestamp>, String>, Interrupted> {
    let store = Store::of(visit.world);
    let run = visit.run();
    for _ in 0..RACES {
        let wanted = Lock { target: lock.to_owned(), run: Some(run.id.clone()), since: visit.now(), late_until: None, released_by: None };
        // Looked at first: at all visits but the first one it is ours.
        let held: Kept<Lock> = match store.load(lock).await? {
            Some(held) => held,
            None => match store.create(wanted.clone()).await? {
                Created::New(_) => return Ok(Ok(None)),
                Created::Already(held) => held,
            },
        };
        let mut until = held.value.late_until;
        if held.value.run.as_ref() == Some(&run.id) {
            return Ok(Ok(until));
        }
        if let Some(holder) = &held.value.run
            && let Some(holder) = store.load::<Run>(holder.as_str()).await?
        {
            if !holder.value.state.is_final() && !planted(Bug::LockStolen) {
                return Ok(Err(format!("{lock} is held by {} ({}); nothing was done", holder.value.id, holder.value.title)));
            }
            // One whose run has ended could not be released any more.
            until = until.max(holder.value.late_until());
        }
        if store.replace(&held, Lock { late_until: until, ..wanted }).await?.is_ok() {
            return Ok(Ok(until));
        }
    }
    Err(Fault::new(format!("the lock on {lock} is fought over")).into())
}

/// Releases what an ended run holds, and keeps what it taught.
pub(super) async fn settle(world: &World, run: &Run, proposal: &Proposal) -> Result<(), Fault> {
    let store = Store::of(world);
    let mut held: Vec<Kept<Lock>> = Vec::new();
    for lock in &run.locks {
        let lock: Option<Kept<Lock>> = store.load(lock).await?;
        held.extend(lock.filter(|lock| lock.value.run.as_ref() == Some(&run.id)));
    }
    // The locks go last: while there is one, this run has not been settled yet, and is settled once.
    if held.is_empty() || planted(Bug::LockKept) {
        return Ok(());
    }
    if run.state == State::Succeeded {
        let took: Vec<(StepId, u64)> = run.steps.iter().filter_map(duration).collect();
        proposal::note_timing(world, &proposal.runbook, &proposal.target.name, &took).await?;
    }
    for lock in &held {
        release(world, lock, Some(run)).await?;
    }
    Ok(())
}

/// Releases a lock, unless somebody else has it by now. Of the run that held it, the lock keeps until when a call may still arrive.
///
/// # Errors
/// When it can't be written.
pub(crate) async fn release(world: &World, held: &Kept<Lock>, run: Option<&Run>) -> Result<(), Fault> {
    let late_until = held.value.late_until.max(run.and_then(Run::late_until));
    let released = Lock { run: None, since: world.clock.now(), late_until, released_by: held.value.run.clone(), ..held.value.clone() };
    let _ = Store::of(world).replace(held, released).await?;
    Ok(())
}

fn duration(step: &super::StepRecord) -> Option<(StepId, u64)> {
    let (started, ended) = (step.started_at?, step.ended_at?);
    matches!(step.state, StepState::Done(_)).then(|| (step.id.clone(), u64::try_from(ended.duration_since(started).as_secs()).unwrap_or(0)))
}

/// Keeps what a step that is done has changed or found out.
pub(super) async fn after_step(world: &World, run: &Run, proposal: &Proposal, step: &PlannedStep, finding: &Finding) -> Result<(), Fault> {
    match &step.act {
        // Of a database that is failed over, the promotion has crowned whichever the secret is led to.
        Act::Switch(switch) if proposal.target.kind == TargetKind::Database => {
            crown(world, &proposal.target.name, first_reign(proposal, &switch.to), &switch.region, &switch.to).await
        }
        // A runbook on a service restores its databases each for itself.
        Act::Switch(switch) if let Some(database) = &step.flow.database => {
            crown(world, database, first_reign(proposal, &switch.to), &switch.region, &switch.to).await
        }
        Act::Promote(promote) => {
            let first = Reign {
                instance: promote.source.instance.clone(),
                resource_id: promote.source_resource_id.clone(),
                from: None,
                region: Some(promote.source.region.clone()),
            };
            crown(world, &promote.standby.name, Some(first), &promote.standby.region, &promote.standby.instance).await
        }
        Act::Reseed(reseed) => standing(world, reseed).await,
        Act::CheckFence(check) if finding.detail.get("unseen") == Some(&Value::Bool(true)) => {
            put(world, Left::by(&run.id, &proposal.target.name, check, world.clock.now())).await
        }
        Act::Verify(verify) if verify.through == Through::Endpoint => certify(world, run, proposal, verify, finding).await,
        _ => Ok(()),
    }
}

/// Notes which instance has the traffic from now on. `first` had it before all others, where nobody has noted any yet.
async fn crown(world: &World, database: &str, first: Option<Reign>, region: &str, instance: &str) -> Result<(), Fault> {
    let store = Store::of(world);
    let Some(crowned) = world.databases.instance(region, instance).await? else { return Ok(()) };
    for _ in 0..RACES {
        let kept: Option<Kept<Lineage>> = store.load(database).await?;
        let fresh = || Lineage { database: database.to_owned(), reigns: first.clone().into_iter().collect() };
        let mut lineage = kept.as_ref().map_or_else(fresh, |kept| kept.value.clone());
        if lineage.reigns.last().is_some_and(|reign| reign.resource_id == crowned.resource_id) {
            return Ok(());
        }
        // Until it is first moved elsewhere, all of a database's instances are in one region.
        let region_so_far = first.as_ref().and_then(|first| first.region.clone());
        for reign in &mut lineage.reigns {
            reign.region = reign.region.take().or_else(|| region_so_far.clone());
        }
        lineage.reigns.push(Reign {
            instance: crowned.id.clone(),
            resource_id: crowned.resource_id.clone(),
            from: Some(world.clock.now()),
            region: Some(region.to_owned()),
        });
        let landed = match kept {
            Some(kept) => store.replace(&kept, lineage).await?.is_ok(),
            None => matches!(store.create(lineage).await?, Created::New(_)),
        };
        if landed {
            return Ok(());
        }
    }
    Err(Fault::new(format!("the lineage of {database} is fought over")))
}

/// The instance that had the traffic before the first restore: the one that the proposal compared with.
fn first_reign(proposal: &Proposal, new_instance: &str) -> Option<Reign> {
    proposal.steps.iter().find_map(|step| match &step.act {
        Act::Compare(compare) if compare.instance == new_instance => Some(Reign {
            instance: compare.old_instance.clone(),
            resource_id: compare.old_resource_id.clone(),
            from: None,
            region: Some(compare.region.clone()),
        }),
        _ => None,
    })
}

/// Notes which instance stands by for a database in a region from now on.
async fn standing(world: &World, reseed: &Reseed) -> Result<(), Fault> {
    let Replication { region, new_instance, .. } = &reseed.replication;
    put(world, StandingBy { database: reseed.name.clone(), region: region.clone(), instance: new_instance.clone() }).await
}

/// Keeps the verdict on a recovery point that was restored and asked.
async fn certify(world: &World, run: &Run, proposal: &Proposal, verify: &Verify, finding: &Finding) -> Result<(), Fault> {
    let snapshot = proposal.steps.iter().find_map(|step| match &step.act {
        Act::Restore(restore) if restore.restoration.new_instance == verify.instance => match &restore.restoration.from {
            RestoreFrom::Snapshot(id) => Some(id.clone()),
            _ => None,
        },
        _ => None,
    });
    // A verdict without a question is none.
    let Some(snapshot) = snapshot.filter(|_| !verify.checks.is_empty()) else { return Ok(()) };
    let checks = checks(finding);
    let passed = checks.len() == verify.checks.len() && checks.iter().all(|check| check.passed);
    let verdict = Verification { snapshot, passed, at: world.clock.now(), run: run.id.clone(), checks };
    put(world, verdict).await
}

async fn put<T: Record>(world: &World, value: T) -> Result<(), Fault> {
    let store = Store::of(world);
    for _ in 0..RACES {
        match store.create(value.clone()).await? {
            Created::New(_) => return Ok(()),
            Created::Already(kept) => {
                if store.replace(&kept, value.clone()).await?.is_ok() {
                    return Ok(());
                }
            }
        }
    }
    Err(Fault::new("a verdict could not be kept"))
}

/// For the report: what a finding says of its checks.
#[must_use]
pub(crate) fn checks(finding: &Finding) -> Vec<CheckResult> {
    let checks = finding.detail.get("checks").cloned().unwrap_or(Value::Null);
    serde_json::from_value(checks).unwrap_or_default()
}
