//! What a plan must be beyond its shape. Each part adds everything that it finds; nothing stops at the first.

mod databases;
mod names;
mod people;
mod principals;
mod services;
mod telling;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::{Argument, Finding, Findings, Path, Person, Plan, Quorum, Scenario};
use crate::{
    command::nearest,
    policy::Verb,
    runbook::{BUILT_IN, condition::Condition},
};
use words::Crons;

/// Everything that is wrong with a plan or should be looked at, without the lines of its file.
#[must_use]
pub fn all(plan: &Plan) -> Vec<Finding> {
    let mut findings = Findings::default();
    look(&mut findings, plan);
    databases::gaps(&mut findings, plan);
    findings.list()
}

/// What decides whether it can be used, for whoever has a request to answer.
pub(super) fn quick(plan: &Plan) -> Vec<Finding> {
    let mut findings = Findings::default();
    look(&mut findings, plan);
    findings.list()
}

fn look(found: &mut Findings, plan: &Plan) {
    // What hides in a name would hide in every sentence below.
    if !names::check(found, plan) {
        return;
    }
    if plan.schema != 1 {
        found.error(&Path::of(&["schema"]), format!("schema {} is not known; this release reads schema 1", plan.schema));
    }
    zone(found, &Path::of(&["timezone"]), &plan.timezone);
    people::check(found, plan);
    principals::check(found, plan);
    quorum(found, plan, "destructive", &plan.approvals.destructive);
    if let Some(traffic) = &plan.approvals.traffic {
        quorum(found, plan, "traffic", traffic);
    }
    let mut crons = Crons::default();
    databases::check(found, plan, &mut crons);
    services::check(found, plan);
    telling::check(found, plan);
    scenarios(found, plan);
    drills(found, plan, &mut crons);
    standing_orders(found, plan);
    policies(found, plan);
    runbooks(found, plan);
    phases(found, plan);
}

/// So many policies a plan may have, and so many bytes in each: they are read whenever anybody asks for anything.
const POLICIES: (usize, usize) = (50, 4_000);

/// The organization's own policies: they are held against the schema, and can only forbid.
fn policies(found: &mut Findings, plan: &Plan) {
    let (most, longest) = POLICIES;
    if plan.policies.len() > most || plan.policies.values().any(|text| text.len() > longest) {
        found
            .error(&Path::of(&["policies"]), format!("the policies are too many or too long: {most} of {longest} bytes each are the most"))
            .instead("Say less by policies and more by roles");
        return;
    }
    if let Some((name, _)) = plan.policies.iter().find(|(_, text)| !is_shallow(text)) {
        found
            .error(&Path::of(&["policies", name]), format!("policies.{name} is nested too deep, or has too many operators"))
            .instead("Make several policies of it: each can forbid");
        return;
    }
    for (name, wrong) in crate::policy::check_own(plan) {
        found.error(&Path::of(&["policies", &name]), format!("policies.{name}: {wrong}"));
    }
}

/// Whether Cedar's reader can follow it: that calls itself for whatever is in brackets or behind an operator, and a function has
/// but so much of a stack.
fn is_shallow(policy: &str) -> bool {
    const DEEPEST: usize = 20;
    const OPERATORS: usize = 200;
    let (mut depth, mut deepest, mut operators) = (0_usize, 0, policy.split_whitespace().filter(|word| *word == "if").count());
    for character in policy.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '!' | '&' | '|' | '.' | '+' | '-' | '*' | '=' | '<' | '>' => operators += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest <= DEEPEST && operators <= OPERATORS
}

