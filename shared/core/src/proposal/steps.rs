//! From a runbook's steps to planned ones: pure, no choices left afterwards.

use super::{Flow, PlannedStep, Timing};
use crate::{
    action::{Act, Align, AwaitRestorable, Backup, Compare, Restore, Retire, Switch, Through, Verify},
    backup::Source,
    database::Live,
    failure::{Failure, Fault},
    ident::RunId,
    plan::Traffic,
    policy::{OWNER_TAG, STEP_TAG},
    port::{Restoration, RestoreFrom, Settings, Tags},
    runbook::{On, Runbook, Step},
};

/// All that a step's arguments are worked out from.
pub(super) struct Situation<'a> {
    /// The database as it stands.
    pub(super) live: &'a Live,
    /// The run that would carry it out.
    pub(super) run: &'a RunId,
    /// The data that is wanted back, for a restore.
    pub(super) source: Option<&'a Source>,
    /// The instance to delete, for a retirement: its name and resource id.
    pub(super) retired: Option<(&'a str, &'a str)>,
    /// The name of the snapshot that this run may take.
    pub(super) snapshot: String,
    /// The name of the instance that this run may make.
    pub(super) restored: String,
    /// What a snapshot that this run may take is tagged with beside its run.
    pub(super) tags: Tags,
    /// What is known of past durations.
    pub(super) timing: Timing,
}

/// Plans every step that the situation needs.
///
/// # Errors
/// A fault when the runbook asks for something that the situation does not have.
pub(super) fn plan(runbook: &Runbook, situation: &Situation<'_>) -> Result<Vec<PlannedStep>, Failure> {
    let mut planned = Vec::new();
    for step in &runbook.steps {
        if let Some(act) = situation.act(step)? {
            planned.push(PlannedStep {
                id: step.id.clone(),
                name: step.name.clone(),
                act,
                timeout: step.timeout,
                retries: step.retries,
                usual_seconds: situation.timing.usual(&step.id),
                flow: Flow::default(),
            });
        }
    }
    Ok(planned)
}

impl Situation<'_> {
    /// The step's action with its arguments; `None` when the situation does not need it.
    fn act(&self, step: &Step) -> Result<Option<Act>, Fault> {
        let (region, instance) = (self.live.entry.region.clone(), &self.live.instance);
        Ok(match step.action.as_str() {
            "db:await-restorable" => match self.source {
                Some(Source::Log { reign, at, wait: true }) => Some(Act::AwaitRestorable(AwaitRestorable {
                    region,
                    instance: reign.instance.clone(),
                    resource_id: reign.resource_id.clone(),
                    at: *at,
                })),
                _ => None,
            },
            "db:backup" => Some(Act::Backup(Backup {
                region,
                instance: instance.id.clone(),
                resource_id: instance.resource_id.clone(),
                snapshot: self.snapshot.clone(),
                tags: self.tags.clone(),
            })),
            "db:restore" => Some(Act::Restore(self.restore(step)?)),
            "db:align" => Some(Act::Align(Align { region, instance: self.restored.clone(), settings: self.settings() })),
            "db:compare" => Some(Act::Compare(Compare {
                region,
                instance: self.restored.clone(),
                old_instance: instance.id.clone(),
                old_resource_id: instance.resource_id.clone(),
                settings: self.settings(),
            })),
            "db:verify" => Some(Act::Verify(self.verify(step))),
            "db:switch" => Some(Act::Switch(Switch {
                before: self.live.route.clone(),
                region,
                to: self.restored.clone(),
                version: Switch::version_for(self.run.as_str(), &self.restored),
            })),
            "db:retire" => {
                let (instance, resource_id) = self.retired.ok_or_else(|| Fault::new("nothing to retire was given"))?;
                Some(Act::Retire(Retire {
                    region,
                    instance: instance.to_owned(),
                    resource_id: resource_id.to_owned(),
                    final_snapshot: self.snapshot.clone(),
                    route: self.live.route.clone(),
                }))
            }
            other => return Err(Fault::new(format!("the action {other} can't be planned"))),
        })
    }

    fn restore(&self, step: &Step) -> Result<Restore, Fault> {
        let instance = &self.live.instance;
        let (from, source_resource_id) = match self.source.ok_or_else(|| Fault::new("no source to restore from was given"))? {
            Source::Point(point) => (RestoreFrom::Snapshot(point.snapshot.id.clone()), point.snapshot.resource_id.clone()),
            Source::Log { reign, at, .. } => (RestoreFrom::Time { instance: reign.instance.clone(), at: *at }, reign.resource_id.clone()),
            Source::LogEnd { .. } => (RestoreFrom::Latest { instance: instance.id.clone() }, instance.resource_id.clone()),
        };
        let owner = Tags::from([(OWNER_TAG.to_owned(), self.run.0.clone()), (STEP_TAG.to_owned(), step.id.0.clone())]);
        let restoration = Restoration {
            region: self.live.entry.region.clone(),
            from,
            new_instance: self.restored.clone(),
            settings: self.settings(),
            owner,
        };
        Ok(Restore { restoration, source_resource_id })
    }

    fn verify(&self, step: &Step) -> Verify {
        let through = match (step.on, &self.live.entry.traffic) {
            (On::Serving | On::Restored, _) => Through::Endpoint,
            (On::Traffic, Traffic::Secret) => Through::Secret,
            (On::Traffic, Traffic::Cname { name, .. }) => Through::Cname(name.clone()),
        };
        let instance = if step.on == On::Serving { self.live.instance.id.clone() } else { self.restored.clone() };
        Verify {
            region: self.live.entry.region.clone(),
            instance,
            // The data was asked on the instance itself; what is asked through the indirection is whether it leads there.
            checks: if through == Through::Endpoint { self.live.entry.checks.clone() } else { Vec::new() },
            through,
            database: self.live.entry.database.clone(),
            secret: self.live.entry.secret.clone(),
            recovery_point: self.source.and_then(Source::recovery_point),
        }
    }

    /// The old instance's settings, without the tags by which we owned it: the new one is owned by its own run.
    fn settings(&self) -> Settings {
        let mut settings = self.live.instance.settings.clone();
        settings.tags.retain(|key, _| key != OWNER_TAG && key != STEP_TAG);
        settings
    }
}
