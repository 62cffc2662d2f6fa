use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Question, Verdict, Watch};

/// How something is, by all its probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All its probes say so.
    Well,
    /// At least one is sure that it is not, since then.
    Ill(Timestamp),
    /// None says that it is ill, and not all say that it is well.
    Unknown,
}

/// What the verdicts of a subject's probes make of it.
#[must_use]
pub fn state_of<'a>(probes: impl IntoIterator<Item = (&'a Question, Option<&'a Watch>)>, now: Timestamp) -> State {
    let mut state = State::Well;
    for (question, watch) in probes {
        let verdict = watch.map_or(Verdict::Unknown, |watch| watch.verdict_at(question.probe.every.0, now));
        state = match (state, verdict, watch) {
            (State::Ill(since), Verdict::Ill, Some(watch)) => State::Ill(since.min(watch.since)),
            (_, Verdict::Ill, Some(watch)) => State::Ill(watch.since),
            (State::Ill(since), _, _) => State::Ill(since),
            (State::Well, Verdict::Well, _) => State::Well,
            _ => State::Unknown,
        };
    }
    state
}

/// Questions by what they are about.
pub(super) fn by_subject(questions: &[Question]) -> BTreeMap<String, Vec<&Question>> {
    let mut subjects: BTreeMap<String, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        subjects.entry(question.subject()).or_default().push(question);
    }
    subjects
}
