//! The commands that runbooks are written in, and what each becomes: the only list of them.

use std::collections::BTreeMap;

use super::{
    Flow, PlannedStep,
    compose::Site,
    moves, sites,
    steps::{self, Situation},
    words,
};
use crate::{
    action::{Act, Backup, Connect, Status, Through},
    backup::{self, Choices, Wanted},
    database::{self, Live},
    failure::{Failure, Fault, Refusal},
    ident::StepId,
    plan::{Traffic, ValueKind},
    port::Tags,
    runbook::{self, Step},
};

/// Steps that follow on each other; several such go on at the same time.
pub(super) type Lane = Vec<PlannedStep>;

/// What a flag of a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A value that decides what is done.
    Value(ValueKind),
    /// Words that are said to people, with whatever is known by then.
    Words,
}

/// What a command takes and what it finds out.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its flags.
    pub takes: &'static [(&'static str, Takes)],
    /// Its outputs: what later steps may say and ask for.
    pub gives: &'static [(&'static str, ValueKind)],
}

impl Signature {
    /// What a flag takes; `None`: there is none of this name.
    #[must_use]
    pub fn takes(&self, name: &str) -> Option<Takes> {
        self.takes.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes)
    }
}

/// Makes the list of names, their signatures and the way from a name to its planner in one.
macro_rules! commands {
    ($($($verb:literal),+ => $planner:path, takes $takes:expr, gives $gives:expr;)*) => {
        /// Every command that is built.
        pub const COMMANDS: &[&str] = &[$($($verb),+),*];

        /// What a command takes and gives; `None` where it is not built.
        #[must_use]
        pub fn signature(verb: &str) -> Option<&'static Signature> {
            match verb {
                $($($verb)|+ => {
                    const SIGNATURE: Signature = Signature { takes: $takes, gives: $gives };
                    Some(&SIGNATURE)
                })*
                _ => None,
            }
        }

        /// Plans a command on all that the run is about.
        pub(super) async fn plan(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
            match step.action.as_str() {
                $($($verb)|+ => $planner(site, step).await,)*
                other => Err(Fault::new(format!("the command {other} can't be planned")).into()),
            }
        }
    };
}

const TEXT: Takes = Takes::Value(ValueKind::Text);
const NUMBER: Takes = Takes::Value(ValueKind::Number);
const TRUTH: Takes = Takes::Value(ValueKind::Truth);
const MOMENT: Takes = Takes::Value(ValueKind::Moment);

commands! {
    "db:status" => status, takes &[], gives &[("status", ValueKind::Text), ("latest_restorable", ValueKind::Moment)];
    "db:connection-test" => connection_test, takes &[], gives &[("server_version", ValueKind::Text)];
    "db:verify-connection" => verify_connection, takes &[], gives &[("server_version", ValueKind::Text)];
    "db:verify-integrity", "db:full-integrity-check", "db:verify", "db:health-check" =>
        verify_integrity, takes &[], gives &[("server_version", ValueKind::Text)];
    "backup:database", "backup:emergency", "db:backup" => backup_now, takes &[],
        gives &[("snapshot", ValueKind::Text), ("taken_at", ValueKind::Moment), ("size_gib", ValueKind::Number)];
    "db:restore", "db:restore-latest", "restore:latest", "restore:from-clean-backup" => restore,
        takes &[("latest", TRUTH), ("timestamp", MOMENT), ("at", MOMENT), ("last-known-good", TRUTH), ("id", TEXT)], gives &[];
    "db:failover-replica", "db:promote", "failover:execute", "failover:manual", "dns:failover" => moves::away,
        takes &[("target", TEXT), ("accept-loss", TRUTH)], gives &[];
    "failback:to-primary", "dns:failback" => moves::home, takes &[], gives &[];
    "health:check", "health:comprehensive" => sites::check, takes &[("for", TEXT)], gives &[("since", ValueKind::Moment)];
    "dns:check", "dns:verify" => sites::names, takes &[("site", TEXT)], gives &[("since", ValueKind::Moment)];
    "alert:send", "page:raise" =>
        words::page, takes &[("severity", NUMBER), ("to", TEXT), ("message", Takes::Words)], gives &[("page", ValueKind::Text)];
    "alert:update", "alert:resolve", "alert:send-report" =>
        words::tell, takes &[("message", Takes::Words)], gives &[("said", ValueKind::Text)];
    // A command of another area stands here with its planner: a path to an `async fn(&mut Site<'_>, &Step) -> Result<Vec<Lane>, Failure>`.
}

/// A lane for each database, with the step's id where there is one database, and `ID-DATABASE` where there are more.
fn each(site: &Site<'_>, step: &Step, act: impl Fn(&Live, &StepId) -> Act) -> Result<Vec<Lane>, Failure> {
    let lives = site.databases(step)?;
    let lane = |live: &Live| {
        let id = site.lane_id(step, live);
        let act = act(live, &id);
        let flow = Flow { database: Some(live.name.clone()), ..Flow::default() };
        vec![PlannedStep { flow, ..one(step, id, act) }]
    };
    Ok(lives.iter().map(lane).collect())
}

