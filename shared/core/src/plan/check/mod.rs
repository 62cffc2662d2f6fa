//! What a plan must be beyond its shape. Each part adds everything that it finds; nothing stops at the first.

mod databases;
mod people;
mod services;
mod telling;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Findings, Path, Person, Plan, Quorum, Scenario};
use crate::{command::nearest, policy::Verb, runbook::BUILT_IN};

/// Everything that is wrong with a plan or should be looked at, without the lines of its file.
#[must_use]
pub fn all(plan: &Plan) -> Vec<Finding> {
    let mut findings = Findings(quick(plan));
    databases::gaps(&mut findings, plan);
    findings.0
}

/// What decides whether it can be used, for whoever has a request to answer.
pub(super) fn quick(plan: &Plan) -> Vec<Finding> {
    let mut findings = Findings::default();
    let found = &mut findings;
    if plan.schema != 1 {
        found.error(&Path::of(&["schema"]), format!("schema {} is not known; this release reads schema 1", plan.schema));
    }
    zone(found, &Path::of(&["timezone"]), &plan.timezone);
    people::check(found, plan);
    quorum(found, plan, "destructive", &plan.approvals.destructive);
    if let Some(traffic) = &plan.approvals.traffic {
        quorum(found, plan, "traffic", traffic);
    }
    databases::check(found, plan);
    services::check(found, plan);
    telling::check(found, plan);
    scenarios(found, plan);
    drills(found, plan);
    standing_orders(found, plan);
    policies(found, plan);
    runbooks(found, plan);
    phases(found, plan);
    findings.0
}

/// The organization's own policies: they are held against the schema, and can only forbid.
fn policies(found: &mut Findings, plan: &Plan) {
    for (name, wrong) in crate::policy::check_own(plan) {
        found.error(&Path::of(&["policies", &name]), format!("policies.{name}: {wrong}"));
    }
}

/// All environments that anything of the plan is in.
fn environments(plan: &Plan) -> BTreeSet<&str> {
    let databases = plan.databases.values().map(|database| &database.environment);
    let services = plan.services.values().map(|service| &service.environment);
    let apps = plan.apps.values().map(|app| &app.environment);
    databases.chain(services).chain(apps).map(String::as_str).collect()
}

fn zone(found: &mut Findings, at: &Path, zone: &str) {
    if jiff::tz::TimeZone::get(zone).is_err() {
        found
            .error(at, format!("timezone “{zone}” is not in the IANA database; write Europe/Berlin or UTC"))
            .instead("Names are those of the IANA database, such as America/New_York");
    }
}

/// Demands that a name is one of those of a map, exactly.
fn known<T>(found: &mut Findings, at: &Path, kind: &str, name: &str, names: &BTreeMap<String, T>) {
    if !names.contains_key(name) {
        unknown(found, at, kind, name, names.keys());
    }
}

