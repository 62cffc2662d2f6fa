use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    action::{Act, Class},
    approval::{Approval, State},
    backup,
    failure::{CallError, Failure, Fault},
    ident::{Actor, Identity, ProposalId, StepId},
    plan,
    planted::{Bug, planted},
    policy::{Ask, Circumstances, On, authorize::counts_on, authorize_under, break_glass, gate, standing},
    port::{Tags, World},
    proposal::{PlannedStep, Proposal, Right},
    run::{Lock, Run, StepState},
    store::{Kept, Store},
};

/// The tag that says which run made a resource.
pub const OWNER_TAG: &str = "mayday:run";
/// The tag that says which step of it.
pub const STEP_TAG: &str = "mayday:step";

/// By what right the world is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// A live, one-use approval of the proposal with this digest, checked just now.
    Approval {
        /// The proposal.
        proposal: ProposalId,
        /// The digest that was approved.
        digest: String,
    },
    /// A standing order of the plan, approved beforehand by its digest; it and what it asks to be true were checked just now.
    StandingOrder {
        /// Its name in the plan.
        name: String,
        /// The digest that was approved.
        digest: String,
    },
    /// The run deletes only backups whose time is over, and this one is among those that retention's rules let go.
    Retention,
    /// The whole run only adds, and takes nothing away: whoever asked may ask for that.
    Additive,
}

/// The right to make one change to the world, made by the policy for one step of one run, moments before the call.
///
/// It has no public constructor: a port that demands it can't be called without having asked.
#[derive(Debug)]
pub struct Permit {
    run: String,
    step: StepId,
    authority: Authority,
    /// Whoever has slept beyond this does not call any more: a successor may have.
    until: Timestamp,
}

impl Permit {
    /// A permit for tests of adapters, which have no run. Only with the feature `testing`, which no function enables.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn for_test(run: &str) -> Self {
        Self::for_test_until(run, Timestamp::MAX)
    }

    /// The same, good until a time.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn for_test_until(run: &str, until: Timestamp) -> Self {
        Self { run: run.to_owned(), step: StepId("test".to_owned()), authority: Authority::Additive, until }
    }

    /// The same permit, good until a time.
    #[must_use]
    pub(crate) fn lasting(self, until: Timestamp) -> Self {
        Self { until, ..self }
    }

    /// Whether it is still good. Asked right before the call: by an action that looks at something first, by an adapter that waits.
    ///
    /// # Errors
    /// When it is not: then nothing was called.
    pub fn check(&self, now: Timestamp) -> Result<(), CallError> {
        if now < self.until {
            return Ok(());
        }
        Err(CallError::NotNow { code: "PermitOver".to_owned(), why: format!("the permit was good until {} only", self.until) })
    }

    /// By what right.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The tags that everything made under this permit bears: how it is found again, and told apart from what others made.
    #[must_use]
    pub fn owner_tags(&self) -> Tags {
        owner_tags(&self.run, &self.step)
    }
}

/// The tags of what a step of a run makes.
#[must_use]
pub fn owner_tags(run: &str, step: &StepId) -> Tags {
    Tags::from([(OWNER_TAG.to_owned(), run.to_owned()), (STEP_TAG.to_owned(), step.0.clone())])
}

/// Why there is no permit.
#[derive(Debug)]
pub enum Withheld {
    /// It must not be done: what was approved is not what would run now. In words.
    Forbidden(String),
    /// It can't be told whether it may be done. Not a no, and not a yes.
    Unverified(Fault),
}

impl From<CallError> for Withheld {
    fn from(error: CallError) -> Self {
        Self::Unverified(error.into())
    }
}

impl From<Fault> for Withheld {
    fn from(fault: Fault) -> Self {
        Self::Unverified(fault)
    }
}

impl From<Failure> for Withheld {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refusal(refusal) => Self::Forbidden(refusal.to_string()),
            Failure::Fault(fault) => Self::Unverified(fault),
        }
    }
}

