use jiff::Timestamp;
use serde_json::json;

use super::{Approval, State, Vote};
use crate::{
    audit,
    failure::{Failure, Fault, Refusal},
    ident::{Actor, Identity, ProposalId},
    plan::Plan,
    planted::{Bug, planted},
    policy,
    port::World,
    store::{Kept, Store},
};

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes; counts towards the quorum.
    Approve,
    /// No; ends it.
    Deny,
    /// Taken back by whoever asked.
    Cancel,
}

/// What became of a decision: always the truth about the approval, whoever was first.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It was counted; the approval stands as given.
    Counted(Approval),
    /// It had been counted before: the same person said the same.
    Already(Approval),
    /// It came too late: somebody had decided, or it had expired.
    TooLate(Approval),
}

/// How often a write that lost a race is judged anew.
const RACES: u32 = 20;

/// Records a person's decision, if they may make it and nobody was faster.
///
/// # Errors
/// A refusal when they may not; a fault when it can't be recorded, or they can't be verified.
pub async fn decide(world: &World, plan: &Plan, id: &ProposalId, by: &Identity, decision: Decision) -> Result<Answer, Failure> {
    let store = Store::of(world);
    for _ in 0..RACES {
        let mut kept: Kept<Approval> =
            store.load(id.as_str()).await?.ok_or_else(|| Refusal::new(format!("There is no proposal {id} that waits for approval.")))?;
        let now = world.clock.now();
        if !kept.value.is_open(now) && !planted(Bug::SecondDecision) {
            return Ok(late(kept.value, by, decision));
        }
        entitled(world, plan, &kept.value, by, decision).await?;
        let Some(next) = kept.value.after(by, decision, now) else { return Ok(Answer::Already(kept.value)) };
        // The audit says what is attempted before it is done; the approval's own record says whether it was.
        audit::append(world, event(&kept, by, decision, now)).await?;
        if planted(Bug::CheckThenAct)
            && let Some(there) = store.load(id.as_str()).await?
        {
            kept = there;
        }
        // The time of the write, not of the look: whoever was frozen in between may wake when the approval's time is over.
        if let Ok(kept) = store.replace_live(&kept, next, world.clock.now()).await? {
            return Ok(Answer::Counted(kept.value));
        }
    }
    Err(Fault::new(format!("{id} is decided on by too many at once")).into())
}

impl Approval {
    /// The approval after a decision; `None` when the same person has said so before. Whether they may, and whether it is
    /// open, is asked before.
    #[must_use]
    pub fn after(&self, by: &Identity, decision: Decision, at: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        match decision {
            Decision::Deny => next.state = State::Denied { by: by.clone(), at },
            Decision::Cancel => next.state = State::Cancelled { by: by.clone(), at },
            Decision::Approve if self.votes.iter().any(|vote| vote.by == *by) && !planted(Bug::VotesCounted) => return None,
            Decision::Approve => {
                next.votes.push(Vote { by: by.clone(), at });
                if next.missing() == 0 {
                    next.state = State::Approved { at };
                }
            }
        }
        Some(next)
    }

    /// Whether this person may not decide so, whatever their roles: nobody approves what they asked for, and only whoever asked
    /// takes it back.
    #[must_use]
    pub fn excludes(&self, by: &Identity, decision: Decision) -> bool {
        match decision {
            Decision::Approve => self.requester == *by && !planted(Bug::SelfApproval),
            Decision::Cancel => self.requester != *by,
            Decision::Deny => false,
        }
    }
}

fn late(approval: Approval, by: &Identity, decision: Decision) -> Answer {
    let said_before = match (&approval.state, decision) {
        (State::Approved { .. }, Decision::Approve) => approval.votes.iter().any(|vote| vote.by == *by),
        (State::Denied { by: who, .. }, Decision::Deny) | (State::Cancelled { by: who, .. }, Decision::Cancel) => who == by,
        _ => false,
    };
    if said_before { Answer::Already(approval) } else { Answer::TooLate(approval) }
}

async fn entitled(world: &World, plan: &Plan, approval: &Approval, by: &Identity, decision: Decision) -> Result<(), Failure> {
    let excluded = approval.excludes(by, decision);
    match decision {
        Decision::Cancel if !excluded => Ok(()),
        Decision::Cancel => Err(Refusal::new(format!("Only {} can take this back.", who(plan, &approval.requester)))
            .instead("Deny it, if you may approve it.")
            .into()),
        Decision::Approve if excluded => {
            Err(Refusal::new("You asked for this, so your approval does not count.").instead("Somebody else must approve it.").into())
        }
        Decision::Approve | Decision::Deny => {
            policy::counts(plan, world.directory.as_ref(), by, &approval.quorum, &approval.environment).await.map(drop)
        }
    }
}

fn who(plan: &Plan, identity: &Identity) -> String {
    plan.person(&identity.user).map_or_else(|| "whoever asked".to_owned(), |(name, _)| name.to_owned())
}

fn event(kept: &Kept<Approval>, by: &Identity, decision: Decision, at: Timestamp) -> audit::Event {
    let what = match decision {
        Decision::Approve => "approval.approve",
        Decision::Deny => "approval.deny",
        Decision::Cancel => "approval.cancel",
    };
    let approval = &kept.value;
    audit::Event {
        at,
        actor: Actor::Person(by.clone()),
        what: what.to_owned(),
        about: approval.proposal.0.clone(),
        digest: Some(approval.digest.clone()),
        detail: json!({"after_version": kept.version(), "votes_before": approval.votes.len(), "needed": approval.quorum.needed}),
    }
}

/// Marks an approval that nobody decided on in time. Says whether this call did it.
///
/// # Errors
/// When it can't be recorded.
pub async fn expire(world: &World, kept: &Kept<Approval>) -> Result<bool, Fault> {
    let now = world.clock.now();
    if kept.value.state != State::Pending || now < kept.value.expires_at {
        return Ok(false);
    }
    audit::append(
        world,
        audit::Event {
            at: now,
            actor: Actor::System("sweep".to_owned()),
            what: "approval.expire".to_owned(),
            about: kept.value.proposal.0.clone(),
            digest: Some(kept.value.digest.clone()),
            detail: json!({"votes": kept.value.votes.len()}),
        },
    )
    .await?;
    let next = Approval { state: State::Expired, ..kept.value.clone() };
    Ok(Store::of(world).replace(kept, next).await?.is_ok())
}
