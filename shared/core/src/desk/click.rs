//! Buttons. A button carries an opaque id and nothing else: what it means is looked up, and judged as of now.

use std::collections::BTreeSet;

use super::{Delivery, Desk, Reply, claim, refresh_cards, typed};
use crate::{
    action::Act,
    approval::{Answer, Approval, Decision, State, decide},
    command::ack::{self, Press},
    failure::{Failure, Fault, Refusal},
    ident::{ProposalId, RunId},
    planted::{Bug, planted},
    policy,
    port::{Posted, World},
    proposal::{self, Asked, Proposal},
    run::{Intervention, Run, intervene},
    store::{Kept, Store},
    view,
};

/// Does what a button says.
pub(super) async fn handle(desk: &Desk<'_>, action: &str, value: &str, message: Option<&Posted>) -> Result<Reply, Failure> {
    let is_run = value.starts_with("r-");
    match (action, is_run) {
        ("approve", false) => ask_phrase(desk, &ProposalId(value.to_owned())).await,
        ("deny", false) => decided(desk, &ProposalId(value.to_owned()), Decision::Deny, message).await,
        ("cancel", false) => decided(desk, &ProposalId(value.to_owned()), Decision::Cancel, message).await,
        ("retry", true) => intervened(desk, value, Intervention::Retry).await,
        ("skip", true) => intervened(desk, value, Intervention::Skip).await,
        ("cancel", true) => intervened(desk, value, Intervention::Stop).await,
        ("ack", false) => ack::pressed(desk, value, Press::Acknowledge).await,
        ("escalate", false) => ack::pressed(desk, value, Press::Escalate).await,
        ("resolve", false) => ack::pressed(desk, value, Press::Resolve).await,
        ("retire", true) => retire(desk, &RunId(value.to_owned())).await,
        (order, false) if order.starts_with("order_") => crate::command::standing::pressed(desk, order, value).await,
        // A button that stands for a command carries the command's text.
        (open, false) if open.starts_with("open_") => desk.command(&crate::command::parse(value)?).await,
        ("use", false) => typed::used(desk, value).await,
        _ => Err(Refusal::new("This button is not known to this release. Nothing was done.").into()),
    }
}

/// Before an approval counts, its phrase is asked for.
async fn ask_phrase(desk: &Desk<'_>, id: &ProposalId) -> Result<Reply, Failure> {
    let (approval, proposal) = load(desk, id).await?;
    if !approval.is_open(desk.world.clock.now()) {
        refresh_cards(desk.world, &approval, &proposal).await;
        return Ok(Reply::Message(view::decided_already(&approval, &proposal, desk.world.clock.now())));
    }
    if approval.requester == desk.caller.identity {
        return Err(Refusal::new("You asked for this, so your approval does not count.").instead("Somebody else must approve it.").into());
    }
    policy::counts(&desk.current.plan, desk.world.directory.as_ref(), &desk.caller.identity, &approval.quorum, &approval.environment)
        .await?;
    Ok(Reply::Form(view::phrase_form(&proposal, "", None)))
}

/// Denies or takes back.
pub(crate) async fn decided(desk: &Desk<'_>, id: &ProposalId, decision: Decision, message: Option<&Posted>) -> Result<Reply, Failure> {
    let (_, proposal) = load(desk, id).await?;
    let answer = decide(desk.world, &desk.current.plan, id, &desk.caller.identity, decision).await?;
    Ok(Reply::Message(match answer {
        Answer::Counted(approval) => {
            announce(desk, &approval, &proposal, message).await;
            view::decision_counted(&approval, &proposal)
        }
        Answer::Already(approval) | Answer::TooLate(approval) => {
            // Only a button that was pressed shows that a card is behind; a command leaves the channel alone.
            if message.is_some() {
                refresh_cards(desk.world, &approval, &proposal).await;
            }
            view::decided_already(&approval, &proposal, desk.world.clock.now())
        }
    }))
}

/// Edits the cards, the pressed one too where it is not known as one, and tells whoever asked.
pub(super) async fn announce(desk: &Desk<'_>, approval: &Approval, proposal: &Proposal, pressed: Option<&Posted>) {
    let mut approval = approval.clone();
    if let Some(pressed) = pressed.filter(|pressed| !approval.cards.contains(pressed)) {
        approval.cards.push(pressed.clone());
    }
    tell_decision(desk.world, &approval, proposal).await;
}

/// Shows on the cards how an approval stands, says so in the thread, and tells whoever asked once it is final.
pub async fn tell_decision(world: &World, approval: &Approval, proposal: &Proposal) {
    let reply = view::decision_reply(approval, proposal);
    let approval = &shown_late(world, approval, proposal).await;
    refresh_cards(world, approval, proposal).await;
    let thread = approval.cards.first().map(|card| (card.channel.as_str(), Some(card.ts.as_str())));
    let requester = super::propose::requester(proposal)
        .filter(|_| approval.state != State::Pending && !planted(Bug::AnswerSkipped))
        .map(|user| (user, None));
    if let Some(gate) = proposal.gate.as_ref().filter(|_| approval.state != State::Pending)
        && let Err(fault) = crate::run::gate_decided(world, gate).await
    {
        tracing::warn!(run = gate.run.as_str(), fault = fault.chain(), "a run that waits for this decision was not woken");
    }
    let mut all = !approval.cards.is_empty();
    let mut told = approval.told.clone();
    for (channel, thread) in thread.into_iter().chain(requester).filter(|(channel, _)| !approval.told.contains(*channel)) {
        match world.chat.post(channel, thread, &reply).await {
            Ok(_) => drop(told.insert(channel.to_owned())),
            Err(error) => {
                tracing::warn!(proposal = proposal.id.as_str(), error = %error, "a decision was not told");
                all = false;
            }
        }
    }
    if approval.state != State::Pending
        && let Err(fault) = note_told(world, &proposal.id, told, all).await
    {
        tracing::warn!(proposal = proposal.id.as_str(), fault = fault.chain(), "it is not noted that a decision was told");
    }
}

