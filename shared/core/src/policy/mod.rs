//! Who may do what, and the value that proves that it was asked.
//!
//! The policies are data: `shared/core/policies/*.cedar`, over what a plan grants and what the workspace says of an account.

mod authorize;
mod break_glass;
mod circumstances;
#[cfg(feature = "cedar")]
mod engine;
#[cfg(not(feature = "cedar"))]
#[path = "no_engine.rs"]
mod engine;
mod explain;
mod gate;
mod permit;
mod question;
mod remembering;
mod rights;
mod standing;
mod verb;
mod vouched;

pub use authorize::{Ask, Authorized, authorize, authorize_under, counts};
pub use break_glass::{OTHERS, WITHIN, break_glass};
pub use circumstances::Circumstances;
pub use engine::check_own;
pub use explain::{Answer, Explanation, Needed, account, counting, explain, quorum_of};
pub use permit::{Authority, OWNER_TAG, Permit, STEP_TAG, Withheld, owner_tags, permit};
pub use question::On;
pub use remembering::{Known, Remembering};
pub use rights::{counts_for, environments, holders, may, on_call, on_call_people, person_may};
pub use standing::{Standing, ask_for_order, can_stand, orders};
pub use verb::Verb;
pub use vouched::{Vouched, Vouching, vouch};

#[cfg(all(test, feature = "cedar"))]
mod tests;
