//! `backups`: which recovery points there are.

use serde_json::json;

use super::{Examples, Spellings, name};
use crate::{
    audit,
    backup::{self, Choices, Hold, Source, Wanted},
    database,
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    plan, policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Show the recovery points of a database, and what is known of each.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("backups orders", "the newest recovery points of orders"),
    ("backups orders --before 14:05", "those from before the trouble began, in your time zone"),
    ("backups orders --before 2026-11-22 14:05 UTC", "the same, with day and zone"),
    ("backups hold RECOVERY_POINT --reason \"case 7\"", "keeps one whatever its class says, until somebody releases it"),
    ("backups release RECOVERY_POINT", "lets go of it: it is deleted when its time is over"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The database, by its name in the plan; or `hold` or `release`, with a recovery point.
    #[arg(value_parser = name::value)]
    pub database: Option<String>,
    /// The recovery point to hold or release.
    #[arg(value_parser = name::value)]
    pub point: Option<String>,
    /// Only those from before this time.
    #[arg(long, value_name = "WHEN")]
    pub before: Option<String>,
    /// Why it is held.
    #[arg(long, short, value_name = "TEXT", value_parser = name::reason)]
    pub reason: Option<String>,
}

/// Answers it: the recovery points, and which one a restore of the last known good would take.
///
/// # Errors
/// A refusal when the caller may not look, or the moment can't be read.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    match (args.database.as_deref(), &args.point) {
        (Some("hold"), Some(id)) => return hold(desk, id, args.reason.as_ref()).await,
        (Some("release"), Some(id)) => return release(desk, id).await,
        (Some(word @ ("hold" | "release")), None) if !desk.current.plan.databases.contains_key(word) => {
            return Err(Refusal::new(format!("Which recovery point shall I {word}?")).instead("`/dr backups DATABASE` lists them.").into());
        }
        (_, Some(more)) => {
            return Err(Refusal::new(format!("“{more}” is one word too many: one database at a time."))
                .instead("To keep a recovery point: `/dr backups hold RECOVERY_POINT --reason …`.")
                .into());
        }
        _ => {}
    }
    let who = desk.allowed(policy::Verb::Look, None).await?;
    let only = desk.current.plan.databases.keys().next().filter(|_| desk.current.plan.databases.len() == 1);
    let Some(name) = args.database.as_ref().or(only) else {
        let names = plan::some(desk.current.plan.databases.keys());
        return Err(Refusal::new("Which database's recovery points?").instead(format!("The plan has: {names}.")).into());
    };
    desk.database(name)?;
    let before = args.before.as_ref().map(|text| desk.when(text, &who)).transpose()?.map(|when| when.at);
    let now = desk.world.clock.now();
    let live = database::look(desk.world, &desk.current.plan, name).await?;
    let lineage = database::lineage(desk.world, &live).await?;
    let mut points = backup::points(desk.world, &live, &lineage).await?;
    points.retain(|point| before.is_none_or(|before| point.taken_at().is_some_and(|taken_at| taken_at < before)));
    let picked =
        backup::choose(&Wanted::LastKnownGood { before }, Choices { live: &live, lineage: &lineage, past: None, points: &points }, now)
            .ok();
    let picked = picked.and_then(|source| match source {
        Source::Point(point) => Some(point.id().to_owned()),
        _ => None,
    });
    let holds = backup::all::<Hold>(desk.world).await?.into_iter().map(|kept| kept.value);
    let holds: Vec<Hold> = holds.filter(|hold| hold.is_held() && hold.database == *name).collect();
    Ok(Reply::Message(view::with_holds(view::backups_list(&live, &points, picked.as_deref(), before, now), &holds)))
}

/// Keeps a recovery point whatever its class says.
async fn hold(desk: &Desk<'_>, id: &str, reason: Option<&String>) -> Result<Reply, Failure> {
    let (database, environment) = owner(desk, id).await?;
    desk.allowed(policy::Verb::Backup, Some(&environment)).await?;
    let Some(reason) = reason else {
        return Err(Refusal::new("Why is it held? Whoever may release it must know.")
            .instead(format!("`/dr backups hold {id} --reason …`"))
            .into());
    };
    let by = desk.caller.identity.clone();
    let wanted = Hold { snapshot: id.to_owned(), database, reason: reason.clone(), by, at: desk.world.clock.now(), released: None };
    audit::append(desk.world, desk.event("backup.hold", id, json!({"reason": reason, "database": wanted.database}))).await?;
    Ok(Reply::Message(view::backup_held(&backup::hold(desk.world, wanted).await?)))
}

/// Lets go of a recovery point. Then it can be deleted, so it takes the right to let go of instances.
async fn release(desk: &Desk<'_>, id: &str) -> Result<Reply, Failure> {
    let (database, environment) = owner(desk, id).await?;
    desk.allowed(policy::Verb::Retire, Some(&environment)).await?;
    audit::append(desk.world, desk.event("backup.release", id, json!({"database": database}))).await?;
    match backup::release(desk.world, id, &desk.caller.identity).await? {
        Some(hold) => Ok(Reply::Message(view::backup_released(&hold))),
        None => Err(Refusal::new(format!("{id} is not held.")).instead(format!("`/dr backups {database}` shows what is.")).into()),
    }
}

/// The database of a recovery point, and its environment.
async fn owner(desk: &Desk<'_>, id: &str) -> Result<(String, String), Failure> {
    for name in desk.current.plan.databases.keys() {
        let live = database::look(desk.world, &desk.current.plan, name).await?;
        let Some(snapshot) = desk.world.databases.snapshot(&live.entry.region, id).await? else { continue };
        let lineage = database::lineage(desk.world, &live).await?;
        if lineage.reigns.iter().any(|reign| reign.instance == snapshot.instance) {
            return Ok((name.clone(), live.entry.environment));
        }
    }
    Err(Refusal::new(format!("There is no recovery point “{id}”.")).instead("`/dr backups DATABASE` lists them.").into())
}
