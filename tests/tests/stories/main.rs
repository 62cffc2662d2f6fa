//! The requirements and the catalogue's cases end to end: Slack's signed wire format in; AWS, rows and messages out.
#![cfg(test)]

mod approval;
mod backup;
mod checks;
mod crash;
mod delivery;
mod dependencies;
mod desk;
mod failover;
mod health;
mod identity;
mod paging;
mod plan;
mod policy;
mod restore;
mod runbook;
mod schedule;
