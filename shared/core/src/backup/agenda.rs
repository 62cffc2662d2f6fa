//! Scheduled backups of a database: what is dealt with, what is under way, what came of it. One record, and whoever writes it
//! first does what it says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CLASS_TAG, DATABASE_TAG, Pace, Seen, Survey, pace, prune, schedule};
use crate::{
    action::{Act, Backup},
    audit, database,
    failure::{Failure, Fault},
    ident::{Actor, ProposalId, StepId},
    plan::{BackupClass, Current, Span},
    policy::Verb,
    port::{Phase, Tags, World},
    proposal::{self, Ask, Consequences, Flow, OnFailure, Opening, PlannedStep, Proposal, Target, TargetKind, Worked},
    run::{self, Lock, Run, State, StepState},
    runbook,
    store::{Created, Kept, Record, Store},
};

/// How often a scheduled backup is tried.
const TRIES: u32 = 3;
/// The pause after a failed try, times the tries.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// The pause after a try that came to nothing: somebody else was at the database.
const SHORT_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// After this long whoever wrote that it begins a run has begun it or is dead: longer than a tick may take.
const BEGUN: SignedDuration = SignedDuration::from_mins(2);
/// The vendor's code when an account has as many manual snapshots as it may.
const QUOTA: &str = "SnapshotQuotaExceeded";
/// How many past backups are remembered.
const REMEMBERED: usize = 30;
/// How long taking a snapshot may take.
const TIMEOUT: Span = Span(SignedDuration::from_hours(2));

/// A database's scheduled backups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// The database.
    pub database: String,
    /// Up to when each schedule is dealt with, by [`schedule::key`].
    pub dealt_with: BTreeMap<String, Timestamp>,
    /// The backup that is due or under way.
    pub slot: Option<Slot>,
    /// What came of earlier ones, oldest first.
    pub past: Vec<Past>,
    /// The last run that deleted backups whose time was over, and when it began.
    pub pruned: Option<(ProposalId, Timestamp)>,
    /// Whether that one is not over yet, as far as anybody has looked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pruning: bool,
    /// What its instance looked like when that was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

impl Record for Agenda {
    const PARTITION: &'static str = "agenda";

    fn id(&self) -> String {
        self.database.clone()
    }
}

/// A backup that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// What and since when.
    pub due: schedule::Due,
    /// The proposal whose run takes it, once there is one.
    pub proposal: Option<ProposalId>,
    /// How many tries have failed.
    pub tries: u32,
    /// Not before this is it tried, or looked whether the one who tried has died.
    pub not_before: Timestamp,
    /// What it waits for, in words.
    pub waits_for: Option<String>,
    /// Why the last try failed, in words.
    pub failed: Option<String>,
}

/// What came of a scheduled backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// What it was.
    pub due: schedule::Due,
    /// When it was over.
    pub at: Timestamp,
    /// How it went.
    pub outcome: Outcome,
}

/// How a scheduled backup went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is a snapshot.
    Taken(String),
    /// There is none, and it is not tried again; why, in words.
    Failed(String),
}

impl Agenda {
    fn over(&mut self, slot: Slot, at: Timestamp, outcome: Outcome) {
        self.past.push(Past { due: slot.due, at, outcome });
        let beyond = self.past.len().saturating_sub(REMEMBERED);
        self.past.drain(..beyond);
        self.slot = None;
    }
}

/// Sees to a database's scheduled backups: what has ended is noted, and what is due is begun. Gives the agenda as it is then.
///
/// # Errors
/// When a record can't be read or written; the next tick goes on.
pub async fn keep_to(
    world: &World,
    survey: &Survey,
    name: &str,
    known: Option<Kept<Agenda>>,
    pace: &mut Pace,
) -> Result<Kept<Agenda>, Fault> {
    let store = Store::of(world);
    let fresh = Agenda { database: name.to_owned(), ..Agenda::default() };
    let kept: Kept<Agenda> = match known {
        Some(kept) => kept,
        None => match store.create(fresh).await? {
            Created::New(kept) | Created::Already(kept) => kept,
        },
    };
    let mut next = kept.value.clone();
    if let Some(Ok(seen)) = survey.databases.get(name) {
        next.seen = database::remember(world, &seen.live, kept.value.seen.as_deref()).await?;
    }
    settle(world, &mut next, survey.now, pace).await?;
    settle_pruning(world, &mut next, survey.now, pace).await?;
    plan_ahead(survey, name, &mut next)?;
    let begun = prepare(world, survey, &mut next, pace).await?;
    if next == kept.value {
        return Ok(kept);
    }
    // Only whoever has written that it begins begins it.
    let Ok(written) = store.replace(&kept, next).await? else { return Ok(kept) };
    if let Some(begun) = begun {
        begin(world, &begun).await?;
    }
    Ok(written)
}

