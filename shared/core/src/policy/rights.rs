//! What the plan alone gives to whom: for help, tables and explanations. A decision asks [`super::authorize`], which looks at
//! the person's account too.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Ask, Circumstances, On, Verb, authorize::rule, question::Ruling};
use crate::{
    ident::Identity,
    page,
    plan::{Person, Plan},
};

/// What somebody may do, and in which environments: verbs in the order of [`Verb::ALL`], only those that they may use somewhere.
/// Empty for whoever is not in the plan. Their account is not looked at.
#[must_use]
pub fn may(plan: &Plan, identity: &Identity) -> Vec<(Verb, Vec<String>)> {
    if identity.org != plan.slack.organization {
        return Vec::new();
    }
    plan.person(&identity.user).map(|(name, person)| person_may(plan, name, person)).unwrap_or_default()
}

/// As [`may`], for a person of the plan.
#[must_use]
pub fn person_may(plan: &Plan, name: &str, person: &Person) -> Vec<(Verb, Vec<String>)> {
    let everywhere = environments(plan);
    let places = |verb| everywhere.iter().filter(|place| allows(plan, (name, person), verb, Some(place))).cloned().collect();
    Verb::ALL
        .into_iter()
        .map(|verb| (verb, places(verb)))
        // In a plan without anything to act on, a grant still counts for what names no target.
        .filter(|(verb, places): &(Verb, Vec<String>)| {
            !places.is_empty() || (everywhere.is_empty() && allows(plan, (name, person), *verb, None))
        })
        .collect()
}

/// Every environment that the plan's databases, services and applications have.
#[must_use]
pub fn environments(plan: &Plan) -> BTreeSet<String> {
    let databases = plan.databases.values().map(|database| &database.environment);
    let services = plan.services.values().map(|service| &service.environment);
    databases.chain(services).chain(plan.apps.values().map(|app| &app.environment)).cloned().collect()
}

/// Who may do something, by short name.
#[must_use]
pub fn holders(plan: &Plan, verb: Verb, environment: Option<&str>) -> Vec<String> {
    plan.people.iter().filter(|(name, person)| allows(plan, (name, person), verb, environment)).map(|(name, _)| name.clone()).collect()
}

/// Whether somebody has the turn in any of the plan's rotations, by their short name.
#[must_use]
pub fn on_call(plan: &Plan, name: &str, now: Timestamp) -> bool {
    plan.on_call.rotations.keys().any(|rotation| page::on_call_now(plan, rotation, now).iter().any(|turn| turn == name))
}

/// Everybody who is on call: whoever has a rotation's turn; in a plan without rotations, everybody whom its first level wakes.
#[must_use]
pub fn on_call_people(plan: &Plan, now: Timestamp) -> Vec<Identity> {
    let first = plan.on_call.escalation.first().map(|level| level.notify.clone()).unwrap_or_default();
    let names = plan.on_call.rotations.keys().cloned().chain(first);
    let people: BTreeSet<String> = names.flat_map(|name| page::on_call_now(plan, &name, now)).collect();
    let user = |name: &String| plan.people.get(name).map(|person| person.slack.clone());
    people.iter().filter_map(user).map(|user| Identity { org: plan.slack.organization.clone(), user }).collect()
}

/// Whether the plan gives a person a verb in an environment, or anywhere.
fn allows(plan: &Plan, (name, person): (&str, &Person), verb: Verb, environment: Option<&str>) -> bool {
    let ask = Ask { verb, on: environment.map(On::Environment), under: Circumstances::default() };
    match rule(plan, (name, person, None), &ask, None) {
        Ok(ruling) => matches!(ruling, Ruling::Allowed(_)),
        Err(fault) => {
            tracing::error!(fault = fault.chain(), "what a person may can't be said");
            false
        }
    }
}

/// For which approvals somebody counts, and where: the plan's name for the quorum, and environments.
#[must_use]
pub fn counts_for(plan: &Plan, name: &str, person: &Person) -> Vec<(&'static str, Vec<String>)> {
    let quorums = [("destructive", Some(&plan.approvals.destructive)), ("traffic", plan.approvals.traffic.as_ref())];
    let places = |roles: &[String]| -> Vec<String> {
        let counts = |place: &str| {
            let ask = Ask { verb: Verb::Approve, on: Some(On::Environment(place)), under: Circumstances::default() };
            matches!(rule(plan, (name, person, None), &ask, Some(roles)), Ok(Ruling::Allowed(_)))
        };
        environments(plan).into_iter().filter(|place| counts(place)).collect()
    };
    let counted = quorums.into_iter().filter_map(|(what, quorum)| Some((what, places(&quorum?.roles))));
    counted.filter(|(_, places)| !places.is_empty()).collect()
}
