//! From a runbook and what was found to planned steps: pure, no choices left afterwards.

use std::collections::BTreeMap;

use super::{Direction, Pair, Survey, judge::lag};
use crate::{
    action::{
        Act, AwaitStandby, CheckFence, CheckStandby, Freeze, Node, Promote, Reseed, Switch, Thaw, Turn, UpdateDns, WatchSite, WriteProbe,
    },
    failure::{Failure, Fault},
    ident::{RunId, StepId},
    plan::Probe,
    policy::{OWNER_TAG, STEP_TAG},
    port::{RecordChange, RecordSet, ReplicaSource, Replication, Settings, SwitchPlace, Turned},
    proposal::{Flow, Opening, PlannedStep},
    runbook::{Loaded, Step},
};

/// The longest name that RDS takes, less what we add to one.
const STEM: usize = 63 - "-r-0123456789".len();
/// For how many days a promoted standby keeps backups where its source kept none.
const AT_LEAST_DAYS: i32 = 1;

/// Plans every step of the runbook, once for each database or zone that it is about.
///
/// # Errors
/// A fault when the runbook asks for something that a failover does not have.
pub(super) fn plan(runbook: &Loaded, found: &Survey, opening: &Opening) -> Result<Vec<PlannedStep>, Failure> {
    let run = opening.run();
    let context = Context { found, run: &run, short: opening.id.short().to_owned() };
    let mut planned = Vec::new();
    for step in &runbook.runbook.steps {
        let acts = context.acts(step)?;
        let several = acts.len() > 1;
        for (about, act) in acts {
            let (id, name) = match (several, about) {
                (true, Some(about)) => (StepId(format!("{}-{}", step.id, about.replace('.', "-"))), format!("{}: {about}", step.name)),
                _ => (step.id.clone(), step.name.clone()),
            };
            planned.push(PlannedStep {
                id,
                name,
                act,
                timeout: step.timeout,
                retries: step.retries,
                usual_seconds: None,
                flow: Flow::default(),
            });
        }
    }
    Ok(planned)
}

struct Context<'a> {
    found: &'a Survey,
    run: &'a RunId,
    short: String,
}

