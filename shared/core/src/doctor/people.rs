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
    let mut checks = vec![approvers(desk).await, without_slack(plan)];
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

/// Whether enough people could ask and approve at a terminal, where AWS vouches for them. Whoever asks does not count here either.
fn without_slack(plan: &Plan) -> Check {
    let what = "Without Slack";
    let quorum = &plan.approvals.destructive;
    let known = || plan.people.values().filter(|person| !person.aws.is_empty());
    let approvers = known().filter(|person| person.roles.iter().any(|role| quorum.roles.contains(role))).count();
    let (known, needed) = (known().count(), usize::from(quorum.needed));
    let found = format!("the plan knows {known} people by their AWS credentials; {approvers} of them can decide, {needed} must");
    let fix = "Add `aws` to more people of the plan: while Slack is down, `mayday` at a terminal knows nobody else.";
    match approvers {
        // Whoever approves may be the one who asks.
        enough if enough >= needed && known > needed => Check::well(what, found),
        _ => Check::ill(what, Verdict::Weak, found, fix),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j1_too_few_who_could_decide_without_slack_are_found() {
        let mut plan = crate::plan::load(include_str!("../../../../plans/demo.yaml")).unwrap();
        assert_eq!(without_slack(&plan).verdict, Verdict::Well);
        // One who decides and nobody else: whoever asks would be the same.
        for alone in ["ana", "bob"] {
            plan.people.get_mut(alone).unwrap().aws.clear();
        }
        assert_eq!(without_slack(&plan).verdict, Verdict::Weak);
        plan.people.get_mut("ana").unwrap().aws.push("arn:aws:iam::000000000000:user/ana".to_owned());
        assert_eq!(without_slack(&plan).verdict, Verdict::Well);
        plan.people.get_mut("carol").unwrap().aws.clear();
        let check = without_slack(&plan);
        assert!(check.verdict == Verdict::Weak && check.found.contains("0 of them can decide, 1 must"), "{check:?}");
    }
}