/// Notes whether the deletion under way is over.
async fn settle_pruning(world: &World, agenda: &mut Agenda, now: Timestamp, pace: &mut Pace) -> Result<(), Fault> {
    if let Some((proposal, began)) = agenda.pruned.as_ref().filter(|_| agenda.pruning) {
        agenda.pruning = match followed(world, proposal, now, pace).await? {
            Some(run) => !run.state.is_final(),
            None => now.duration_since(*began) < BEGUN,
        };
    }
    Ok(())
}

/// The run that the calendar has begun for a proposal. One that nobody drives any more is driven on: of a fleet's night there are so many that
/// the sweep, which looks at the newest, does not see it.
async fn followed(world: &World, proposal: &ProposalId, now: Timestamp, pace: &mut Pace) -> Result<Option<Run>, Fault> {
    let Some(kept): Option<Kept<Run>> = Store::of(world).load(proposal.run().as_str()).await? else { return Ok(None) };
    let run = kept.value.clone();
    if pace.resumes
        && run.is_abandoned(now)
        && let Err(fault) = run::resume(world, kept).await
    {
        tracing::error!(run = run.id.as_str(), fault = fault.chain(), "a run of the calendar that nobody drives was not driven on");
        pace.resumes = false;
    }
    Ok(Some(run))
}

/// Notes what has come of the backup under way.
async fn settle(world: &World, agenda: &mut Agenda, now: Timestamp, pace: &mut Pace) -> Result<(), Fault> {
    let Some(slot) = agenda.slot.clone() else { return Ok(()) };
    let Some(proposal) = &slot.proposal else { return Ok(()) };
    let Some(run) = followed(world, proposal, now, pace).await? else {
        // Whoever began it died before there was a run.
        if now >= slot.not_before {
            agenda.slot = Some(Slot { proposal: None, ..slot });
        }
        return Ok(());
    };
    if !run.state.is_final() {
        return Ok(());
    }
    let pause = |span: SignedDuration| now.saturating_add(span).unwrap_or(Timestamp::MAX);
    let taken = run.steps.iter().any(|step| matches!(step.state, StepState::Done(_)));
    if taken {
        let snapshot = schedule::snapshot_name(&agenda.database, &slot.due, slot.tries);
        agenda.over(slot, now, Outcome::Taken(snapshot));
    } else if reason(&run).contains(QUOTA) {
        // It would be the same for every database and each of its tries: they wait until there is room, and people are told.
        let why = reason(&run);
        agenda.slot = Some(Slot { proposal: None, not_before: pause(PAUSE), waits_for: Some(why.clone()), failed: Some(why), ..slot });
    } else if run.is_untouched() {
        agenda.slot = Some(Slot { proposal: None, not_before: pause(SHORT_PAUSE), waits_for: Some(reason(&run)), ..slot });
    } else {
        let (tries, why) = (slot.tries + 1, reason(&run));
        let slot =
            Slot { proposal: None, tries, not_before: pause(PAUSE * i32::try_from(tries).unwrap_or(1)), failed: Some(why.clone()), ..slot };
        match tries < TRIES {
            true => agenda.slot = Some(slot),
            false => agenda.over(slot, now, Outcome::Failed(why)),
        }
    }
    Ok(())
}

fn reason(run: &Run) -> String {
    let step = run.steps.iter().find_map(|step| match &step.state {
        StepState::Failed(finding) => Some(finding.summary.clone()),
        _ => None,
    });
    match &run.state {
        State::Failed { why } => step.unwrap_or_else(|| why.clone()),
        State::Stopped { .. } => "somebody stopped it".to_owned(),
        _ => step.unwrap_or_else(|| "it ended without a snapshot".to_owned()),
    }
}

