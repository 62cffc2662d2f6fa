//! Old primaries that nobody could see when their service was led out of a silent region. When the region is back, they are: writable
//! beside what serves now, unless they were frozen before. The tick asks them, and as soon as one answers and takes writes, people are
//! told and woken, and a proposal to end its writes lies before those who approve. Nothing is done to it without them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    action::{Act, CheckFence, Freeze, Looked, Node},
    alert::{self, Alert, Kind, Level},
    approval::{Approval, State},
    audit, database, desk,
    failure::{Failure, Fault},
    ident::{Actor, Identity, ProposalId, RunId},
    plan::{self, Current},
    policy::Verb,
    port::{Page, World},
    proposal::{self, Ask, Consequences, Opening, Proposal, Target, TargetKind, Worked, database_lock},
    runbook,
    standby::{IN_RECOVERY, READ_ONLY},
    store::{Created, Kept, Record, Store},
    view,
};

/// It is not among those that people run: nobody asks for it but the tick.
const RUNBOOK: &str = include_str!("../../../../runbooks/fence.yaml");
/// How many of them are looked at.
const LOOKED_AT: Page = Page { after: None, newest_first: true, limit: 100 };
/// Whoever is about to propose is done or dead after this long.
const PROPOSING: SignedDuration = SignedDuration::from_mins(2);
/// Who proposes.
const SWEEP: &str = "sweep";

/// An old primary that a run left behind without having seen it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The service that was led away.
    pub service: String,
    /// Where the old primary is.
    pub node: Node,
    /// The run that led the service away.
    pub run: RunId,
    /// Since when nobody sees to it.
    pub since: Timestamp,
    /// What was proposed last, and when.
    pub proposed: Option<(ProposalId, Timestamp)>,
    /// Why nobody need look at it any more.
    pub over: Option<String>,
}

impl Record for Left {
    const PARTITION: &'static str = "left-behind";

    fn id(&self) -> String {
        format!("{}/{}", self.node.region, self.node.resource_id.as_ref().unwrap_or(&self.node.instance))
    }
}

impl Left {
    /// What a run leaves behind that could not see whether its old primary takes writes.
    #[must_use]
    pub fn by(run: &RunId, service: &str, check: &CheckFence, since: Timestamp) -> Self {
        Self { service: service.to_owned(), node: check.primary.clone(), run: run.clone(), since, proposed: None, over: None }
    }
}

/// How one stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stands {
    /// It does not answer yet.
    Silent,
    /// It does no harm, for this reason.
    Harmless(String),
    /// It takes writes.
    Writes,
}

