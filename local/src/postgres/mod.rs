//! Real PostgreSQL clusters as the data plane: one server for each database instance, on a loopback address of its own.
//!
//! A snapshot is a `pg_basebackup`, point-in-time restore replays archived WAL, a replica streams. PostgreSQL runs on
//! the system's time: whoever calls in here has translated the stack's time before (`Clock::real_at`).

mod address;
mod cluster;
mod configuration;
mod installation;
mod recovery;
pub mod sample;
mod sql;

pub use address::Addresses;
pub use cluster::Cluster;
pub use configuration::{ADMIN, INSPECTOR, Settings};
pub use installation::Installation;
pub use recovery::Archived;
pub use sql::{Broken, Damage, Database, Table};

/// The port of every server: a CNAME moves no port, so all instances share the one that clients expect.
pub const PORT: u16 = 5432;
