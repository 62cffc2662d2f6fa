//! What was done so far: a backup that was never restored is a hope.

use super::{Check, Verdict};
use crate::{
    backup::{self, RecoveryPoint},
    database,
    desk::Desk,
    failure::Failure,
    view::Span,
};

/// So many databases are looked at: people wait for the answer.
const LOOKED_AT: usize = 20;

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for name in desk.current.plan.databases.keys().take(LOOKED_AT) {
        let what = format!("Backups of {name}");
        checks.push(match points(desk, name).await {
            Ok(points) => judged(desk, name, what, &points),
            Err(failure) => Check::failed(what, &failure, "See what is said of the database itself."),
        });
    }
    // No drill can have left a trace: there are none yet.
    checks.push(Check::ill(
        "Last drill",
        Verdict::Weak,
        "never",
        "Restore a database in a quiet hour, and compare the time with the plan's RTO.",
    ));
    checks
}

async fn points(desk: &Desk<'_>, name: &str) -> Result<Vec<RecoveryPoint>, Failure> {
    let live = database::look(desk.world, &desk.current.plan, name).await?;
    let lineage = database::lineage(desk.world, &live).await?;
    Ok(backup::points(desk.world, &live, &lineage).await?)
}

fn judged(desk: &Desk<'_>, name: &str, what: String, points: &[RecoveryPoint]) -> Check {
    let now = desk.world.clock.now();
    let age = |point: &RecoveryPoint| point.taken_at().map(|at| Span(now.duration_since(at)).to_string()).unwrap_or_default();
    let usable = || points.iter().filter(|point| point.is_usable());
    match (usable().next(), usable().find(|point| point.is_verified())) {
        (None, _) => Check::ill(what, Verdict::Broken, "there is none that can be restored", format!("Make one: `/dr backup {name}`.")),
        (Some(newest), None) => Check::ill(
            what,
            Verdict::Weak,
            format!("the newest is {} old; none was ever verified", age(newest)),
            format!("Restore one beside the database: `/dr restore {name}` checks its data before any traffic moves."),
        ),
        (Some(newest), Some(verified)) => {
            Check::well(what, format!("the newest is {} old, the newest verified one {}", age(newest), age(verified)))
        }
    }
}
