//! Who is told what.

use super::{around, known, words};
use crate::plan::{Communication, Findings, Path, Plan, Severity, order};

pub(super) fn check(found: &mut Findings, plan: &Plan) {
    let communication = &plan.communication;
    let at = Path::of(&["communication"]);
    for (name, audience) in &communication.audiences {
        let at = at.then("audiences").then(name);
        for (index, person) in audience.people.iter().enumerate() {
            known(found, &at.then("people").then(index), "person", person, &plan.people);
        }
        for (index, role) in audience.roles.iter().enumerate() {
            known(found, &at.then("roles").then(index), "role", role, &plan.roles);
        }
        for (index, other) in audience.includes.iter().enumerate() {
            known(found, &at.then("includes").then(index), "audience", other, &communication.audiences);
        }
        for (index, email) in audience.emails.iter().enumerate().filter(|(_, email)| !words::is_email(email)) {
            found.error(&at.then("emails").then(index), format!("{at}.emails “{email}” is no email address"));
        }
        if let Some(channel) = audience.slack.as_ref().filter(|channel| !words::is_id(channel, &['C', 'G'])) {
            found.error(&at.then("slack"), format!("{at}.slack “{channel}” is no channel id (C…)"));
        }
        let nobody = audience.people.is_empty() && audience.roles.is_empty() && audience.emails.is_empty();
        if nobody && audience.slack.is_none() && audience.includes.is_empty() {
            found.warn(&at, format!("the audience “{name}” is nobody")).instead("Add people, roles, emails or a channel of Slack");
        }
    }
    circles(found, communication);
    for (severity, notice) in &communication.severities {
        let at = at.then("severities").then(severity);
        for (index, audience) in notice.audiences.iter().enumerate() {
            known(found, &at.then("audiences").then(index), "audience", audience, &communication.audiences);
        }
        if notice.audiences.is_empty() || notice.by.is_empty() {
            found.warn(&at, format!("{severity} tells nobody")).instead("Name audiences, and by which channels");
        }
    }
    for (index, downtime) in communication.downtime.iter().enumerate() {
        for (position, audience) in downtime.audiences.iter().enumerate() {
            let at = at.then("downtime").then(index).then("audiences").then(position);
            known(found, &at, "audience", audience, &communication.audiences);
        }
    }
    if communication.updates_every.is_some_and(|every| every.0.is_zero()) {
        found.error(&at.then("updates_every"), "communication.updates_every is 0s").instead("Write how often, such as 30m");
    }
    if !communication.severities.is_empty() {
        for severity in Severity::ALL.iter().filter(|severity| !communication.severities.contains_key(severity)) {
            found.warn(&at.then("severities"), format!("the matrix has no {severity}")).instead("Say who is told of it");
        }
    }
}

/// Names a circle of audiences of which each has the next in it.
fn circles(found: &mut Findings, communication: &Communication) {
    let needs =
        communication.audiences.iter().map(|(name, audience)| (name.as_str(), audience.includes.iter().map(String::as_str).collect()));
    let Err(circle) = order::waves(&needs.collect()) else { return };
    let first = circle.first().copied().unwrap_or_default();
    let at = Path::of(&["communication", "audiences", first, "includes"]);
    found.error(&at, format!("the audience “{first}” includes itself: {}", around(&circle))).instead("Take one of these out");
}
