//! The end of the audit chain, put away elsewhere.

use super::LOOKED_AT;
use crate::{
    audit::{self, Head},
    failure::Fault,
    port::{Page, World},
    store::{Kept, Store},
};

/// Puts the end of the audit chain away, where a shortened or rewritten chain can be told by it.
pub(super) async fn anchor(world: &World) -> Result<(), Fault> {
    let newest: Option<Kept<audit::Entry>> = Store::of(world).list(&Page { limit: 1, ..LOOKED_AT }).await?.into_iter().next();
    let Some(newest) = newest else { return Ok(()) };
    let head = Head { seq: newest.value.seq, hash: newest.value.hash };
    let bytes = serde_json::to_vec(&head).map_err(|error| Fault::because("a head has no JSON form", error))?;
    world.blobs.put(audit::ANCHOR_KEY, bytes).await?;
    Ok(())
}
