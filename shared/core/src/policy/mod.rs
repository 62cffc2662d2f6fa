//! Who may do what, and the value that proves that it was asked.

mod authorize;
mod permit;
mod verb;

pub use authorize::{Authorized, authorize, counts, holders};
pub use permit::{Authority, OWNER_TAG, Permit, STEP_TAG, Withheld, owner_tags, permit};
pub use verb::Verb;
