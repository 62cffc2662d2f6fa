//! The minute tick: whatever was left undone by a crash, a lost message or the mere passing of time is found here by looking
//! at the records, never by remembering.
//!
//! Each duty is one file and one line in [`tick`].

mod approvals;
mod audited;
mod claims;
mod databases;
mod files;
mod fleets;
mod pages;
mod patience;
mod plans;
mod runs;

use serde::Serialize;

use crate::{
    failover,
    port::{Page, World},
    probe,
};

/// How many of each kind of record a tick looks at.
const LOOKED_AT: Page = Page { after: None, newest_first: true, limit: 200 };

/// What a tick did, for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Proposals that were approved and not started.
    pub started: usize,
    /// Proposals whose time was over.
    pub expired: usize,
    /// Decisions that whoever asked had not been told.
    pub told: usize,
    /// Runs that nobody drove.
    pub resumed: usize,
    /// Locks whose run had ended.
    pub released: usize,
    /// Levels of pages that were woken.
    pub woken: usize,
    /// What failed; the next tick tries again.
    pub failed: usize,
}

/// Does one tick. A part that fails does not keep the others from being done.
pub async fn tick(world: &World) -> Swept {
    let world = &files::read_once(world);
    let waking = &patience::limited(world, patience::TO_WAKE);
    let world = &patience::limited(world, patience::TO_TELL);
    let mut swept = Swept::default();
    for (what, result) in [
        ("pages", pages::wake(waking, &mut swept).await),
        ("approvals", approvals::settle(world, &mut swept).await),
        ("runs", runs::resume(world, &mut swept).await),
        ("locks", runs::unlock(world, &mut swept).await),
        ("claims", claims::forget(world).await),
        ("plan", plans::watch(world).await),
        ("databases", databases::see_to(world).await),
        ("what was left behind", failover::see_to_returned(world).await),
        ("audit", audited::anchor(world).await),
        // Last, since it takes as long as services take to answer.
        ("probes", probe::tick(world).await),
    ] {
        if let Err(fault) = result {
            swept.failed += 1;
            tracing::error!(what, fault = fault.chain(), "a part of the sweep failed");
        }
    }
    swept
}
