//! `backup`: make a recovery point now.

use super::{Examples, Spellings, name};
use std::collections::BTreeMap;

use crate::{
    desk::{Desk, Reply},
    failure::Failure,
    ident::Actor,
    plan::BackupClass,
    policy,
    proposal::{self, Asked},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Make a recovery point of a database now.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("backup orders", "a recovery point of the database orders"),
    ("backup orders --class archive", "the same, kept as long as the plan keeps archives"),
    ("backup orders --reason \"before the migration\"", "the same, with the reason kept beside it"),
    ("backup", "a form to pick the database from"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("db:backup", &[]), ("backup:database", &[]), ("backup:emergency", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The database, by its name in the plan; without it, a form opens.
    #[arg(value_parser = name::value)]
    pub database: Option<String>,
    /// What it is for: `daily`, `full` or `archive`. It is then kept as long as the plan says; without it, until somebody deletes it.
    #[arg(long, value_name = "CLASS", value_parser = class, conflicts_with_all = ["full", "archive"])]
    pub class: Option<BackupClass>,
    /// As `--class full` does
    #[arg(long, conflicts_with = "archive")]
    pub full: bool,
    /// As `--class archive` does
    #[arg(long)]
    pub archive: bool,
    /// Why, for those who read it later.
    #[arg(long, short, value_name = "TEXT", value_parser = name::reason)]
    pub reason: Option<String>,
}

fn class(text: &str) -> Result<BackupClass, String> {
    let names = BackupClass::ALL.map(|class| class.to_string()).join(", ");
    BackupClass::named(text).ok_or_else(|| format!("there is no class {text:?}; there are: {names}"))
}

impl Args {
    fn class(&self) -> Option<BackupClass> {
        match self {
            Self { full: true, .. } => Some(BackupClass::Full),
            Self { archive: true, .. } => Some(BackupClass::Archive),
            Self { class, .. } => *class,
        }
    }
}

/// Answers it: takes a snapshot now. It adds and takes nothing away, so nobody must approve it.
///
/// # Errors
/// A refusal when the caller may not, or there is nothing to back up.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let Some(name) = &args.database else { return form(desk, None).await };
    let entry = desk.database(name)?;
    desk.allowed(policy::Verb::Backup, Some(&entry.environment)).await?;
    let asked = Asked { requester: Actor::Person(desk.caller.identity.clone()), reason: args.reason.clone(), database: name.clone() };
    let proposal = proposal::backup(desk.world, &desk.current, &asked, args.class()).await?;
    desk.propose(proposal).await
}

/// The form in which the database is picked.
///
/// # Errors
/// A refusal when the caller may not back up anything.
pub async fn form(desk: &Desk<'_>, database: Option<&str>) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Backup, None).await?;
    let databases: Vec<String> = desk.current.plan.databases.keys().cloned().collect();
    Ok(Reply::Form(view::backup_form(&databases, database, None)))
}

/// What was submitted in that form.
///
/// # Errors
/// As [`run`].
pub async fn submitted(desk: &Desk<'_>, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let args = Args { database: values.get("database").cloned(), reason: values.get("reason").cloned(), ..Args::default() };
    match run(desk, &args).await? {
        Reply::Message(message) => Ok(Reply::Form(view::told_form("Back up now", &message))),
        other => Ok(other),
    }
}
