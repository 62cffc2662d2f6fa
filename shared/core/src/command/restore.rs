//! `restore`: bring a database back to what it was.

use clap::ArgMatches;

use super::{Examples, Spellings, name};
use std::collections::BTreeMap;

use crate::{
    backup::{self, RecoveryPoint, Wanted},
    database,
    desk::{Desk, Reply},
    failure::Failure,
    ident::Actor,
    policy,
    proposal::{self, Asked},
    view::{self, RestoreChoices},
};

/// In one line.
pub const SUMMARY: &str = "Bring a database back, beside the old one, and move traffic over once it is verified.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("restore orders --at 14:05", "as orders was at 14:05 in your time zone"),
    ("restore orders --at 2026-11-22 14:05 Berlin", "the same, with day and zone"),
    ("restore orders --at 10m ago --reason \"rows deleted by mistake\"", "as it was ten minutes ago, and why"),
    ("restore orders --latest", "the last moment that can be restored"),
    ("restore orders --last-known-good --before 14:05", "the newest recovery point from before 14:05 that passed its verification"),
    ("restore orders --id mayday-orders-20261122", "one recovery point, by its id"),
    ("restore", "a form to pick from"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[
    ("db:restore", &[]),
    ("db:restore-latest", &["--latest"]),
    ("restore:latest", &["--latest"]),
    ("restore:from-clean-backup", &["--last-known-good"]),
];

/// What stands behind the verb. What is missing is asked for in a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// The database, by its name in the plan.
    pub database: Option<String>,
    /// What it is brought back to.
    pub source: Option<Source>,
    /// Why, for those who decide and those who read it later.
    pub reason: Option<String>,
}

/// What a database is brought back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The last moment that can be restored.
    Latest,
    /// A moment, as typed: [`crate::when::instant`] reads it.
    At(String),
    /// One recovery point, by its id.
    Id(String),
    /// The newest recovery point with a passed verification.
    LastKnownGood {
        /// From before this moment, as typed.
        before: Option<String>,
    },
}

/// The grammar as clap has it: one of four flags, instead of the enum that they become.
#[derive(Debug, clap::Args)]
struct Grammar {
    /// The database, by its name in the plan; without it, a form opens.
    #[arg(value_parser = name::value)]
    database: Option<String>,
    #[command(flatten)]
    source: Flags,
    /// Only recovery points from before this time.
    // Both are needed: clap forgives a missing requirement that something present excludes.
    #[arg(long, value_name = "WHEN", requires = "last_known_good", conflicts_with_all = ["latest", "at", "id"])]
    before: Option<String>,
    /// Why, for those who decide and those who read it later.
    #[arg(long, short, value_name = "TEXT", value_parser = name::reason)]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Flags {
    /// The last moment that can be restored.
    #[arg(long)]
    latest: bool,
    /// The moment to go back to, such as 14:05, 2026-11-22 14:05 Berlin or 10m ago.
    #[arg(long, alias = "timestamp", value_name = "WHEN")]
    at: Option<String>,
    /// One recovery point, by its id.
    #[arg(long, value_name = "RECOVERY_POINT", value_parser = name::value)]
    id: Option<String>,
    /// The newest recovery point that passed its verification.
    #[arg(long)]
    last_known_good: bool,
}

impl From<Grammar> for Args {
    fn from(grammar: Grammar) -> Self {
        let Grammar { database, source, before, reason } = grammar;
        let source = match source {
            Flags { latest: true, .. } => Some(Source::Latest),
            Flags { at: Some(at), .. } => Some(Source::At(at)),
            Flags { id: Some(id), .. } => Some(Source::Id(id)),
            Flags { last_known_good: true, .. } => Some(Source::LastKnownGood { before }),
            _ => None,
        };
        Self { database, source, reason }
    }
}

as_written!(Args, Grammar);

impl clap::FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Grammar::from_arg_matches(matches).map(Self::from)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Answers it: works out exactly what would be done, and puts it before those who decide. What is missing is asked for.
///
/// # Errors
/// A refusal when the caller may not, or there is nothing to restore from.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let (Some(name), Some(source)) = (&args.database, &args.source) else { return form(desk, args).await };
    let entry = desk.database(name)?;
    let who = desk.allowed(policy::Verb::Restore, Some(&entry.environment)).await?;
    let wanted = match source {
        Source::Latest => Wanted::Latest,
        Source::At(text) => Wanted::At(desk.when(text, &who)?.at),
        Source::Id(id) => Wanted::Id(id.clone()),
        Source::LastKnownGood { before } => {
            Wanted::LastKnownGood { before: before.as_ref().map(|text| desk.when(text, &who)).transpose()?.map(|when| when.at) }
        }
    };
    let asked = Asked { requester: Actor::Person(desk.caller.identity.clone()), reason: args.reason.clone(), database: name.clone() };
    let proposal = proposal::restore(desk.world, &desk.current, &asked, &wanted).await?;
    desk.propose(proposal).await
}

