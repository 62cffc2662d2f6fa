//! In place of the engine where the policies are not compiled in: nothing is decided, so nobody may do anything. The inspector, which
//! is never asked who may do what, is built so.

use super::question::{Question, Ruling};
use crate::{failure::Fault, plan::Plan};

/// Never decides.
pub(super) fn decide(_: &Plan, question: &Question<'_>) -> Result<Ruling, Fault> {
    Err(Fault::new(format!("this program was built without the policies and can't say who may {}", question.verb)))
}

/// Without the engine a plan's own policies can't be checked, so such a plan is not taken.
#[must_use]
pub fn check_own(plan: &Plan) -> Vec<(String, String)> {
    plan.policies.keys().map(|name| (name.clone(), "this program was built without the policies".to_owned())).collect()
}