/// A planned step of one act.
pub(crate) fn one(step: &Step, id: StepId, act: Act) -> PlannedStep {
    PlannedStep {
        id,
        name: step.name.clone(),
        act,
        timeout: step.timeout,
        retries: step.retries,
        usual_seconds: None,
        flow: Flow::default(),
    }
}

async fn status(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    each(site, step, |live, _| Act::Status(Status { region: live.entry.region.clone(), instance: live.instance.id.clone() }))
}

async fn connection_test(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    each(site, step, |live, _| Act::Connect(Connect { checks: Vec::new(), only_reports: true, ..connect(live) }))
}

async fn verify_connection(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    each(site, step, |live, _| Act::Connect(Connect { checks: Vec::new(), ..connect(live) }))
}

async fn verify_integrity(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    each(site, step, |live, _| Act::Connect(connect(live)))
}

fn connect(live: &Live) -> Connect {
    let through = match &live.entry.traffic {
        Traffic::Secret => Through::Secret,
        Traffic::Cname { name, .. } => Through::Cname(name.clone()),
    };
    Connect {
        region: live.entry.region.clone(),
        through,
        port: live.instance.endpoint.as_ref().map_or(POSTGRES, |endpoint| endpoint.port),
        database: live.entry.database.clone(),
        secret: live.entry.secret.clone(),
        checks: live.entry.checks.clone(),
        only_reports: false,
    }
}

/// PostgreSQL's own port, for an instance of which no endpoint was ever seen.
const POSTGRES: u16 = 5432;

async fn backup_now(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    if let Some(gone) = site.databases(step)?.iter().find(|live| live.gone) {
        return Err(Refusal::new(format!("The instance {} is gone: there is nothing left to back up.", gone.instance.id)).into());
    }
    let site = &*site;
    each(site, step, |live, id| {
        Act::Backup(Backup {
            region: live.entry.region.clone(),
            instance: live.instance.id.clone(),
            resource_id: live.instance.resource_id.clone(),
            snapshot: site.snapshot(live, id),
            tags: Tags::new(),
        })
    })
}

/// The built-in restore, inline: its steps with the ids `STEP-RESTORE_STEP`.
async fn restore(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    let wanted = wanted(step)?;
    let restore = runbook::built_in("restore")?;
    let mut lanes = Vec::new();
    for live in &site.databases(step)? {
        let source = source(site, live, &wanted).await?;
        let prefix = site.lane_id(step, live);
        let mut inline = restore.runbook.clone();
        for inner in &mut inline.steps {
            inner.id = StepId(format!("{prefix}-{}", inner.id));
            inner.name = format!("{}: {}", step.name, inner.name);
        }
        let run = site.opening.run();
        let situation = Situation {
            live,
            run: &run,
            source: Some(&source),
            retired: None,
            snapshot: site.snapshot(live, &prefix),
            restored: site.restored(live),
            tags: Tags::new(),
            timing: super::Timing::default(),
        };
        let mut lane = steps::plan(&inline, &situation)?;
        for planned in &mut lane {
            planned.flow.database = Some(live.name.clone());
        }
        lanes.push(lane);
        site.note_restore(live, source)?;
    }
    Ok(lanes)
}

async fn source(site: &Site<'_>, live: &Live, wanted: &Wanted) -> Result<backup::Source, Failure> {
    let lineage = database::lineage(site.world, live).await?;
    let points = backup::points(site.world, live, &lineage).await?;
    let past = match wanted {
        Wanted::At(at) => match lineage.at(*at) {
            Some(reign) => site.world.databases.instance(&live.entry.region, &reign.instance).await?,
            None => None,
        },
        _ => None,
    };
    let choices = Choices { live, lineage: &lineage, past: past.as_ref(), points: &points };
    Ok(backup::choose(wanted, choices, site.opening.now)?)
}

/// What is wanted back, by the flags.
fn wanted(step: &Step) -> Result<Wanted, Refusal> {
    let given: BTreeMap<&str, &str> = step.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if given.len() > 1 {
        return Err(Refusal::new(format!("The command {} of the step {} takes one flag only.", step.action, step.id)));
    }
    let moment = |text: &str| {
        let read = text.parse::<jiff::Timestamp>();
        read.map_err(|_| {
            Refusal::new(format!("“{text}” in the step {} is not a moment.", step.id))
                .instead("Write it with its zone: `--timestamp=2026-11-22T14:05:00Z`.")
        })
    };
    Ok(match given.first_key_value() {
        None if step.action == "restore:from-clean-backup" => Wanted::LastKnownGood { before: None },
        None | Some((&"latest", _)) => Wanted::Latest,
        Some((&("timestamp" | "at"), text)) => Wanted::At(moment(text)?),
        Some((&"last-known-good", _)) => Wanted::LastKnownGood { before: None },
        Some((_, id)) => Wanted::Id((*id).to_owned()),
    })
}
