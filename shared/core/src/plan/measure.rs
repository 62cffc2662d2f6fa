//! Runs held against the objectives: what a recovery took, and what the plan asks for.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Goals, Phase, Plan, Span};
use crate::{
    failure::Fault,
    ident::RunId,
    policy::Verb,
    port::Page,
    proposal::{Proposal, TargetKind},
    run::{Run, State},
    store::Store,
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Time to recovery, counted from when it was asked for: when the trouble began is not known to a run.
    Rto,
    /// Loss of data, as the approved proposal says it.
    Rpo,
}

/// One objective of the plan and what was last measured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Of what: `database inventory`, `scenario Complete Database Loss`, `tier Critical Systems`.
    pub name: String,
    /// Which of the two.
    pub measure: Measure,
    /// What is aimed at.
    pub aim: Option<Span>,
    /// What must not be exceeded.
    pub most: Option<Span>,
    /// What it was; absent: never measured.
    pub found: Option<Found>,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How long, or how much was lost.
    pub was: SignedDuration,
    /// In which run.
    pub run: RunId,
    /// When it ended.
    pub at: Timestamp,
}

impl Measured {
    /// How far it is from the objective.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let Some(found) = &self.found else { return Verdict::Never };
        let within = |span: Option<Span>| span.is_some_and(|span| found.was <= span.0);
        match (within(self.aim), within(self.most) || self.most.is_none() && self.aim.is_none()) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::BeyondAim,
            (false, false) => Verdict::Missed,
        }
    }
}

/// How a measurement stands to its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was measured yet.
    Never,
    /// As it is aimed at.
    Met,
    /// Over what is aimed at, within what must not be exceeded.
    BeyondAim,
    /// Over all.
    Missed,
}

/// Every objective that a run speaks to, with what the run says. Only a run that succeeded recovered anything.
#[must_use]
pub fn measured_by(plan: &Plan, run: &Run, proposal: &Proposal) -> Vec<Measured> {
    let (State::Succeeded, Some(ended)) = (&run.state, run.ended_at) else { return Vec::new() };
    if !matches!(proposal.verb, Verb::Restore | Verb::Failover | Verb::Run) {
        return Vec::new();
    }
    let took = ended.duration_since(proposal.asked_at).max(SignedDuration::ZERO);
    let lost = proposal.consequences.lost_seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(SignedDuration::from_secs);
    let found = |was: SignedDuration| Some(Found { was, run: run.id.clone(), at: ended });
    let mut all = Vec::new();
    for (name, goals) in goals_of(plan, proposal) {
        if goals.rto.is_some() || goals.rto_max.is_some() {
            let (aim, most) = (goals.rto, goals.rto_max);
            all.push(Measured { name: name.clone(), measure: Measure::Rto, aim, most, found: found(took) });
        }
        if let Some(lost) = lost.filter(|_| goals.rpo.is_some() || goals.rpo_max.is_some()) {
            all.push(Measured { name, measure: Measure::Rpo, aim: goals.rpo, most: goals.rpo_max, found: found(lost) });
        }
    }
    all
}

/// The phase of the plan that a recovery which took so long ended in; `None` when it is later than all.
#[must_use]
pub fn phase(plan: &Plan, took: SignedDuration) -> Option<&Phase> {
    // What begins at 0 and is not the first has a time of its own, such as a post-mortem.
    plan.phases
        .iter()
        .enumerate()
        .filter(|(index, phase)| *index == 0 || !phase.from.0.is_zero())
        .map(|(_, phase)| phase)
        .find(|phase| took <= phase.to.0)
}

/// All objectives of the plan, each with what the newest of these runs says of it.
#[must_use]
pub fn last_measured(plan: &Plan, runs: &[(Run, Proposal)]) -> Vec<Measured> {
    let mut all: BTreeMap<(String, Measure), Measured> = BTreeMap::new();
    for (name, goals) in all_goals(plan) {
        for (measure, aim, most) in [(Measure::Rto, goals.rto, goals.rto_max), (Measure::Rpo, goals.rpo, goals.rpo_max)] {
            if aim.is_some() || most.is_some() {
                all.insert((name.clone(), measure), Measured { name: name.clone(), measure, aim, most, found: None });
            }
        }
    }
    for measured in runs.iter().flat_map(|(run, proposal)| measured_by(plan, run, proposal)) {
        let Some(known) = all.get_mut(&(measured.name, measured.measure)) else { continue };
        let newer = known.found.as_ref().map(|found| found.at) < measured.found.as_ref().map(|found| found.at);
        if newer {
            known.found = measured.found;
        }
    }
    all.into_values().collect()
}

/// The newest runs that have ended, each with its proposal.
///
/// # Errors
/// When the records can't be read.
pub async fn past(store: &Store) -> Result<Vec<(Run, Proposal)>, Fault> {
    /// A plan has some dozens of objectives, and each run speaks to a few.
    const RECENT: Page = Page { after: None, newest_first: true, limit: 60 };
    let mut past = Vec::new();
    for run in store.list::<Run>(&RECENT).await?.into_iter().map(|kept| kept.value).filter(|run| run.state == State::Succeeded) {
        if let Some(proposal) = store.load::<Proposal>(run.proposal.as_str()).await? {
            past.push((run, proposal.value));
        }
    }
    Ok(past)
}

fn of_database(plan: &Plan, name: &str) -> Option<(String, Goals)> {
    let objectives = &plan.databases.get(name)?.objectives;
    let goals = Goals { rto: Some(objectives.rto), rto_max: objectives.rto_max, rpo: Some(objectives.rpo), rpo_max: None };
    Some((format!("database {name}"), goals))
}

fn goals_of(plan: &Plan, proposal: &Proposal) -> Vec<(String, Goals)> {
    let target = &proposal.target;
    let is_database = target.kind == TargetKind::Database;
    let own = if is_database { of_database(plan, &target.name) } else { None };
    let services = plan
        .services
        .iter()
        .filter(|(name, service)| if is_database { service.databases.contains(&target.name) } else { **name == target.name });
    let mut tiers: Vec<&String> = services.filter_map(|(_, service)| service.tier.as_ref()).collect();
    tiers.dedup();
    let tiers = tiers.into_iter().filter_map(|name| plan.tiers.get(name)).map(|tier| (format!("tier {}", tier.title), tier.objectives));
    let scenarios = plan.scenarios.values().filter(|scenario| scenario.runbook.as_ref() == Some(&proposal.runbook));
    let scenarios = scenarios.map(|scenario| (format!("scenario {}", scenario.title), scenario.objectives));
    own.into_iter().chain(tiers).chain(scenarios).collect()
}

fn all_goals(plan: &Plan) -> Vec<(String, Goals)> {
    let databases = plan.databases.keys().filter_map(|name| of_database(plan, name));
    let tiers = plan.tiers.values().map(|tier| (format!("tier {}", tier.title), tier.objectives));
    let scenarios = plan.scenarios.values().map(|scenario| (format!("scenario {}", scenario.title), scenario.objectives));
    databases.chain(tiers).chain(scenarios).collect()
}
