use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Question;
use crate::{
    digest::digest_of,
    failure::Fault,
    port::{Answer, Page, World},
    store::{Kept, Record, Store},
};

/// What one answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Well,
    /// Not as it should be.
    Ill,
    /// We could not see.
    Blind,
}

impl Outcome {
    /// What an answer was.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Well { .. } => Self::Well,
            Answer::Ill { .. } => Self::Ill,
            Answer::Blind { .. } => Self::Blind,
        }
    }
}

/// What so many answers in a row make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it should be.
    Well,
    /// It is not.
    Ill,
    /// We do not know: too few answers yet, or we could not see. This is not “down”.
    Unknown,
}

/// One answer, kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// What it was.
    pub outcome: Outcome,
    /// How long it took, in milliseconds; absent when we could not see.
    pub took_ms: Option<u64>,
}

/// Ten minutes of answers, put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// When it begins.
    pub from: Timestamp,
    /// How many answers were as they should be.
    pub well: u32,
    /// How many were not.
    pub ill: u32,
    /// How often we could not see.
    pub blind: u32,
    /// The longest answer, in milliseconds.
    pub slowest_ms: u64,
    /// All answers together, in milliseconds.
    pub total_ms: u64,
}

/// How a probe has been answered: one record a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The probe: [`Question::id`].
    pub id: String,
    /// The digest of what is asked. Another question under the same name begins anew.
    pub asks: String,
    /// How many in a row make a verdict.
    pub in_a_row: u8,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when it stands: the first answer of the row that made it.
    pub since: Timestamp,
    /// What the last answers were, all alike.
    pub last: Outcome,
    /// How many those are.
    pub row: u32,
    /// When the first of them came.
    pub row_from: Timestamp,
    /// What the last one said.
    pub said: String,
    /// When it was asked last.
    pub asked_at: Timestamp,
    /// The last answers, oldest first.
    pub recent: Vec<Sample>,
    /// The last day, ten minutes each, oldest first.
    pub history: Vec<Bucket>,
}

impl Record for Watch {
    const PARTITION: &'static str = "probe";

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// How many answers are kept one by one: an hour of minutes.
const RECENT: usize = 60;
/// How much time is put together in the history, in seconds.
const BUCKET: i64 = 600;
/// How many of those are kept: a day. The record stays below 20 KB.
const HISTORY: usize = 144;
/// The longest words that are kept of an answer, in characters.
const SAID: usize = 300;

impl Watch {
    /// The record of a probe that was never asked.
    ///
    /// # Errors
    /// Never for a plan that was loaded.
    pub fn new(question: &Question, at: Timestamp) -> Result<Self, Fault> {
        Ok(Self {
            id: question.id(),
            asks: digest_of(&question.probe)?,
            in_a_row: question.probe.in_a_row.max(1),
            verdict: Verdict::Unknown,
            since: at,
            last: Outcome::Blind,
            row: 0,
            row_from: at,
            said: String::new(),
            asked_at: at,
            recent: Vec::new(),
            history: Vec::new(),
        })
    }

    /// The record after one more answer. Answers that came late, behind a newer one, change nothing.
    #[must_use]
    pub fn heard(&self, answer: &Answer, at: Timestamp) -> Self {
        let mut next = self.clone();
        if self.row > 0 && at <= self.asked_at {
            return next;
        }
        let outcome = Outcome::of(answer);
        if self.row > 0 && outcome == self.last {
            next.row = self.row.saturating_add(1);
        } else {
            (next.last, next.row, next.row_from) = (outcome, 1, at);
        }
        let verdict = match outcome {
            Outcome::Well => Verdict::Well,
            Outcome::Ill => Verdict::Ill,
            Outcome::Blind => Verdict::Unknown,
        };
        if next.row >= u32::from(self.in_a_row) && verdict != self.verdict {
            (next.verdict, next.since) = (verdict, next.row_from);
        }
        next.said = match answer {
            Answer::Well { note, .. } => note,
            Answer::Ill { why, .. } | Answer::Blind { why } => why,
        }
        .chars()
        .take(SAID)
        .collect();
        next.asked_at = at;
        next.keep(Sample { at, outcome, took_ms: answer.took_ms() });
        next
    }

    fn keep(&mut self, sample: Sample) {
        self.recent.push(sample);
        let surplus = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..surplus);
        let from = Timestamp::from_second(sample.at.as_second().div_euclid(BUCKET) * BUCKET).unwrap_or(sample.at);
        if self.history.last().is_none_or(|last| last.from < from) {
            self.history.push(Bucket { from, well: 0, ill: 0, blind: 0, slowest_ms: 0, total_ms: 0 });
        }
        if let Some(bucket) = self.history.last_mut() {
            match sample.outcome {
                Outcome::Well => bucket.well += 1,
                Outcome::Ill => bucket.ill += 1,
                Outcome::Blind => bucket.blind += 1,
            }
            let took = sample.took_ms.unwrap_or(0);
            bucket.slowest_ms = bucket.slowest_ms.max(took);
            bucket.total_ms = bucket.total_ms.saturating_add(took);
        }
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
    }

