//! Who may do what, and the value that proves that it was asked.

mod permit;

pub use permit::{Authority, Permit};
