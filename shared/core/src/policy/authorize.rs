//! The one question: may this person do this there? Whichever door it came through.

use super::{Verb, rights};
use crate::{
    failure::{Failure, Refusal},
    ident::Identity,
    plan::{Plan, Quorum},
    port::{Directory, Profile},
};

/// A person who may do what was asked. Only [`authorize`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized {
    /// Who.
    pub identity: Identity,
    /// Their short name in the plan.
    pub name: String,
    /// Their roles in the plan.
    pub roles: Vec<String>,
    /// Their time zone, if the workspace knows it.
    pub zone: Option<String>,
}

/// Checks that a person may do something in an environment, or anywhere (`None`: it names no target).
///
/// Denied by default: whoever is not in the plan, has no grant, or can't be verified, may not.
///
/// # Errors
/// A refusal that says what is missing; a fault (“cannot verify”) when the directory does not answer. The plan is asked
/// first: a fault means that it says yes.
pub async fn authorize(
    plan: &Plan,
    directory: &dyn Directory,
    identity: &Identity,
    verb: Verb,
    environment: Option<&str>,
) -> Result<Authorized, Failure> {
    let (name, person) = member(plan, identity)?;
    let granted = rights::grants(plan, person, verb, environment);
    if !granted {
        let place = environment.map(|environment| format!(" in {environment}")).unwrap_or_default();
        let able = rights::holders(plan, verb, environment);
        return Err(Refusal::new(format!("You may not {verb}{place}: your roles are {}.", list(&person.roles)))
            .instead(format!("These people may: {}.", list(&able)))
            .into());
    }
    let profile = verified(directory, identity).await?;
    Ok(Authorized { identity: identity.clone(), name: name.to_owned(), roles: person.roles.clone(), zone: profile.zone })
}

/// Checks that a person counts towards a quorum.
///
/// # Errors
/// As [`authorize`]. A fault means that the plan says yes, and only the person's account can't be verified.
pub async fn counts(
    plan: &Plan,
    directory: &dyn Directory,
    identity: &Identity,
    quorum: &Quorum,
    environment: &str,
) -> Result<Authorized, Failure> {
    let (_, person) = member(plan, identity)?;
    if person.roles.iter().any(|role| quorum.roles.contains(role)) {
        return authorize(plan, directory, identity, Verb::Approve, Some(environment)).await;
    }
    Err(Refusal::new(format!("This needs an approval by one of: {}.", quorum.roles.join(", ")))
        .instead(format!("Your roles are {}.", list(&person.roles)))
        .into())
}

fn member<'a>(plan: &'a Plan, identity: &Identity) -> Result<(&'a str, &'a crate::plan::Person), Refusal> {
    let stranger =
        || Refusal::new("You are not in this organization's recovery plan.").instead("Ask somebody who maintains the plan to add you.");
    if identity.org != plan.slack.organization {
        return Err(stranger());
    }
    plan.person(&identity.user).ok_or_else(stranger)
}

async fn verified(directory: &dyn Directory, identity: &Identity) -> Result<Profile, Failure> {
    let profile = directory.profile(&identity.user).await?;
    let Some(profile) = profile else {
        return Err(Refusal::new("Slack does not know your account, so it can't be verified.").into());
    };
    let organization = profile.enterprise.as_deref().unwrap_or(&profile.team);
    let disqualified = [
        (organization != identity.org || profile.stranger, "belongs to another organization"),
        (profile.deleted, "is deactivated"),
        (profile.bot, "is a bot"),
        (profile.restricted || profile.ultra_restricted, "is a guest's"),
        (profile.email_unconfirmed, "has no confirmed email address"),
    ];
    match disqualified.iter().find(|(applies, _)| *applies) {
        Some((_, why)) => Err(Refusal::new(format!("Your Slack account {why}, so it can't be used here.")).into()),
        None => Ok(profile),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
