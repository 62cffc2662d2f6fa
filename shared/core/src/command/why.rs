//! `why`: who decided what.

use super::{Examples, Spellings, name};
use crate::{
    approval::Approval,
    audit,
    command::{runs, shown},
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    ident::RunId,
    policy,
    proposal::Proposal,
    run::Run,
    store::{Kept, Store},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Show the ledger of a run: who asked, who decided, what was done and what came of it.";
/// For the help.
pub const EXAMPLES: Examples = &[("why r-01kb3m6v9d5x2y7z8a4c6e0f1g", "everything about that run; /dr runs has the ids")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The run, by its id; without it, the last ones are listed.
    #[arg(value_parser = name::value)]
    pub run: Option<String>,
}

/// Answers it: the ledger of a run, from the audit chain.
///
/// # Errors
/// A refusal when the caller may not look, or there is no such run.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let Some(typed) = &args.run else {
        let recent = runs::open(desk, true).await?;
        let links = desk.links(&[], &recent).await;
        return Ok(Reply::Message(view::which_run(&recent, &links, desk.world.clock.now())));
    };
    let store = Store::of(desk.world);
    let id = RunId(typed.replacen("p-", "r-", 1));
    let none = || Refusal::new(format!("There is no run {}.", shown(typed))).instead("`/dr runs --all` lists them.");
    let run: Kept<Run> = store.load(id.as_str()).await?.ok_or_else(none)?;
    let proposal: Kept<Proposal> = store.load(run.value.proposal.as_str()).await?.ok_or_else(none)?;
    let approval: Option<Kept<Approval>> = store.load(run.value.proposal.as_str()).await?;
    let mut entries = audit::read_all(&store).await?;
    entries.retain(|entry| entry.event.about == id.0 || entry.event.about == run.value.proposal.0);
    Ok(Reply::Message(view::why_ledger(&run.value, &proposal.value, approval.as_ref().map(|kept| &kept.value), &entries)))
}
