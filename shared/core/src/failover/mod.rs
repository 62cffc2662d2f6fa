//! Failover and failback: what there is ([`survey`]), whether it may go, and what exactly would be done ([`propose`]).
//!
//! A failover leads a service to its other site: it ends the writes at home, waits until the standby has them all, promotes
//! it, and only then moves the names. There is no way back on the same instances: a failback makes a fresh standby at home
//! and goes the same way.

mod judge;
mod returned;
mod steps;
mod survey;

use serde::{Deserialize, Serialize};

pub use returned::{Left, see_to_returned};
pub use survey::{Leads, Name, Pair, Primary, StandbyLook, Survey, survey};

use crate::{
    failure::{Failure, Refusal},
    ident::{Actor, StepId},
    plan::Current,
    policy::Verb,
    port::World,
    proposal::{self, Ask, Consequences, Opening, PlannedStep, Proposal, Target, TargetKind, Worked, database_lock},
    runbook,
};

/// Which way a service goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To its secondary site.
    Away,
    /// Back to its primary site.
    Home,
}

impl Direction {
    /// The built-in runbook.
    #[must_use]
    pub fn runbook(self) -> &'static str {
        match self {
            Self::Away => "failover",
            Self::Home => "failback",
        }
    }
}

/// Who asks for what.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Who.
    pub requester: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The service.
    pub service: String,
    /// Which way.
    pub direction: Direction,
    /// They know that the standby is further behind than the objective allows, and want it all the same.
    pub accept_loss: bool,
}

/// Works out a failover or a failback.
///
/// # Errors
/// A refusal when there is nowhere to go, or going there would make it worse.
pub async fn propose(world: &World, current: &Current, asked: &Asked) -> Result<Proposal, Failure> {
    let opening = Opening::now(world);
    let runbook = runbook::built_in(asked.direction.runbook())?;
    let (found, steps) = steps(world, current, (&asked.service, asked.direction), asked.accept_loss, &opening).await?;
    let there = found.there();
    let title = match asked.direction {
        Direction::Away => format!("Fail {} over to {}", asked.service, found.site(there)),
        Direction::Home => format!("Fail {} back to {}", asked.service, found.site(there)),
    };
    let target = Target {
        kind: TargetKind::Service,
        name: asked.service.clone(),
        environment: found.entry.environment.clone(),
        region: there.region.clone(),
    };
    let approvals = &current.plan.approvals;
    let worked = Worked {
        phrase: judge::loss(&found).map(|lost| format!("{} {} lose {lost}s", asked.service, there.region)),
        consequences: consequences(&found, &steps, current),
        quorum: Some(approvals.traffic.clone().unwrap_or_else(|| approvals.destructive.clone())),
        steps,
    };
    let locks = found.entry.databases.iter().map(|name| database_lock(name)).collect();
    let (requester, reason) = (asked.requester.clone(), asked.reason.clone());
    let ask = Ask { verb: Verb::Failover, runbook, title, target, locks, requester, reason };
    proposal::propose(world, current, opening, ask, worked).await
}

/// The steps of a failover or a failback, for a runbook of which it is a part, and what they were worked out from.
///
/// # Errors
/// As [`propose`].
pub(crate) async fn steps(
    world: &World,
    current: &Current,
    (service, direction): (&str, Direction),
    accept_loss: bool,
    opening: &Opening,
) -> Result<(Survey, Vec<PlannedStep>), Failure> {
    let found = survey(world, current, service, direction).await?;
    judge::judge(&found, accept_loss)?;
    let runbook = runbook::built_in(direction.runbook())?;
    let steps = steps::plan(&runbook, &found, opening)?;
    Ok((found, steps))
}

fn consequences(found: &Survey, steps: &[PlannedStep], current: &Current) -> Consequences {
    let sources: Vec<String> = found.pairs.iter().map(|pair| pair.source_in_words(found.direction)).collect();
    let last_way_back: Option<&StepId> = steps.iter().find(|step| step.id.as_str().starts_with("promote")).map(|step| &step.id);
    let undo = match found.direction {
        Direction::Away => format!("Until the promotion: writes are let back in. Afterwards /dr failback {} goes home.", found.service),
        Direction::Home => {
            format!("Until the promotion: writes are let back in. Afterwards /dr failover {} goes away again.", found.service)
        }
    };
    Consequences {
        source: (!sources.is_empty()).then(|| sources.join("; ")),
        lost_seconds: judge::loss(found),
        rto_seconds: objective(found, current),
        undo,
        point_of_no_return: last_way_back.cloned(),
        warnings: judge::warnings(found),
        cost: (found.direction == Direction::Home && !found.pairs.is_empty())
            .then(|| "a second instance of each database at home; what served there before stays until somebody retires it".to_owned()),
        ..Consequences::default()
    }
}

/// How fast it must be: what its tier says, or the slowest of its databases.
fn objective(found: &Survey, current: &Current) -> u64 {
    let tier = found.entry.tier.as_ref().and_then(|tier| current.plan.tiers.get(tier)).and_then(|tier| tier.objectives.rto);
    let databases = found.entry.databases.iter().filter_map(|name| current.plan.databases.get(name));
    let slowest = databases.map(|database| database.objectives.rto).max_by_key(|rto| rto.0);
    tier.or(slowest).and_then(|rto| u64::try_from(rto.0.as_secs()).ok()).unwrap_or(0)
}

/// The refusal for a service that has nowhere to go.
fn nowhere(service: &str) -> Refusal {
    Refusal::new(format!("The plan knows no other site of {service}.")).instead(format!("Describe it under services.{service}.failover."))
}
