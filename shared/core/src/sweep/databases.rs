//! How every instance looks, for the day when one is gone.

use crate::{
    database,
    failure::{Failure, Fault},
    plan,
    port::World,
};

/// Remembers how every instance looks, for the day when one is gone.
pub(super) async fn remember(world: &World) -> Result<(), Fault> {
    let current = match plan::current(world.blobs.as_ref()).await {
        Ok(current) => current,
        Err(Failure::Fault(fault)) => return Err(fault),
        Err(Failure::Refusal(refusal)) => return Err(Fault::new(refusal.to_string())),
    };
    for name in current.plan.databases.keys() {
        match database::look(world, &current.plan, name).await {
            Ok(live) => database::remember(world, &live).await?,
            Err(Failure::Refusal(refusal)) => tracing::warn!(database = name, refusal = %refusal, "a database of the plan can't be seen"),
            Err(Failure::Fault(fault)) => return Err(fault),
        }
    }
    Ok(())
}
