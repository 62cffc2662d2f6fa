//! The databases of the plan, seen once for all that depends on it: how each looks, how much would be lost, what is due, what
//! may go, and what people must be told. A large fleet is seen a share at a time.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::fleets;
use crate::{
    backup::{self, Agenda, Hour, Hours, Pace, SHARE, Seen, Survey},
    failure::Fault,
    plan,
    port::World,
    store::{Kept, Store},
    together::together,
};

/// When no further database is begun with: a tick that runs into its function's limit of 60 seconds leaves the rest of its duties undone.
const ENOUGH: SignedDuration = SignedDuration::from_secs(35);
/// How many databases are measured at once: each is a write, and some are asked for their newest row.
const AT_ONCE: usize = 16;

/// A database that fails does not keep the others from being seen to.
pub(super) async fn see_to(world: &World) -> Result<(), Fault> {
    let mut failed = None;
    match fleets::muster(world).await {
        // Both at once may be more than fits into a tick.
        Ok(true) if plan::current(world.blobs.as_ref()).await.is_ok_and(|current| current.plan.databases.len() > SHARE) => return Ok(()),
        Ok(_) => {}
        Err(fault) => {
            tracing::error!(fault = fault.chain(), "the fleets were not looked up");
            failed = Some(fault);
        }
    }
    let survey = Survey::take(world).await?;
    let mut note = |name: &str, fault: Fault| {
        tracing::error!(database = name, fault = fault.chain(), "a database was not seen to");
        failed = Some(fault);
    };
    let measured = measure(world, &survey).await?;
    let mut known: BTreeMap<String, Kept<Agenda>> = Store::of(world).load_many(survey.databases.keys().cloned()).await?;
    let mut pace = Pace::of(known.values().map(|kept| &kept.value), survey.turn);
    let (mut hours, mut agendas) = (BTreeMap::new(), BTreeMap::new());
    for (name, hour) in measured {
        if is_enough(world, &survey) {
            break;
        }
        let kept = known.remove(&name);
        let seen_to = async {
            let hour = hour?;
            let agenda = backup::keep_to(world, &survey, &name, kept, &mut pace).await?;
            backup::prune(world, &survey, &agenda).await?;
            Ok((hour, agenda.value))
        };
        match seen_to.await {
            Ok((hour, agenda)) => {
                hours.insert(name.clone(), hour);
                agendas.insert(name, agenda);
            }
            Err(fault) => note(&name, fault),
        }
    }
    backup::watch(world, &survey, &hours, &agendas).await?;
    failed.map_or(Ok(()), Err)
}

fn is_enough(world: &World, survey: &Survey) -> bool {
    world.clock.now().duration_since(survey.now) > ENOUGH
}

/// Measures every database, some at a time.
async fn measure(world: &World, survey: &Survey) -> Result<Vec<(String, Result<Hour, Fault>)>, Fault> {
    let mut all: Vec<(&String, Option<&Seen>)> = survey.databases.iter().map(|(name, seen)| (name, seen.as_ref().ok())).collect();
    for (name, unseen) in survey.databases.iter().filter_map(|(name, seen)| Some((name, seen.as_ref().err()?))) {
        tracing::warn!(database = name, ?unseen, "a database of the plan can't be seen");
    }
    // Where the time does not suffice for all, it is not always the same that are left out.
    let first = backup::first(survey.now, all.len());
    all.rotate_left(first);
    let hours = Hours::read(world, survey.databases.keys(), survey.now).await?;
    let mut measured = Vec::with_capacity(all.len());
    for some in all.chunks(AT_ONCE) {
        if is_enough(world, survey) {
            tracing::warn!(measured = measured.len(), of = all.len(), "the tick's time is over: the others come in their next turn");
            break;
        }
        let hours = &hours;
        let work = some.iter().copied().map(|(name, seen)| async move {
            let hour = backup::measure(world, hours, name, seen, survey.now).await;
            (name.clone(), hour)
        });
        measured.extend(together(work).await);
    }
    Ok(measured)
}
