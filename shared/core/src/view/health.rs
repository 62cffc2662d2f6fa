//! What services and databases say when they are asked whether they are well.

use jiff::Timestamp;

use super::{Block, Code, Element, Message, Moment, Mrkdwn};
use crate::{
    mrkdwn,
    port::Answer,
    probe::{Outcome, Question, Verdict, Watch},
};

/// A question that was asked now, and what the minute's checks make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was asked.
    pub question: Question,
    /// What it came to.
    pub answer: Answer,
    /// The record of the minute's checks; absent: nobody asks this by the minute.
    pub watch: Option<Watch>,
}

/// Entries that one answer shows: an answer can be a few messages long, and what is ill stands first.
const SHOWN: usize = 40;

/// What was answered; `left_out` questions were not asked for want of time.
#[must_use]
pub fn health(name: Option<&str>, checked: &[Checked], left_out: usize, now: Timestamp) -> Message {
    let count = |wanted: Outcome| checked.iter().filter(|checked| Outcome::of(&checked.answer) == wanted).count();
    let (ill, blind) = (count(Outcome::Ill), count(Outcome::Blind));
    let about = name.map(|name| mrkdwn!("{}: ", name)).unwrap_or_default();
    let text = match (checked.len(), ill, blind) {
        (0, _, _) => mrkdwn!("The plan has no probe and no database: there is nothing to ask."),
        (all, 0, 0) => mrkdwn!("✅ {}{} as it should be.", about, of_all(all, all)),
        (all, 0, blind) => mrkdwn!("❔ {}{} could not be seen. That is not “down”.", about, of_all(blind, all)),
        (all, ill, 0) => mrkdwn!("❌ {}{} not as it should be.", about, of_all(ill, all)),
        (all, ill, blind) => mrkdwn!("❌ {}{} not as it should be, and {} could not be seen.", about, of_all(ill, all), blind),
    };
    let mut blocks = vec![Block::title(name.map_or_else(|| "Health".to_owned(), |name| format!("Health of {name}")))];
    blocks.push(Block::paragraph(text.clone()));
    blocks.extend(Block::paragraphs(checked.iter().take(SHOWN).map(|checked| lines(checked, now))));
    let more = checked.len().saturating_sub(SHOWN);
    if more + left_out > 0 {
        let typed = Code("/dr health SERVICE");
        blocks.extend(Block::small_prints([mrkdwn!("{} more are not shown: {} asks about one.", more + left_out, typed)]));
    }
    if !checked.is_empty() {
        let typed = |verb: &str| name.map_or_else(|| verb.to_owned(), |name| format!("{verb} {name}"));
        let mut buttons = vec![Element::button("open_health", "Ask again", &typed("health"), None)];
        if ill + blind > 0 {
            buttons.insert(0, Element::button("open_diagnose", "Diagnose", &typed("diagnose"), None));
        }
        blocks.push(Block::Actions { block_id: "health".to_owned(), elements: buttons });
    }
    Message { text, blocks }
}

fn of_all(some: usize, all: usize) -> Mrkdwn {
    match (some, all) {
        (1, 1) => mrkdwn!("the one answer is"),
        (1, all) => mrkdwn!("1 of {} answers is", all),
        (some, all) if some == all => mrkdwn!("all {} answers are", all),
        (some, all) => mrkdwn!("{} of {} answers are", some, all),
    }
}

fn lines(checked: &Checked, now: Timestamp) -> Mrkdwn {
    let (mark, said) = match &checked.answer {
        Answer::Well { took_ms, note } => ("✅", mrkdwn!("{}, in {} ms", note, *took_ms)),
        Answer::Ill { why, .. } => ("❌", mrkdwn!("{}", why)),
        Answer::Blind { why } => ("❔", mrkdwn!("could not be seen: {}", why)),
    };
    let first = mrkdwn!("{} *{}*, {}: {}", mark, checked.question.subject(), checked.question.probe.name, said);
    let second = match &checked.watch {
        None => mrkdwn!("• asked only now: nobody asks this by the minute"),
        Some(watch) => watched(watch, watch.verdict_at(checked.question.probe.every.0, now)),
    };
    mrkdwn!("{}\n{}", first, second)
}

/// What the minute's checks say.
fn watched(watch: &Watch, verdict: Verdict) -> Mrkdwn {
    let row = mrkdwn!("{} of {} in a row {}", watch.row.min(u32::from(watch.in_a_row)), watch.in_a_row, word(watch.last));
    match verdict {
        Verdict::Well => mrkdwn!("• by the minute: well since {}; the last {}", Moment(watch.since), row),
        Verdict::Ill => mrkdwn!("• by the minute: ill since {}; the last {}", Moment(watch.since), row),
        Verdict::Unknown => mrkdwn!("• by the minute: not known; asked last at {}, the last {}", Moment(watch.asked_at), row),
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Well => "well",
        Outcome::Ill => "ill",
        Outcome::Blind => "not seen",
    }
}