/// All environments that anything of the plan is in.
fn environments(plan: &Plan) -> BTreeSet<&str> {
    let databases = plan.databases.values().map(|database| &database.environment);
    let fleets = plan.fleets.values().map(|fleet| &fleet.each.environment);
    let services = plan.services.values().map(|service| &service.environment);
    let apps = plan.apps.values().map(|app| &app.environment);
    databases.chain(fleets).chain(services).chain(apps).map(String::as_str).collect()
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
    let looks = found.len() < SUGGESTED;
    let names: Vec<&str> = names.map(String::as_str).take(if looks { 2_000 } else { 20 }).collect();
    let meant = looks.then(|| nearest(name, &names)).flatten();
    let way_out = match (meant, names.as_slice()) {
        (Some(meant), _) => format!("Did you mean “{meant}”? Names are matched exactly"),
        (None, []) => format!("The plan has no {kind} at all"),
        (None, names) => format!("Known: {}", names.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
    };
    found.error(at, format!("{at} names the {kind} “{name}”, which the plan does not have")).instead(way_out);
}

/// A circle as it is shown: as much of it as somebody would read.
fn around(circle: &[&str]) -> String {
    const SHOWN: usize = 20;
    let more = if circle.len() > SHOWN { " → …" } else { "" };
    format!("{}{more}", circle.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" → "))
}

/// A cron of five fields that something is due by.
fn cron<'a>(found: &mut Findings, at: &Path, text: &'a str, crons: &mut Crons<'a>) {
    let Err(why) = crons.read(text) else { return };
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
    let roles: BTreeSet<&String> = quorum.roles.iter().collect();
    let is_able = |person: &Person| person.roles.iter().any(|role| roles.contains(role));
    let able = plan.people.values().filter(|person| is_able(person)).count();
    // Whoever asks does not count: there must be somebody who may ask and has enough others to approve.
    let asked = |verb: &Verb| if class == "traffic" { *verb == Verb::Failover } else { verb.is_destructive() };
    let grants = |role: &crate::plan::Role| role.may.iter().any(|grant| grant.verbs.iter().any(asked));
    let asking: BTreeSet<&String> = plan.roles.iter().filter(|(_, role)| grants(role)).map(|(name, _)| name).collect();
    let mut askers = plan.people.values().filter(|person| person.roles.iter().any(|role| asking.contains(role))).peekable();
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

fn drills<'a>(found: &mut Findings, plan: &'a Plan, crons: &mut Crons<'a>) {
    for (name, drill) in &plan.drills {
        let at = Path::of(&["drills", name]);
        for (index, scenario) in drill.scenarios.iter().enumerate() {
            known(found, &at.then("scenarios").then(index), "scenario", scenario, &plan.scenarios);
        }
        if let Some(schedule) = &drill.schedule {
            cron(found, &at.then("schedule"), schedule, crons);
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
        for (index, condition) in order.conditions.iter().enumerate() {
            if let Err(why) = Condition::compile(condition) {
                found.error(&at.then("conditions").then(index), format!("the standing order “{name}” would never hold: {why}"));
            }
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
        arguments(found, &at.then("arguments"), &runbook.arguments);
    }
}

fn arguments(found: &mut Findings, at: &Path, arguments: &BTreeMap<String, Argument>) {
    /// A form has so many fields that somebody fills in.
    const MOST: usize = 10;
    if arguments.len() > MOST {
        found.error(at, format!("{at} has {} arguments; {MOST} are the most that a form can ask for", arguments.len()));
    }
    for (name, argument) in arguments {
        let at = at.then(name);
        if !words::is_name(name) {
            found.error(&at, format!("{at}: a name is 1 to 40 lower-case letters, digits and dashes"));
        }
        if argument.title.trim().is_empty() || argument.title.chars().count() > 150 {
            found.error(&at.then("title"), format!("{at}.title must have 1 to 150 characters: it is what people are asked"));
        }
        for (index, choice) in argument.choices.iter().enumerate() {
            if let Err(why) = argument.kind.read(choice) {
                found.error(&at.then("choices").then(index), format!("{at}.choices: {why}"));
            }
        }
        if let Some(Err(why)) = argument.default.as_ref().map(|default| argument.read(default)) {
            found.error(&at.then("default"), format!("{at}.default: {why}"));
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
