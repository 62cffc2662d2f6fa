//! `doctor`: the installation, checked from inside.

use super::{Examples, Spellings};
use crate::{
    desk::{Desk, Reply},
    doctor,
    failure::Failure,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Check the installation from inside: plan, Slack, people, AWS, backups; each finding with its fix.";
/// For the help.
pub const EXAMPLES: Examples = &[("doctor", "everything that can be tried without changing anything")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not look.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    Ok(Reply::Message(view::doctor(&doctor::examine(desk).await)))
}
