//! Who may do what, and the value that proves that it was asked.

mod authorize;
mod permit;
mod rights;
mod verb;

pub use authorize::{Authorized, authorize, counts};
pub use permit::{Authority, OWNER_TAG, Permit, STEP_TAG, Withheld, owner_tags, permit};
pub use rights::{environments, holders, may, person_may};
pub use verb::Verb;