/// Puts what is due on the agenda. What waits and has not begun is taken along: one backup serves for all.
fn plan_ahead(survey: &Survey, name: &str, agenda: &mut Agenda) -> Result<(), Fault> {
    let Some(entry) = survey.current.plan.databases.get(name) else { return Ok(()) };
    let zone = &survey.current.plan.timezone;
    let what = |error| Fault::new(format!("the schedules of {name} can't be read: {error}"));
    let (due, dealt_with) = schedule::due(&entry.backups, zone, &agenda.dealt_with, survey.now).map_err(what)?;
    match (&agenda.slot, due) {
        // One at a time: what becomes due meanwhile is due when this one is over.
        (Some(slot), Some(_)) if slot.proposal.is_some() => return Ok(()),
        (Some(slot), Some(mut due)) => {
            due.serves.extend(slot.due.serves.iter().copied());
            due.serves.sort();
            due.serves.dedup();
            if entry.keep(slot.due.class) > entry.keep(due.class) {
                due.class = slot.due.class;
            }
            agenda.slot = Some(Slot { due, ..slot.clone() });
        }
        (None, Some(due)) => {
            let begins = due.at.saturating_add(pace::offset(name, entry.spread(due.class))).unwrap_or(survey.now);
            let not_before = begins.max(survey.now);
            agenda.slot = Some(Slot { due, proposal: None, tries: 0, not_before, waits_for: None, failed: None });
        }
        (Some(slot), None) => {
            // Its schedule is gone from the plan: nobody wants it any more.
            let wanted = |class: &BackupClass| entry.backups.iter().any(|schedule| schedule.class == *class);
            if slot.proposal.is_none() && !slot.due.serves.iter().any(wanted) {
                agenda.slot = None;
            }
        }
        (None, None) => {}
    }
    agenda.dealt_with = dealt_with;
    Ok(())
}

/// Works out the proposal of what is due now, if nothing stands in the way, and notes it on the agenda.
async fn prepare(world: &World, survey: &Survey, agenda: &mut Agenda, pace: &mut Pace) -> Result<Option<Proposal>, Fault> {
    let Some(slot) = agenda.slot.clone().filter(|slot| slot.proposal.is_none() && survey.now >= slot.not_before) else { return Ok(None) };
    // Nobody knows how it stands: the next tick looks again, and an alert says so.
    let Some(Ok(seen)) = survey.databases.get(&agenda.database) else { return Ok(None) };
    if let Some(obstacle) = survey.is_full(&seen.live.entry.region) {
        agenda.slot = Some(Slot { waits_for: Some(obstacle), ..slot });
        return Ok(None);
    }
    if let Some(obstacle) = obstacle(world, seen, agenda).await? {
        agenda.slot = Some(Slot { waits_for: Some(obstacle), ..slot });
        return Ok(None);
    }
    // Where one backup follows the other without a gap, a deletion takes its turn between two of them.
    let is_just_over = agenda.past.last().is_some_and(|past| past.at == survey.now);
    if is_just_over && !prune::due(survey, seen, agenda).is_empty() {
        agenda.slot = Some(Slot { waits_for: Some("backups whose time is over are deleted first".to_owned()), ..slot });
        return Ok(None);
    }
    // The others come in the next ticks.
    if !pace.allows() {
        return Ok(None);
    }
    let proposal = propose(world, &survey.current, seen, &slot).await?;
    let not_before = survey.now.saturating_add(BEGUN).unwrap_or(Timestamp::MAX);
    agenda.slot = Some(Slot { proposal: Some(proposal.id.clone()), not_before, waits_for: None, ..slot });
    Ok(Some(proposal))
}

