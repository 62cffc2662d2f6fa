//! Which databases the plan's fleets have, looked up in the account.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::plans::note;
use crate::{
    backup::Turn,
    failure::{Failure, Fault},
    ident::sha256_hex,
    plan::{self, Plan, ROSTER_KEY, Roster},
    port::{Instance, World},
    store::{Created, Kept, Record, Store},
};

/// How often the account is looked through, in minutes, for so many shares of databases: it is as many pages as it has hundreds of instances,
/// and leaves the minute's share no time. A prime that does not divide their number (of up to 142), so that it is not always the turn of the same one.
fn every(shares: usize) -> i64 {
    if shares.is_multiple_of(11) { 13 } else { 11 }
}

/// Which roster counts. A file can't be replaced on a condition that holds in both regions; a record can. So whoever has looked the account
/// through since the same record was read is the one who may write a roster, and a file that is not the one meant here (of somebody
/// slow, or of somebody who died before writing it) is found by the next tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Counting {
    /// SHA-256 of the file.
    sha256: String,
}

impl Record for Counting {
    const PARTITION: &'static str = "roster";

    fn id(&self) -> String {
        ID.to_owned()
    }
}

/// There is one for all fleets.
const ID: &str = "fleets";

impl Counting {
    /// Makes this the roster that counts, and says whether it is: somebody else may have looked meanwhile.
    async fn counts_from_now_on(self, world: &World, known: Option<&Kept<Self>>) -> Result<bool, Fault> {
        let store = Store::of(world);
        match known {
            Some(kept) if kept.value == self => Ok(true),
            Some(kept) => Ok(store.replace(kept, self).await?.is_ok()),
            None => Ok(matches!(store.create(self).await?, Created::New(_))),
        }
    }
}

/// Brings the roster of the fleets up to date, and says whether the account was looked through for it. A region that does not answer
/// leaves it as it is.
pub(super) async fn muster(world: &World) -> Result<bool, Fault> {
    let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
    let plan = &current.plan;
    if plan.fleets.is_empty() {
        return Ok(false);
    }
    let counting: Option<Kept<Counting>> = Store::of(world).load(ID).await?;
    let roster = plan::roster(world.blobs.as_ref()).await?;
    let (_, sha256) = file(&roster)?;
    let is_other = counting.as_ref().is_some_and(|counting| counting.value.sha256 != sha256);
    let minute = world.clock.now().as_second().div_euclid(60);
    let is_new = plan.fleets.keys().any(|fleet| !roster.fleets.contains_key(fleet));
    if !is_new && !is_other && minute % every(Turn::at(world.clock.now(), plan.databases.len()).of) != 0 {
        return Ok(false);
    }
    let after = roster.after(plan, &instances(world, plan).await?);
    if after == roster && !is_other {
        return Ok(true);
    }
    let (bytes, sha256) = file(&after)?;
    // What counts already is told already, and only not written.
    if counting.as_ref().is_none_or(|counting| counting.value.sha256 != sha256) {
        tell(world, &roster, &after).await?;
    }
    if (Counting { sha256 }).counts_from_now_on(world, counting.as_ref()).await? {
        world.blobs.put(ROSTER_KEY, bytes).await?;
    }
    Ok(true)
}

/// A roster as a file, and the SHA-256 of that.
fn file(roster: &Roster) -> Result<(Vec<u8>, String), Fault> {
    let bytes = serde_json::to_vec(roster).map_err(|error| Fault::because("a roster has no JSON form", error))?;
    let sha256 = sha256_hex(&bytes);
    Ok((bytes, sha256))
}

/// All instances of the fleets' regions.
async fn instances(world: &World, plan: &Plan) -> Result<Vec<Instance>, Fault> {
    let regions: BTreeSet<&str> = plan.fleets.values().map(|fleet| fleet.each.region.as_str()).collect();
    let mut instances = Vec::new();
    for region in regions {
        instances.extend(world.databases.instances_in(region).await?);
    }
    Ok(instances)
}

/// Writes down who came and who went.
async fn tell(world: &World, before: &Roster, after: &Roster) -> Result<(), Fault> {
    for (name, members) in &after.fleets {
        let before = before.fleets.get(name);
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_of_a_fleet_has_turns_in_which_the_account_is_not_looked_through() {
        for shares in 1..=100_usize {
            let of = i64::try_from(shares).unwrap();
            let seen = |share: i64| (0..of * 13).any(|minute| minute % of == share && minute % every(shares) != 0);
            assert!((0..of).all(seen), "{shares}");
        }
    }
}
