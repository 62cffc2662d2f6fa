//! The plan: which version is in force, and whether it says enough to act on.

use super::{Check, Verdict};
use crate::plan::Current;

pub(super) fn examine(current: &Current) -> Vec<Check> {
    let version = format!("version {} of {} is in force", current.version, current.plan.organization);
    let in_force = match &current.refused {
        None => Check::well("plan", version),
        Some(refused) => Check::ill(
            "plan",
            Verdict::Broken,
            format!("{version}, since version {} can't be used: {}", refused.version, refused.why),
            "`/dr plan check` lists what is wrong with it; put a good one in place with `mayday plan put`.",
        ),
    };
    let plan = &current.plan;
    let holes = [
        (plan.databases.is_empty(), "it has no database", "Add what is to be restored under `databases`."),
        (plan.services.values().all(|service| service.probes.is_empty()), "no service is probed", "Add `probes` to the services."),
        (plan.on_call.rotations.is_empty(), "nobody is on call", "Add rotations under `on_call`."),
        (
            plan.databases.values().any(|database| database.checks.is_empty()),
            "a database has no checks",
            "Add `checks`: without one no recovery point can be verified.",
        ),
        (plan.databases.values().all(|database| database.backups.is_empty()), "no backup is scheduled", "Add `backups` to the databases."),
    ];
    let holes = holes.into_iter().filter(|(is, ..)| *is).map(|(_, found, fix)| Check::ill("plan", Verdict::Weak, found, fix));
    std::iter::once(in_force).chain(holes).collect()
}
