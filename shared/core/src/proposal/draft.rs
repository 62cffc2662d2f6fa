use jiff::{SignedDuration, Timestamp};

use super::{Ask, Consequences, Opening, Proposal, Target, TargetKind, Worked, estimate, propose, steps};
use crate::{
    backup::{self, Choices, Source, Wanted},
    database::{self, Live, Reign},
    failure::{Failure, Refusal},
    ident::{Actor, ProposalId, RunId, StepId},
    plan::{BackupClass, Current},
    policy::Verb,
    port::World,
    runbook,
    when::utc,
};

/// Who asks for what, whichever door it came through.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Who.
    pub requester: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
    /// On which database.
    pub database: String,
}

/// The longest name that RDS takes, less what we add to one.
const STEM: usize = 63 - "-r-0123456789".len();

/// Works out a snapshot taken now.
///
/// # Errors
/// A refusal when the database can't be backed up.
pub async fn backup(world: &World, current: &Current, asked: &Asked, class: Option<BackupClass>) -> Result<Proposal, Failure> {
    let live = database::look(world, &current.plan, &asked.database).await?;
    if live.gone {
        return Err(Refusal::new(format!("The instance {} is gone: there is nothing left to back up.", live.instance.id)).into());
    }
    let draft = Draft { class, ..Draft::begin(world, current, asked, live) };
    let title = match class {
        None => format!("Back up {}", asked.database),
        Some(class) => format!("Back up {} ({class})", asked.database),
    };
    let kept = class.and_then(|class| draft.live.entry.keep(class));
    let until = kept.map_or_else(|| "until the snapshot is deleted".to_owned(), |keep| format!("for {keep}, as the plan keeps it"));
    let consequences = Consequences {
        undo: "Nothing is changed; the snapshot can be deleted.".to_owned(),
        cost: Some(format!("storage of up to {} GiB, {until}", draft.live.instance.settings.allocated_storage)),
        ..Consequences::default()
    };
    draft.finish(Verb::Backup, title, None, None, consequences).await
}

/// Works out a restore to a new instance and the switch of traffic to it.
///
/// # Errors
/// A refusal when there is nothing to restore from.
pub async fn restore(world: &World, current: &Current, asked: &Asked, wanted: &Wanted) -> Result<Proposal, Failure> {
    let live = database::look(world, &current.plan, &asked.database).await?;
    let lineage = database::lineage(world, &live).await?;
    let points = backup::points(world, &live, &lineage).await?;
    let draft = Draft::begin(world, current, asked, live);
    let past = match wanted {
        Wanted::At(at) => match lineage.at(*at) {
            Some(reign) if !reign.is_in(&draft.live.entry.region) => return Err(elsewhere(&asked.database, *at, reign).into()),
            Some(reign) => world.databases.instance(&draft.live.entry.region, &reign.instance).await?,
            None => None,
        },
        _ => None,
    };
    let choices = Choices { live: &draft.live, lineage: &lineage, past: past.as_ref(), points: &points };
    let source = backup::choose(wanted, choices, draft.opening.now)?;
    let point = source.recovery_point();
    let title = format!("Restore {} to {}", asked.database, point.map_or_else(|| "its latest moment".to_owned(), utc));
    let consequences = draft.restore_consequences(&source);
    draft.finish(Verb::Restore, title, Some(&source), None, consequences).await
}

/// Works out the deletion of an instance that a restore replaced.
///
/// # Errors
/// A refusal when that instance serves, never did, or is gone.
pub async fn retire(world: &World, current: &Current, asked: &Asked, instance: &str) -> Result<Proposal, Failure> {
    let live = database::look(world, &current.plan, &asked.database).await?;
    if live.instance.id == instance {
        return Err(Refusal::new(format!("{instance} carries the traffic of {} and can't be retired.", asked.database)).into());
    }
    let lineage = database::lineage(world, &live).await?;
    let Some(reign) = lineage.reigns.iter().find(|reign| reign.instance == instance) else {
        return Err(
            Refusal::new(format!("{instance} never carried the traffic of {}, so it is not ours to delete.", asked.database)).into()
        );
    };
    let there = world.databases.instance(&live.entry.region, instance).await?;
    if there.is_none_or(|there| there.resource_id != reign.resource_id) {
        return Err(Refusal::new(format!("{instance} is gone already: there is nothing left to retire.")).into());
    }
    let draft = Draft::begin(world, current, asked, live);
    let consequences = Consequences {
        undo: "Not undoable, but the final snapshot can be restored; moments between its snapshots can't be any more.".to_owned(),
        point_of_no_return: Some(StepId("retire".to_owned())),
        warnings: vec![format!("The log and the automated backups of {instance} go with it.")],
        ..Consequences::default()
    };
    let title = format!("Retire {instance}, replaced in {}", asked.database);
    draft.finish(Verb::Retire, title, None, Some((&reign.instance, &reign.resource_id)), consequences).await
}

/// The log of that moment is in another region, where nothing can be restored to from here.
fn elsewhere(database: &str, at: Timestamp, reign: &Reign) -> Refusal {
    let region = reign.region.as_deref().unwrap_or("another region");
    Refusal::new(format!("At {} {database} was served by {} in {region}, and its log is there.", utc(at), reign.instance))
        .instead("Name a moment since it was failed over, or fail back first.")
}

