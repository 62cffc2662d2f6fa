//! `help`: what there is to type.

use super::{Examples, Spellings, Verb};
use crate::{
    desk::{Desk, Reply},
    failure::Failure,
    plan::Plan,
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
/// A refusal for whoever is not in the plan; a fault when the caller can't be verified.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let plan = &desk.current.plan;
    if let Some(verb) = args.verb {
        return Ok(Reply::Message(view::help_verb(verb, example_name(plan, verb))));
    }
    let who = desk.allowed(policy::Verb::Look, None).await?;
    let rights = policy::may(plan, &who.identity);
    let locked = policy::Verb::ALL.into_iter().filter(|verb| rights.iter().all(|(may, _)| may != verb));
    let locked: Vec<(policy::Verb, Vec<String>)> = locked.map(|verb| (verb, policy::holders(plan, verb, None))).collect();
    Ok(Reply::Message(view::help_overview(&view::Rights { may: rights, locked }, plan.databases.keys().next().map(String::as_str))))
}

/// A name of the plan that fits into a verb's examples.
pub(crate) fn example_name(plan: &Plan, verb: Verb) -> Option<&str> {
    let moves = || plan.services.iter().find(|(_, service)| service.failover.is_some()).map(|(name, _)| name);
    let name = match verb.name() {
        "failover" | "failback" => moves(),
        _ => plan.databases.keys().next(),
    };
    name.map(String::as_str)
}

impl Verb {
    /// What the policy is asked for it at first; `None`: nothing, everybody may.
    #[must_use]
    pub fn right(self) -> Option<policy::Verb> {
        match self.name() {
            "help" | "whoami" => None,
            "backup" => Some(policy::Verb::Backup),
            "restore" | "cancel" => Some(policy::Verb::Restore),
            "failover" | "failback" => Some(policy::Verb::Failover),
            "page" => Some(policy::Verb::Page),
            // Everything else looks; and `runbook run` asks once it is known which.
            _ => Some(policy::Verb::Look),
        }
    }
}
