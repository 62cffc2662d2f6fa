//! Which databases the plan's fleets have, looked up in the account.

use std::collections::BTreeSet;

use serde_json::json;

use super::plans::note;
use crate::{
    failure::{Failure, Fault},
    plan::{self, ROSTER_KEY},
    port::World,
};

/// How often the account is looked through, in minutes: it is as many pages as it has hundreds of instances. Prime, so that it is not
/// always the turn of the same share.
const EVERY: i64 = 11;

/// Brings the roster of the fleets up to date, and says whether the account was looked through for it. A region that does not answer
/// leaves it as it is.
pub(super) async fn muster(world: &World) -> Result<bool, Fault> {
    let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
    let plan = &current.plan;
    if plan.fleets.is_empty() {
        return Ok(false);
    }
    let roster = plan::roster(world.blobs.as_ref()).await?;
    let minute = world.clock.now().as_second().div_euclid(60);
    let is_new = plan.fleets.keys().any(|fleet| !roster.fleets.contains_key(fleet));
    if !is_new && minute % EVERY != 0 {
        return Ok(false);
    }
    let regions: BTreeSet<&str> = plan.fleets.values().map(|fleet| fleet.each.region.as_str()).collect();
    let mut instances = Vec::new();
    for region in regions {
        instances.extend(world.databases.instances_in(region).await?);
    }
    let after = roster.after(plan, &instances);
    if after == roster {
        return Ok(true);
    }
    for (name, members) in &after.fleets {
        let before = roster.fleets.get(name);
        let is_among = |set: Option<&BTreeSet<String>>, one: &String| set.is_some_and(|set| set.contains(one));
        let came: Vec<&String> = members.iter().filter(|one| !is_among(before, one)).collect();
        let went: Vec<&String> = before.into_iter().flatten().filter(|one| !members.contains(*one)).collect();
        if came.is_empty() && went.is_empty() {
            continue;
        }
        // Counts, and names as far as somebody reads them: an entry of the audit is a row of the table.
        let detail = json!({
            "databases": members.len(), "came": came.len(), "went": went.len(),
            "first_to_come": came.iter().take(50).collect::<Vec<_>>(), "first_to_go": went.iter().take(50).collect::<Vec<_>>(),
        });
        note(world, "fleet.roster", name, detail).await?;
    }
    let bytes = serde_json::to_vec(&after).map_err(|error| Fault::because("a roster has no JSON form", error))?;
    world.blobs.put(ROSTER_KEY, bytes).await?;
    Ok(true)
}
