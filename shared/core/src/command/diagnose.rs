//! `diagnose`: what is wrong, which scenario of the plan that is, and what to type for it.

use super::{Examples, Spellings, name};
use crate::{
    command,
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    plan::Plan,
    policy,
    probe::{Diagnosis, Patient, gather},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Look at a service from all sides, and name the plan's scenario and runbook for what is found.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("diagnose orders", "the service or database orders: database, data, application, names, backups"),
    ("diagnose", "the same, where the plan has only one"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("diagnose:failures", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The service or database, by its name in the plan.
    #[arg(value_parser = name::value)]
    pub service: Option<String>,
}

/// Answers it: looks now, and says what it means. Nothing is changed.
///
/// # Errors
/// A refusal when the caller may not look, or it is not clear what is meant.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let plan = &desk.current.plan;
    let name = match &args.service {
        Some(name) => name.as_str(),
        None => only(plan)?,
    };
    let patient = patient(plan, name)?;
    let facts = gather(desk.world, plan, &patient).await;
    Ok(Reply::Message(view::diagnosis(name, &Diagnosis::of(plan, &patient, facts))))
}

/// What is meant where nobody says: the one service, or the one database of a plan without services.
fn only(plan: &Plan) -> Result<&str, Refusal> {
    let names: Vec<&str> = if plan.services.is_empty() {
        plan.databases.keys().map(String::as_str).collect()
    } else {
        plan.services.keys().map(String::as_str).collect()
    };
    match names.as_slice() {
        [only] => Ok(only),
        [] => Err(Refusal::new("The plan has no service and no database: there is nothing to look at.")),
        several => Err(Refusal::new("Which service?").instead(format!("The plan has: {}.", several.join(", ")))),
    }
}

fn patient(plan: &Plan, name: &str) -> Result<Patient, Refusal> {
    if let Some(service) = plan.services.get(name) {
        return Ok(Patient { service: Some(name.to_owned()), databases: service.databases.clone() });
    }
    if plan.databases.contains_key(name) {
        return Ok(Patient { service: None, databases: vec![name.to_owned()] });
    }
    Err(command::neither(plan, name))
}
