//! Deleting backups whose time is over: a run like any other, whose right is what retention's rules allow, asked again right
//! before each call.

use jiff::{SignedDuration, Timestamp};

use super::{
    Agenda, DATABASE_TAG, Seen, Survey, agenda,
    retention::{self, Expendable, Facts},
    survey,
};
use crate::{
    action::{Act, Prune},
    backup, database,
    failure::{Failure, Fault},
    ident::StepId,
    plan::{Plan, Span},
    policy::Verb,
    port::{Snapshot, World},
    proposal::{self, Ask, Consequences, Flow, OnFailure, Opening, PlannedStep, Proposal, Worked},
    run::{Run, StepState},
    runbook,
    store::{Kept, Store},
};

/// How many backups one run deletes: what is left is the next one's.
const AT_ONCE: usize = 10;
/// The pause between two runs that delete.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// It is not among those that people run: nobody asks for it but the schedule.
const RUNBOOK: &str = include_str!("../../../../runbooks/prune.yaml");
/// How long a deletion may take.
const TIMEOUT: Span = Span(SignedDuration::from_mins(30));

/// The backups of a database that a run would delete now. Empty too while the last one has hardly begun.
pub(super) fn due<'a>(survey: &'a Survey, seen: &'a Seen, agenda: &Agenda) -> Vec<Expendable<'a>> {
    let rests = agenda.pruned.as_ref().is_some_and(|(_, began)| survey.now.duration_since(*began) < PAUSE);
    if agenda.pruning || rests {
        return Vec::new();
    }
    retention::expendable(&facts(&survey.current.plan, seen, &survey.held, survey.now))
}

/// Begins a run that deletes the backups whose time is over, if there are any and the database is free.
///
/// # Errors
/// When a record can't be read or written; the next tick goes on.
pub async fn prune(world: &World, survey: &Survey, agenda: &Kept<Agenda>) -> Result<(), Fault> {
    let name = &agenda.value.database;
    let Some(Ok(seen)) = survey.databases.get(name) else { return Ok(()) };
    // A backup that has begun may not be at its locks yet.
    let backs_up = agenda.value.slot.as_ref().is_some_and(|slot| slot.proposal.is_some());
    let mut expendable = due(survey, seen, &agenda.value);
    if backs_up || expendable.is_empty() || agenda::under_way(world, name).await?.is_some() {
        return Ok(());
    }
    // A release before this one does not note that a deletion is under way.
    let store = Store::of(world);
    if let Some((last, _)) = &agenda.value.pruned {
        let run: Option<Kept<Run>> = store.load(last.run().as_str()).await?;
        if run.is_some_and(|run| !run.value.state.is_final()) {
            return Ok(());
        }
    }
    if expendable.len() > AT_ONCE {
        // Not the oldest each time: some that can't be deleted must not keep all others.
        let first = backup::first(survey.now, expendable.len());
        expendable.rotate_left(first);
    }
    let proposal = propose(world, survey, seen, &expendable).await?;
    let next = Agenda { pruned: Some((proposal.id.clone(), survey.now)), pruning: true, ..agenda.value.clone() };
    match store.replace(agenda, next).await? {
        Ok(_) => agenda::begin(world, &proposal).await,
        // Another tick has begun one.
        Err(_) => Ok(()),
    }
}

fn facts<'a>(plan: &'a Plan, seen: &'a Seen, held: &'a std::collections::BTreeSet<String>, now: Timestamp) -> Facts<'a> {
    let live = &seen.live;
    Facts {
        database: &live.name,
        region: &live.entry.region,
        schedules: plan.databases.get(&live.name).map(|database| database.backups.as_slice()).unwrap_or_default(),
        serving: (!live.gone).then_some(live.instance.resource_id.as_str()),
        points: &seen.points,
        held,
        now,
    }
}

