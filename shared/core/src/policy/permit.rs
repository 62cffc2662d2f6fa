use crate::{
    ident::{ProposalId, StepId},
    port::Tags,
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
    /// The class of the action needs no approval: it adds, and takes nothing away.
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
}

impl Permit {
    pub(in crate::policy) fn new(run: String, step: StepId, authority: Authority) -> Self {
        Self { run, step, authority }
    }

    /// A permit for tests of adapters, which have no run. Only with the feature `testing`, which no function enables.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn for_test(run: &str) -> Self {
        Self::new(run.to_owned(), StepId("test".to_owned()), Authority::Additive)
    }

    /// By what right.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The tags that everything made under this permit bears: how it is found again, and told apart from what others made.
    #[must_use]
    pub fn owner_tags(&self) -> Tags {
        Tags::from([(OWNER_TAG.to_owned(), self.run.clone()), (STEP_TAG.to_owned(), self.step.0.clone())])
    }
}
