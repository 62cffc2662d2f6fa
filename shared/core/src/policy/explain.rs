//! Why somebody may do something or not, by which grant, and what it would take: an answer for people, not a decision.

use super::{
    Ask, Circumstances, On, Verb,
    authorize::{member, profile, rule},
    question::{Because, Ruling},
    rights,
};
use crate::{
    failure::{Failure, Fault},
    ident::Identity,
    plan::{Person, Plan, Quorum},
    port::{Directory, Profile},
};

/// What there is to say about one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whom it is about.
    pub who: Identity,
    /// Their short name in the plan; absent: they are not in it.
    pub name: Option<String>,
    /// Their roles.
    pub roles: Vec<String>,
    /// What was asked about.
    pub verb: Verb,
    /// What it would be done to, as people call it; absent: anything.
    pub target: Option<String>,
    /// The environment of that.
    pub environment: Option<String>,
    /// Yes or no.
    pub answer: Answer,
    /// Whose approvals it needs besides; absent: nobody's.
    pub approval: Option<Needed>,
    /// The roles that give it.
    pub roles_that_give: Vec<String>,
    /// The people who have it.
    pub holders: Vec<Identity>,
    /// Whether they could ask for it all the same, with a reason and two others.
    pub break_glass: bool,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// By these roles of theirs.
    Yes {
        /// The roles.
        by: Vec<String>,
        /// Where, if no target was named.
        places: Vec<String>,
    },
    /// They are not in the plan.
    Stranger,
    /// None of their roles gives it.
    NotGranted,
    /// A policy of the plan forbids it.
    Forbidden {
        /// The policy's name.
        policy: String,
        /// Its words.
        because: Option<String>,
    },
    /// Their account does not count: said after “Their Slack account”.
    Account(String),
    /// Slack does not know them.
    Unknown,
    /// The plan says yes, and Slack can't be asked about their account now.
    Unverified,
}

/// Whose approvals are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// How many and by which roles.
    pub quorum: Quorum,
    /// Who could give them: whoever asks never counts.
    pub by: Vec<Identity>,
}

/// How many must approve a verb, and who; `None`: nobody must.
#[must_use]
pub fn quorum_of(plan: &Plan, verb: Verb) -> Option<&Quorum> {
    match verb {
        Verb::Failover => Some(plan.approvals.traffic.as_ref().unwrap_or(&plan.approvals.destructive)),
        verb if verb.is_destructive() => Some(&plan.approvals.destructive),
        _ => None,
    }
}

/// Explains whether somebody may do something: on what is called `target`, in an environment, or anywhere.
///
/// # Errors
/// When the policies can't be evaluated. An account that can't be looked up is part of the answer.
pub async fn explain(
    plan: &Plan,
    directory: &dyn Directory,
    who: &Identity,
    (ask, target): (&Ask<'_>, Option<&str>),
) -> Result<Explanation, Fault> {
    let member = member(plan, who).ok();
    let answer = match member {
        None => Answer::Stranger,
        Some((name, person)) => answer(plan, directory, who, (name, person), ask).await?,
    };
    let environment = ask.on.map(environment_of);
    let opens = |(name, person)| may_break_glass(plan, (name, person), ask);
    let identity = |name: &String| plan.people.get(name).map(|person| Identity { org: who.org.clone(), user: person.slack.clone() });
    Ok(Explanation {
        who: who.clone(),
        name: member.map(|(name, _)| name.to_owned()),
        roles: member.map(|(_, person)| person.roles.clone()).unwrap_or_default(),
        verb: ask.verb,
        target: target.map(str::to_owned),
        environment: environment.map(str::to_owned),
        approval: needed(plan, who, ask.verb, environment),
        roles_that_give: plan.roles.keys().filter(|role| gives(plan, role, ask)).cloned().collect(),
        holders: rights::holders(plan, ask.verb, environment).iter().filter_map(identity).collect(),
        break_glass: matches!(answer, Answer::NotGranted) && member.is_some_and(opens),
        answer,
    })
}

fn environment_of<'a>(on: On<'a>) -> &'a str {
    match on {
        On::Environment(environment) => environment,
        On::Target(target) => &target.environment,
    }
}

