use jiff::Timestamp;

use super::rights;
use crate::{ident::Identity, plan::Plan};

/// What is so while something is asked for: the context of a policy. What is not known is not so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "policies speak of each by its name")]
pub struct Circumstances {
    /// Somebody breaks the glass: they have no grant, but a reason, and two others will have to approve.
    pub break_glass: bool,
    /// An incident is open.
    pub incident: bool,
    /// It is a rehearsal.
    pub drill: bool,
    /// Whoever asks is on call.
    pub on_call: bool,
}

impl Circumstances {
    /// The same, knowing whether a person is on call.
    #[must_use]
    pub fn with_on_call(self, plan: &Plan, who: &Identity, now: Timestamp) -> Self {
        let name = plan.person(&who.user).map(|(name, _)| name);
        Self { on_call: name.is_some_and(|name| rights::on_call(plan, name, now)), ..self }
    }
}
