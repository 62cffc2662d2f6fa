//! The whole product on one machine: AWS's and Slack's interfaces over real PostgreSQL, with a clock and a fault table.
//!
//! Every service is a [`service::Service`]; `ARCHITECTURE.md` has the map.

#![expect(clippy::disallowed_methods, reason = "this is the world outside the product: it owns the time and its tasks")]
#![expect(clippy::result_large_err, reason = "a refusal is a whole reply, and no path here is hot")]

pub mod calls;
pub mod clock;
pub mod connector;
pub mod console;
pub mod control;
pub mod data;
pub mod dns;
pub mod dynamodb;
pub mod events;
pub mod faults;
pub mod from_plan;
pub mod front;
pub mod functions;
mod kept;
mod keys;
pub mod lambda;
pub mod outside;
pub mod postgres;
pub mod rds;
pub mod region;
pub mod route53;
pub mod s3;
pub mod scheduler;
pub mod secrets;
pub mod seed;
pub mod service;
pub mod sites;
pub mod slack;
pub mod stack;
pub mod states;
pub mod sts;
pub mod tasks;
pub mod traffic;
pub mod wire;
mod world;
