//! `backups`: which recovery points there are.

use super::{Examples, Spellings, name};
use crate::{
    backup::{self, Choices, Source, Wanted},
    database,
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Show the recovery points of a database, and what is known of each.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("backups orders", "the newest recovery points of orders"),
    ("backups orders --before 14:05", "those from before the trouble began, in your time zone"),
    ("backups orders --before 2026-11-22 14:05 UTC", "the same, with day and zone"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The database, by its name in the plan; without it, a form opens.
    #[arg(value_parser = name::value)]
    pub database: Option<String>,
    /// Only those from before this time.
    #[arg(long, value_name = "WHEN")]
    pub before: Option<String>,
}

/// Answers it: the recovery points, and which one a restore of the last known good would take.
///
/// # Errors
/// A refusal when the caller may not look, or the moment can't be read.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let who = desk.allowed(policy::Verb::Look, None).await?;
    let only = desk.current.plan.databases.keys().next().filter(|_| desk.current.plan.databases.len() == 1);
    let Some(name) = args.database.as_ref().or(only) else {
        let names: Vec<&str> = desk.current.plan.databases.keys().map(String::as_str).collect();
        return Err(Refusal::new("Which database's recovery points?").instead(format!("The plan has: {}.", names.join(", "))).into());
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
    Ok(Reply::Message(view::backups_list(&live, &points, picked.as_deref(), before, now)))
}
