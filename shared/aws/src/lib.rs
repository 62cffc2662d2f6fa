//! AWS behind the ports of the core: one adapter a file. No type of the SDK leaves this crate.

pub mod blobs;
pub mod calls;
mod classify;
pub mod client;
pub mod clock;
pub mod databases;
pub mod dns;
pub mod installation;
pub mod random;
pub mod secrets;
pub mod settings;
mod silence;
pub mod sql;
pub mod table;
pub mod workflow;
pub mod world;
