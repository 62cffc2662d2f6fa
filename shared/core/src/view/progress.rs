//! How far a run is, against what is usual and what it was promised to be.

use jiff::{SignedDuration, Timestamp};

use super::{Code, Moment, Mrkdwn, Span, card::span};
use crate::{
    action::{Act, Through},
    mrkdwn,
    proposal::{PlannedStep, Proposal, TargetKind},
    run::{Run, State, StepRecord, StepState},
};

/// Cells of the bar.
const CELLS: usize = 10;
/// Below so many percent the vendor's figure says nothing of the rest.
const TELLING: u8 = 5;

/// A step as planned and as recorded, with its number from 1.
pub(super) struct Step<'a> {
    pub(super) number: usize,
    pub(super) planned: &'a PlannedStep,
    pub(super) record: &'a StepRecord,
}

/// How many steps there are: what only undoes counts once the run undoes.
pub(super) fn count(run: &Run, proposal: &Proposal) -> usize {
    proposal.steps.iter().filter(|step| step.flow.undoes.is_none() || run.undoing.is_some()).count()
}

/// All steps in order.
pub(super) fn steps<'a>(run: &'a Run, proposal: &'a Proposal) -> impl Iterator<Item = Step<'a>> {
    let pairs = proposal.steps.iter().zip(&run.steps).enumerate();
    let shown = pairs.filter(|(_, (planned, _))| planned.flow.undoes.is_none() || run.undoing.is_some());
    shown.map(|(index, (planned, record))| Step { number: index + 1, planned, record })
}

impl Step<'_> {
    /// How long it took, or has taken so far.
    pub(super) fn took(&self, now: Timestamp) -> Option<SignedDuration> {
        let started = self.record.started_at?;
        Some(self.record.ended_at.unwrap_or(now).duration_since(started).max(SignedDuration::ZERO))
    }

    /// Whether it is over, well or not.
    pub(super) fn is_over(&self) -> bool {
        self.record.is_over()
    }

    /// `, usually 9 min`.
    pub(super) fn usual(&self) -> Mrkdwn {
        self.planned.usual_seconds.map(|seconds| mrkdwn!(", usually {}", span(seconds))).unwrap_or_default()
    }

    /// How long it will take yet; absent when nothing is known of it.
    fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        if self.is_over() {
            return Some(SignedDuration::ZERO);
        }
        let so_far = self.took(now).filter(|_| self.record.ended_at.is_none());
        if let (Some(percent), Some(so_far)) = (self.record.percent.filter(|percent| *percent >= TELLING), so_far) {
            return Some(so_far * i32::from(100_u8.saturating_sub(percent)) / i32::from(percent));
        }
        let usual = self.planned.usual_seconds.map(|seconds| span(seconds).0)?;
        Some((usual - so_far.unwrap_or_default()).max(SignedDuration::ZERO))
    }
}

/// The line of the headline that one can plan by: how much of the budget is used, and when it should be done.
pub(super) fn budget(run: &Run, proposal: &Proposal, now: Timestamp) -> Mrkdwn {
    let used = run.ended_at.unwrap_or(now).duration_since(proposal.asked_at).max(SignedDuration::ZERO);
    let lefts: Vec<Option<SignedDuration>> = steps(run, proposal).map(|step| step.left(now)).collect();
    let least = lefts.iter().flatten().fold(SignedDuration::ZERO, |sum, left| sum.saturating_add(*left));
    let known = lefts.iter().all(Option::is_some);
    let rest = match (known, least.is_zero()) {
        (true, true) => mrkdwn!("It should be done any moment."),
        (true, false) => {
            let done_at = now.saturating_add(least).unwrap_or(Timestamp::MAX);
            mrkdwn!("About {} to go: done at about {}.", Span(least), Moment(done_at))
        }
        (false, _) => mrkdwn!("How long the rest takes is not known: no past run to go by."),
    };
    let rest = if matches!(run.state, State::Stuck { .. }) { mrkdwn!("The clock runs while it waits for a decision.") } else { rest };
    let objective = match proposal.consequences.rto_seconds {
        0 => return mrkdwn!("{} since it was asked. {}", Span(used), rest),
        seconds => span(seconds).0,
    };
    if used.saturating_add(least) > objective {
        return mrkdwn!(
            "🔴 {} *The objective of {} can't be met any more*: {} used. {}",
            bar(used, objective),
            Span(objective),
            Span(used),
            rest
        );
    }
    mrkdwn!("🟢 {} {} of {} used since it was asked. {}", bar(used, objective), Span(used), Span(objective), rest)
}

