//! Claims that nothing can repeat any more.

use jiff::SignedDuration;

use super::LOOKED_AT;
use crate::{desk::Claim, failure::Fault, port::World, store::Store};

/// A claim older than this can't be repeated any more: its signature is too old.
const FORGOTTEN: SignedDuration = SignedDuration::from_mins(15);

pub(super) async fn forget(world: &World) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    for claim in store.list::<Claim>(&LOOKED_AT).await? {
        if now.duration_since(claim.value.until) > FORGOTTEN {
            store.delete(&claim).await?;
        }
    }
    Ok(())
}
