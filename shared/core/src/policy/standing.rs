//! Standing orders: what may be done with nobody awake, because so many people approved exactly these words of the plan beforehand.
//!
//! The approval is one like any other, kept under the digest of the order: other words are another order, which nobody has approved.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Authority, Circumstances, On, Verb, Withheld, counts, engine, owner_tags,
    question::{OrderFacts, Principal, Question, Ruling},
    quorum_of,
};
use crate::{
    action::{Act, Class, Ownership, Seen},
    approval::{Approval, State},
    audit,
    digest::digest_of,
    failure::{Failure, Fault, Refusal},
    ident::{Actor, Identity, ProposalId},
    plan::{Plan, StandingOrder},
    port::World,
    probe::{self, Place},
    proposal::{Proposal, TargetKind},
    run::{Run, StepState},
    runbook::condition::{Condition, Known},
    store::{Created, Kept, Store},
};

/// How long an order waits for its approvals: there is no hurry, it is for later.
const WAITS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How a standing order stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its name in the plan.
    pub name: String,
    /// Its words.
    pub order: StandingOrder,
    /// What is approved: the digest of all of it, and of who must approve.
    pub digest: String,
    /// What was decided on this digest; absent: nobody was asked.
    pub approval: Option<Approval>,
}

impl Standing {
    /// The opaque id that its buttons carry.
    #[must_use]
    pub fn id(&self) -> String {
        approval_id(&self.digest).0
    }

    /// What an approver must type.
    #[must_use]
    pub fn phrase(&self) -> String {
        format!("{} {} until {}", self.order.verb, self.order.services.join(" "), self.order.expires.strftime("%Y-%m-%d"))
    }
}

/// The key of an order's approval.
fn approval_id(digest: &str) -> ProposalId {
    ProposalId(format!("o-{digest}"))
}

/// What people approve: every word of the order, whose it is, and how many of which roles had to approve it.
fn digest(plan: &Plan, name: &str, order: &StandingOrder) -> Result<String, Fault> {
    digest_of(&("standing order", &plan.slack.organization, name, order, quorum_of(plan, order.verb)))
}

/// The orders of the plan, and how each stands.
///
/// # Errors
/// When the table can't be read.
pub async fn orders(world: &World, plan: &Plan) -> Result<Vec<Standing>, Fault> {
    let mut standings = Vec::new();
    for (name, order) in &plan.standing_orders {
        standings.push(load(world, plan, name, order).await?);
    }
    Ok(standings)
}

async fn load(world: &World, plan: &Plan, name: &str, order: &StandingOrder) -> Result<Standing, Fault> {
    let digest = digest(plan, name, order)?;
    let approval: Option<Kept<Approval>> = Store::of(world).load(approval_id(&digest).as_str()).await?;
    Ok(Standing { name: name.to_owned(), order: order.clone(), digest, approval: approval.map(|kept| kept.value) })
}

/// Puts an order before those who approve it. Asking twice is asking once.
///
/// # Errors
/// A refusal when it is over, or nobody could approve it; a fault when it can't be recorded.
pub async fn ask_for_order(world: &World, plan: &Plan, standing: &Standing, requester: &Identity) -> Result<Approval, Failure> {
    let now = world.clock.now();
    let order = &standing.order;
    if now >= order.expires {
        return Err(Refusal::new(format!("The standing order “{}” was until {} only.", standing.name, order.expires))
            .instead("Give it a later `expires` in the plan.")
            .into());
    }
    let quorum = quorum_of(plan, order.verb).ok_or_else(|| Refusal::new(format!("{} needs no standing order.", order.verb)))?;
    let event = audit::Event {
        at: now,
        actor: Actor::Person(requester.clone()),
        what: "order.asked".to_owned(),
        about: standing.name.clone(),
        digest: Some(standing.digest.clone()),
        detail: json!({"order": order}),
    };
    audit::append(world, event).await?;
    let approval = Approval {
        proposal: approval_id(&standing.digest),
        digest: standing.digest.clone(),
        requester: requester.clone(),
        environment: environments(plan, order).into_iter().next().unwrap_or_default(),
        quorum: quorum.clone(),
        phrase: standing.phrase(),
        expires_at: now.saturating_add(WAITS).unwrap_or(Timestamp::MAX).min(order.expires),
        state: State::Pending,
        votes: Vec::new(),
        cards: Vec::new(),
        rest_of: None,
        // The sweep tells what became of proposals; this one is shown by `/dr standing`.
        announced: true,
        told: BTreeSet::new(),
    };
    match Store::of(world).create(approval).await? {
        Created::New(kept) | Created::Already(kept) => Ok(kept.value),
    }
}

