//! A run's one living message.

use jiff::Timestamp;

use super::{
    Block, Code, Element, Message, Moment, Mrkdwn, Plain, Span, Style,
    approval::short_digest,
    progress::{Step, budget, count, steps},
};
use crate::{
    action::Act,
    ident::RunId,
    mrkdwn,
    proposal::Proposal,
    run::{Run, State, StepState},
};

/// More done steps than this are counted instead of listed.
const LISTED: usize = 20;
/// Characters of where a run stands, where all of it would not fit.
const LONGEST_STATE: usize = 2_000;
/// Characters of what came of a step, where it is only hinted at.
const HINT: usize = 140;

/// A run's headline: where it stands, how long it will take, and what can be done about it.
#[must_use]
pub fn run_headline(run: &Run, proposal: &Proposal, now: Timestamp) -> Message {
    let state = state_line(run, proposal);
    let shortened = [Detail::Findings, Detail::Names].into_iter().map(|detail| headline_blocks(run, proposal, now, detail));
    let mut fitting = shortened.filter(|blocks| Block::fit(blocks));
    let blocks = fitting.next().unwrap_or_else(|| headline_blocks(run, proposal, now, Detail::Current));
    Message { text: mrkdwn!("{}: {}", run.title, state), blocks }
}

/// A run that can't be driven on because its record can't be read.
#[must_use]
pub fn run_unreadable(run: &RunId, why: &str) -> Message {
    let why: String = why.chars().take(HINT).collect();
    Message::sentence(mrkdwn!(
        "⚠️ {} is stopped where it is: its record can't be read ({}). Nothing more is done on it until it can be; the log of the bot says more.",
        Code(run.as_str()),
        why
    ))
}

/// How much the headline says of its steps: as much as fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Each, and what came of it.
    Findings,
    /// Each by name.
    Names,
    /// Only the one that it is at, and how many are before and behind it.
    Current,
}

fn headline_blocks(run: &Run, proposal: &Proposal, now: Timestamp, detail: Detail) -> Vec<Block> {
    let mut blocks = vec![Block::title(run.title.clone())];
    let state = state_line(run, proposal);
    // A vendor's error can be of any length; `why` has all of it.
    blocks.extend(Block::paragraphs([if detail == Detail::Current { state.beginning(LONGEST_STATE) } else { state }]));
    if !run.state.is_final() {
        blocks.push(Block::paragraph(budget(run, proposal, now)));
    }
    blocks.extend(Block::paragraphs(step_lines(run, proposal, now, detail)));
    let asked = mrkdwn!("Run {}, asked by {}", Code(run.id.as_str()), proposal.requester);
    let digest = mrkdwn!("digest {}, details by {}", Code(short_digest(&run.digest)), Code(&format!("/dr why {}", run.id)));
    blocks.extend(Block::small_prints([mrkdwn!("{}, {}", asked, digest)]));
    let buttons = buttons(run);
    if !buttons.is_empty() {
        blocks.push(Block::Actions { block_id: "run".to_owned(), elements: buttons });
    }
    blocks
}

/// The next legal moves.
fn buttons(run: &Run) -> Vec<Element> {
    let id = run.id.as_str();
    match &run.state {
        _ if run.stop.is_some() => Vec::new(),
        State::Running => vec![Element::button("cancel", "Stop at the next safe point", id, None)],
        State::Stuck { step, .. } => {
            let refused =
                run.steps.iter().any(|one| one.id == *step && matches!(&one.state, StepState::Failed(finding) if finding.is_refused()));
            // What was refused for good is refused again, unless somebody changes something.
            let (retry, stop) = if refused { (None, Some(Style::Primary)) } else { (Some(Style::Primary), None) };
            let mut buttons = vec![
                Element::button("retry", "Try the step again", id, retry),
                Element::button("skip", "Go on without it", id, Some(Style::Danger)),
                Element::button("cancel", "Stop here", id, stop),
            ];
            if refused {
                buttons.rotate_right(1);
            }
            buttons
        }
        State::Succeeded | State::Failed { .. } | State::Stopped { .. } => Vec::new(),
    }
}