/// Looks at all that were left behind, and has people see to those that take writes again.
///
/// # Errors
/// When a record can't be read or written; the next tick goes on.
pub async fn see_to_returned(world: &World) -> Result<(), Fault> {
    let left: Vec<Kept<Left>> = Store::of(world).list(&LOOKED_AT).await?;
    let open: Vec<Kept<Left>> = left.into_iter().filter(|kept| kept.value.over.is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
    let mut failed = None;
    for kept in open {
        let instance = kept.value.node.instance.clone();
        if let Err(fault) = see_to_one(world, &current, kept).await {
            tracing::error!(instance, fault = fault.chain(), "an old primary was not seen to");
            failed = Some(fault);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn see_to_one(world: &World, current: &Current, kept: Kept<Left>) -> Result<(), Fault> {
    match stands(world, current, &kept.value).await? {
        Stands::Silent => Ok(()),
        Stands::Harmless(why) => {
            alert::resolve(world, Kind::OldPrimary, &kept.value.node.instance).await?;
            let _ = Store::of(world).replace(&kept, Left { over: Some(why), ..kept.value.clone() }).await?;
            Ok(())
        }
        Stands::Writes => {
            let (sentence, way_out) = view::old_primary_writes(&kept.value);
            let subject = kept.value.node.instance.clone();
            let alert = Alert { kind: Kind::OldPrimary, subject, level: Level::Broken, sentence, way_out: Some(way_out) };
            // Where Slack is down nobody can be told, and a fence can be approved at the terminal all the same.
            let told = alert::raise(world, alert).await;
            propose(world, current, kept).await?;
            told
        }
    }
}

async fn stands(world: &World, current: &Current, left: &Left) -> Result<Stands, Fault> {
    let node = &left.node;
    // The service may be home again, or the plan may not know the database any more: then it is not an old one.
    match database::entry(world, &current.plan, &node.name).await {
        Ok(entry) if entry.region == node.region => return Ok(Stands::Harmless("its region serves again".to_owned())),
        Err(Failure::Refusal(why)) => return Ok(Stands::Harmless(why.sentence)),
        Err(Failure::Fault(fault)) => return Err(fault),
        Ok(_) => {}
    }
    let found = match node.look(world, None).await {
        Ok(Looked::There(found)) => found,
        Ok(Looked::Not(why)) => return Ok(Stands::Harmless(why)),
        Err(error) if error.is_silence() => return Ok(Stands::Silent),
        Err(error) => return Err(error.into()),
    };
    Ok(match node.ask(world, &found, &[READ_ONLY, IN_RECOVERY]).await {
        Ok(Ok(said)) if said.of(READ_ONLY) == Some("on") => Stands::Harmless("it refuses writes".to_owned()),
        Ok(Ok(said)) if said.of(IN_RECOVERY) == Some("t") => Stands::Harmless("it replays a log".to_owned()),
        Ok(Ok(_)) => Stands::Writes,
        Ok(Err(_)) => Stands::Silent,
        Err(error) if error.is_silence() => Stands::Silent,
        Err(error) => return Err(error.into()),
    })
}

/// Puts a fence before those who approve, unless it lies there, is being carried out, or they have said no.
async fn propose(world: &World, current: &Current, kept: Kept<Left>) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    if let Some((proposed, at)) = &kept.value.proposed {
        let approval: Option<Kept<Approval>> = store.load(proposed.as_str()).await?;
        let waits = match approval.map(|approval| approval.value.state) {
            None => now.duration_since(*at) < PROPOSING,
            Some(State::Expired) => false,
            Some(_) => true,
        };
        if waits {
            return Ok(());
        }
    }
    let proposal = proposal(world, current, &kept.value).await.map_err(Failure::into_fault)?;
    let next = Left { proposed: Some((proposal.id.clone(), now)), ..kept.value.clone() };
    if store.replace(&kept, next).await?.is_err() {
        // The other region's tick has been faster.
        return Ok(());
    }
    let digest = proposal.digest()?;
    let event = audit::Event {
        at: now,
        actor: proposal.requester.clone(),
        what: "proposal.made".to_owned(),
        about: proposal.id.0.clone(),
        digest: Some(digest.clone()),
        detail: json!({"proposal": proposal.id, "title": proposal.title, "target": proposal.target, "left_by": kept.value.run}),
    };
    audit::append(world, event).await?;
    let _: Created<Proposal> = store.create(proposal.clone()).await?;
    let requester = Identity { org: String::new(), user: SWEEP.to_owned() };
    let Some(approval) = Approval::of(&proposal, digest, requester) else { return Ok(()) };
    // Where the card does not get out now, the tick that settles approvals shows it.
    if let Created::New(approval) = store.create(approval).await?
        && let Err(fault) = desk::post_card(world, &current.plan.slack.channel, &proposal, &approval).await
    {
        tracing::warn!(proposal = proposal.id.as_str(), fault = fault.chain(), "the card of a fence was not shown");
    }
    Ok(())
}

async fn proposal(world: &World, current: &Current, left: &Left) -> Result<Proposal, Failure> {
    let opening = Opening::now(world);
    let runbook = runbook::load(RUNBOOK).map_err(|error| Fault::because("the built-in runbook fence can't be read", error))?;
    let node = &left.node;
    let freeze = Freeze { primary: node.clone(), answers: true, run: opening.run().0 };
    let check = CheckFence { primary: node.clone(), answers: true, successor: None };
    let acts = [Act::Freeze(freeze), Act::CheckFence(check)];
    let steps = runbook.runbook.steps.iter().zip(acts).map(|(step, act)| proposal::planned_step(step, step.id.clone(), act)).collect();
    let (undo, warning) = view::fence_means(left);
    let environment = current.plan.service(&left.service)?.environment.clone();
    let target = Target { kind: TargetKind::Service, name: left.service.clone(), environment, region: node.region.clone() };
    let approvals = &current.plan.approvals;
    let worked = Worked {
        steps,
        consequences: Consequences { undo, warnings: vec![warning], ..Consequences::default() },
        quorum: Some(approvals.traffic.clone().unwrap_or_else(|| approvals.destructive.clone())),
        phrase: None,
    };
    let ask = Ask {
        verb: Verb::Failover,
        runbook,
        title: format!("Fence {}, the old primary of {}", node.instance, left.service),
        target,
        locks: vec![database_lock(&node.name)],
        requester: Actor::System(SWEEP.to_owned()),
        reason: Some(format!("{} answers again and takes writes", node.instance)),
    };
    proposal::propose(world, current, opening, ask, worked).await
}
