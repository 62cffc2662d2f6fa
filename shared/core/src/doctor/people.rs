//! People: whether those who must decide and those who are woken can be reached.

use super::{Check, Verdict};
use crate::{
    desk::Desk,
    failure::CallError,
    page,
    plan::{Person, Plan},
    port::Profile,
};

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let plan = &desk.current.plan;
    let mut checks = vec![approvers(desk).await];
    checks.extend(woken(plan, desk));
    checks.push(pager(desk).await);
    checks
}

/// Whoever asks does not count: one more must be there than are needed.
async fn approvers(desk: &Desk<'_>) -> Check {
    let quorum = &desk.current.plan.approvals.destructive;
    let counts = |person: &&Person| person.roles.iter().any(|role| quorum.roles.contains(role));
    let (mut active, mut gone, mut unknown) = (0_usize, Vec::new(), 0_usize);
    for (name, person) in desk.current.plan.people.iter().filter(|(_, person)| counts(person)) {
        match desk.world.directory.profile(&person.slack).await {
            Ok(Some(profile)) if is_active(&profile) => active += 1,
            Ok(_) => gone.push(name.clone()),
            Err(_) => unknown += 1,
        }
    }
    let needed = usize::from(quorum.needed);
    let found = format!("{active} can decide, {needed} must; whoever asks does not count");
    let fix = "Give more people one of the roles that `approvals.destructive` names, or take those out who have left.";
    let gone = if gone.is_empty() { String::new() } else { format!("; not active in Slack: {}", gone.join(", ")) };
    match active {
        _ if unknown > 0 => Check::ill("Approvers", Verdict::Unknown, format!("{found}; Slack did not answer for {unknown}"), "Try again."),
        active if active < needed => Check::ill("Approvers", Verdict::Broken, format!("{found}{gone}"), fix),
        active if active == needed || !gone.is_empty() => Check::ill("Approvers", Verdict::Weak, format!("{found}{gone}"), fix),
        _ => Check::well("Approvers", found),
    }
}

fn is_active(profile: &Profile) -> bool {
    !(profile.deleted || profile.bot || profile.restricted || profile.ultra_restricted || profile.stranger)
}

/// Those who have the turn now, and how they can be woken.
fn woken(plan: &Plan, desk: &Desk<'_>) -> Vec<Check> {
    let now = desk.world.clock.now();
    let mut checks = Vec::new();
    for rotation in plan.on_call.rotations.keys() {
        let what = format!("On call: {rotation}");
        let turns = page::on_call_now(plan, rotation, now);
        let Some((name, person)) = turns.first().and_then(|name| plan.people.get_key_value(name)) else {
            checks.push(Check::ill(what, Verdict::Broken, "nobody has the turn", "Put people of the plan into the rotation."));
            continue;
        };
        checks.push(match &person.phone {
            Some(_) => Check::well(what, format!("{name} has the turn, and a telephone")),
            None => Check::ill(
                what,
                Verdict::Weak,
                format!("{name} has the turn, and no telephone"),
                "Add `phone` to the person: Slack wakes nobody.",
            ),
        });
    }
    checks
}

/// Acknowledging what was never raised changes nothing, and shows whether the way is open.
async fn pager(desk: &Desk<'_>) -> Check {
    match desk.world.pager.acknowledge("mayday-doctor").await {
        Ok(_) => Check::well("PagerDuty", "takes our events"),
        Err(CallError::Refused { why, .. }) => Check::ill(
            "PagerDuty",
            Verdict::Weak,
            why,
            "Put `pagerduty_routing_key` of an Events API v2 integration into the secret `mayday/keys`. Until then text messages wake people.",
        ),
        Err(error) => Check::ill("PagerDuty", Verdict::Unknown, error.why(), "Try again; text messages go out meanwhile."),
    }
}
