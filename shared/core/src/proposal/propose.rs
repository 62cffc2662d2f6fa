//! From steps that somebody has planned to a proposal: the part that is the same for every runbook.
//!
//! A planner that knows its steps (a failover, say) begins with [`Opening::now`], whose run id goes into the names and tags
//! of what its steps make, plans them purely from an inventory, and ends with [`propose`].

use jiff::{SignedDuration, Timestamp};

use super::{Consequences, PlannedStep, Proposal, Right, Target, TargetKind, backup_lock, estimate};
use crate::{
    action::Act,
    failure::{Failure, Fault},
    ident::{Actor, ProposalId, RunId},
    plan::{Current, Quorum},
    policy::Verb,
    port::World,
    runbook::Loaded,
};

/// How long a proposal that needs nobody may wait to be started.
const UNAPPROVED: SignedDuration = SignedDuration::from_mins(30);

/// The beginning of a proposal: its id and time, from which names follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its id.
    pub id: ProposalId,
    /// When it is asked for, in whole seconds.
    pub now: Timestamp,
}

impl Opening {
    /// A new one.
    #[must_use]
    pub fn now(world: &World) -> Self {
        let now = world.clock.now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { id: ProposalId::new(now, world.random.bits()), now }
    }

    /// The run that would carry it out.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.id.run()
    }
}

/// Who asks for what.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What the policy was asked.
    pub verb: Verb,
    /// The runbook that the steps come from.
    pub runbook: Loaded,
    /// In words: `Fail shop over to eu-central-1`.
    pub title: String,
    /// On what.
    pub target: Target,
    /// All that the run touches, by [`super::database_lock`] and [`super::service_lock`], in any order; the target's own
    /// lock need not be named.
    pub locks: Vec<String>,
    /// Who.
    pub requester: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// What was worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct Worked {
    /// The steps. How long they usually take is filled in here.
    pub steps: Vec<PlannedStep>,
    /// What they would mean.
    pub consequences: Consequences,
    /// Who must approve; only what merely adds may have nobody.
    pub quorum: Option<Quorum>,
    /// What an approver types; absent: the target, the recovery point if there is one, and the region.
    pub phrase: Option<String>,
}

/// Makes a proposal of planned steps: locks, digests, durations, phrase, and time.
///
/// # Errors
/// A fault when a step replaces or deletes and nobody is to approve it, or past durations can't be read.
pub async fn propose(world: &World, current: &Current, opening: Opening, ask: Ask, worked: Worked) -> Result<Proposal, Failure> {
    let Worked { mut steps, mut consequences, quorum, phrase } = worked;
    let destroys = steps.iter().find(|step| step.act.action().class().destroys());
    // Backups whose time is over are judged one by one, by retention's rules, when they are deleted.
    let pruning = steps.iter().all(|step| matches!(step.act, Act::Prune(_)));
    if let Some(step) = destroys.filter(|_| quorum.is_none() && !pruning) {
        return Err(Fault::new(format!("the step {} replaces or deletes, and nobody is asked", step.id)).into());
    }
    let timing = estimate::known(world, &ask.runbook.runbook.name, &ask.target.name).await?;
    for step in &mut steps {
        step.usual_seconds = step.usual_seconds.or_else(|| timing.usual(&step.id));
    }
    if consequences.usual_seconds.is_none() {
        consequences.usual_seconds = steps.iter().map(|step| step.usual_seconds).sum();
    }
    let waits = quorum.as_ref().map_or(UNAPPROVED, |quorum| quorum.within.0);
    let phrase = phrase.unwrap_or_else(|| usual_phrase(&ask.target, consequences.recovery_point));
    let locks = locks(&ask.target, ask.locks, &steps);
    Ok(Proposal {
        id: opening.id,
        verb: ask.verb,
        title: ask.title,
        requester: ask.requester,
        right: Right::Granted,
        reason: ask.reason,
        asked_at: opening.now,
        plan_version: current.version.clone(),
        plan_digest: current.plan.digest_for(&ask.target, &locks)?,
        locks,
        runbook: ask.runbook.runbook.name,
        runbook_digest: ask.runbook.digest,
        target: ask.target,
        steps,
        consequences,
        quorum,
        phrase,
        expires_at: opening.now.saturating_add(waits).unwrap_or(Timestamp::MAX),
        gate: None,
    })
}

/// Sorted, so that two runs never wait for each other; empty when it is only the target's own.
fn locks(target: &Target, mut locks: Vec<String>, steps: &[PlannedStep]) -> Vec<String> {
    // What takes or deletes backups must not stand in the way of a restore at the worst hour.
    let of_backups = steps.iter().all(|step| matches!(step.act, Act::Backup(_) | Act::Prune(_)));
    if target.kind == TargetKind::Database && locks.is_empty() && of_backups {
        return vec![backup_lock(&target.name)];
    }
    locks.push(target.lock());
    locks.sort();
    locks.dedup();
    if locks.len() == 1 { Vec::new() } else { locks }
}

/// Short enough for a phone, and different for each thing that could be meant.
fn usual_phrase(target: &Target, point: Option<Timestamp>) -> String {
    let when = point.map(|point| format!(" {}", point.strftime("%H:%M"))).unwrap_or_default();
    format!("{}{when} {}", target.name, target.region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::{Backup, Status},
        ident::StepId,
        plan::Span,
        port::Tags,
        proposal::{Flow, database_lock},
    };

    fn target(kind: TargetKind, name: &str) -> Target {
        Target { kind, name: name.to_owned(), environment: "production".to_owned(), region: String::new() }
    }

    fn step(act: Act) -> PlannedStep {
        let timeout = Span(SignedDuration::from_mins(1));
        let flow = Flow::default();
        PlannedStep { id: StepId("one".to_owned()), name: String::new(), act, timeout, retries: 0, usual_seconds: None, flow }
    }

    fn look() -> PlannedStep {
        step(Act::Status(Status { region: String::new(), instance: "orders-db".to_owned() }))
    }

    fn backup() -> PlannedStep {
        let (instance, resource_id) = ("orders-db".to_owned(), "db-1".to_owned());
        step(Act::Backup(Backup { region: String::new(), instance, resource_id, snapshot: String::new(), tags: Tags::new() }))
    }

    #[test]
    fn h5_locks_are_sorted_and_hold_the_target() {
        let shop = target(TargetKind::Service, "shop");
        let both = vec![database_lock("orders"), database_lock("billing")];
        assert_eq!(locks(&shop, both, &[look()]), ["billing", "orders", "service shop"]);
        let orders = target(TargetKind::Database, "orders");
        assert!(locks(&orders, vec![database_lock("orders")], &[look()]).is_empty(), "its own goes without saying");
    }

    #[test]
    fn h5_what_only_backs_up_a_database_holds_its_backups_and_whatever_does_more_the_database() {
        let orders = target(TargetKind::Database, "orders");
        assert_eq!(locks(&orders, Vec::new(), &[backup()]), ["backup of orders"]);
        assert!(locks(&orders, Vec::new(), &[backup(), look()]).is_empty());
        assert_eq!(locks(&target(TargetKind::Service, "shop"), vec![database_lock("orders")], &[backup()]), ["orders", "service shop"]);
    }
}
