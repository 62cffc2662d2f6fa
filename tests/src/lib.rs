//! The language that the stories are told in: a stage with people who type and press, and a world that can be looked at.
//!
//! Everything goes through Slack's wire format into the real function binaries; what came of it is read from the world
//! outside (AWS's interfaces, rows in PostgreSQL, posted messages), and from the bot's records where a story is about them.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests only: what is not as told here must fail the test, in real time"
)]

mod aws;
mod child;
mod crash;
mod failover;
mod organization;
mod person;
mod raw;
mod records;
mod stage;
mod told;
mod watched;
mod world;

pub use aws::Xml;
pub use child::Child;
pub use crash::Death;
pub use failover::{AWAY, HOME, STANDBY};
pub use organization::{CAPLIQUIFY, Cast, INVENTORY, Organization};
pub use person::Person;
pub use raw::{Answer, Signed};
pub use stage::{CHANNEL, INSTANCE, Setup, Stage, binaries, together};
pub use told::{Card, Form, Message, Told};
pub use world::{Restored, differences};
