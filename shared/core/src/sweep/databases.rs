//! The databases of the plan, seen once for all that depends on it: how each looks, how much would be lost, what is due, what
//! may go, and what people must be told.

use std::collections::BTreeMap;

use crate::{
    backup::{self, Agenda, Hour, Survey},
    database,
    failure::Fault,
    port::World,
};

/// A database that fails does not keep the others from being seen to.
pub(super) async fn see_to(world: &World) -> Result<(), Fault> {
    let survey = Survey::take(world).await?;
    let (mut hours, mut agendas) = (BTreeMap::new(), BTreeMap::new());
    let mut failed = None;
    for name in survey.databases.keys() {
        match one(world, &survey, name).await {
            Ok((hour, agenda)) => {
                hours.insert(name.clone(), hour);
                agendas.insert(name.clone(), agenda);
            }
            Err(fault) => {
                tracing::error!(database = name, fault = fault.chain(), "a database was not seen to");
                failed = Some(fault);
            }
        }
    }
    backup::watch(world, &survey, &hours, &agendas).await?;
    failed.map_or(Ok(()), Err)
}

async fn one(world: &World, survey: &Survey, name: &str) -> Result<(Hour, Agenda), Fault> {
    let seen = survey.databases.get(name).and_then(|seen| seen.as_ref().ok());
    match (seen, survey.databases.get(name)) {
        (Some(seen), _) => database::remember(world, &seen.live).await?,
        (None, Some(Err(unseen))) => tracing::warn!(database = name, ?unseen, "a database of the plan can't be seen"),
        _ => {}
    }
    let hour = backup::measure(world, name, seen, survey.now).await?;
    let agenda = backup::keep_to(world, survey, name).await?;
    backup::prune(world, survey, name).await?;
    Ok((hour, agenda))
}
