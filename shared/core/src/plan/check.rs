//! What a plan must be beyond its shape. Each check is one function that gives the first thing wrong, as a sentence.

use std::collections::BTreeSet;

use super::{Person, Plan, Quorum};

type Finding = Result<(), String>;

/// Runs them all.
pub(super) fn all(plan: &Plan) -> Finding {
    schema(plan)?;
    zone(plan)?;
    people(plan)?;
    grants(plan)?;
    quorum(plan, &plan.approvals.destructive)?;
    databases(plan)
}

fn schema(plan: &Plan) -> Finding {
    if plan.schema == 1 { Ok(()) } else { Err(format!("schema {} is not known; this release reads schema 1", plan.schema)) }
}

fn zone(plan: &Plan) -> Finding {
    jiff::tz::TimeZone::get(&plan.timezone)
        .map(drop)
        .map_err(|_| format!("timezone “{}” is not in the IANA database; write Europe/Berlin or UTC", plan.timezone))
}

/// An id as the vendor gives it: a capital letter of its kind, then capitals and digits. Anything else would be matched
/// by accident or never.
fn is_id(text: &str, kinds: &[char]) -> bool {
    text.starts_with(kinds) && text.len() > 2 && text.chars().all(|character| character.is_ascii_uppercase() || character.is_ascii_digit())
}

fn people(plan: &Plan) -> Finding {
    if !is_id(&plan.slack.organization, &['T', 'E']) {
        return Err(format!("slack.organization “{}” is no team or enterprise id (T… or E…)", plan.slack.organization));
    }
    if !is_id(&plan.slack.channel, &['C', 'G']) {
        return Err(format!("slack.channel “{}” is no channel id (C…)", plan.slack.channel));
    }
    let mut seen = BTreeSet::new();
    for (name, person) in &plan.people {
        if !is_id(&person.slack, &['U', 'W']) {
            return Err(format!("people.{name}.slack “{}” is no user id (U… or W…, capitals and digits)", person.slack));
        }
        if !seen.insert(&person.slack) {
            return Err(format!("people.{name}.slack {} stands twice; one human is one person", person.slack));
        }
        if let Some(role) = person.roles.iter().find(|role| !plan.roles.contains_key(*role)) {
            return Err(format!("people.{name} has the role “{role}”, which is not under roles"));
        }
    }
    Ok(())
}

fn grants(plan: &Plan) -> Finding {
    let environments: BTreeSet<&str> = plan.databases.values().map(|database| database.environment.as_str()).collect();
    for (name, role) in &plan.roles {
        for grant in &role.may {
            for environment in &grant.environments {
                match (environment.as_str(), grant.verbs.iter().find(|verb| verb.changes())) {
                    ("*", Some(verb)) => {
                        return Err(format!(
                            "roles.{name} may {verb} in every environment (\"*\"): name the environments; a wildcard is only for verbs that change nothing"
                        ));
                    }
                    ("*", None) => {}
                    (named, _) if environments.contains(named) => {}
                    (named, _) => return Err(format!("roles.{name} speaks of the environment “{named}”, which no database has")),
                }
            }
        }
    }
    Ok(())
}

fn quorum(plan: &Plan, quorum: &Quorum) -> Finding {
    if quorum.needed == 0 {
        return Err("approvals.destructive.needed is 0; at least one other person must approve".to_owned());
    }
    if let Some(role) = quorum.roles.iter().find(|role| !plan.roles.contains_key(*role)) {
        return Err(format!("approvals.destructive.roles has “{role}”, which is not under roles"));
    }
    let able = |besides: Option<&str>| {
        let others = plan.people.iter().filter(|(name, _)| besides != Some(name.as_str()));
        others.filter(|(_, person)| person.roles.iter().any(|role| quorum.roles.contains(role))).count()
    };
    // Whoever asks does not count: there must be somebody who may ask and has enough others to approve.
    let asks = |person: &Person| plan.grants(person).any(|grant| grant.verbs.iter().any(|verb| verb.is_destructive()));
    let needed = usize::from(quorum.needed);
    if plan.people.iter().any(|(name, person)| asks(person) && able(Some(name)) >= needed) || !plan.people.values().any(asks) {
        return Ok(());
    }
    Err(format!(
        "approvals.destructive needs {needed} besides the requester, but {} have one of its roles ({}): nothing could ever be approved",
        able(None),
        quorum.roles.join(", ")
    ))
}

fn databases(plan: &Plan) -> Finding {
    for (name, database) in &plan.databases {
        let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            return Err(format!("databases.{name}: a name is 1 to 40 lower-case letters, digits and dashes"));
        }
        let checks: BTreeSet<&str> = database.checks.iter().map(|check| check.name.as_str()).collect();
        if checks.len() < database.checks.len() {
            return Err(format!("databases.{name}.checks: two checks have the same name"));
        }
        if let Some(most) = database.objectives.rto_max.filter(|most| *most < database.objectives.rto) {
            return Err(format!("databases.{name}.objectives: rto_max {most} is less than rto {}", database.objectives.rto));
        }
    }
    Ok(())
}
