//! Who may do what, and the value that proves that it was asked.
//!
//! The policies are data: `shared/core/policies/*.cedar`, over what a plan grants and what the workspace says of an account.

mod authorize;
mod circumstances;
#[cfg(feature = "cedar")]
mod engine;
#[cfg(not(feature = "cedar"))]
#[path = "no_engine.rs"]
mod engine;
mod permit;
mod question;
mod rights;
mod verb;

pub use authorize::{Ask, Authorized, authorize, authorize_under, counts};
pub use circumstances::Circumstances;
pub use engine::check_own;
pub use permit::{Authority, OWNER_TAG, Permit, STEP_TAG, Withheld, owner_tags, permit};
pub use question::On;
pub use rights::{environments, holders, may, on_call, person_may};
pub use verb::Verb;

#[cfg(all(test, feature = "cedar"))]
mod tests;
