//! `plan`: what the plan in force says, and what is wrong with it.

use std::collections::BTreeMap;

use super::{Examples, Spellings, unknown};
use crate::{
    desk::{Desk, Reply},
    failure::Failure,
    plan::{self, PlanSection},
    policy,
    store::Store,
    view,
};

/// In one line.
pub const SUMMARY: &str = "Show the plan in force, part by part, or say what is wrong with it and what it leaves open.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("plan", "which version is in force, and what it has"),
    ("plan show scenarios", "what may happen, and the runbook for each"),
    ("plan show objectives", "how fast everything must be back, and what was last measured"),
    ("plan check", "what is wrong, and what is not covered"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// `show` or `check`; without it, show.
    #[arg(value_enum, ignore_case = true)]
    pub what: Option<What>,
    /// Which part to show: scenarios, objectives, backups, phases, communication, support, drills, checklist.
    pub section: Option<String>,
}

/// What is wanted of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// What it says.
    Show,
    /// What is wrong with it.
    Check,
}

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not look, or there is no such part; a fault when the records can't be read.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let current = &desk.current;
    let message = match (args.what, args.section.as_deref()) {
        (Some(What::Check), _) => {
            let mut findings = plan::findings(&current.plan);
            findings.extend(plan::uncovered(&current.plan, desk.world.clock.now()));
            let mut texts = BTreeMap::new();
            for runbook in current.plan.runbooks.values() {
                let blob = desk.world.blobs.get(&runbook.file).await?;
                texts.extend(blob.and_then(|blob| Some((runbook.file.clone(), String::from_utf8(blob.bytes).ok()?))));
            }
            findings.extend(plan::runbook_findings(&current.plan, &|file| texts.get(file).cloned()));
            view::plan_check(current, &findings, &plan::last_measured(&current.plan, &plan::past(&Store::of(desk.world)).await?))
        }
        (_, None) => view::plan_overview(current),
        (_, Some(name)) => match name.to_lowercase().parse::<PlanSection>() {
            Ok(PlanSection::Objectives) => {
                view::plan_objectives(current, &plan::last_measured(&current.plan, &plan::past(&Store::of(desk.world)).await?))
            }
            Ok(section) => view::plan_section(current, section),
            Err(()) => return Err(unknown("part of the plan", name, &PlanSection::NAMES).into()),
        },
    };
    Ok(Reply::Message(message))
}