impl Context<'_> {
    /// A step's actions, each with what it is about.
    fn acts(&self, step: &Step) -> Result<Vec<(Option<String>, Act)>, Fault> {
        let each = |act: &dyn Fn(&Pair) -> Act| -> Vec<(Option<String>, Act)> {
            self.found.pairs.iter().map(|pair| (Some(pair.name.clone()), act(pair))).collect()
        };
        Ok(match step.action.as_str() {
            "db:reseed" => each(&|pair| Act::Reseed(self.reseed(pair))),
            "db:check-standby" => each(&|pair| Act::CheckStandby(self.check_standby(pair))),
            "db:freeze" => each(&|pair| {
                let answers = pair.primary.silent.is_none();
                Act::Freeze(Freeze { primary: self.old(pair), answers, run: self.run.0.clone() })
            }),
            "db:await-standby" => each(&|pair| {
                let mark = pair.primary.silent.is_none().then(|| self.run.0.clone());
                Act::AwaitStandby(AwaitStandby { standby: self.successor(pair), source: pair.primary.instance.id.clone(), mark })
            }),
            "db:promote" => each(&|pair| Act::Promote(self.promote(pair))),
            "db:thaw" => each(&|pair| Act::Thaw(Thaw { node: self.successor(pair) })),
            "db:switch" => each(&|pair| Act::Switch(self.switch(pair))),
            "db:check-fence" => each(&|pair| {
                let answers = pair.primary.silent.is_none();
                let successor = answers.then(|| self.successor(pair));
                Act::CheckFence(CheckFence { primary: self.old(pair), answers, successor })
            }),
            "db:write-probe" => each(&|pair| Act::WriteProbe(WriteProbe { node: self.successor(pair), run: self.run.0.clone() })),
            "dns:update" => match &self.found.switch {
                Some((place, says)) => self.turn(place, says).into_iter().map(|turn| (None, Act::Turn(turn))).collect(),
                None => self.zones().into_iter().map(|update| (Some(update.zone.clone()), Act::UpdateDns(update))).collect(),
            },
            "site:watch" => vec![(None, Act::WatchSite(self.watch()))],
            other => return Err(Fault::new(format!("the action {other} has no place in a failover"))),
        })
    }

    /// What serves now.
    fn old(&self, pair: &Pair) -> Node {
        let entry = &pair.primary.entry;
        Node {
            name: pair.name.clone(),
            region: entry.region.clone(),
            instance: pair.primary.instance.id.clone(),
            resource_id: Some(pair.primary.instance.resource_id.clone()),
            database: entry.database.clone(),
            secret: entry.secret.clone(),
        }
    }

    /// What is to serve.
    fn successor(&self, pair: &Pair) -> Node {
        let (name, database) = (pair.name.clone(), pair.primary.entry.database.clone());
        match &pair.standby {
            Some(standby) => Node {
                name,
                region: standby.region.clone(),
                instance: standby.id.clone(),
                resource_id: standby.instance.as_ref().map(|instance| instance.resource_id.clone()),
                database,
                secret: standby.secret.clone(),
            },
            None => Node {
                name,
                region: pair.home.entry.region.clone(),
                instance: self.fresh_name(pair),
                resource_id: None,
                database,
                secret: pair.home.entry.secret.clone(),
            },
        }
    }

    fn source(&self, pair: &Pair) -> ReplicaSource {
        ReplicaSource { region: pair.primary.entry.region.clone(), instance: pair.primary.instance.id.clone() }
    }

    /// The name of the standby that this run makes: the old one's stem, and the run's own ten characters.
    fn fresh_name(&self, pair: &Pair) -> String {
        let old = &pair.home.instance.id;
        let stem = old.split("-r-").next().unwrap_or(old);
        let stem: String = stem.chars().take(STEM).collect();
        // As a restore names what it makes: the bot may tag no other new instance.
        format!("{}-r-{}", stem.trim_end_matches('-'), self.short)
    }

    /// Set up as the instance at home was: groups and keys are those of its region.
    fn reseed(&self, pair: &Pair) -> Reseed {
        let mut settings: Settings = pair.home.instance.settings.clone();
        settings.tags.retain(|key, _| key != OWNER_TAG && key != STEP_TAG);
        let replication = Replication {
            source: self.source(pair),
            region: pair.home.entry.region.clone(),
            new_instance: self.fresh_name(pair),
            settings,
        };
        Reseed { name: pair.name.clone(), replication, source_resource_id: pair.primary.instance.resource_id.clone() }
    }

    fn check_standby(&self, pair: &Pair) -> CheckStandby {
        let allowed = u64::try_from(pair.home.entry.objectives.rpo.0.as_secs()).unwrap_or(0);
        let accepted = pair.standby.as_ref().map_or(0, |standby| lag(pair, standby));
        CheckStandby {
            standby: self.successor(pair),
            source: pair.primary.instance.id.clone(),
            within_seconds: allowed.max(accepted),
            source_answers: pair.primary.silent.is_none(),
        }
    }

    fn promote(&self, pair: &Pair) -> Promote {
        Promote {
            standby: self.successor(pair),
            source: self.source(pair),
            source_resource_id: pair.primary.instance.resource_id.clone(),
            backup_retention_days: pair.primary.instance.settings.backup_retention_days.max(AT_LEAST_DAYS),
        }
    }

    /// The indirection at home follows the instance that this run makes there.
    fn switch(&self, pair: &Pair) -> Switch {
        let to = self.successor(pair).instance;
        Switch {
            before: pair.home.route.clone(),
            region: pair.home.entry.region.clone(),
            version: Switch::version_for(self.run.as_str(), &to),
            to,
        }
    }

    /// The names that have to move, each by its zone.
    fn moves(&self) -> impl Iterator<Item = (&str, RecordChange)> {
        self.found.to_move().filter_map(|name| {
            let before = name.current.clone()?;
            let values = match self.found.direction {
                Direction::Away => name.record.secondary.clone(),
                Direction::Home => name.record.primary.clone(),
            };
            let after = RecordSet { values, ..before.clone() };
            Some((name.record.zone.as_str(), RecordChange { before, after }))
        })
    }

    /// The switch, if it does not say yet where the service goes.
    fn turn(&self, place: &SwitchPlace, says: &Turned) -> Option<Turn> {
        let away = self.found.direction == Direction::Away;
        let names: Vec<RecordChange> = self.moves().map(|(_, change)| change).collect();
        let after = format!("{} {}", if away { "away" } else { "home" }, self.run);
        (says.is_away() != away || !names.is_empty()).then(|| Turn { switch: place.clone(), before: says.clone(), after, names })
    }

    /// One batch for each zone with names that have to move.
    fn zones(&self) -> Vec<UpdateDns> {
        let mut zones: BTreeMap<&str, Vec<RecordChange>> = BTreeMap::new();
        for (zone, change) in self.moves() {
            zones.entry(zone).or_default().push(change);
        }
        zones.into_iter().map(|(zone, changes)| UpdateDns { zone: zone.to_owned(), changes }).collect()
    }

    fn watch(&self) -> WatchSite {
        let there = self.found.there();
        let probes: Vec<Probe> = there.probes.clone();
        WatchSite { site: self.found.site(there), region: there.region.clone(), probes, watch: self.found.failover.watch }
    }
}