async fn propose(world: &World, survey: &Survey, seen: &Seen, expendable: &[Expendable<'_>]) -> Result<Proposal, Fault> {
    let steps: Vec<PlannedStep> = expendable.iter().take(AT_ONCE).enumerate().map(|(index, backup)| step(seen, index, backup)).collect();
    let title = match steps.len() {
        1 => format!("Delete a backup of {} whose time is over", seen.live.name),
        several => format!("Delete {several} backups of {} whose time is over", seen.live.name),
    };
    let consequences = Consequences { undo: "Not undoable.".to_owned(), ..Consequences::default() };
    let ask = Ask {
        verb: Verb::Retire,
        runbook: runbook::load(RUNBOOK)?,
        title,
        target: agenda::target(seen),
        locks: Vec::new(),
        requester: agenda::schedule_actor(),
        reason: None,
    };
    let worked = Worked { steps, consequences, quorum: None, phrase: None };
    proposal::propose(world, &survey.current, Opening::now(world), ask, worked).await.map_err(Failure::into_fault)
}

fn step(seen: &Seen, index: usize, backup: &Expendable<'_>) -> PlannedStep {
    let snapshot = &backup.point.snapshot;
    PlannedStep {
        id: StepId(format!("delete-{}", index + 1)),
        name: format!("Delete {}", snapshot.id),
        act: Act::Prune(Prune {
            region: snapshot.region.clone(),
            database: seen.live.name.clone(),
            snapshot: snapshot.id.clone(),
            resource_id: snapshot.resource_id.clone(),
            class: backup.class,
            taken_at: backup.point.taken_at().unwrap_or_default(),
        }),
        timeout: TIMEOUT,
        retries: 3,
        usual_seconds: None,
        flow: Flow { on_failure: Some(OnFailure::Continue), ..Flow::default() },
    }
}

/// Whether a proposal does nothing but delete backups whose time is over.
#[must_use]
pub(crate) fn is_pruning(proposal: &Proposal) -> bool {
    !proposal.steps.is_empty() && proposal.steps.iter().all(|step| matches!(step.act, Act::Prune(_)))
}

/// Whether the deletion of a snapshot may be on its way.
///
/// Whoever deletes writes that down first and then looks for who restores from it ([`is_meant`]); whoever restores does it the
/// other way round. So one of them gives way, however late a request arrives.
///
/// # Errors
/// When our records can't be read.
pub(crate) async fn is_deleting(world: &World, snapshot: &Snapshot) -> Result<bool, Fault> {
    // Only what bears the name of its database is ever deleted.
    let Some(database) = snapshot.tags.get(DATABASE_TAG) else { return Ok(false) };
    let store = Store::of(world);
    let agenda: Option<Kept<Agenda>> = store.load(database).await?;
    let Some((id, _)) = agenda.and_then(|agenda| agenda.value.pruned) else { return Ok(false) };
    let run: Option<Kept<Run>> = store.load(id.run().as_str()).await?;
    let Some(run) = run.filter(|run| !run.value.state.is_final()) else { return Ok(false) };
    let Some(proposal): Option<Kept<Proposal>> = store.load(id.as_str()).await? else { return Ok(false) };
    let on_its_way = |id: &StepId| {
        let sent = |state: &StepState| matches!(state, StepState::Intended { .. } | StepState::Called { .. });
        run.value.steps.iter().any(|step| step.id == *id && sent(&step.state))
    };
    let of_it = |act: &Act| matches!(act, Act::Prune(prune) if prune.snapshot == snapshot.id);
    Ok(proposal.value.steps.iter().any(|step| of_it(&step.act) && on_its_way(&step.id)))
}

/// Whether somebody holds a snapshot, or a proposal or a run restores from it.
///
/// # Errors
/// When our records can't be read.
pub(crate) async fn is_meant(world: &World, snapshot: &str) -> Result<bool, Fault> {
    Ok(survey::held(world).await?.contains(snapshot))
}

/// Whether retention's rules allow to delete a backup, with everything read anew. `Some`: why not, in words.
///
/// # Errors
/// A fault when it can't be told.
pub(crate) async fn allowed(world: &World, plan: &Plan, prune: &Prune) -> Result<Option<String>, Failure> {
    let live = database::look(world, plan, &prune.database).await?;
    let lineage = database::lineage(world, &live).await?;
    let points = backup::points(world, &live, &lineage).await?;
    let held = survey::held(world).await?;
    let seen = Seen { live, lineage, points };
    let expendable = retention::expendable(&facts(plan, &seen, &held, world.clock.now()));
    let same = |backup: &Expendable<'_>| {
        let snapshot = &backup.point.snapshot;
        (snapshot.id.as_str(), snapshot.region.as_str(), snapshot.resource_id.as_str(), snapshot.taken_at)
            == (prune.snapshot.as_str(), prune.region.as_str(), prune.resource_id.as_str(), Some(prune.taken_at))
    };
    let gone = !seen.points.iter().any(|point| point.id() == prune.snapshot);
    Ok((!gone && !expendable.iter().any(same)).then(|| format!("{} is not among the backups that may go now", prune.snapshot)))
}