/// The environments of an order's services.
fn environments(plan: &Plan, order: &StandingOrder) -> Vec<String> {
    let of = |name: &String| plan.services.get(name).map(|service| service.environment.clone());
    let mut environments: Vec<String> = order.services.iter().filter_map(of).collect();
    environments.sort();
    environments.dedup();
    environments
}

/// Whether an order gives the right to a step, with everything read and measured anew.
///
/// # Errors
/// Why not.
pub(super) async fn standing(world: &World, run: &Run, proposal: &Proposal, plan: &Plan, name: &str) -> Result<Authority, Withheld> {
    let forbidden = |why: String| Err(Withheld::Forbidden(format!("the standing order “{name}” does not give the right: {why}")));
    if let Actor::Person(person) = &proposal.requester {
        return forbidden(format!("{person} asked for this, and people ask for approvals"));
    }
    let Some(order) = plan.standing_orders.get(name) else { return forbidden("the plan has none of that name".to_owned()) };
    if proposal.verb != order.verb || proposal.target.kind != TargetKind::Service {
        return forbidden(format!("it is for {} of services", order.verb));
    }
    // A title is only words: what counts is what would be done.
    if let Some(step) = proposal.steps.iter().find(|step| !leads_over(&step.act)) {
        return forbidden(format!("the step {} is no part of a failover", step.id));
    }
    let standing = load(world, plan, name, order).await?;
    let approved = match still_approved(world, plan, &standing).await? {
        Ok(()) => true,
        Err(why) => return forbidden(why),
    };
    let untrue = if has_destroyed(run, proposal) { None } else { untrue(order, &facts(world, run, proposal, plan).await?) };
    let facts = OrderFacts {
        name,
        verb: order.verb,
        services: &order.services,
        approved,
        expired: world.clock.now() >= order.expires,
        conditions_hold: untrue.is_none(),
    };
    let question = Question {
        principal: Principal::Order(&facts),
        verb: proposal.verb,
        on: On::Target(&proposal.target),
        under: Circumstances::default(),
        quorum: None,
    };
    match engine::decide(plan, &question)? {
        Ruling::Allowed(_) => Ok(Authority::StandingOrder { name: name.to_owned(), digest: standing.digest }),
        Ruling::Denied(_) if facts.expired => forbidden(format!("it was until {} only", order.expires)),
        Ruling::Denied(because) => {
            let words = because.into_iter().find_map(|because| because.sentence);
            forbidden(untrue.or(words).unwrap_or_else(|| format!("{} is not among its services", proposal.target.name)))
        }
    }
}

/// What a failover is made of. An action that is added later is not among it until somebody says so here.
fn leads_over(act: &Act) -> bool {
    let leads = matches!(act, Act::UpdateDns(_) | Act::Turn(_) | Act::Switch(_));
    let moves = matches!(act, Act::Freeze(_) | Act::Promote(_) | Act::Thaw(_) | Act::WriteProbe(_));
    leads || moves || matches!(act, Act::Backup(_)) || act.action().class() == Class::Looks
}

/// Whether as many as the plan asks for have approved these words, and each still counts wherever the order holds.
async fn still_approved(world: &World, plan: &Plan, standing: &Standing) -> Result<Result<(), String>, Withheld> {
    let (Some(approval), Some(quorum)) = (&standing.approval, quorum_of(plan, standing.order.verb)) else {
        return Ok(Err("nobody has approved it as it stands in the plan".to_owned()));
    };
    if !matches!(approval.state, State::Approved { .. }) || approval.digest != standing.digest {
        return Ok(Err("it is not approved as it stands in the plan".to_owned()));
    }
    let mut voters: Vec<&Identity> = approval.votes.iter().map(|vote| &vote.by).filter(|by| **by != approval.requester).collect();
    voters.sort();
    voters.dedup();
    if voters.len() < usize::from(quorum.needed.max(1)) {
        return Ok(Err("too few people approved it".to_owned()));
    }
    for voter in voters {
        for environment in environments(plan, &standing.order) {
            match counts(plan, world.directory.as_ref(), voter, quorum, &environment).await {
                Ok(_) => {}
                Err(Failure::Refusal(why)) => return Ok(Err(format!("an approval no longer counts: {}", why.sentence))),
                Err(Failure::Fault(fault)) => return Err(Withheld::Unverified(fault)),
            }
        }
    }
    Ok(Ok(()))
}

