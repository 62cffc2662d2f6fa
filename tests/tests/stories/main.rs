//! The requirements and the catalogue's cases end to end: Slack's signed wire format in; AWS, rows and messages out.
#![cfg(test)]

mod approval;
mod audit;
mod backup;
mod calendar;
mod checks;
mod clicks;
mod crash;
mod crash_points;
mod delivery;
mod dependencies;
mod desk;
mod doctor;
mod failover;
mod health;
mod identity;
mod outage;
mod paging;
mod plan;
mod policy;
mod region_dies;
mod regions;
mod restore;
mod runbook;
mod schedule;
mod terminal;