/// The form in which database and recovery point are picked. It opens at once, since what opens it dies within seconds.
///
/// # Errors
/// A refusal when the caller may not restore anything, or the database is not in the plan.
pub async fn form(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    args.database.as_ref().map(|name| desk.database(name)).transpose()?;
    desk.allowed(policy::Verb::Restore, None).await?;
    let mut choices = RestoreChoices { typed: typed(args), ..choices(desk, args.database.as_deref()) };
    let skeleton = view::restore_form(&choices);
    let (Some(trigger), Some(name)) = (&desk.caller.trigger, choices.database.clone()) else { return Ok(Reply::Form(skeleton)) };
    let Ok(opened) = desk.world.chat.open(trigger, &skeleton).await else { return Ok(Reply::Message(view::form_expired(&skeleton))) };
    choices.points = Some(usable_points(desk, &name).await?);
    if let Err(error) = desk.world.chat.update_form(&opened, &view::restore_form(&choices)).await {
        // The form that is open takes a recovery point's id as text.
        tracing::info!(error = %error, "a form was not filled");
    }
    Ok(Reply::Nothing)
}

/// What was given on the line, as the form's fields have it.
fn typed(args: &Args) -> BTreeMap<String, String> {
    let (at, point) = match &args.source {
        None | Some(Source::Latest) => (None, None),
        Some(Source::At(at)) => (Some(at.as_str()), None),
        Some(Source::Id(id)) => (None, Some(id.as_str())),
        Some(Source::LastKnownGood { before }) => (before.as_deref(), Some(view::LAST_KNOWN_GOOD)),
    };
    let fields = [("at", at), ("point", point), ("reason", args.reason.as_deref())];
    fields.into_iter().filter_map(|(field, value)| value.map(|value| (field.to_owned(), value.to_owned()))).collect()
}

async fn usable_points(desk: &Desk<'_>, name: &str) -> Result<Vec<RecoveryPoint>, Failure> {
    let live = database::look(desk.world, &desk.current.plan, name).await?;
    let lineage = database::lineage(desk.world, &live).await?;
    let points = backup::points(desk.world, &live, &lineage).await?;
    Ok(points.into_iter().filter(RecoveryPoint::is_usable).collect())
}

/// A plan with one database leaves nothing to pick.
fn choices(desk: &Desk<'_>, database: Option<&str>) -> RestoreChoices {
    let databases: Vec<String> = desk.current.plan.databases.keys().cloned().collect();
    let only = databases.first().filter(|_| databases.len() == 1).cloned();
    RestoreChoices { database: database.map(str::to_owned).or(only), databases, ..RestoreChoices::default() }
}

/// What was submitted in that form. What is wrong with it is said in the form, which keeps what was typed.
///
/// # Errors
/// As [`run`].
pub async fn submitted(desk: &Desk<'_>, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let given = |handle: &str| values.get(handle).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (database, at, point) = (given("database"), given("at"), given("point").filter(|point| point != view::BY_MOMENT));
    let again = async |field: &str, problem: String| {
        let problem = Some((field.to_owned(), problem));
        let choices = RestoreChoices { typed: values.clone(), problem, ..choices(desk, database.as_deref()) };
        let points = match &choices.database {
            Some(name) if desk.current.plan.databases.contains_key(name) => usable_points(desk, name).await.ok(),
            _ => None,
        };
        Ok(Reply::Form(view::restore_form(&RestoreChoices { points, ..choices })))
    };
    let Some(name) = &database else { return again("database", "Pick a database.".to_owned()).await };
    let wrong = match &point {
        _ if !desk.current.plan.databases.contains_key(name) => "database",
        Some(_) => "point",
        None => "at",
    };
    let source = match (at, point) {
        (before, Some(point)) if point == view::LAST_KNOWN_GOOD => Source::LastKnownGood { before },
        (Some(_), Some(_)) => {
            let both = "You typed a moment and picked a recovery point: empty the moment, or choose “No, by the moment above”.";
            return again("point", both.to_owned()).await;
        }
        (None, Some(point)) => Source::Id(point),
        (Some(at), None) => Source::At(at),
        (None, None) => Source::Latest,
    };
    match run(desk, &Args { database: database.clone(), source: Some(source), reason: given("reason") }).await {
        Ok(Reply::Message(message)) => Ok(Reply::Form(view::told_form("Restore", &message))),
        Ok(other) => Ok(other),
        Err(Failure::Refusal(refusal)) => again(wrong, refusal.to_string()).await,
        Err(fault) => Err(fault),
    }
}