/// The first condition that is not true, in words. A fact that was not measured makes nothing true.
fn untrue(order: &StandingOrder, facts: &BTreeMap<String, Value>) -> Option<String> {
    let known = Known { facts: facts.clone(), steps: BTreeMap::new() };
    let judge = |text: &String| -> Result<bool, String> {
        let condition = Condition::compile(text)?;
        if let Some(step) = condition.steps().iter().next() {
            return Err(format!("it speaks of the step {step}, and there is none"));
        }
        if let Some(missing) = condition.facts().iter().find(|fact| !facts.contains_key(*fact)) {
            return Err(format!("{missing} can't be measured now"));
        }
        condition.holds(&known)
    };
    if order.conditions.is_empty() {
        return Some("it has no condition".to_owned());
    }
    order.conditions.iter().find_map(|text| match judge(text) {
        Ok(true) => None,
        Ok(false) => Some(format!("“{text}” is not true now")),
        Err(why) => Some(format!("“{text}” can't be judged: {why}")),
    })
}

/// After the first step that takes something away, going on is safer than stopping: its conditions held when it was taken.
fn has_destroyed(run: &Run, proposal: &Proposal) -> bool {
    let destroys = |id| proposal.step(id).is_some_and(|step| step.act.action().class().destroys());
    run.steps.iter().any(|step| matches!(step.state, StepState::Called { .. } | StepState::Done(_)) && destroys(&step.id))
}

/// What an order's conditions can speak of: `primary_ill`, `primary_ill_seconds`, `secondary_well` by the service's probes, and
/// `lag_seconds`, the most that one of its standbys is behind, asked now. What can't be measured is not there.
async fn facts(world: &World, run: &Run, proposal: &Proposal, plan: &Plan) -> Result<BTreeMap<String, Value>, Fault> {
    let mut facts = BTreeMap::new();
    let now = world.clock.now();
    let watches = probe::watches(world).await?;
    let questions = probe::questions_of(plan, &proposal.target.name);
    let state = |is_of: fn(Place) -> bool| {
        let asked: Vec<_> = questions.iter().filter(|question| is_of(question.place)).collect();
        let known = asked.iter().map(|question| {
            let id = question.id();
            (*question, watches.iter().map(|kept| &kept.value).find(|watch| watch.id == id))
        });
        // No probe says nothing: not that all is well.
        if asked.is_empty() { probe::State::Unknown } else { probe::state_of(known, now) }
    };
    match state(|place| place != Place::Secondary) {
        probe::State::Ill(since) => {
            facts.insert("primary_ill".to_owned(), json!(true));
            facts.insert("primary_ill_seconds".to_owned(), json!(now.duration_since(since).as_secs()));
        }
        probe::State::Well => drop(facts.insert("primary_ill".to_owned(), json!(false))),
        probe::State::Unknown => {}
    }
    match state(|place| place == Place::Secondary) {
        probe::State::Well => drop(facts.insert("secondary_well".to_owned(), json!(true))),
        probe::State::Ill(_) => drop(facts.insert("secondary_well".to_owned(), json!(false))),
        probe::State::Unknown => {}
    }
    if let Some(lag) = lag(world, run, proposal).await {
        facts.insert("lag_seconds".to_owned(), lag);
    }
    Ok(facts)
}

/// The most that a standby of the proposal is behind; `None` when one can't be asked, or is none any more.
async fn lag(world: &World, run: &Run, proposal: &Proposal) -> Option<Value> {
    let mut most: Option<f64> = None;
    for step in &proposal.steps {
        let Act::CheckStandby(check) = &step.act else { continue };
        let tags = owner_tags(run.id.as_str(), &step.id);
        // How far it is behind is for the condition to judge, whatever the step itself would accept.
        let any = crate::action::CheckStandby { within_seconds: u64::MAX, ..check.clone() };
        let Ok(Seen::Done(found)) = Act::CheckStandby(any).action().observe(world, Ownership { tags: &tags }).await else { return None };
        let lag = found.detail.get("lag_seconds").and_then(Value::as_f64)?;
        most = Some(most.map_or(lag, |most| most.max(lag)));
    }
    most.map(|lag| json!(lag))
}

/// Whether a verb can have a standing order at all.
#[must_use]
pub fn can_stand(verb: Verb) -> bool {
    verb == Verb::Failover
}
