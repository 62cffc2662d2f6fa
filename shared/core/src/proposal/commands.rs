//! The commands that runbooks are written in, and what each becomes: the only list of them.

use std::collections::BTreeMap;

use super::{
    Flow, PlannedStep,
    compose::Site,
    steps::{self, Situation},
};
use crate::{
    action::{Act, Backup, Connect, Status, Through},
    backup::{self, Choices, Wanted},
    database::{self, Live},
    failure::{Failure, Fault, Refusal},
    ident::StepId,
    plan::Traffic,
    port::Tags,
    runbook::{self, Step},
};

/// Steps that follow on each other; several such go on at the same time.
pub(super) type Lane = Vec<PlannedStep>;

/// Makes the list of names and the way from a name to its planner in one.
macro_rules! commands {
    ($($($verb:literal),+ => $planner:path;)*) => {
        /// Every command that is built.
        pub const COMMANDS: &[&str] = &[$($($verb),+),*];

        /// Plans a command on all that the run is about.
        pub(super) async fn plan(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
            match step.action.as_str() {
                $($($verb)|+ => $planner(site, step).await,)*
                other => Err(Fault::new(format!("the command {other} can't be planned")).into()),
            }
        }
    };
}

commands! {
    "db:status" => status;
    "db:connection-test" => connection_test;
    "db:verify-connection" => verify_connection;
    "db:verify-integrity", "db:verify", "db:health-check" => verify_integrity;
    "backup:database", "backup:emergency", "db:backup" => backup_now;
    "db:restore", "db:restore-latest", "restore:latest", "restore:from-clean-backup" => restore;
    // A command of another area stands here with its planner: a path to an `async fn(&mut Site<'_>, &Step) -> Result<Vec<Lane>, Failure>`.
}

/// A lane for each database, with the step's id where there is one database, and `ID-DATABASE` where there are more.
fn each(site: &Site<'_>, step: &Step, act: impl Fn(&Live, &StepId) -> Act) -> Result<Vec<Lane>, Failure> {
    flags(step, &[])?;
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
pub(super) fn one(step: &Step, id: StepId, act: Act) -> PlannedStep {
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

/// Refuses what the command does not take: a flag that is ignored would be a promise that is not kept.
fn flags(step: &Step, known: &[&str]) -> Result<(), Failure> {
    match step.arguments.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let all = if known.is_empty() { "It takes none.".to_owned() } else { format!("It takes: --{}.", known.join(", --")) };
            Err(Refusal::new(format!("The command {} of the step {} takes no --{name}.", step.action, step.id)).instead(all).into())
        }
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
    flags(step, &["latest", "timestamp", "at", "last-known-good", "id"])?;
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
