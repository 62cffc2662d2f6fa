use std::collections::BTreeSet;

use mayday_core::{
    backup::Hour,
    port::{Key, Row},
    run::Run,
};
use serde_json::Value;

use super::{Finding, holds_secret};
use crate::{
    fault::{HOUR, Millis},
    state::State,
};

fn member<'a>(row: &'a Row, path: &str) -> Option<&'a Value> {
    row.body.pointer(path)
}

pub(super) fn first_decision(_: &State, before: Option<&Row>, row: &Row) -> Finding {
    let Some(before) = before.filter(|_| row.key.partition == "approval") else { return Ok(()) };
    let decided = member(before, "/record/state").is_some_and(|state| state != "pending");
    for path in ["/record/state", "/record/votes"] {
        if decided && member(before, path) != member(row, path) {
            return Err(format!("{} was {:?} and becomes {:?}", row.key.id, member(before, path), member(row, path)));
        }
    }
    match member(before, "/record/digest") == member(row, "/record/digest") {
        true => Ok(()),
        false => Err(format!("{} gets another digest", row.key.id)),
    }
}

pub(super) fn one_vote_each(_: &State, _: Option<&Row>, row: &Row) -> Finding {
    if row.key.partition != "approval" {
        return Ok(());
    }
    let votes = member(row, "/record/votes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let voters: BTreeSet<String> = votes.iter().filter_map(|vote| vote.get("by")).map(Value::to_string).collect();
    if voters.len() == votes.len() { Ok(()) } else { Err(format!("{} votes by {} people", votes.len(), voters.len())) }
}

fn is_final(state: &Value) -> bool {
    state == "succeeded" || state.get("failed").is_some() || state.get("stopped").is_some()
}

pub(super) fn ended_runs_stay(_: &State, before: Option<&Row>, row: &Row) -> Finding {
    let Some(before) = before.filter(|_| row.key.partition == "run") else { return Ok(()) };
    let ended = member(before, "/record/state").is_some_and(is_final);
    for path in ["/record/state", "/record/steps", "/record/ended_at"] {
        if ended && member(before, path) != member(row, path) {
            return Err(format!("{}{path} was {:?} and becomes {:?}", row.key.id, member(before, path), member(row, path)));
        }
    }
    Ok(())
}

pub(super) fn chained(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    if row.key.partition != "audit" {
        return Ok(());
    }
    if before.is_some() {
        return Err(format!("entry {} is overwritten", row.key.id));
    }
    let last = state.rows.all("audit").next_back();
    let (seq, hash) =
        last.map_or((Some(0), None), |last| (member(last, "/record/seq").and_then(Value::as_u64), member(last, "/record/hash")));
    let follows = member(row, "/record/seq").and_then(Value::as_u64) == seq.map(|seq| seq + 1);
    let linked = last.is_none() || member(row, "/record/previous") == hash;
    if follows && linked { Ok(()) } else { Err(format!("entry {} does not", row.key.id)) }
}

/// Whether the run that holds a lock is still going on.
fn lives(state: &State, lock: &Row) -> bool {
    let run = member(lock, "/record/run").and_then(Value::as_str).unwrap_or_default();
    state.record::<Run>(run).is_some_and(|run| !run.state.is_final())
}

pub(super) fn locks_stay(state: &State, before: Option<&Row>, row: &Row) -> Finding {
    let Some(before) = before.filter(|_| row.key.partition == "lock") else { return Ok(()) };
    let same = member(before, "/record/run") == member(row, "/record/run");
    if same || !lives(state, before) { Ok(()) } else { Err(format!("{} changes hands", row.key.id)) }
}

pub(super) fn no_secret(_: &State, _: Option<&Row>, row: &Row) -> Finding {
    // All else is looked through at the end.
    if row.key.partition == "audit" && holds_secret(&row.body) { Err(format!("in {} {}", row.key.partition, row.key.id)) } else { Ok(()) }
}

/// How long measurements are kept at least.
const MEASURED: Millis = 35 * 24 * HOUR;

pub(super) fn may_be_deleted(state: &State, key: &Key, now: Millis) -> Finding {
    match key.partition.as_str() {
        "claim" => Ok(()),
        "lock" => match state.rows.get("lock", &key.id).filter(|lock| lives(state, lock)) {
            Some(_) => Err(format!("the lock on {}, whose run goes on", key.id)),
            None => Ok(()),
        },
        "rpo" => match state.record::<Hour>(&key.id).filter(|hour| now - hour.hour.as_millisecond() <= MEASURED) {
            Some(_) => Err(format!("the measurements {}, which are not old", key.id)),
            None => Ok(()),
        },
        other => Err(format!("{other} {}", key.id)),
    }
}
