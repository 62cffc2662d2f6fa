//! What is wrong, by what can be seen: facts are gathered ([`gather`]), and what they mean is a pure function of them and the
//! plan ([`Diagnosis::of`]).

mod gather;

use std::collections::BTreeSet;

pub use gather::gather;

use crate::plan::{Plan, Sign};

/// What was looked at, as the question that people ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Is the database accessible?
    Database,
    /// Is the data as it should be?
    Data,
    /// Is the application answering?
    Application,
    /// Do the names lead somewhere?
    Names,
    /// Are the backups fresh?
    Backups,
}

impl Aspect {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 5] = [Self::Database, Self::Data, Self::Application, Self::Names, Self::Backups];
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// As it should be.
    Well(String),
    /// Not so, and what that is a sign of.
    Ill(Sign, String),
    /// It could not be seen, or nobody has said how to look.
    Unseen(String),
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Which question it answers.
    pub aspect: Aspect,
    /// What it is about: a database, a probe.
    pub about: String,
    /// What was found.
    pub found: Found,
}

/// A scenario of the plan that the signs speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its name in the plan.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// How it is recovered from, in the plan's words.
    pub recovery: Option<String>,
    /// Its runbook.
    pub runbook: Option<String>,
    /// What to type for it, without the slash command; absent: its runbook is started otherwise, or it has none.
    pub command: Option<String>,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was found.
    pub facts: Vec<Fact>,
    /// What is wrong.
    pub signs: BTreeSet<Sign>,
    /// The plan's scenarios whose signs are all there, those with the most signs first.
    pub scenarios: Vec<Match>,
}

/// Which service or databases a diagnosis is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The service, if it is one.
    pub service: Option<String>,
    /// Its databases.
    pub databases: Vec<String>,
}

impl Diagnosis {
    /// What facts mean under a plan.
    #[must_use]
    pub fn of(plan: &Plan, patient: &Patient, facts: Vec<Fact>) -> Self {
        let sign = |fact: &Fact| if let Found::Ill(sign, _) = fact.found { Some(sign) } else { None };
        let signs: BTreeSet<Sign> = facts.iter().filter_map(sign).collect();
        // A database that is meant is one that is ill: which of several, the facts say.
        let ill = |database: &&String| facts.iter().any(|fact| fact.about == **database && sign(fact).is_some());
        let database = patient.databases.iter().find(ill).or(patient.databases.first()).map(String::as_str);
        // Where there is no instance, nobody can sign in to one either.
        let seen = |sign: &Sign| signs.contains(sign) || (*sign == Sign::DatabaseUnreachable && signs.contains(&Sign::DatabaseGone));
        let mut scenarios: Vec<((usize, bool), Match)> = plan
            .scenarios
            .iter()
            .filter(|(_, scenario)| !scenario.signs.is_empty() && scenario.signs.iter().all(seen))
            .map(|(name, scenario)| {
                let command =
                    scenario.runbook.as_deref().and_then(|runbook| command(runbook, patient.service.as_deref(), database, &signs));
                let found = Match {
                    name: name.clone(),
                    title: scenario.title.clone(),
                    recovery: scenario.recovery.clone(),
                    runbook: scenario.runbook.clone(),
                    command,
                };
                // What is said of an instance that is gone says more than what is said of one that does not answer.
                ((scenario.signs.len(), scenario.signs.contains(&Sign::DatabaseGone)), found)
            })
            .collect();
        scenarios.sort_by(|(left, one), (right, other)| right.cmp(left).then_with(|| one.name.cmp(&other.name)));
        Self { facts, signs, scenarios: scenarios.into_iter().map(|(_, found)| found).collect() }
    }

    /// What could not be seen.
    pub fn unseen(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|fact| matches!(fact.found, Found::Unseen(_)))
    }
}

/// What to type to start a runbook here.
fn command(runbook: &str, service: Option<&str>, database: Option<&str>, signs: &BTreeSet<Sign>) -> Option<String> {
    match runbook {
        // What is wrong in the data is in its newest moments too: then the moment is for a person to choose.
        "restore" if signs.contains(&Sign::DataWrong) => database.map(|database| format!("restore {database}")),
        "restore" => database.map(|database| format!("restore {database} --latest")),
        "backup" => database.map(|database| format!("backup {database}")),
        "failover" | "failback" => service.map(|service| format!("{runbook} {service}")),
        "retire" => None,
        own => Some(format!("runbook show {own}")),
    }
}

#[cfg(test)]
mod tests;
