//! `contacts`: who is on call, how people are reached, and who helps from outside.

use super::{Examples, Spellings};
use crate::{
    desk::{Desk, Reply},
    failure::Failure,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Show who is on call now, how to reach people, and who helps from outside.";
/// For the help.
pub const EXAMPLES: Examples = &[("contacts", "on call now, everybody's telephone and email, support with account numbers and priorities")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("oncall", &[]), ("on-call", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// Answers it, to whoever asked alone: numbers and addresses are shown to people of the plan only.
///
/// # Errors
/// A refusal when the caller may not look.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    Ok(Reply::Message(view::contacts(&desk.current.plan, desk.world.clock.now())))
}