pub(super) fn forbidden(why: impl Into<String>) -> Withheld {
    Withheld::Forbidden(why.into())
}

/// Decides, with everything read anew, whether a step of a run may change the world now.
///
/// # Errors
/// Why not.
pub async fn permit(world: &World, run: &Run, proposal: &Proposal, step: &PlannedStep) -> Result<Permit, Withheld> {
    if proposal.digest()? != run.digest || proposal.id != run.proposal || proposal.step(&step.id) != Some(step) {
        return Err(forbidden("the proposal is not the one that was decided on"));
    }
    let current = plan::current(world.blobs.as_ref()).await?;
    let edited = current.plan.digest_for(&proposal.target, &proposal.locks)? != proposal.plan_digest;
    if edited && !planted(Bug::PlanEditUnseen) {
        return Err(forbidden(format!("the plan says something else of {} than when this was approved", proposal.target.name)));
    }
    if !planted(Bug::LockNotTaken) {
        holds_locks(world, run, proposal).await?;
    }
    let authority = match (&proposal.right, &proposal.quorum) {
        (Right::Order(name), _) => standing::standing(world, run, proposal, &current.plan, name).await?,
        (Right::BreakGlass, _) if !break_glass::holds(proposal) => {
            return Err(forbidden("the glass was broken without a reason or without two others"));
        }
        (_, Some(_)) => approved(world, run, proposal, &current.plan).await?,
        (_, None) if backup::is_pruning(proposal) => retention(world, proposal, step, &current.plan).await?,
        (_, None) => additive(world, proposal, &current.plan).await?,
    };
    gate::passed(world, run, proposal, step, &current.plan).await?;
    match step.act.action().drift(world).await? {
        Some(what) if !planted(Bug::DriftUnseen) => Err(forbidden(format!("the world has changed since this was proposed: {what}"))),
        _ if planted(Bug::OwnerUnnamed) => Ok(Permit { run: String::new(), step: step.id.clone(), authority, until: Timestamp::MAX }),
        _ => Ok(Permit { run: run.id.0.clone(), step: step.id.clone(), authority, until: Timestamp::MAX }),
    }
}

async fn holds_locks(world: &World, run: &Run, proposal: &Proposal) -> Result<(), Withheld> {
    for name in proposal.held() {
        let lock: Option<Kept<Lock>> = Store::of(world).load(&name).await?;
        match lock.and_then(|lock| lock.value.run) {
            Some(holder) if holder == run.id => {}
            Some(holder) => return Err(forbidden(format!("{name} is held by {holder}"))),
            None => return Err(forbidden(format!("this run does not hold {name}"))),
        }
    }
    Ok(())
}

async fn approved(world: &World, run: &Run, proposal: &Proposal, plan: &plan::Plan) -> Result<Authority, Withheld> {
    let approval: Option<Kept<Approval>> = Store::of(world).load(proposal.id.as_str()).await?;
    let approval = approval.ok_or_else(|| forbidden("nobody was asked to approve this"))?.value;
    let same = approval.digest == run.digest || planted(Bug::DigestUnchecked);
    if !matches!(approval.state, State::Approved { .. }) || !same {
        return Err(forbidden("this was not approved"));
    }
    // The approval's own copy of how many and who is what was counted by; the digest covers the proposal's.
    if Some(&approval.quorum) != proposal.quorum.as_ref() || approval.environment != proposal.target.environment {
        return Err(forbidden("it was approved by other rules than the proposal's"));
    }
    let voters: BTreeSet<&Identity> = approval.votes.iter().map(|vote| &vote.by).filter(|voter| !is_requester(proposal, voter)).collect();
    // Whatever a plan says: nobody's approval is not an approval.
    if voters.len() < usize::from(approval.quorum.needed.max(1)) {
        return Err(forbidden("too few people approved this"));
    }
    for voter in voters.into_iter().filter(|_| !planted(Bug::AuthorityRemembered)) {
        match counts_on(plan, world.directory.as_ref(), voter, &approval.quorum, On::Target(&proposal.target)).await {
            Ok(_) => {}
            Err(Failure::Refusal(why)) => return Err(forbidden(format!("an approval no longer counts: {}", why.sentence))),
            // Slack is down. Whoever approves is verified when they do and when the run first acts; a run that is under way
            // is not left half done because of it. The plan was asked, and says that the approver still counts.
            Err(Failure::Fault(fault)) if has_acted(run, proposal) => {
                tracing::warn!(run = run.id.as_str(), fault = fault.chain(), "an approver's account can't be verified again");
            }
            Err(Failure::Fault(fault)) => return Err(Withheld::Unverified(fault)),
        }
    }
    may_still_ask(world, run, proposal, plan).await?;
    Ok(Authority::Approval { proposal: proposal.id.clone(), digest: approval.digest })
}