struct Draft<'a> {
    world: &'a World,
    current: &'a Current,
    asked: &'a Asked,
    live: Live,
    opening: Opening,
    /// What a backup is for, by which retention deletes it in time; absent: it stays.
    class: Option<BackupClass>,
}

impl<'a> Draft<'a> {
    fn begin(world: &'a World, current: &'a Current, asked: &'a Asked, live: Live) -> Self {
        Self { world, current, asked, live, opening: Opening::now(world), class: None }
    }

    fn restore_consequences(&self, source: &Source) -> Consequences {
        let point = source.recovery_point();
        let mut warnings =
            vec!["Applications that hold connections to the old instance keep writing there until they reconnect.".to_owned()];
        match source {
            Source::Log { wait: true, .. } => {
                warnings.insert(0, "The log does not reach that moment yet: the run waits for it first.".to_owned())
            }
            Source::Point(point) if !point.is_verified() => {
                warnings
                    .insert(0, format!("{} was never restored and checked before; its data is checked before traffic moves.", point.id()));
            }
            _ => {}
        }
        warnings.extend(self.older_version(source));
        let cost = self.live.entry.hourly_cost.as_ref().map_or_else(
            || format!("a second {} beside the old one, until that is retired", self.live.instance.settings.instance_class),
            |hourly| format!("{hourly} USD an hour for a second instance, until the old one is retired"),
        );
        Consequences {
            recovery_point: point,
            source: Some(source_in_words(source)),
            lost_seconds: point.map(|point| seconds(backup::loss(point, self.opening.now))),
            rto_seconds: seconds(self.live.entry.objectives.rto.0),
            cost: Some(cost),
            undo: format!("Until traffic moves, nothing has changed. Afterwards {} is still there, as it was.", self.live.instance.id),
            point_of_no_return: Some(StepId("switch".to_owned())),
            warnings,
            ..Consequences::default()
        }
    }

    /// A snapshot of an older version gives an instance of that version: people decide about it before traffic moves.
    fn older_version(&self, source: &Source) -> Option<String> {
        let Source::Point(point) = source else { return None };
        let (taken, serving) = (&point.snapshot.engine_version, &self.live.instance.settings.engine_version);
        (taken != serving).then(|| {
            format!(
                "{} was taken with version {taken} and {} has {serving}: the run will stop there and ask.",
                point.id(),
                self.live.instance.id
            )
        })
    }

    async fn finish(
        self,
        verb: Verb,
        title: String,
        source: Option<&Source>,
        retired: Option<(&str, &str)>,
        consequences: Consequences,
    ) -> Result<Proposal, Failure> {
        let Self { world, current, asked, live, opening, class } = self;
        let runbook = runbook::of(world, &current.plan, &verb.to_string()).await?;
        let timing = estimate::known(world, &runbook.runbook.name, &asked.database).await?;
        let run: RunId = opening.run();
        let id = &opening.id;
        let situation = steps::Situation {
            live: &live,
            run: &run,
            source,
            retired,
            snapshot: format!("mayday-{}-{}-{}", asked.database, opening.now.strftime("%Y%m%d-%H%M%S"), id.short()),
            restored: restored_name(&live.instance.id, id),
            tags: backup::tags(&asked.database, class),
            timing,
        };
        let steps = steps::plan(&runbook.runbook, &situation)?;
        let destroys = steps.iter().any(|step| step.act.action().class().destroys());
        let quorum = destroys.then(|| current.plan.approvals.destructive.clone());
        let target = Target {
            kind: TargetKind::Database,
            name: asked.database.clone(),
            environment: live.entry.environment.clone(),
            region: live.entry.region.clone(),
        };
        let phrase = retired.map(|(instance, _)| format!("retire {instance} {}", target.region));
        let (requester, reason) = (asked.requester.clone(), asked.reason.clone());
        let ask = Ask { verb, runbook, title, target, locks: Vec::new(), requester, reason };
        propose(world, current, opening, ask, Worked { steps, consequences, quorum, phrase }).await
    }
}

/// A name for the restored instance: the old one's stem, and the run's own ten characters.
pub(super) fn restored_name(old: &str, id: &ProposalId) -> String {
    let stem = old.split("-r-").next().unwrap_or(old);
    let stem: String = stem.chars().take(STEM).collect();
    format!("{}-r-{}", stem.trim_end_matches('-'), id.short())
}

pub(super) fn source_in_words(source: &Source) -> String {
    match source {
        Source::Point(point) => format!("snapshot {}, {}", point.id(), if point.is_verified() { "verified" } else { "never verified" }),
        // Up to when it is read, the card says beside it.
        Source::Log { reign, .. } => format!("the log of {}", reign.instance),
        Source::LogEnd { seen } => format!("the log up to its end, as it was seen at {}", utc(*seen)),
    }
}

fn seconds(span: SignedDuration) -> u64 {
    u64::try_from(span.as_secs()).unwrap_or(0)
}