fn bar(used: SignedDuration, objective: SignedDuration) -> Mrkdwn {
    let tenths = used.as_secs().saturating_mul(10) / objective.as_secs().max(1);
    let full = usize::try_from(tenths).unwrap_or(0).min(CELLS);
    mrkdwn!("{}{}", "▰".repeat(full), "▱".repeat(CELLS - full))
}

/// Where applications are led, as far as this run knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Traffic<'a> {
    /// This run does not touch it.
    Untouched,
    /// Still to the old instance.
    Still(&'a str),
    /// The call was made or may have been: to the old instance or the new one.
    Unknown(&'a str, &'a str),
    /// From the old instance to the new one.
    Moved(&'a str, &'a str),
}

impl<'a> Traffic<'a> {
    pub(super) fn of(run: &'a Run, proposal: &'a Proposal) -> Self {
        let switch = steps(run, proposal).find_map(|step| match &step.planned.act {
            // A service's names say where people are led.
            _ if proposal.target.kind == TargetKind::Service => None,
            Act::Switch(switch) => Some((switch.before.instance(), switch.to.as_str(), step.record)),
            _ => None,
        });
        match switch {
            None => Self::Untouched,
            Some((from, to, record)) => match record.state {
                StepState::Done(_) => Self::Moved(from, to),
                _ if record.attempts == 0 => Self::Still(from),
                StepState::Waiting => Self::Still(from),
                _ => Self::Unknown(from, to),
            },
        }
    }

    /// In a sentence.
    pub(super) fn sentence(self) -> Mrkdwn {
        match self {
            Self::Untouched => mrkdwn!("Nothing that applications use was touched."),
            Self::Still(old) => mrkdwn!("Traffic has not moved: applications still use {}.", Code(old)),
            Self::Unknown(old, new) => {
                mrkdwn!("Traffic may have moved: look whether applications use {} or {}.", Code(old), Code(new))
            }
            Self::Moved(old, new) => mrkdwn!("Traffic has moved: applications use {}. {} is still there.", Code(new), Code(old)),
        }
    }
}

/// What it means to go on without a step.
pub(super) fn without(step: &PlannedStep) -> &'static str {
    match &step.act {
        Act::AwaitRestorable(_) => "the restore is tried although the log may not reach that moment",
        Act::Backup(_) => "there is no snapshot",
        Act::Restore(_) => "the steps after it have no instance to work on",
        Act::Align(_) => "the new instance lacks some of the old one's settings",
        Act::Compare(_) => "traffic goes to an instance that may not be set up like the old one",
        Act::Verify(verify) if verify.through == Through::Endpoint => "traffic goes to data that did not pass its checks",
        Act::Verify(_) => "nobody has checked what applications reach",
        Act::Switch(_) => "traffic stays where it is",
        Act::Retire(_) => "the old instance stays",
        Act::Prune(_) => "the backup stays, though its time is over",
        Act::CheckStandby(_) => "the standby may be further behind than it should be, or no standby at all",
        Act::Freeze(_) => "the old primary goes on taking writes, and those are lost",
        Act::AwaitStandby(_) => "what has not reached the standby is lost",
        Act::Promote(_) => "the standby goes on only reading, and people are led to it",
        Act::Thaw(_) => "the new primary refuses every write",
        Act::CheckFence(_) => "there may be two primaries that take writes",
        Act::UpdateDns(_) | Act::Turn(_) => "the names still lead to where they led",
        Act::WriteProbe(_) => "nobody knows whether the new primary takes writes",
        Act::WatchSite(_) => "nobody has watched whether it stays well",
        Act::Reseed(_) => "there is no fresh standby to go to",
        Act::Status(_) | Act::Connect(_) => "nobody has looked",
        Act::Tell(_) => "nobody is told",
        Act::Wake(_) => "nobody is woken",
        Act::Gate(_) => "the rest is done although nobody has approved it with what is known now",
    }
}
