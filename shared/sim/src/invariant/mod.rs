//! What must hold, whatever goes wrong: checked after every effect, every write, every message, and at the end.
//!
//! Each is a function with a name. A new one is added to one of the lists below and nowhere else.

mod effect;
mod end;
mod lead;
mod people;
mod turn;
mod write;

use std::fmt;

use mayday_core::port::{Key, Row};
use serde_json::Value;

use crate::{
    executor::Inner,
    fault::Millis,
    setting::PASSWORD,
    state::{Effect, State},
};

pub(crate) use end::{at_end, led};

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// What was found.
    pub why: String,
    /// When, in milliseconds since the beginning.
    pub at: Millis,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” does not hold: {}", self.invariant, self.why)
    }
}

/// What a check comes to: what is wrong, in words.
pub(crate) type Finding = Result<(), String>;

type OnEffect = (&'static str, fn(&effect::Case<'_>) -> Finding);
type OnWrite = (&'static str, fn(&State, Option<&Row>, &Row) -> Finding);

/// Checked when the world outside changes.
const EFFECTS: [OnEffect; 15] = [
    ("the world is changed for a live run only", effect::for_a_live_run),
    ("the world is changed for a step of the proposal, and as it says", effect::as_proposed),
    ("what replaces or deletes was approved by enough others", effect::approved),
    ("a step takes effect once", effect::once),
    ("only what the run made is changed, but by a retirement", effect::own_only),
    ("the run that changes the world holds the lock", effect::holds_lock),
    ("an audit entry stands before each effect", effect::in_the_audit),
    ("traffic moves from the approved before-image only", effect::from_before_image),
    ("whoever comes late changes nothing", lead::still_meant),
    ("a step is carried out when those before it are over", lead::in_order),
    ("what comes after a gate was approved there", lead::behind_gates),
    ("the plan says what it said when this was approved", lead::by_the_same_plan),
    ("traffic goes to data that is as it should be", lead::to_good_data),
    ("a standby is promoted when writes have ended and arrived", lead::promoted_in_peace),
    ("names move to the one primary that takes writes", lead::to_one_primary),
];

/// Checked when a record is written.
const WRITES: [OnWrite; 13] = [
    ("the first decision stands", write::first_decision),
    ("each person votes once", write::one_vote_each),
    ("a run that has ended stays as it ended", write::ended_runs_stay),
    ("an audit entry follows the last one", write::chained),
    ("a lock is not taken from a run that lives", write::locks_stay),
    ("no secret is written down", write::no_secret),
    ("no write with an old token lands", turn::follows),
    ("a vote counts in time, by whoever may", turn::votes_count),
    ("whoever asks is one of ours", turn::asked_by_ours),
    ("one decision makes one run, in time", turn::one_run_in_time),
    ("every turn of a run stands in the audit before", turn::run_turns),
    ("nothing is begun once somebody has said stop", turn::stop_is_heeded),
    ("no step is tried more often than it may", turn::budget_holds),
];

/// Every invariant's name: for tests that want to say which one caught a bug.
pub fn names() -> impl Iterator<Item = &'static str> {
    let checked = EFFECTS.iter().map(|(name, _)| *name).chain(WRITES.iter().map(|(name, _)| *name));
    checked.chain(end::CHECKS.iter().map(|(name, _)| *name)).chain([
        EFFECT_FOR_NOTHING,
        NOTHING_FORGOTTEN,
        NO_SECRET_SAID,
        NOTHING_BECOMES_MARKUP,
        NAMES_ANSWER,
        end::PEOPLE_ARE_WOKEN,
        end::ONE_PRIMARY,
        ENDS,
        ANSWERED,
    ])
}

const EFFECT_FOR_NOTHING: &str = "the world is changed for a run with a proposal";
const NOTHING_FORGOTTEN: &str = "nothing that must be kept is deleted";
const NO_SECRET_SAID: &str = "no secret is said";
const NOTHING_BECOMES_MARKUP: &str = "nothing that people wrote becomes markup";
const NAMES_ANSWER: &str = "no name is left without an answer";
/// That a schedule ends at all.
pub(crate) const ENDS: &str = "everything comes to an end";
/// That a delivery is answered, where nothing keeps the bot from it.
pub(crate) const ANSWERED: &str = "whoever sends something is answered";

pub(crate) fn on_effect(inner: &mut Inner, effect: &Effect) {
    let findings: Vec<(&'static str, String)> = match effect::Case::of(&inner.state, effect) {
        Ok(case) => EFFECTS.iter().filter_map(|(name, check)| check(&case).err().map(|why| (*name, why))).collect(),
        Err(why) => vec![(EFFECT_FOR_NOTHING, why)],
    };
    for (name, why) in findings {
        inner.violated(name, format!("{} on {} for {}/{}: {why}", effect.method, effect.target, effect.run, effect.step));
    }
}

pub(crate) fn on_write(inner: &mut Inner, row: &Row) {
    let before = inner.state.rows.get(&row.key.partition, &row.key.id);
    let findings: Vec<_> =
        WRITES.iter().filter_map(|(name, check)| check(&inner.state, before, row).err().map(|why| (*name, why))).collect();
    for (name, why) in findings {
        inner.violated(name, why);
    }
}

pub(crate) fn on_delete(inner: &mut Inner, key: &Key) {
    if let Err(why) = write::may_be_deleted(&inner.state, key, inner.now) {
        inner.violated(NOTHING_FORGOTTEN, why);
    }
}

pub(crate) fn on_said(inner: &mut Inner, text: &str) {
    if text.contains(PASSWORD) {
        inner.violated(NO_SECRET_SAID, text.chars().take(200).collect());
    }
    // The bot itself calls nobody so: whatever has this form was written by somebody else.
    if text.contains("<!channel>") {
        inner.violated(NOTHING_BECOMES_MARKUP, text.chars().take(200).collect());
    }
}

/// Names were changed.
pub(crate) fn on_names(inner: &mut Inner) {
    if let Err(why) = lead::names_answer(&inner.state) {
        inner.violated(NAMES_ANSWER, why);
    }
}

/// Whether some text in a value holds the password.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(PASSWORD),
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(members) => members.values().any(holds_secret),
        _ => false,
    }
}
