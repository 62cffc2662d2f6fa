//! `approvals`: what waits for a decision.

use super::{Examples, Spellings};
use crate::{
    approval::Approval,
    desk::{Desk, Reply},
    failure::{Failure, Fault},
    policy,
    port::Page,
    proposal::Proposal,
    store::Store,
    view,
};

/// How many are looked through.
const RECENT: Page = Page { after: None, newest_first: true, limit: 100 };

/// In one line.
pub const SUMMARY: &str = "Show the proposals that wait for a decision, and whose.";
/// For the help.
pub const EXAMPLES: Examples = &[("approvals", "each proposal, who asked, who may decide, and until when")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// Answers it: what waits for a decision.
///
/// # Errors
/// A refusal when the caller may not look.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let open = open(desk).await?;
    let links = desk.links(&open, &[]).await;
    Ok(Reply::Message(view::approvals_list(&open, &links, desk.world.clock.now())))
}

/// The open approvals with their proposals, newest first.
///
/// # Errors
/// When they can't be read.
pub async fn open(desk: &Desk<'_>) -> Result<Vec<(Approval, Proposal)>, Fault> {
    let store = Store::of(desk.world);
    let now = desk.world.clock.now();
    let mut open = Vec::new();
    for approval in store.list::<Approval>(&RECENT).await?.into_iter().filter(|approval| approval.value.is_open(now)) {
        if let Some(proposal) = store.load::<Proposal>(approval.value.proposal.as_str()).await? {
            open.push((approval.value, proposal.value));
        }
    }
    Ok(open)
}
