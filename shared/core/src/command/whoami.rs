//! `whoami`: who you are to the plan.

use super::{Examples, Spellings};
use crate::{
    desk::{Desk, Reply},
    failure::Failure,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str =
    "Show who you are to the plan: your roles, what you may do where, whether your approval counts, and whether you are on call.";
/// For the help.
pub const EXAMPLES: Examples = &[("whoami", "your name, your roles, and what they give you")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// Answers it, to everybody: whoever is not in the plan is told so, with what its owner needs to know to add them.
///
/// # Errors
/// When the policies can't be evaluated.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    let plan = &desk.current.plan;
    let who = &desk.caller.identity;
    let member = plan.person(&who.user).filter(|_| who.org == plan.slack.organization);
    let Some((name, person)) = member else { return Ok(Reply::Message(view::whoami_stranger(who))) };
    let account = match policy::account(plan, desk.world.directory.as_ref(), who).await {
        Ok(mark) => Some(mark),
        Err(Failure::Refusal(refusal)) => return Err(refusal.into()),
        Err(Failure::Fault(fault)) => {
            tracing::warn!(fault = fault.chain(), "an account can't be looked up");
            None
        }
    };
    Ok(Reply::Message(view::whoami(&view::Myself {
        who: who.clone(),
        name: name.to_owned(),
        roles: person.roles.clone(),
        account,
        may: policy::person_may(plan, name, person),
        counts_for: policy::counts_for(plan, name, person),
        on_call: policy::on_call(plan, name, desk.world.clock.now()),
        rotations: plan
            .on_call
            .rotations
            .iter()
            .filter(|(_, rotation)| rotation.people.iter().any(|on| on == name))
            .map(|(name, _)| name.clone())
            .collect(),
    })))
}
