//! AWS: whether what the plan names is there and may be looked at. What changes something is not tried.

use super::{Check, Verdict};
use crate::{
    database,
    desk::Desk,
    failure::CallError,
    port::{Answer, Phase},
    probe,
    together::together,
};

/// So many databases are looked at: people wait for the answer.
const LOOKED_AT: usize = 20;

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    // Whoever reads this has had the delivery claimed in the table, and the plan read from the bucket.
    let records = Check::well("Records", "the request was claimed in the table, the plan read from the bucket");
    let mut checks = vec![records, workflow(desk).await];
    for name in desk.current.plan.databases.keys().take(LOOKED_AT) {
        checks.push(database(desk, name).await);
    }
    // All at once: one that can't be reached takes ten seconds to say so.
    let signed_in = desk.current.plan.databases.keys().take(LOOKED_AT).map(|name| data(desk, name));
    checks.extend(together(signed_in).await);
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
    if let Some(check) = unusable(&what, &live.instance.id, &live.instance.status) {
        return check;
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

/// An instance that needs a person, said with what that person can do.
fn unusable(what: &str, id: &str, status: &Phase) -> Option<Check> {
    let (found, fix) = match status {
        Phase::Available | Phase::Underway(_) => return None,
        Phase::Leaving => (format!("{id} is being deleted"), "Restore it, or lead traffic elsewhere."),
        Phase::Broken(status) if status.starts_with("inaccessible-encryption-credentials") => (
            format!("the encryption key of {id} can't be used"),
            "Enable the key again, or give RDS its grant back, and start the instance: after seven days only a backup is left.",
        ),
        Phase::Broken(status) if status == "stopped" => {
            (format!("{id} is stopped"), "Start it: a stopped instance keeps no log and takes no scheduled backup.")
        }
        Phase::Broken(status) => {
            (format!("{id} is {status}"), "Look at the instance's events in the RDS console; `/dr restore` makes a new one beside it.")
        }
    };
    Some(Check::ill(what, Verdict::Broken, found, fix))
}

/// Whether the inspector can sign in: its network, the secret and the database must fit together, which no call to AWS shows.
async fn data(desk: &Desk<'_>, name: &str) -> Check {
    signed_in(format!("Data of {name}"), probe::postgres(desk.world, &desk.current.plan, name).await)
}

fn signed_in(what: String, answer: Answer) -> Check {
    match answer {
        Answer::Well { note, .. } => Check::well(what, note),
        Answer::Ill { why, .. } => Check::ill(
            what,
            Verdict::Broken,
            why,
            "Let the database's security group in who has `InspectorSecurityGroups`, from `InspectorSubnets`; its secret needs `username` and \
             `password` that the database takes. Until then no restored copy can be checked, and none gets traffic.",
        ),
        Answer::Blind { why } => {
            Check::ill(what, Verdict::Unknown, why, "Look into the log of the inspector function in the database's region, and try again.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_that_needs_a_person_is_found_with_what_to_do() {
        let check = |status: Phase| unusable("Database orders", "orders-1", &status);
        assert_eq!([Phase::Available, Phase::Underway("backing-up".to_owned())].map(check), [None, None]);
        let broken = |status: &str| check(Phase::Broken(status.to_owned())).unwrap();
        let key = broken("inaccessible-encryption-credentials-recoverable");
        assert!(key.found.contains("encryption key of orders-1") && key.fix.unwrap().contains("Enable the key"));
        assert!(broken("stopped").fix.unwrap().contains("Start it"));
        assert!(broken("storage-full").found == "orders-1 is storage-full" && broken("storage-full").verdict == Verdict::Broken);
        assert_eq!(check(Phase::Leaving).unwrap().verdict, Verdict::Broken);
    }

    #[test]
    fn a_database_that_the_inspector_can_not_enter_is_broken_and_an_inspector_that_is_silent_is_not_known() {
        let ill = signed_in("Data of orders".to_owned(), Answer::Ill { why: "no answer in 5 s".to_owned(), took_ms: 0 });
        assert!(ill.verdict == Verdict::Broken && ill.fix.unwrap().contains("InspectorSubnets"));
        assert_eq!(signed_in("Data of orders".to_owned(), Answer::blind("the inspector does not answer")).verdict, Verdict::Unknown);
        assert_eq!(signed_in(String::new(), Answer::Well { took_ms: 1, note: "signed in".to_owned() }).verdict, Verdict::Well);
    }
}