/// What a backup has to wait for.
async fn obstacle(world: &World, seen: &Seen, agenda: &Agenda) -> Result<Option<String>, Fault> {
    let live = &seen.live;
    if live.gone {
        return Ok(Some(format!("the instance {} is gone", live.instance.id)));
    }
    if live.instance.status != Phase::Available {
        return Ok(Some(format!("{} is {}", live.instance.id, live.instance.status)));
    }
    if agenda.pruning {
        return Ok(Some("backups whose time is over are being deleted".to_owned()));
    }
    Ok(under_way(world, &live.name).await?.map(|run| format!("{} ({}) is under way", run.id, run.title)))
}

/// The run that does something to a database or its backups now. The calendar waits for either: what is done to the instance
/// could be kept up by one that the vendor calls `backing-up`.
pub(super) async fn under_way(world: &World, name: &str) -> Result<Option<Run>, Fault> {
    let store = Store::of(world);
    for lock in [proposal::database_lock(name), proposal::backup_lock(name)] {
        let lock: Option<Kept<Lock>> = store.load(&lock).await?;
        let Some(holder) = lock.and_then(|lock| lock.value.run) else { continue };
        let run: Option<Kept<Run>> = store.load(holder.as_str()).await?;
        if let Some(run) = run.filter(|run| !run.value.state.is_final()) {
            return Ok(Some(run.value));
        }
    }
    Ok(None)
}

async fn propose(world: &World, current: &Current, seen: &Seen, slot: &Slot) -> Result<Proposal, Fault> {
    let live = &seen.live;
    let due = &slot.due;
    let act = Act::Backup(Backup {
        region: live.entry.region.clone(),
        instance: live.instance.id.clone(),
        resource_id: live.instance.resource_id.clone(),
        snapshot: schedule::snapshot_name(&live.name, due, slot.tries),
        tags: tags(&live.name, Some(due.class)),
    });
    let step = PlannedStep {
        id: StepId("snapshot".to_owned()),
        name: "Take a snapshot".to_owned(),
        act,
        timeout: TIMEOUT,
        retries: 3,
        usual_seconds: None,
        // Nobody is asked at night: the run ends, the database is free, and it is tried again.
        flow: Flow { on_failure: Some(OnFailure::Continue), ..Flow::default() },
    };
    let consequences = Consequences { undo: "Nothing is changed; the snapshot can be deleted.".to_owned(), ..Consequences::default() };
    let ask = Ask {
        verb: Verb::Backup,
        runbook: runbook::built_in("backup")?,
        title: format!("Back up {} ({}, due {})", live.name, due.class, due.at.strftime("%Y-%m-%d %H:%M UTC")),
        target: target(seen),
        locks: Vec::new(),
        requester: schedule_actor(),
        reason: None,
    };
    let worked = Worked { steps: vec![step], consequences, quorum: None, phrase: None };
    proposal::propose(world, current, Opening::now(world), ask, worked).await.map_err(Failure::into_fault)
}

/// The tags of a snapshot of a database, beside those of the run that takes it.
#[must_use]
pub(crate) fn tags(database: &str, class: Option<BackupClass>) -> Tags {
    let database = (DATABASE_TAG.to_owned(), database.to_owned());
    let class = class.map(|class| (CLASS_TAG.to_owned(), class.to_string()));
    [database].into_iter().chain(class).collect()
}

/// Who asks for what is done by the calendar.
pub(super) fn schedule_actor() -> Actor {
    Actor::System(proposal::ROUTINE.to_owned())
}

pub(super) fn target(seen: &Seen) -> Target {
    Target {
        kind: TargetKind::Database,
        name: seen.live.name.clone(),
        environment: seen.live.entry.environment.clone(),
        region: seen.live.entry.region.clone(),
    }
}

/// Records a proposal that nobody must approve, and has it run. Twice is once.
pub(super) async fn begin(world: &World, proposal: &Proposal) -> Result<(), Fault> {
    let event = audit::Event {
        at: world.clock.now(),
        actor: proposal.requester.clone(),
        what: "proposal.made".to_owned(),
        about: proposal.id.0.clone(),
        digest: Some(proposal.digest()?),
        detail: json!({"proposal": proposal.id, "title": proposal.title, "reason": proposal.reason, "target": proposal.target}),
    };
    audit::append(world, event).await?;
    let _: Created<Proposal> = Store::of(world).create(proposal.clone()).await?;
    run::begin(world, proposal, world.clock.now()).await.map(drop)
}
