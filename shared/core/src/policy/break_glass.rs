//! Breaking the glass: whoever has no grant may ask all the same, and then others decide under stricter rules.

use jiff::{SignedDuration, Timestamp};

use super::{On, counting};
use crate::{
    failure::Refusal,
    ident::Actor,
    plan::{Plan, Quorum, Span},
    proposal::{Proposal, Right},
};

/// How many others must approve, at least.
pub const OTHERS: u8 = 2;
/// How long they have.
pub const WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// A proposal as it is put when the glass is broken: under a name that says so, to be approved by two others of any role that
/// approves, within 15 minutes.
///
/// # Errors
/// A refusal when there is no reason, or when too few people could approve it.
pub fn break_glass(plan: &Plan, proposal: Proposal, now: Timestamp) -> Result<Proposal, Refusal> {
    if proposal.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Refusal::new("Whoever breaks the glass says why.").instead("Put `--reason \"…\"` behind it."));
    }
    let quorum = quorum(plan, proposal.quorum.as_ref());
    let able = counting(plan, &quorum, Some(On::Target(&proposal.target)));
    let others = able.iter().filter(|person| !matches!(&proposal.requester, Actor::Person(asked) if asked == *person)).count();
    if others < usize::from(quorum.needed) {
        return Err(Refusal::new(format!(
            "It would need {} others to approve it, and the plan has {others} who count in {}.",
            quorum.needed, proposal.target.environment
        ))
        .instead("Ask somebody who may: `/dr can` says who."));
    }
    let until = now.saturating_add(WITHIN).unwrap_or(Timestamp::MAX);
    Ok(Proposal {
        title: format!("BREAK-GLASS: {}", proposal.title),
        right: Right::BreakGlass,
        quorum: Some(quorum),
        expires_at: proposal.expires_at.min(until),
        ..proposal
    })
}

/// Two others, or more where the plan wants more, of any role that approves anything.
fn quorum(plan: &Plan, asked: Option<&Quorum>) -> Quorum {
    let approvals = [Some(&plan.approvals.destructive), plan.approvals.traffic.as_ref(), asked];
    let mut roles: Vec<String> = approvals.into_iter().flatten().flat_map(|quorum| quorum.roles.clone()).collect();
    roles.sort();
    roles.dedup();
    let needed = approvals.into_iter().flatten().map(|quorum| quorum.needed).max().unwrap_or(OTHERS).max(OTHERS);
    Quorum { needed, roles, within: Span(WITHIN) }
}

/// Whether a proposal says of itself what [`break_glass`] makes sure of. Asked again at every call.
#[must_use]
pub(super) fn holds(proposal: &Proposal) -> bool {
    let strict = proposal.quorum.as_ref().is_some_and(|quorum| quorum.needed >= OTHERS);
    let reason = proposal.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    let short = proposal.expires_at.duration_since(proposal.asked_at) <= WITHIN.saturating_add(SignedDuration::from_mins(1));
    strict && reason && short
}
