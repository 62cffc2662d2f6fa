//! `failback`: bring a service home.

use std::collections::BTreeMap;

use super::{Examples, Spellings, failover, name};
use crate::{
    desk::{Desk, Reply},
    failover::Direction,
    failure::Failure,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Bring a service home from its other site, with all that was written there.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("failback orders", "a fresh standby at home, then the way back, once somebody else has approved"),
    ("failback orders --reason \"the region is well again\"", "the same, and why"),
    ("failback", "a form to pick from"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("failback:to-primary", &[]), ("failback:execute", &[])];

/// What stands behind the verb. What is missing is asked for in a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The service, by its name in the plan; without it, a form opens.
    #[arg(value_parser = name::value)]
    pub service: Option<String>,
    /// Why, for those who decide and those who read it later.
    #[arg(long, short, value_name = "TEXT", value_parser = name::reason)]
    pub reason: Option<String>,
}

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not, or it is at home already.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let Some(service) = &args.service else { return form(desk).await };
    let entry = failover::known(desk, service)?;
    desk.allowed(policy::Verb::Failover, Some(&entry.environment)).await?;
    failover::ask(desk, service, Direction::Home, (false, args.reason.clone())).await
}

/// The form in which the service is picked.
///
/// # Errors
/// A refusal when the caller may fail nothing back.
pub async fn form(desk: &Desk<'_>) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Failover, None).await?;
    Ok(Reply::Form(view::failover_form(&view::FailoverChoices::new(Direction::Home, &failover::movable(desk)))))
}

/// What was submitted in that form. What is wrong with it is said in the form.
///
/// # Errors
/// As [`run`].
pub async fn submitted(desk: &Desk<'_>, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let given = |handle: &str| values.get(handle).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let outcome = run(desk, &Args { service: given("service"), reason: given("reason") }).await;
    failover::answered(desk, Direction::Home, values, outcome)
}
