//! AWS: whether what the plan names is there and may be looked at. What changes something is not tried.

use super::{Check, Verdict};
use crate::{database, desk::Desk, failure::CallError};

/// So many databases are looked at: people wait for the answer.
const LOOKED_AT: usize = 20;

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    // Whoever reads this has had the delivery claimed in the table, and the plan read from the bucket.
    let records = Check::well("Records", "the request was claimed in the table, the plan read from the bucket");
    let mut checks = vec![records, workflow(desk).await];
    for name in desk.current.plan.databases.keys().take(LOOKED_AT) {
        checks.push(database(desk, name).await);
    }
    checks
}

/// A token that nobody waits with wakes nothing, and shows whether we may.
async fn workflow(desk: &Desk<'_>) -> Check {
    match desk.world.workflow.wake("mayday-doctor").await {
        Ok(_) => Check::well("State machine", "takes our answers"),
        Err(CallError::Refused { code, why }) => Check::ill(
            "State machine",
            Verdict::Broken,
            format!("{why} ({code})"),
            "Deploy the template again: the worker's role has `states:SendTaskSuccess` in it.",
        ),
        Err(error) => Check::ill(
            "State machine",
            Verdict::Unknown,
            error.why(),
            "Try again; a run that can't be started now is started by the next tick.",
        ),
    }
}

/// Secret or name, instance, log and settings of one database.
async fn database(desk: &Desk<'_>, name: &str) -> Check {
    let what = format!("Database {name}");
    let fix = "Compare the plan with AWS: the secret must be tagged `mayday:plan` and lead to an instance in the plan's region.";
    let live = match database::look(desk.world, &desk.current.plan, name).await {
        Ok(live) => live,
        Err(failure) => return Check::failed(what, &failure, fix),
    };
    let id = &live.instance.id;
    if live.gone {
        return Check::ill(
            what,
            Verdict::Broken,
            format!("traffic is led to {id}, which is gone"),
            "Restore it, or lead traffic elsewhere.",
        );
    }
    if live.instance.latest_restorable.is_none() {
        return Check::ill(
            what,
            Verdict::Weak,
            format!("{id} keeps no log"),
            "Set a backup retention period of at least a day: no moment can be restored without.",
        );
    }
    Check::well(what, format!("{id} is {}, reached as the plan says, and keeps a log", live.instance.status))
}