async fn answer(
    plan: &Plan,
    directory: &dyn Directory,
    who: &Identity,
    (name, person): (&str, &Person),
    ask: &Ask<'_>,
) -> Result<Answer, Fault> {
    if let Ruling::Denied(because) = rule(plan, (name, person, None), ask, None)? {
        return Ok(denied(&because));
    }
    let account = match profile(directory, who, ask.verb).await {
        Ok(account) => account,
        Err(_) => return Ok(Answer::Unverified),
    };
    let Some(account) = account else { return Ok(Answer::Unknown) };
    if let Some(mark) = mark_of(plan, who, (name, person), &account)? {
        return Ok(Answer::Account(mark));
    }
    let places = rights::person_may(plan, name, person).into_iter().find(|(verb, _)| *verb == ask.verb).map(|(_, places)| places);
    let by = person.roles.iter().filter(|role| gives(plan, role, ask)).cloned().collect();
    Ok(Answer::Yes { by, places: places.unwrap_or_default() })
}

fn denied(because: &[Because]) -> Answer {
    let own = because.iter().find_map(|because| because.policy.strip_prefix("plan:").map(|policy| (policy, &because.sentence)));
    match own {
        Some((policy, sentence)) => Answer::Forbidden { policy: policy.to_owned(), because: sentence.clone() },
        None => Answer::NotGranted,
    }
}

/// What makes an account not count, if anything, said after “Their Slack account”.
fn mark_of(plan: &Plan, who: &Identity, (name, person): (&str, &Person), account: &Profile) -> Result<Option<String>, Fault> {
    let foreign = account.enterprise.as_deref().unwrap_or(&account.team) != who.org;
    let look = Ask { verb: Verb::Look, on: None, under: Circumstances::default() };
    Ok(match rule(plan, (name, person, Some((account, foreign))), &look, None)? {
        Ruling::Denied(because) => because.into_iter().find_map(|because| because.account),
        Ruling::Allowed(_) => None,
    })
}

/// How the workspace says that an account stands: what makes it not count, if anything.
///
/// # Errors
/// When the workspace can't be asked, or the policies can't be evaluated.
pub async fn account(plan: &Plan, directory: &dyn Directory, who: &Identity) -> Result<Option<String>, Failure> {
    let (name, person) = member(plan, who)?;
    match profile(directory, who, Verb::Look).await? {
        None => Ok(Some("is not known to Slack".to_owned())),
        Some(account) => Ok(mark_of(plan, who, (name, person), &account)?),
    }
}

/// Whether a role gives a verb where it is asked for. For explanations only: what decides is the policy.
fn gives(plan: &Plan, role: &str, ask: &Ask<'_>) -> bool {
    plan.roles.get(role).is_some_and(|role| {
        role.may.iter().filter(|grant| grant.verbs.contains(&ask.verb)).any(|grant| {
            grant.environments.iter().any(|place| match ask.on.map(environment_of) {
                None => true,
                Some(asked) => place == asked || (place == "*" && !ask.verb.changes()),
            })
        })
    })
}

fn needed(plan: &Plan, who: &Identity, verb: Verb, environment: Option<&str>) -> Option<Needed> {
    let quorum = quorum_of(plan, verb)?;
    let by = counting(plan, quorum, environment.map(On::Environment)).into_iter().filter(|person| person != who).collect();
    Some(Needed { quorum: quorum.clone(), by })
}

/// Everybody who counts towards a quorum on something, by what the plan says.
#[must_use]
pub fn counting(plan: &Plan, quorum: &Quorum, on: Option<On<'_>>) -> Vec<Identity> {
    let ask = Ask { verb: Verb::Approve, on, under: Circumstances::default() };
    let counts =
        |name: &str, person: &Person| matches!(rule(plan, (name, person, None), &ask, Some(&quorum.roles)), Ok(Ruling::Allowed(_)));
    let people = plan.people.iter().filter(|(name, person)| counts(name, person));
    people.map(|(_, person)| Identity { org: plan.slack.organization.clone(), user: person.slack.clone() }).collect()
}

fn may_break_glass(plan: &Plan, (name, person): (&str, &Person), ask: &Ask<'_>) -> bool {
    let ask = Ask { under: Circumstances { break_glass: true, ..ask.under }, ..*ask };
    matches!(rule(plan, (name, person, None), &ask, None), Ok(Ruling::Allowed(_)))
}
