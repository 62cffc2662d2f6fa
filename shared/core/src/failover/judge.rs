//! Whether a service may go, and what people must know before they say yes.

use super::{Direction, Leads, Pair, StandbyLook, Survey};
use crate::{action::Following, failure::Refusal, port::Phase};

/// Refuses what would lead people to a place that is no better.
///
/// # Errors
/// Why not, and what to do instead.
pub(super) fn judge(found: &Survey, accept_loss: bool) -> Result<(), Refusal> {
    if found.pairs.is_empty() && found.to_move().next().is_none() {
        let there = found.site(found.there());
        return Err(Refusal::new(format!("{} is at {there} already: nothing would move.", found.service))
            .instead(format!("`/dr failover verify {}` shows how it stands.", found.service)));
    }
    names(found)?;
    let troubles: Vec<String> = found.pairs.iter().filter_map(trouble).chain(found.ill_there.iter().cloned()).collect();
    let here: Vec<String> = found.pairs.iter().filter_map(silent).chain(found.ill_here.iter().cloned()).collect();
    if let Some(first) = troubles.first() {
        return Err(unfit(found, first, here.first()));
    }
    if found.direction == Direction::Home
        && let Some(why) = found.pairs.iter().find_map(silent)
    {
        return Err(Refusal::new(format!("{why}, so no fresh standby can be made of it."))
            .instead(format!("Restore it where it is first, or name {} in `/dr restore`.", found.service)));
    }
    match loss(found) {
        Some(lost) if !accept_loss => Err(Refusal::new(format!(
            "The standby is further behind than the objective allows: about {lost} seconds of data would be lost."
        ))
        .instead("Wait until it has caught up, or accept the loss with `--accept-loss`: whoever approves types it too.")),
        _ => Ok(()),
    }
}

/// A name that leads to neither site was moved by somebody else.
fn names(found: &Survey) -> Result<(), Refusal> {
    let Some(name) = found.names.iter().find(|name| name.leads == Leads::Elsewhere) else { return Ok(()) };
    let to = name.current.as_ref().map_or_else(|| "nowhere".to_owned(), |current| format!("to {}", current.values.join(", ")));
    Err(Refusal::new(format!(
        "{} {} leads {to}, which the plan knows as neither site of {}.",
        name.record.kind, name.record.name, found.service
    ))
    .instead("Find out who moved it; then correct the plan or the record."))
}

/// The refusal for a destination that is not well; where the service is now may be no better.
fn unfit(found: &Survey, there: &str, here: Option<&String>) -> Refusal {
    let site = found.site(found.there());
    match here {
        Some(here) => Refusal::new(format!("Neither site of {} is well. Here: {here}. At {site}: {there}.", found.service))
            .instead("Moving would mend nothing: page somebody with `/dr page`, and restore what is broken."),
        None => Refusal::new(format!("{site} can't take {} over: {there}.", found.service))
            .instead(format!("Mend that first; `/dr failover verify {}` shows when it is well.", found.service)),
    }
}

fn silent(pair: &Pair) -> Option<String> {
    pair.primary.silent.as_ref().map(|why| format!("{} does not answer ({why})", pair.primary.instance.id))
}

/// Why a standby can't take over.
fn trouble(pair: &Pair) -> Option<String> {
    let standby = pair.standby.as_ref()?;
    let Some(instance) = &standby.instance else { return Some(format!("there is no instance {} in {}", standby.id, standby.region)) };
    match (&instance.status, &standby.following) {
        // What it is busy with, a backup mostly, passes by itself, and is waited for before anything is changed.
        (Phase::Available | Phase::Underway(_), Some(Following::Closely(_))) => None,
        // Its source is dead: it receives nothing, and has what it has.
        (Phase::Available | Phase::Underway(_), Some(Following::Cut(_))) if pair.primary.silent.is_some() => None,
        (Phase::Available, Some(Following::Cut(_))) => Some(format!("{} is not replicating", standby.id)),
        (Phase::Available, Some(Following::Not(why))) => Some(why.clone()),
        (Phase::Available, None) => Some(format!("the standby {} does not answer", standby.id)),
        (other, _) => Some(format!("{} is {other}", standby.id)),
    }
}

/// How many seconds are between a standby and its source, as far as can be told.
pub(super) fn lag(pair: &Pair, standby: &StandbyLook) -> u64 {
    let lag = match &standby.following {
        Some(Following::Closely(lag)) => *lag,
        // Nothing says how much the source had beyond what it sent: since when nothing came is the most that it can be.
        Some(Following::Cut(lag)) if pair.primary.silent.is_some() => standby.newest.unwrap_or(*lag).max(*lag),
        _ => 0.0,
    };
    whole(lag)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn whole(seconds: f64) -> u64 {
    seconds.clamp(0.0, 1e12).ceil() as u64
}

/// The data that would be lost, in seconds, where it is more than an objective allows.
pub(super) fn loss(found: &Survey) -> Option<u64> {
    let beyond = |pair: &Pair| {
        let lag = lag(pair, pair.standby.as_ref()?);
        let allowed = u64::try_from(pair.home.entry.objectives.rpo.0.as_secs()).unwrap_or(0);
        (lag > allowed).then_some(lag)
    };
    found.pairs.iter().filter_map(beyond).max()
}

/// What else must be known before deciding.
pub(super) fn warnings(found: &Survey) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(lost) = loss(found) {
        warnings.push(format!("The standby is {lost} s behind, more than the objective allows: about that much data may be lost."));
    }
    for why in found.pairs.iter().filter_map(silent) {
        warnings.push(format!("{why}: its last writes may be lost, and nothing but its silence keeps more from it."));
    }
    if found.pairs.iter().any(|pair| pair.primary.silent.is_none()) {
        warnings.push("Nobody can write from the freeze until the new primary is open. All sessions end.".to_owned());
    }
    let ttl = found.to_move().filter_map(|name| name.current.as_ref()).map(|current| current.ttl).max();
    warnings.extend(ttl.map(|ttl| format!("Names: it takes up to {ttl} s until everybody follows (TTL).")));
    for name in &found.moved {
        warnings.push(format!("{name} is there already: only the names follow."));
    }
    for standby in found.pairs.iter().filter_map(|pair| pair.standby.as_ref()?.instance.as_ref()) {
        if let Phase::Underway(what) = &standby.status {
            warnings.push(format!("{} is {what}: that is waited for before anything is changed.", standby.id));
        }
    }
    for why in &found.ill_here {
        warnings.push(format!("Not well where it is now: {why}."));
    }
    warnings
}
