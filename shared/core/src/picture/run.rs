use jiff::{SignedDuration, Timestamp};

use super::{Bar, Chart, Limit, Timeline, Tone};
use crate::{
    plan::Span,
    proposal::Proposal,
    run::{Run, State, StepState},
    view,
};

/// What a run did when, against the objective; and the same in words.
#[must_use]
pub fn of_run(run: &Run, proposal: &Proposal) -> (Chart, String) {
    let ended = run.ended_at.unwrap_or(run.visited_at);
    let from = proposal.asked_at.min(run.started_at);
    let took = ended.duration_since(from).max(SignedDuration::ZERO);
    let limits = limits(proposal);
    let (word, tone) = match &run.state {
        State::Succeeded => ("done", worst(took, &limits)),
        State::Stopped { .. } => ("stopped", Tone::Warning),
        State::Failed { .. } | State::Stuck { .. } => ("not done", Tone::Ill),
        State::Running => ("running", Tone::Plain),
    };
    let mut bars = Vec::new();
    if run.started_at > from {
        bars.push(Bar { label: "Until it was approved".to_owned(), from, to: run.started_at, tone: Tone::Plain });
    }
    for (record, step) in run.steps.iter().zip(&proposal.steps) {
        let Some(began) = record.started_at else { continue };
        let tone = match record.state {
            StepState::Done(_) => Tone::Well,
            StepState::Failed(_) if record.tolerated => Tone::Warning,
            StepState::Skipped { .. } => Tone::Warning,
            StepState::Failed(_) => Tone::Ill,
            StepState::NotNeeded { .. } | StepState::Asked { .. } => Tone::Plain,
            StepState::Waiting | StepState::Intended { .. } | StepState::Called { .. } => Tone::Plain,
        };
        bars.push(Bar { label: step.name.clone(), from: began, to: record.ended_at.unwrap_or(ended), tone });
    }
    let subtitle = format!("{word} after {}{}", view::Span(took), against(took, proposal));
    let alt = alt(&run.title, &subtitle, from, &bars);
    let timeline = Timeline { title: run.title.clone(), subtitle, from, to: ended, tone, bars, limits };
    (Chart::Timeline(timeline), alt)
}

fn limits(proposal: &Proposal) -> Vec<Limit> {
    let seconds = proposal.consequences.rto_seconds;
    let rto = (seconds > 0).then(|| {
        let span = Span(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
        Limit { value: span.0.as_secs_f64(), label: format!("RTO {}", view::Span(span.0)), tone: Tone::Ill }
    });
    rto.into_iter().collect()
}

fn worst(took: SignedDuration, limits: &[Limit]) -> Tone {
    limits.iter().rfind(|limit| took.as_secs_f64() > limit.value).map_or(Tone::Well, |limit| limit.tone)
}

fn against(took: SignedDuration, proposal: &Proposal) -> String {
    let rto = SignedDuration::from_secs(i64::try_from(proposal.consequences.rto_seconds).unwrap_or(i64::MAX));
    match rto {
        none if none.is_zero() => String::new(),
        rto if took <= rto => format!(", within the RTO of {}", view::Span(rto)),
        rto => format!(", {} over the RTO of {}", view::Span(took - rto), view::Span(rto)),
    }
}

/// Everything that the picture says, for those who can't see it.
fn alt(title: &str, subtitle: &str, from: Timestamp, bars: &[Bar]) -> String {
    let after = |at: Timestamp| view::Span(at.duration_since(from).max(SignedDuration::ZERO));
    let said = bars.iter().map(|bar| {
        let word = match bar.tone {
            Tone::Well => "done",
            Tone::Warning => "left out",
            Tone::Ill => "failed",
            Tone::Plain => "passed",
        };
        format!("{}: {word}, from {} to {} after the request", bar.label, after(bar.from), after(bar.to))
    });
    std::iter::once(format!("Timeline of “{title}”: {subtitle}.")).chain(said).collect::<Vec<_>>().join(" ")
}