    /// Whether it is time to ask again. A tick that comes a moment early counts.
    #[must_use]
    pub fn is_due(&self, every: SignedDuration, now: Timestamp) -> bool {
        let slack = (every / 4).min(SignedDuration::from_secs(5));
        self.row == 0 || now.duration_since(self.asked_at) >= every - slack
    }

    /// The verdict as of now: what was not asked for too long is not known any more. Nobody asks when nothing drives us.
    #[must_use]
    pub fn verdict_at(&self, every: SignedDuration, now: Timestamp) -> Verdict {
        let patience = every.saturating_mul(i32::from(self.in_a_row)) + SignedDuration::from_mins(2);
        if now.duration_since(self.asked_at) > patience { Verdict::Unknown } else { self.verdict }
    }
}

/// The records of all probes.
///
/// # Errors
/// When they can't be read.
pub async fn watches(world: &World) -> Result<Vec<Kept<Watch>>, Fault> {
    let store = Store::of(world);
    let mut all: Vec<Kept<Watch>> = Vec::new();
    loop {
        let page = Page { after: all.last().map(|kept| kept.value.id.clone()), newest_first: false, limit: 200 };
        let more = store.list::<Watch>(&page).await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Probe, ProbeKind, Span},
        probe::Place,
    };

    fn question() -> Question {
        let how = ProbeKind::Tcp { address: "app.example:443".to_owned() };
        let span = |seconds| Span(SignedDuration::from_secs(seconds));
        let probe = Probe { name: "port".to_owned(), how, every: span(60), within: span(5), in_a_row: 3 };
        Question { owner: "orders".to_owned(), place: Place::Service, probe }
    }

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(1_795_348_800 + minute * 60).unwrap()
    }

    /// The watch after answers a minute apart: `w`ell, `i`ll, `b`lind.
    fn after(answers: &str) -> Watch {
        answers.chars().zip(0..).fold(Watch::new(&question(), minute(0)).unwrap(), |watch, (kind, at)| {
            let answer = match kind {
                'w' => Answer::Well { took_ms: 12, note: "200".to_owned() },
                'i' => Answer::Ill { why: "it answered 503".to_owned(), took_ms: 40 },
                _ => Answer::blind("no name server answers"),
            };
            watch.heard(&answer, minute(at))
        })
    }

    #[test]
    fn r01_three_in_a_row_make_a_verdict_and_it_stands_from_the_first_of_them() {
        assert_eq!(after("wwwii").verdict, Verdict::Well);
        let ill = after("wwwiii");
        assert_eq!((ill.verdict, ill.since, ill.row), (Verdict::Ill, minute(3), 3));
        assert_eq!(after("wwwiiiww").verdict, Verdict::Ill, "it is not well before three say so");
        assert_eq!((after("wwwiiiwww").verdict, after("wwwiiiwww").since), (Verdict::Well, minute(6)));
    }

    #[test]
    fn h9_what_flaps_makes_no_verdict() {
        assert_eq!(after("wwwiwwiwwiwwi").verdict, Verdict::Well);
        assert_eq!(after("wwwiiwiiwiiwii").verdict, Verdict::Well, "two of three are not three in a row");
        assert_eq!(after("wi").verdict, Verdict::Unknown, "nothing is known yet");
    }

    #[test]
    fn h10_blind_is_unknown_and_never_down() {
        let blind = after("wwwbbb");
        assert_eq!((blind.verdict, blind.since), (Verdict::Unknown, minute(3)));
        assert_eq!(after("wwwbbbbbbbbbbbb").verdict, Verdict::Unknown, "however long it goes on");
        assert_eq!(after("wwwiibi").verdict, Verdict::Well, "what we did not see is no failure in a row");
        assert_eq!(after("iiibbb").verdict, Verdict::Unknown, "and no proof that it is still down");
        assert_eq!(after("wwwb").verdict, Verdict::Well, "one look that fails makes nothing unknown");
    }

    #[test]
    fn h10_what_nobody_has_asked_for_long_is_unknown() {
        let well = after("www");
        assert_eq!(well.verdict_at(question().probe.every.0, minute(7)), Verdict::Well);
        assert_eq!(well.verdict_at(question().probe.every.0, minute(9)), Verdict::Unknown);
    }

    #[test]
    fn it_is_asked_again_when_its_time_has_come() {
        let watch = after("w");
        let every = question().probe.every.0;
        assert!(!watch.is_due(every, minute(0)));
        assert!(watch.is_due(every, minute(1)));
        assert!(watch.is_due(every, minute(1).saturating_sub(SignedDuration::from_secs(2)).unwrap()), "ticks are not exact");
        assert!(!watch.is_due(every * 10, minute(9)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let watch = after(&"wwi".repeat(1_500));
        assert_eq!((watch.recent.len(), watch.history.len()), (60, 144));
        assert!(serde_json::to_vec(&watch).unwrap().len() < 40_000, "an item takes 400 KB");
        let last = watch.history.last().unwrap();
        assert_eq!((last.well + last.ill, last.slowest_ms), (10, 40));
    }

    #[test]
    fn an_answer_that_comes_late_changes_nothing() {
        let watch = after("www");
        let late = watch.heard(&Answer::Ill { why: "late".to_owned(), took_ms: 1 }, minute(1));
        assert_eq!(late, watch);
    }
}
