//! People, what they may do, and who is woken.

use std::collections::{BTreeMap, BTreeSet};

use super::{environments, known, unknown, words};
use crate::plan::{Channel, Findings, Path, Person, Plan};

pub(super) fn check(found: &mut Findings, plan: &Plan) {
    let organization = &plan.slack.organization;
    if !words::is_id(organization, &['T', 'E']) {
        found
            .error(
                &Path::of(&["slack", "organization"]),
                format!("slack.organization “{organization}” is no team or enterprise id (T… or E…)"),
            )
            .instead("It stands in the address of Slack in the browser, behind app.slack.com/client/");
    }
    if !words::is_id(&plan.slack.channel, &['C', 'G']) {
        found
            .error(&Path::of(&["slack", "channel"]), format!("slack.channel “{}” is no channel id (C…)", plan.slack.channel))
            .instead("It stands at the end of the channel's details in Slack");
    }
    if plan.people.is_empty() {
        found.error(&Path::of(&["people"]), "people is empty: nobody could do anything");
    }
    let mut seen = BTreeSet::new();
    for (name, person) in &plan.people {
        let at = Path::of(&["people", name]);
        if !words::is_id(&person.slack, &['U', 'W']) {
            found
                .error(&at.then("slack"), format!("people.{name}.slack “{}” is no user id (U… or W…, capitals and digits)", person.slack))
                .instead("It stands in the person's profile in Slack, under Copy member ID");
        } else if !seen.insert(&person.slack) {
            found.error(&at.then("slack"), format!("people.{name}.slack {} stands twice; one human is one person", person.slack));
        }
        for (index, role) in person.roles.iter().enumerate() {
            known(found, &at.then("roles").then(index), "role", role, &plan.roles);
        }
        reached(found, &at, person);
    }
    grants(found, plan);
    on_call(found, plan);
}

fn reached(found: &mut Findings, at: &Path, person: &Person) {
    if let Some(phone) = person.phone.as_ref().filter(|phone| !words::is_phone(phone)) {
        found
            .error(&at.then("phone"), format!("{at}.phone “{phone}” is no telephone number with a country's code"))
            .instead("Write +49 30 123456 or +1-555-0100, 7 to 15 digits");
    }
    if let Some(email) = person.email.as_ref().filter(|email| !words::is_email(email)) {
        found.error(&at.then("email"), format!("{at}.email “{email}” is no email address"));
    }
}

fn grants(found: &mut Findings, plan: &Plan) {
    let environments = environments(plan);
    for (name, role) in &plan.roles {
        for (number, grant) in role.may.iter().enumerate() {
            let changing = grant.verbs.iter().find(|verb| verb.changes());
            for (index, environment) in grant.environments.iter().enumerate() {
                let at = Path::of(&["roles", name, "may"]).then(number).then("environments").then(index);
                match (environment.as_str(), changing) {
                    ("*", Some(verb)) => {
                        found
                            .error(
                                &at,
                                format!(
                                    "roles.{name} may {verb} in every environment (\"*\"): a wildcard is only for verbs that change nothing"
                                ),
                            )
                            .instead("Name the environments");
                    }
                    ("*", None) => {}
                    (named, _) if environments.contains(named) => {}
                    (named, _) => {
                        let sentence = format!("roles.{name} speaks of the environment “{named}”, which no database, service or app has");
                        let known: Vec<&str> = environments.iter().copied().collect();
                        found.error(&at, sentence).instead(format!("Known: {}", known.join(", ")));
                    }
                }
            }
        }
    }
}

fn on_call(found: &mut Findings, plan: &Plan) {
    for (name, rotation) in &plan.on_call.rotations {
        let at = Path::of(&["on_call", "rotations", name]);
        if plan.people.contains_key(name) {
            found
                .error(&at, format!("“{name}” is a rotation and a person: nobody could tell who is meant"))
                .instead("Call the rotation otherwise");
        }
        if rotation.people.is_empty() {
            found.error(&at.then("people"), format!("the rotation “{name}” has nobody"));
        }
        for (index, person) in rotation.people.iter().enumerate() {
            known(found, &at.then("people").then(index), "person", person, &plan.people);
        }
        if rotation.every.0.is_zero() {
            found
                .error(&at.then("every"), format!("the rotation “{name}” changes every 0s"))
                .instead("Write how long a turn is, such as 7d");
        }
        if rotation.from.parse::<jiff::civil::DateTime>().is_err() {
            found
                .error(&at.then("from"), format!("{at}.from “{}” is no date and time", rotation.from))
                .instead("Write 2026-01-05T09:00, in the plan's zone");
        }
    }
    let (mut lacking, mut asked) = (BTreeMap::new(), BTreeSet::new());
    let ladder = Path::of(&["on_call", "escalation"]);
    for (index, level) in plan.on_call.escalation.iter().enumerate() {
        let at = ladder.then(index);
        if level.within.0.is_zero() {
            found
                .error(&at.then("within"), format!("the level “{}” waits 0s: nobody could acknowledge in time", level.name))
                .instead("Write how long somebody may take, such as 5m");
        }
        if level.notify.is_empty() {
            found.error(&at.then("notify"), format!("the level “{}” wakes nobody", level.name));
        }
        if level.by.is_empty() {
            found.error(&at.then("by"), format!("the level “{}” has no way to reach anybody", level.name));
        }
        for (position, name) in level.notify.iter().enumerate() {
            if !plan.people.contains_key(name) && !plan.on_call.rotations.contains_key(name) {
                let names = plan.people.keys().chain(plan.on_call.rotations.keys());
                unknown(found, &at.then("notify").then(position), "person or rotation", name, names);
            }
            // Whoever is in several levels is looked at in the first.
            if !asked.insert(name) {
                continue;
            }
            let people = plan.on_call.rotations.get(name).map_or(std::slice::from_ref(name), |rotation| rotation.people.as_slice());
            for (name, person) in people.iter().filter_map(|name| plan.people.get_key_value(name)) {
                lacking.entry(name).or_insert((person, &level.by));
            }
        }
    }
    for (name, (person, by)) in lacking {
        unreachable(found, name, person, by);
    }
    if plan.on_call.escalation.is_empty() && !plan.on_call.rotations.is_empty() {
        found
            .warn(&Path::of(&["on_call"]), "there are rotations, but no escalation: nobody is woken")
            .instead("Add the levels under escalation");
    }
    if plan.on_call.rounds == Some(0) {
        found.error(&Path::of(&["on_call", "rounds"]), "on_call.rounds is 0: nobody would be woken").instead("Write 1 or more");
    }
}

/// Says what a person lacks that a level reaches them by.
fn unreachable(found: &mut Findings, name: &str, person: &Person, by: &[Channel]) {
    let lacks = by.iter().find_map(|channel| match channel {
        Channel::Sms | Channel::Phone if person.phone.is_none() => Some("phone"),
        Channel::Email if person.email.is_none() => Some("email"),
        _ => None,
    });
    if let Some(lacks) = lacks {
        found
            .warn(&Path::of(&["people", name]), format!("people.{name} is to be reached by {lacks} but has none"))
            .instead(format!("Fill in {lacks}"));
    }
}
