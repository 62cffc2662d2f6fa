//! From a schedule that fails to the fewest faults that make it fail.

use std::collections::BTreeMap;

use crate::{Fate, Faults, schedule::Failing};

/// Faults in a line, as they are kept: `12:CrashBefore,40:Late(4000)`; `-`: none.
#[must_use]
pub fn written(faults: &[(u64, Fate)]) -> String {
    let each: Vec<String> = faults.iter().map(|(call, fate)| format!("{call}:{fate:?}")).collect();
    if each.is_empty() { "-".to_owned() } else { each.join(",") }
}

/// Reads what [`written`] wrote; `None`: it is not of that form.
#[must_use]
pub fn read(line: &str) -> Option<Vec<(u64, Fate)>> {
    let one = |text: &str| {
        let (call, fate) = text.split_once(':')?;
        Some((call.parse().ok()?, read_fate(fate)?))
    };
    if line == "-" { Some(Vec::new()) } else { line.split(',').map(one).collect() }
}

fn read_fate(text: &str) -> Option<Fate> {
    let (name, span) = match text.split_once('(') {
        Some((name, span)) => (name, span.strip_suffix(')')?.parse().ok()?),
        None => (text, 0),
    };
    let all = [
        Fate::Well,
        Fate::Slow(span),
        Fate::NotNow,
        Fate::Refused,
        Fate::Broken,
        Fate::LostRequest,
        Fate::LostAnswer,
        Fate::Late(span),
        Fate::Stale(span),
        Fate::CrashBefore,
        Fate::CrashAfter,
        Fate::FreezeBefore(span),
        Fate::FreezeAfter(span),
    ];
    all.into_iter().find(|fate| format!("{fate:?}") == text && text.starts_with(name))
}

/// How many runs a search may take.
const PATIENCE: u32 = 400;

/// Leaves out faults, by halves and then one by one, while the same invariant is still violated. `again` runs the same seed under other
/// faults; every call that is in none of them goes well.
pub fn minimized(failing: &Failing, mut again: impl FnMut(Faults) -> Option<Box<Failing>>) -> Failing {
    let mut left = PATIENCE;
    let mut try_with = |faults: &[(u64, Fate)]| -> Option<Failing> {
        left = left.checked_sub(1)?;
        let found = again(Faults::Script(BTreeMap::from_iter(faults.iter().copied())))?;
        (found.violation.invariant == failing.violation.invariant).then_some(*found)
    };
    // What a rule or chance has decided may have depended on more than the calls' numbers: then the script does not show it.
    let Some(mut best) = try_with(&failing.faults) else { return failing.clone() };
    let mut faults = failing.faults.clone();
    let mut size = faults.len().div_ceil(2).max(1);
    while !faults.is_empty() {
        let mut removed = false;
        let mut from = 0;
        while from < faults.len() {
            let fewer: Vec<(u64, Fate)> =
                faults.iter().enumerate().filter(|(index, _)| !(from..from + size).contains(index)).map(|(_, fault)| *fault).collect();
            match try_with(&fewer) {
                Some(found) => (faults, best, removed) = (fewer, found, true),
                None => from += size,
            }
        }
        match (size, removed) {
            (1, false) => break,
            (1, true) => {}
            _ => size = size.div_ceil(2),
        }
    }
    // What did not come to pass in the end had no part in it.
    faults.retain(|fault| best.faults.contains(fault));
    Failing { faults, ..best }
}
