//! What is said in a run's thread, once for each thing that happened.

use super::{
    Code, Message, Moment, Mrkdwn, Span,
    card::one_of,
    progress::{Step, Traffic, count, steps, without},
};
use crate::{
    ident::StepId,
    mrkdwn,
    proposal::Proposal,
    run::{Happened, Run, State, StepState, Told},
};

/// One short reply in the thread at every change.
#[must_use]
pub fn run_reply(run: &Run, proposal: &Proposal, told: &Told) -> Message {
    Message::sentence(match &told.what {
        Happened::Began => began(run, proposal),
        Happened::StepDone(id) => done(run, proposal, id, told),
        Happened::StepFailed(id) => failed(run, proposal, id),
        Happened::WentOn(id) => {
            mrkdwn!(
                "⚠️ {}, failed{}. It goes on: that is what the runbook says.",
                named(run, proposal, id).capitalized(),
                why(run, proposal, id)
            )
        }
        Happened::Again(id) => mrkdwn!("▶ {}, failed. All of its commands are done again.", named(run, proposal, id).capitalized()),
        Happened::Undoing(id) => {
            let failed = named(run, proposal, id).capitalized();
            mrkdwn!("↩ {}, failed{}. What was done before it is undone, last things first.", failed, why(run, proposal, id))
        }
        Happened::NotNeeded(id) => mrkdwn!("➖ {}, is not needed{}.", named(run, proposal, id).capitalized(), why(run, proposal, id)),
        Happened::Asked(id) => {
            mrkdwn!(
                "✋ {}, waits: people must approve the rest. The card in the channel shows what is known by now.",
                named(run, proposal, id).capitalized()
            )
        }
        Happened::StillStuck(id) => still_stuck(run, proposal, id),
        Happened::Retried(id, by) => mrkdwn!("▶ {} has it try {} again.", by, named(run, proposal, id)),
        Happened::Skipped(id, by) => {
            let means = proposal.step(id).map_or("it was left out", without);
            mrkdwn!("⏭ {} goes on without {}: {}.", by, named(run, proposal, id), means)
        }
        Happened::StopAsked(by) => mrkdwn!("⏹ {} wants it to stop. It stops at the next safe point: no call is left half-way.", by),
        Happened::Distressed(_) => mrkdwn!(
            "⏳ Something broke on our side. It is tried again, and no step was given up. {} has what broke.",
            Code(&format!("/dr why {}", run.id))
        ),
        Happened::Resumed => mrkdwn!("▶ Nobody drove this run for a while. It goes on where it was."),
        Happened::HeldOff(until) => mrkdwn!(
            "⏳ It begins at {}: a call of the run before was never answered and may arrive until then, which could undo what this one does.",
            Moment(*until)
        ),
        Happened::Ended => ended(run, proposal),
        Happened::Unknown(_) => {
            mrkdwn!("Something happened that this release of the bot has no word for. {} has it.", Code(&format!("/dr why {}", run.id)))
        }
    })
}

fn find<'a>(run: &'a Run, proposal: &'a Proposal, id: &StepId) -> Option<Step<'a>> {
    steps(run, proposal).find(|step| step.planned.id == *id)
}

/// `step 5 of 7, “Check the restored data”`.
fn named(run: &Run, proposal: &Proposal, id: &StepId) -> Mrkdwn {
    let (number, name) = super::run::numbered(run, proposal, id);
    mrkdwn!("step {} of {}, “{}”", number, count(run, proposal), name)
}

fn began(run: &Run, proposal: &Proposal) -> Mrkdwn {
    let target = &proposal.target;
    mrkdwn!(
        "▶ It has begun: {} on {}, {}, {}.",
        counted(count(run, proposal)),
        Code(&target.name),
        target.environment,
        Code(&target.region)
    )
}

fn counted(steps: usize) -> Mrkdwn {
    if steps == 1 { mrkdwn!("one step") } else { mrkdwn!("{} steps", steps) }
}

fn done(run: &Run, proposal: &Proposal, id: &StepId, told: &Told) -> Mrkdwn {
    let Some(step) = find(run, proposal, id) else { return mrkdwn!("✅ A step is done.") };
    let took = step.took(told.at).map(|took| mrkdwn!(" in {}{}", Span(took), step.usual())).unwrap_or_default();
    let found = match &step.record.state {
        StepState::Done(finding) if !finding.summary.is_empty() => mrkdwn!(": {}", finding.summary),
        _ => mrkdwn!(""),
    };
    mrkdwn!("✅ Step {} of {}, “{}”, is done{}{}.", step.number, count(run, proposal), step.planned.name, took, found)
}

/// `: what was found`.
fn why(run: &Run, proposal: &Proposal, id: &StepId) -> Mrkdwn {
    match find(run, proposal, id).map(|step| &step.record.state) {
        Some(StepState::Failed(finding)) => mrkdwn!(": {}", finding.summary),
        Some(StepState::NotNeeded { why }) => mrkdwn!(": {}", why),
        // It was tried again before this could be told.
        _ => mrkdwn!(""),
    }
}

fn failed(run: &Run, proposal: &Proposal, id: &StepId) -> Mrkdwn {
    let why = why(run, proposal, id);
    let traffic = stands(run, proposal);
    mrkdwn!("❌ {}, failed{}.\n*{}*\n{}", named(run, proposal, id).capitalized(), why, traffic, moves(proposal, id))
}

/// Where people are led, as far as this run has gone.
pub(super) fn stands(run: &Run, proposal: &Proposal) -> Mrkdwn {
    super::failover::half_way(run, proposal).unwrap_or_else(|| Traffic::of(run, proposal).sentence())
}

/// What can be done about a failed step, and by whom.
fn moves(proposal: &Proposal, id: &StepId) -> Mrkdwn {
    let target = &proposal.target;
    let approvers = proposal.quorum.as_ref().map_or_else(
        || mrkdwn!("an approver for {}", target.environment),
        |quorum| mrkdwn!("somebody with the role {}", one_of(&quorum.roles)),
    );
    let means = proposal.step(id).map_or("it is left out", without);
    mrkdwn!(
        "{}, the buttons above decide. *Try again* or *stop*: you, or anybody who may {} in {}. *Go on without it*: {}, but not whoever asked; then {}.",
        proposal.requester,
        proposal.verb.to_string(),
        target.environment,
        approvers,
        means
    )
}

fn still_stuck(run: &Run, proposal: &Proposal, id: &StepId) -> Mrkdwn {
    let since = match &run.state {
        State::Stuck { since, .. } => mrkdwn!(" since {}", Moment(*since)),
        _ => mrkdwn!(""),
    };
    let what = named(run, proposal, id);
    mrkdwn!("⏳ {}, still waits for a decision{}. {} {}", what.capitalized(), since, stands(run, proposal), moves(proposal, id))
}

fn ended(run: &Run, proposal: &Proposal) -> Mrkdwn {
    let report = "The report is in the channel.";
    match &run.state {
        State::Succeeded => mrkdwn!("✅ It is done: {}. {}", counted(count(run, proposal)), report),
        State::Stopped { by } => mrkdwn!("⏹ It has stopped, as {} wanted. {} {}", by, stands(run, proposal), report),
        State::Failed { why } => mrkdwn!("❌ It was given up: {}. {} {}", why, stands(run, proposal), report),
        State::Running | State::Stuck { .. } => mrkdwn!("It has ended. {}", report),
    }
}
