//! What the plan alone gives to whom: for help, tables and explanations. A decision asks [`super::authorize`], which looks at
//! the person's account too.

use std::collections::BTreeSet;

use super::Verb;
use crate::{
    ident::Identity,
    plan::{Person, Plan},
};

/// What somebody may do, and in which environments: verbs in the order of [`Verb::ALL`], only those that they may use somewhere.
/// Empty for whoever is not in the plan. Their account is not looked at.
#[must_use]
pub fn may(plan: &Plan, identity: &Identity) -> Vec<(Verb, Vec<String>)> {
    if identity.org != plan.slack.organization {
        return Vec::new();
    }
    plan.person(&identity.user).map(|(_, person)| person_may(plan, person)).unwrap_or_default()
}

/// As [`may`], for a person of the plan.
#[must_use]
pub fn person_may(plan: &Plan, person: &Person) -> Vec<(Verb, Vec<String>)> {
    let everywhere = environments(plan);
    let places = |verb| -> Vec<String> { everywhere.iter().filter(|place| grants(plan, person, verb, Some(place))).cloned().collect() };
    // In a plan without anything to act on, a grant still counts for what names no target.
    Verb::ALL.into_iter().map(|verb| (verb, places(verb))).filter(|(verb, _)| grants(plan, person, *verb, None)).collect()
}

/// Every environment that the plan's databases, services and applications have.
#[must_use]
pub fn environments(plan: &Plan) -> BTreeSet<String> {
    let databases = plan.databases.values().map(|database| &database.environment);
    let services = plan.services.values().map(|service| &service.environment);
    databases.chain(services).chain(plan.apps.values().map(|app| &app.environment)).cloned().collect()
}

/// Whether a person's roles give them a verb in an environment, or anywhere (`None`).
#[must_use]
pub(super) fn grants(plan: &Plan, person: &Person, verb: Verb, environment: Option<&str>) -> bool {
    plan.grants(person).any(|grant| {
        grant.verbs.contains(&verb)
            && environment.map_or(!grant.environments.is_empty(), |asked| {
                grant.environments.iter().any(|allowed| allowed == asked || (allowed == "*" && !verb.changes()))
            })
    })
}

/// Who may do something, by short name.
#[must_use]
pub fn holders(plan: &Plan, verb: Verb, environment: Option<&str>) -> Vec<String> {
    plan.people.iter().filter(|(_, person)| grants(plan, person, verb, environment)).map(|(name, _)| name.clone()).collect()
}