/// What was decided while Slack was down has no card yet: the channel gets it now, as it was decided.
async fn shown_late(world: &World, approval: &Approval, proposal: &Proposal) -> Approval {
    if approval.state == State::Pending || !approval.cards.is_empty() {
        return approval.clone();
    }
    match show_late(world, proposal).await {
        Ok(Some(shown)) => shown,
        Ok(None) => approval.clone(),
        Err(fault) => {
            tracing::warn!(proposal = proposal.id.as_str(), fault = fault.chain(), "what was decided has no card yet");
            approval.clone()
        }
    }
}

async fn show_late(world: &World, proposal: &Proposal) -> Result<Option<Approval>, Fault> {
    let store = Store::of(world);
    let Some(kept): Option<Kept<Approval>> = store.load(proposal.id.as_str()).await? else { return Ok(None) };
    show_once(world, proposal, &kept).await?;
    Ok(store.load(proposal.id.as_str()).await?.map(|kept: Kept<Approval>| kept.value))
}

/// Posts the card of a proposal that has none, after whoever proposed it. Ticks may overlap, in either region: one of them posts it.
///
/// # Errors
/// When it can't be posted, or somebody else is at it; the next tick looks again.
pub async fn show_once(world: &World, proposal: &Proposal, approval: &Kept<Approval>) -> Result<(), Fault> {
    let delivery = Delivery { key: format!("card-{}", proposal.id), signed_at: world.clock.now(), reference: proposal.id.0.clone() };
    if approval.value.cards.is_empty() && claim::take(world, &delivery).await?.is_some() {
        super::propose::post_card(world, &crate::run::channel(world).await?, proposal, approval).await?;
        claim::done(world, &delivery.key).await?;
    }
    Ok(())
}

/// Notes who was told how it ended. Until all are, the sweep tells the rest of them: nobody waits for an answer that died with its sender.
async fn note_told(world: &World, id: &ProposalId, told: BTreeSet<String>, all: bool) -> Result<(), Fault> {
    let store = Store::of(world);
    let Some(kept): Option<Kept<Approval>> = store.load(id.as_str()).await? else { return Ok(()) };
    let told = kept.value.told.union(&told).cloned().collect();
    let next = Approval { announced: kept.value.announced || all, told, ..kept.value.clone() };
    if next != kept.value {
        let _ = store.replace(&kept, next).await?;
    }
    Ok(())
}

async fn intervened(desk: &Desk<'_>, run: &str, what: Intervention) -> Result<Reply, Failure> {
    let run = intervene(desk.world, &desk.current.plan, &RunId(run.to_owned()), &desk.caller.identity, what).await?;
    Ok(Reply::Message(view::intervention_noted(&run, what)))
}

/// Proposes to delete the instance that a run has replaced.
async fn retire(desk: &Desk<'_>, id: &RunId) -> Result<Reply, Failure> {
    let store = Store::of(desk.world);
    let run: Kept<Run> = store.load(id.as_str()).await?.ok_or_else(|| Refusal::new(format!("There is no run {id}.")))?;
    let proposal: Kept<Proposal> =
        store.load(run.value.proposal.as_str()).await?.ok_or_else(|| Fault::new(format!("the proposal of {id} is gone")))?;
    let proposal = proposal.value;
    desk.allowed(policy::Verb::Retire, Some(&proposal.target.environment)).await?;
    let replaced = proposal.steps.iter().find_map(|step| match &step.act {
        Act::Switch(switch) => Some(switch.before.instance().to_owned()),
        _ => None,
    });
    let replaced = replaced.ok_or_else(|| Refusal::new(format!("{id} has replaced nothing.")))?;
    let asked = Asked {
        requester: crate::ident::Actor::Person(desk.caller.identity.clone()),
        reason: Some(format!("replaced by {id}")),
        database: proposal.target.name.clone(),
    };
    let proposal = proposal::retire(desk.world, &desk.current, &asked, &replaced).await?;
    desk.propose(proposal).await
}

/// An approval and its proposal.
pub(super) async fn load(desk: &Desk<'_>, id: &ProposalId) -> Result<(Approval, Proposal), Failure> {
    let store = Store::of(desk.world);
    let gone = || Refusal::new("This proposal is not known any more. Nothing was done.");
    let approval: Kept<Approval> = store.load(id.as_str()).await?.ok_or_else(gone)?;
    let proposal: Kept<Proposal> = store.load(id.as_str()).await?.ok_or_else(gone)?;
    Ok((approval.value, proposal.value))
}