/// Where a run stands, in a sentence with its emoji.
pub(super) fn state_line(run: &Run, proposal: &Proposal) -> Mrkdwn {
    let all = count(run, proposal);
    let current = steps(run, proposal).find(|step| !step.is_over());
    let ended = run.ended_at.map(|at| mrkdwn!(" at {}", Moment(at))).unwrap_or_default();
    match (&run.state, &run.stop) {
        (State::Running | State::Stuck { .. }, Some(stop)) => {
            mrkdwn!("⏹ *Stopping* at the next safe point, as {} asked at {}.", stop.by, Moment(stop.at))
        }
        (State::Running, None) => match current {
            Some(step) if matches!(step.record.state, StepState::Asked { .. }) => {
                mrkdwn!("✋ *Waits for approval* of the rest, at step {} of {}, “{}”.", step.number, all, step.planned.name)
            }
            Some(step) if run.undoing.is_some() => {
                mrkdwn!("↩ *Undoing* what was done: step {} of {}, “{}”.", step.number, all, step.planned.name)
            }
            Some(step) => mrkdwn!("▶ *Running*: step {} of {}, “{}”.", step.number, all, step.planned.name),
            None => mrkdwn!("▶ *Running*: all {} steps are done.", all),
        },
        (State::Stuck { step, since }, None) => {
            let (number, name) = numbered(run, proposal, step);
            mrkdwn!("❌ *Stuck* since {}: step {} of {}, “{}”, failed. A person must decide.", Moment(*since), number, all, name)
        }
        (State::Succeeded, _) => mrkdwn!("✅ *Done*{}.", ended),
        (State::Failed { why }, _) => mrkdwn!("❌ *Given up*{}: {}.", ended, why),
        (State::Stopped { by }, _) => {
            let done = steps(run, proposal).filter(Step::is_over).count();
            mrkdwn!("⏹ *Stopped* by {}{}, after {} of {} steps.", by, ended, done, all)
        }
    }
}

/// A step's number and name by its id.
pub(super) fn numbered<'a>(run: &Run, proposal: &'a Proposal, id: &crate::ident::StepId) -> (usize, &'a str) {
    let number = run.steps.iter().position(|step| step.id == *id).map_or(0, |index| index + 1);
    (number, proposal.step(id).map_or("", |step| step.name.as_str()))
}

fn step_lines(run: &Run, proposal: &Proposal, now: Timestamp, detail: Detail) -> Vec<Mrkdwn> {
    let steps: Vec<Step<'_>> = steps(run, proposal).collect();
    if detail == Detail::Current {
        let over = steps.iter().filter(|step| step.is_over()).count();
        let current = steps.iter().find(|step| !step.is_over()).map(|step| step_line(step, now, Detail::Names));
        let behind = steps.len() - over - usize::from(current.is_some());
        return std::iter::once(mrkdwn!("✅ {} steps are over", over))
            .chain(current)
            .chain([mrkdwn!("⏳ {} are to come", behind)])
            .collect();
    }
    let done = steps.iter().take_while(|step| matches!(step.record.state, StepState::Done(_))).count();
    let counted = if steps.len() > LISTED { done } else { 0 };
    let first = (counted > 0).then(|| mrkdwn!("✅ steps 1 to {} are done", counted));
    first.into_iter().chain(steps.iter().skip(counted).map(|step| step_line(step, now, detail))).collect()
}

fn step_line(step: &Step<'_>, now: Timestamp, detail: Detail) -> Mrkdwn {
    let (number, name) = (step.number, &step.planned.name);
    let took = step.took(now).map(|took| mrkdwn!(": {}{}", Span(took), step.usual())).unwrap_or_default();
    match &step.record.state {
        StepState::Done(finding) => mrkdwn!("✅ {}. {}{}{}", number, name, took, hint(&finding.summary, detail)),
        StepState::Failed(finding) if step.record.tolerated => {
            mrkdwn!("⚠️ {}. {}{}: failed, and it went on{}", number, name, took, hint(&finding.summary, detail))
        }
        StepState::Failed(finding) => mrkdwn!("❌ {}. {}{}{}", number, name, took, hint(&finding.summary, detail)),
        StepState::NotNeeded { why } => mrkdwn!("➖ {}. {}: not needed{}", number, name, hint(why, detail)),
        StepState::Asked { proposal } => mrkdwn!("✋ {}. {}: {} waits for approval", number, name, Code(proposal.as_str())),
        StepState::Skipped { by } => mrkdwn!("⏭ {}. {}: left out by {}", number, name, by),
        StepState::Waiting if step.record.started_at.is_none() => {
            let usual = step.planned.usual_seconds.map(|seconds| mrkdwn!(", usually {}", super::card::span(seconds)));
            mrkdwn!("⏳ {}. {}{}", number, name, usual.unwrap_or_default())
        }
        StepState::Waiting | StepState::Intended { .. } | StepState::Called { .. } => {
            let percent = step.record.percent.map(|percent| mrkdwn!(", {} % done", percent)).unwrap_or_default();
            mrkdwn!("▶ {}. {}{}{}", number, name, took, percent)
        }
    }
}

/// What came of a step, in brief; in full it stands in the thread and in the report.
fn hint(text: &str, detail: Detail) -> Mrkdwn {
    match detail {
        Detail::Findings if !text.is_empty() => mrkdwn!(" ({})", Plain::short(text, HINT).0),
        _ => mrkdwn!(""),
    }
}

/// The instance that a proposal would delete.
pub(super) fn retired(proposal: &Proposal) -> Option<&String> {
    proposal.steps.iter().find_map(|step| match &step.act {
        Act::Retire(retire) => Some(&retire.instance),
        _ => None,
    })
}