/// Says that a name is not known, and which may have been meant. A wildcard never stands for anything.
fn unknown<'a>(found: &mut Findings, at: &Path, kind: &str, name: &str, names: impl Iterator<Item = &'a String>) {
    /// Nobody reads more suggestions, and looking for one costs.
    const SUGGESTED: usize = 50;
    if name.contains('*') {
        found.error(at, format!("{at} has “{name}”: a wildcard never stands for a {kind}")).instead("Name each of them");
        return;
    }
    let names: Vec<&str> = names.map(String::as_str).take(2_000).collect();
    let meant = (found.0.len() < SUGGESTED).then(|| nearest(name, &names)).flatten();
    let way_out = match (meant, names.as_slice()) {
        (Some(meant), _) => format!("Did you mean “{meant}”? Names are matched exactly"),
        (None, []) => format!("The plan has no {kind} at all"),
        (None, names) => format!("Known: {}", names.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
    };
    found.error(at, format!("{at} names the {kind} “{name}”, which the plan does not have")).instead(way_out);
}

/// A cron of five fields that something is due by.
fn cron(found: &mut Findings, at: &Path, text: &str) {
    if let Err(why) = words::cron(text) {
        no_cron(found, at, text, &why);
    }
}

fn no_cron(found: &mut Findings, at: &Path, text: &str, why: &str) {
    found
        .error(at, format!("{at} “{text}” is no cron: {why}"))
        .instead("Five fields: minute, hour, day, month, weekday; 0 2 * * * is daily at 2");
}

fn quorum(found: &mut Findings, plan: &Plan, class: &str, quorum: &Quorum) {
    let at = Path::of(&["approvals", class]);
    if quorum.needed == 0 {
        found.error(&at.then("needed"), format!("{at}.needed is 0; at least one other person must approve"));
        return;
    }
    if quorum.within.0.is_zero() {
        found.error(&at.then("within"), format!("{at}.within is 0s: every proposal would expire at once"));
    }
    for (index, role) in quorum.roles.iter().enumerate() {
        known(found, &at.then("roles").then(index), "role", role, &plan.roles);
    }
    let is_able = |person: &Person| person.roles.iter().any(|role| quorum.roles.contains(role));
    let able = plan.people.values().filter(|person| is_able(person)).count();
    // Whoever asks does not count: there must be somebody who may ask and has enough others to approve.
    let asked = |verb: &Verb| if class == "traffic" { *verb == Verb::Failover } else { verb.is_destructive() };
    let mut askers = plan.people.values().filter(|person| plan.grants(person).any(|grant| grant.verbs.iter().any(asked))).peekable();
    let needed = usize::from(quorum.needed);
    if askers.peek().is_some() && !askers.any(|person| able - usize::from(is_able(person)) >= needed) {
        let sentence = format!(
            "{at} needs {needed} besides the requester, but {able} have one of its roles ({}): nothing could ever be approved",
            quorum.roles.join(", ")
        );
        found.error(&at.then("needed"), sentence).instead("Give more people one of these roles, or need fewer");
    }
}

fn scenarios(found: &mut Findings, plan: &Plan) {
    for (name, Scenario { runbook, objectives, .. }) in &plan.scenarios {
        let at = Path::of(&["scenarios", name]);
        databases::goals(found, &at.then("objectives"), objectives);
        match runbook {
            None => found
                .warn(&at, format!("the scenario “{name}” has no runbook: in that hour people are on their own"))
                .instead("Name one under runbook"),
            Some(runbook) if plan.runbooks.contains_key(runbook) || BUILT_IN.iter().any(|(known, _)| known == runbook) => continue,
            Some(runbook) => {
                let built_in: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
                unknown(found, &at.then("runbook"), "runbook", runbook, plan.runbooks.keys().chain(&built_in));
                continue;
            }
        };
    }
    for (name, tier) in &plan.tiers {
        databases::goals(found, &Path::of(&["tiers", name, "objectives"]), &tier.objectives);
    }
}

fn drills(found: &mut Findings, plan: &Plan) {
    for (name, drill) in &plan.drills {
        let at = Path::of(&["drills", name]);
        for (index, scenario) in drill.scenarios.iter().enumerate() {
            known(found, &at.then("scenarios").then(index), "scenario", scenario, &plan.scenarios);
        }
        if let Some(schedule) = &drill.schedule {
            cron(found, &at.then("schedule"), schedule);
        }
        if drill.environment.as_deref() == Some("production") {
            found
                .error(
                    &at.then("environment"),
                    format!("the drill “{name}” is in production: what is rehearsed must not be the real thing"),
                )
                .instead("Name another environment, such as staging");
        }
    }
}

fn standing_orders(found: &mut Findings, plan: &Plan) {
    for (name, order) in &plan.standing_orders {
        let at = Path::of(&["standing_orders", name]);
        if !matches!(order.verb, Verb::Failover | Verb::Backup | Verb::Page) {
            found
                .error(
                    &at.then("verb"),
                    format!("the standing order “{name}” is for {}: only failover, backup and page can have one", order.verb),
                )
                .instead("What replaces, deletes or decides is approved by people when it happens");
        }
        if order.services.is_empty() {
            found.error(&at.then("services"), format!("the standing order “{name}” names no service: it would hold for nothing"));
        }
        for (index, service) in order.services.iter().enumerate() {
            known(found, &at.then("services").then(index), "service", service, &plan.services);
        }
        if order.conditions.is_empty() {
            found
                .error(&at.then("conditions"), format!("the standing order “{name}” has no condition: it would hold whatever happens"))
                .instead("Say what must be true then, such as lag_seconds <= 900");
        }
    }
}

fn runbooks(found: &mut Findings, plan: &Plan) {
    for (name, runbook) in &plan.runbooks {
        let at = Path::of(&["runbooks", name]);
        let inside = runbook.file.starts_with("runbooks/") && !runbook.file.split('/').any(|part| part.is_empty() || part == "..");
        if !inside || !runbook.file.ends_with(".yaml") {
            found
                .error(&at.then("file"), format!("{at}.file “{}” is not a file of the folder runbooks/ beside the plan", runbook.file))
                .instead(format!("Write runbooks/{name}.yaml"));
        }
        for (index, service) in runbook.services.iter().enumerate() {
            known(found, &at.then("services").then(index), "service", service, &plan.services);
        }
    }
}

fn phases(found: &mut Findings, plan: &Plan) {
    for (index, phase) in plan.phases.iter().enumerate() {
        if phase.to <= phase.from {
            let at = Path::of(&["phases"]).then(index).then("to");
            found.error(&at, format!("the phase “{}” ends at {} and begins at {}", phase.title, phase.to, phase.from));
        }
    }
}

#[cfg(test)]
mod tests;
