//! The one question: may this person do this there? Whichever door it came through.

use super::{
    Circumstances, On, Verb, engine,
    question::{Because, Principal, Question, Ruling},
    rights,
};
use crate::{
    failure::{Failure, Fault, Refusal},
    ident::Identity,
    plan::{Person, Plan, Quorum},
    planted::{Bug, planted},
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

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What somebody wants to do.
    pub verb: Verb,
    /// On what; absent: it names no target, so it may be anywhere.
    pub on: Option<On<'a>>,
    /// What is so meanwhile.
    pub under: Circumstances,
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
    let ask = Ask { verb, on: environment.map(On::Environment), under: Circumstances::default() };
    authorize_under(plan, directory, identity, &ask).await
}

/// As [`authorize`], with what else the policy may want to know.
///
/// # Errors
/// As [`authorize`].
pub async fn authorize_under(plan: &Plan, directory: &dyn Directory, identity: &Identity, ask: &Ask<'_>) -> Result<Authorized, Failure> {
    decided(plan, directory, identity, ask, None).await
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
    counts_on(plan, directory, identity, quorum, On::Environment(environment)).await
}

/// As [`counts`], on one database or service: a policy of the plan may speak of it by name.
pub(super) async fn counts_on(
    plan: &Plan,
    directory: &dyn Directory,
    identity: &Identity,
    quorum: &Quorum,
    on: On<'_>,
) -> Result<Authorized, Failure> {
    let ask = Ask { verb: Verb::Approve, on: Some(on), under: Circumstances::default() };
    decided(plan, directory, identity, &ask, Some(&quorum.roles)).await
}

async fn decided(
    plan: &Plan,
    directory: &dyn Directory,
    identity: &Identity,
    ask: &Ask<'_>,
    quorum: Option<&[String]>,
) -> Result<Authorized, Failure> {
    let waved = || Authorized { identity: identity.clone(), name: identity.user.clone(), roles: Vec::new(), zone: None };
    if planted(if quorum.is_some() { Bug::AnybodyApproves } else { Bug::AllowedByDefault }) {
        return Ok(waved());
    }
    let (name, person) = member(plan, identity)?;
    let ruled = |profile| rule(plan, (name, person, profile), ask, quorum);
    if let Ruling::Denied(because) = ruled(None)? {
        return Err(refusal(plan, person, ask, quorum, &because).into());
    }
    let profile = match profile(directory, identity, ask.verb).await {
        Err(_) if planted(Bug::LookUpFailureIsYes) => return Ok(waved()),
        looked => looked?,
    };
    let Some(profile) = profile else {
        return Err(Refusal::new("Slack does not know your account, so it can't be verified.").into());
    };
    let organization = profile.enterprise.as_deref().unwrap_or(&profile.team);
    let foreign = organization != identity.org && !planted(Bug::ForeignOrganization);
    if let Ruling::Denied(because) = ruled(Some((&profile, foreign)))?
        && !planted(Bug::AccountUnchecked)
    {
        return Err(refusal(plan, person, ask, quorum, &because).into());
    }
    Ok(Authorized { identity: identity.clone(), name: name.to_owned(), roles: person.roles.clone(), zone: profile.zone })
}

/// What changes nothing may be judged by what was lately known of an account; all else by what the workspace says now.
pub(super) async fn profile(directory: &dyn Directory, identity: &Identity, verb: Verb) -> Result<Option<Profile>, Fault> {
    let profile = if verb.changes() { directory.profile(&identity.user).await } else { directory.lately(&identity.user).await };
    profile.map_err(|error| Fault::because("cannot verify an account", error))
}

/// What the policies say of a person of the plan. Where no target is named, one place where they may is enough.
pub(super) fn rule(
    plan: &Plan,
    (name, person, profile): (&str, &Person, Option<(&Profile, bool)>),
    ask: &Ask<'_>,
    quorum: Option<&[String]>,
) -> Result<Ruling, Fault> {
    let decide = |on: On<'_>| {
        engine::decide(
            plan,
            &Question { principal: Principal::Person { name, person, profile }, verb: ask.verb, on, under: ask.under, quorum },
        )
    };
    if let Some(on) = ask.on {
        return decide(on);
    }
    let mut denied = None;
    for place in rights::environments(plan) {
        match decide(On::Environment(&place))? {
            Ruling::Denied(because) => denied = Some(Ruling::Denied(because)),
            allowed @ Ruling::Allowed(_) => return Ok(allowed),
        }
    }
    // A plan that has nothing to act on can still be looked at.
    match denied {
        Some(denied) => Ok(denied),
        None => decide(On::Environment("*")),
    }
}

fn refusal(plan: &Plan, person: &Person, ask: &Ask<'_>, quorum: Option<&[String]>, because: &[Because]) -> Refusal {
    if let Some(account) = because.iter().find_map(|because| because.account.as_deref()) {
        return Refusal::new(format!("Your Slack account {account}, so it can't be used here."));
    }
    let own = |because: &&Because| because.policy.starts_with("plan:");
    if let Some(policy) = because.iter().find(own) {
        let name = policy.policy.trim_start_matches("plan:");
        let sentence = policy.sentence.clone().unwrap_or_else(|| "A policy of the plan forbids it.".to_owned());
        return Refusal::new(sentence).instead(format!("That is the plan's policy “{name}”."));
    }
    if let Some(roles) = quorum.filter(|roles| !person.roles.iter().any(|role| roles.contains(role))) {
        return Refusal::new(format!("This needs an approval by one of: {}.", roles.join(", ")))
            .instead(format!("Your roles are {}.", list(&person.roles)));
    }
    let environment = match ask.on {
        None => None,
        Some(On::Environment(environment)) => Some(environment),
        Some(On::Target(target)) => Some(target.environment.as_str()),
    };
    let place = environment.map(|environment| format!(" in {environment}")).unwrap_or_default();
    let able = rights::holders(plan, ask.verb, environment);
    Refusal::new(format!("You may not {}{place}: your roles are {}.", ask.verb, list(&person.roles)))
        .instead(format!("These people may: {}.", list(&able)))
}

/// The person of the plan that somebody is.
pub(super) fn member<'a>(plan: &'a Plan, identity: &Identity) -> Result<(&'a str, &'a Person), Refusal> {
    let stranger =
        || Refusal::new("You are not in this organization's recovery plan.").instead("Ask somebody who maintains the plan to add you.");
    if identity.org != plan.slack.organization && !planted(Bug::ForeignOrganization) {
        return Err(stranger());
    }
    plan.person(&identity.user).ok_or_else(stranger)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
