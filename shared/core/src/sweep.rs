//! The minute tick: whatever was left undone by a crash, a lost message or the mere passing of time is found here by looking
//! at the records, never by remembering.

use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    approval::{self, Approval, State},
    audit::{self, Head},
    database,
    desk::{self, Claim},
    failure::{Failure, Fault},
    plan,
    port::{Page, World},
    proposal::Proposal,
    run::{self, Lock, Run},
    store::{Kept, Store},
};

/// How many of each kind of record a tick looks at.
const LOOKED_AT: Page = Page { after: None, newest_first: true, limit: 200 };
/// A run that nobody has visited for so long is driven anew: longer than any wait, reminder or retry.
const ABANDONED: SignedDuration = SignedDuration::from_mins(5);
/// A decision that was not told for so long is told by the sweep: whoever made it is done with telling by then, or dead.
const UNHEARD: SignedDuration = SignedDuration::from_mins(1);
/// A decision older than this is not told any more.
const STALE_NEWS: SignedDuration = SignedDuration::from_hours(24);
/// A proposal whose card is not posted after this long won't be shown by whoever made it: longer than a worker may run.
const UNSEEN: SignedDuration = SignedDuration::from_secs(60);
/// A claim older than this can't be repeated any more: its signature is too old.
const FORGOTTEN: SignedDuration = SignedDuration::from_mins(15);

/// What a tick did, for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Proposals that were approved and not started.
    pub started: usize,
    /// Proposals whose time was over.
    pub expired: usize,
    /// Decisions that whoever asked had not been told.
    pub told: usize,
    /// Runs that nobody drove.
    pub resumed: usize,
    /// Locks whose run had ended.
    pub released: usize,
    /// What failed; the next tick tries again.
    pub failed: usize,
}

/// Does one tick. A part that fails does not keep the others from being done.
pub async fn tick(world: &World) -> Swept {
    let mut swept = Swept::default();
    for (what, result) in [
        ("approvals", approvals(world, &mut swept).await),
        ("runs", runs(world, &mut swept).await),
        ("locks", locks(world, &mut swept).await),
        ("claims", claims(world).await),
        ("databases", databases(world).await),
        ("audit", anchor(world).await),
    ] {
        if let Err(fault) = result {
            swept.failed += 1;
            tracing::error!(what, fault = fault.chain(), "a part of the sweep failed");
        }
    }
    swept
}

async fn approvals(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    for kept in store.list::<Approval>(&LOOKED_AT).await? {
        let Some(proposal): Option<Kept<Proposal>> = store.load(kept.value.proposal.as_str()).await? else { continue };
        match kept.value.state {
            State::Pending if approval::expire(world, &kept).await? => {
                swept.expired += 1;
                let approval = Approval { state: State::Expired, ..kept.value.clone() };
                desk::tell_decision(world, &approval, &proposal.value).await;
            }
            // Whoever proposed it died before showing it: nobody could approve what nobody sees.
            State::Pending if kept.value.cards.is_empty() && now.duration_since(proposal.value.asked_at) >= UNSEEN => {
                desk::post_card(world, &run::channel(world).await?, &proposal.value, &kept).await?;
                swept.told += 1;
            }
            State::Approved { at } => {
                let run: Option<Kept<Run>> = store.load(kept.value.proposal.run().as_str()).await?;
                // One that was begun and never visited may have lost its start; starting twice is starting once.
                if run.is_none_or(|run| run.value.visits == 0 && !run.value.state.is_final()) {
                    run::begin(world, &proposal.value, at).await?;
                    swept.started += 1;
                }
            }
            _ => {}
        }
        let unheard = |ended| (UNHEARD..STALE_NEWS).contains(&now.duration_since(ended));
        if !kept.value.announced && kept.value.ended_at().is_some_and(unheard) {
            desk::tell_decision(world, &kept.value, &proposal.value).await;
            swept.told += 1;
        }
    }
    Ok(())
}

async fn runs(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    for kept in store.list::<Run>(&LOOKED_AT).await? {
        let untold = kept.value.told < kept.value.log.len();
        let patience = if matches!(kept.value.state, run::State::Stuck { .. }) { ABANDONED * 7 } else { ABANDONED };
        let abandoned = now.duration_since(kept.value.visited_at) > patience;
        if (!kept.value.state.is_final() || untold) && abandoned {
            run::resume(world, kept).await?;
            swept.resumed += 1;
        }
    }
    Ok(())
}

async fn locks(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    let store = Store::of(world);
    for lock in store.list::<Lock>(&LOOKED_AT).await? {
        let Some(holder) = &lock.value.run else { continue };
        let run: Option<Kept<Run>> = store.load(holder.as_str()).await?;
        if run.is_none_or(|run| run.value.state.is_final()) {
            run::release(world, &lock).await?;
            swept.released += 1;
        }
    }
    Ok(())
}

async fn claims(world: &World) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    for claim in store.list::<Claim>(&LOOKED_AT).await? {
        if now.duration_since(claim.value.until) > FORGOTTEN {
            store.delete(&claim).await?;
        }
    }
    Ok(())
}

/// Remembers how every instance looks, for the day when one is gone.
async fn databases(world: &World) -> Result<(), Fault> {
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

/// Puts the end of the audit chain away, where a shortened or rewritten chain can be told by it.
async fn anchor(world: &World) -> Result<(), Fault> {
    let newest: Option<Kept<audit::Entry>> = Store::of(world).list(&Page { limit: 1, ..LOOKED_AT }).await?.into_iter().next();
    let Some(newest) = newest else { return Ok(()) };
    let head = Head { seq: newest.value.seq, hash: newest.value.hash };
    let bytes = serde_json::to_vec(&head).map_err(|error| Fault::because("a head has no JSON form", error))?;
    world.blobs.put(audit::ANCHOR_KEY, bytes).await?;
    Ok(())
}
