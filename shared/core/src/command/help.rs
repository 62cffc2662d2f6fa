//! `help`: what there is to type.

use super::{Examples, Spellings, Verb};
use crate::{
    desk::{Desk, Reply},
    failure::Failure,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Show what there is to type, or how a verb is used.";
/// For the help.
pub const EXAMPLES: Examples = &[("help", "what you can do here"), ("help restore", "how a restore is asked for, with examples")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The verb to explain; without it, an overview.
    #[arg(value_enum, ignore_case = true)]
    pub verb: Option<Verb>,
}

/// Answers it: what there is to type, and what of it the caller may do.
///
/// # Errors
/// A fault when the caller can't be verified.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    if let Some(verb) = args.verb {
        return Ok(Reply::Message(view::help_verb(verb)));
    }
    let mut may = Vec::new();
    for verb in Verb::ALL {
        let allowed = match right(*verb) {
            None => true,
            Some(right) => desk.allowed(right, None).await.is_ok(),
        };
        if allowed {
            may.push(*verb);
        }
    }
    Ok(Reply::Message(view::help_overview(&may)))
}

/// What the policy is asked for a verb; `None`: nothing, everybody may.
fn right(verb: Verb) -> Option<policy::Verb> {
    match verb {
        Verb::Help => None,
        Verb::Status | Verb::Health | Verb::Backups | Verb::Approvals | Verb::Runs | Verb::Why => Some(policy::Verb::Look),
        Verb::Backup => Some(policy::Verb::Backup),
        Verb::Restore | Verb::Cancel => Some(policy::Verb::Restore),
    }
}
