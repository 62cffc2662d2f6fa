use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Delivery;
use crate::{
    failure::Fault,
    ident::ProposalId,
    planted::{Bug, planted},
    port::World,
    proposal::Proposal,
    store::{Created, Kept, Record, Store},
};

/// Who is at work on a delivery: kept so that its repetitions do nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The delivery's key.
    pub key: String,
    /// Until when whoever claimed it is at work; afterwards they are taken to be dead.
    pub until: Timestamp,
    /// Who claimed it: 128 random bits, so that no two claims are alike, not even of the same millisecond.
    #[serde(default)]
    pub by: String,
    /// Whether it was answered.
    pub done: bool,
    /// The proposal that it has led to: whoever takes the delivery over goes on with that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalId>,
}

impl Record for Claim {
    const PARTITION: &'static str = "claim";

    fn id(&self) -> String {
        self.key.clone()
    }
}

/// For how long a delivery is its claimer's: longer than a worker may run, and shorter than Lambda waits before it invokes a worker
/// that died for the first time again, so that the repetition takes over.
pub const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// Claims a delivery. `None`: it was answered, or somebody is at it.
///
/// # Errors
/// When somebody else is at it but may be dead: the caller's caller tries again after the lease. Also when the table can't be
/// read or written.
pub(super) async fn take(world: &World, delivery: &Delivery) -> Result<Option<Kept<Claim>>, Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
    let claim = Claim { key: delivery.key.clone(), until, by: format!("{:032x}", world.random.bits()), done: false, proposal: None };
    match store.create(claim.clone()).await? {
        Created::New(kept) => Ok(Some(kept)),
        Created::Already(kept) if kept.value.done || planted(Bug::RepetitionDropped) => Ok(None),
        Created::Already(kept) if now < kept.value.until => {
            Err(Fault::new(format!("delivery {} is being worked on until {}", delivery.reference, kept.value.until)))
        }
        Created::Already(kept) => {
            let claim = Claim { proposal: kept.value.proposal.clone(), ..claim };
            Ok(store.replace(&kept, claim).await?.ok())
        }
    }
}

/// Marks a delivery as answered.
///
/// # Errors
/// When it can't be written.
pub(super) async fn done(world: &World, key: &str) -> Result<(), Fault> {
    let store = Store::of(world);
    let Some(kept) = store.load::<Claim>(key).await? else { return Ok(()) };
    let value = Claim { done: true, ..kept.value.clone() };
    // Whoever took it over in between answers it too; that is what its lease was for.
    let _ = store.replace(&kept, value).await?;
    Ok(())
}

/// Notes which proposal a delivery leads to, before there is one.
///
/// # Errors
/// When it can't be written, or somebody else is at the delivery by now.
pub(super) async fn leads_to(world: &World, key: &str, proposal: &ProposalId) -> Result<(), Fault> {
    let store = Store::of(world);
    let Some(kept) = store.load::<Claim>(key).await? else { return Ok(()) };
    let value = Claim { proposal: Some(proposal.clone()), ..kept.value.clone() };
    store.replace(&kept, value).await?.map(drop).map_err(|_| Fault::new("somebody else is at this delivery"))
}

/// The proposal that somebody has made of a delivery and died before answering it.
///
/// # Errors
/// When the table can't be read.
pub(super) async fn led_to(world: &World, key: &str) -> Result<Option<Proposal>, Fault> {
    let store = Store::of(world);
    let Some(id) = store.load::<Claim>(key).await?.and_then(|claim| claim.value.proposal) else { return Ok(None) };
    Ok(store.load::<Proposal>(id.as_str()).await?.map(|proposal| proposal.value))
}
