//! `runs`: what is being done, and what was.

use super::{Examples, Spellings};
use crate::{
    desk::{Desk, Reply},
    failure::{Failure, Fault},
    policy,
    port::Page,
    run::Run,
    store::Store,
    view,
};

/// How many are looked through.
const RECENT: Page = Page { after: None, newest_first: true, limit: 100 };

/// In one line.
pub const SUMMARY: &str = "Show the runs that are going on, and the last that have ended.";
/// For the help.
pub const EXAMPLES: Examples = &[("runs", "those that are going on or stuck, and the last that have ended"), ("runs --all", "all of them")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// All that have ended too.
    #[arg(long)]
    pub all: bool,
}

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not look.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let runs = open(desk, true).await?;
    let links = desk.links(&[], &runs).await;
    Ok(Reply::Message(view::runs_list(&runs, args.all, &links, desk.world.clock.now())))
}

/// The runs that are going on, newest first; with `all` the finished ones too.
///
/// # Errors
/// When they can't be read.
pub async fn open(desk: &Desk<'_>, all: bool) -> Result<Vec<Run>, Fault> {
    let recent = Store::of(desk.world).list::<Run>(&RECENT).await?;
    Ok(recent.into_iter().map(|kept| kept.value).filter(|run| all || !run.state.is_final()).collect())
}
