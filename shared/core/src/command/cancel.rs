//! `cancel`: stop a run at its next safe point, or withdraw a proposal.

use super::{Examples, Spellings, name};
use crate::{
    approval::Decision,
    desk::{self, Desk, Reply},
    failure::Failure,
    ident::{ProposalId, RunId},
    run::{Intervention, intervene},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Withdraw a proposal, or stop a run at its next safe point.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("cancel r-01kb3m6v9d5x2y7z8a4c6e0f1g", "stop that run; /dr runs has the ids"),
    ("cancel p-01kb3m6v9d5x2y7z8a4c6e0f1g", "withdraw that proposal; /dr approvals has the ids"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The run or the proposal, by its id.
    #[arg(value_name = "RUN_OR_PROPOSAL", value_parser = name::value)]
    pub target: String,
}

/// Answers it: takes a proposal back, or stops a run at the next safe point.
///
/// # Errors
/// A refusal when the caller may not, or there is nothing of that id.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    if args.target.starts_with("p-") {
        return desk::decided(desk, &ProposalId(args.target.clone()), Decision::Cancel, None).await;
    }
    let run = intervene(desk.world, &desk.current.plan, &RunId(args.target.clone()), &desk.caller.identity, Intervention::Stop).await?;
    Ok(Reply::Message(view::intervention_noted(&run, Intervention::Stop)))
}
