//! The domain of Mayday: what a recovery is, who may ask for it, and how it is carried out at most once.
//!
//! No cloud vendor, no HTTP, no clock and no environment in here: all that comes through [`port`]. `ARCHITECTURE.md`
//! has the map.

pub mod action;
pub mod alert;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod command;
pub mod database;
pub mod desk;
pub mod digest;
pub mod doctor;
pub mod failover;
pub mod failure;
pub mod ident;
pub mod page;
pub mod picture;
pub mod plan;
pub mod planted;
pub mod policy;
pub mod port;
pub mod probe;
pub mod proposal;
pub mod run;
pub mod runbook;
pub mod standby;
pub mod store;
pub mod sweep;
mod together;
pub mod view;
pub mod when;