/// Whoever asked must be one who may ask for this now; the product itself asks only for what a schedule gives it.
async fn may_still_ask(world: &World, run: &Run, proposal: &Proposal, plan: &plan::Plan) -> Result<(), Withheld> {
    let Actor::Person(requester) = &proposal.requester else { return Ok(()) };
    match asks(world, requester, proposal, plan).await {
        Ok(()) => Ok(()),
        Err(Failure::Refusal(why)) => Err(forbidden(format!("whoever asked for this may not any more: {}", why.sentence))),
        // As with those who approved: Slack's outage does not leave a run half done.
        Err(Failure::Fault(fault)) if has_acted(run, proposal) => {
            tracing::warn!(run = run.id.as_str(), fault = fault.chain(), "the requester's account can't be verified again");
            Ok(())
        }
        Err(Failure::Fault(fault)) => Err(Withheld::Unverified(fault)),
    }
}

async fn asks(world: &World, requester: &Identity, proposal: &Proposal, plan: &plan::Plan) -> Result<(), Failure> {
    let under = Circumstances { break_glass: proposal.right == Right::BreakGlass, ..Circumstances::default() };
    let ask =
        Ask { verb: proposal.verb, on: Some(On::Target(&proposal.target)), under: under.with_on_call(plan, requester, world.clock.now()) };
    authorize_under(plan, world.directory.as_ref(), requester, &ask).await.map(drop)
}

/// Whether a step of the run has changed the world: then every approver was verified for that.
fn has_acted(run: &Run, proposal: &Proposal) -> bool {
    let acts = |id| proposal.step(id).is_some_and(|step| step.act.action().class() != Class::Looks);
    run.steps.iter().any(|step| matches!(step.state, StepState::Called { .. } | StepState::Done(_)) && acts(&step.id))
}

fn is_requester(proposal: &Proposal, voter: &Identity) -> bool {
    matches!(&proposal.requester, Actor::Person(person) if person == voter) && !planted(Bug::SelfApproval)
}

/// What retention's rules allow is asked for by the schedule alone, and judged anew for each backup.
async fn retention(world: &World, proposal: &Proposal, step: &PlannedStep, plan: &plan::Plan) -> Result<Authority, Withheld> {
    if matches!(proposal.requester, Actor::Person(_)) {
        return Err(forbidden("backups are deleted by the schedule, when their time is over"));
    }
    let Act::Prune(prune) = &step.act else { return Err(forbidden("this step deletes no backup")) };
    if prune.database != proposal.target.name {
        return Err(forbidden(format!("{} is of another database", prune.snapshot)));
    }
    match backup::prune_allowed(world, plan, prune).await? {
        None => Ok(Authority::Retention),
        Some(why) => Err(forbidden(why)),
    }
}

async fn additive(world: &World, proposal: &Proposal, plan: &plan::Plan) -> Result<Authority, Withheld> {
    if let Some(step) = proposal.steps.iter().find(|step| step.act.action().class().destroys()) {
        return Err(forbidden(format!("the step {} replaces or deletes, and nobody approved it", step.id)));
    }
    if let Actor::Person(requester) = &proposal.requester {
        asks(world, requester, proposal, plan).await?;
    }
    Ok(Authority::Additive)
}
