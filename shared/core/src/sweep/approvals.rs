//! Proposals: started when approved, expired when their time is over, told when nobody was.

use jiff::SignedDuration;

use super::{LOOKED_AT, Swept};
use crate::{
    approval::{self, Approval, State},
    desk,
    failure::Fault,
    planted::{Bug, planted},
    port::World,
    proposal::Proposal,
    run::{self, Run},
    store::{Kept, Store},
};

/// A decision that was not told for so long is told by the sweep: whoever made it is done with telling by then, or dead.
const UNHEARD: SignedDuration = SignedDuration::from_mins(1);
/// A decision older than this is not told any more.
const STALE_NEWS: SignedDuration = SignedDuration::from_hours(24);
/// A proposal whose card is not posted after this long won't be shown by whoever made it: longer than a worker may run.
const UNSEEN: SignedDuration = SignedDuration::from_secs(60);

/// So long, and one that failed is the last that is seen to in this tick: the other duties need time, too.
const ENOUGH: SignedDuration = SignedDuration::from_secs(15);

/// One that fails does not keep the others from being seen to: where Slack is down, no card gets out, and what was approved at a terminal
/// must begin all the same.
pub(super) async fn settle(world: &World, swept: &mut Swept) -> Result<(), Fault> {
    let began = world.clock.now();
    let mut failed = None;
    for kept in Store::of(world).list::<Approval>(&LOOKED_AT).await? {
        if let Err(fault) = settle_one(world, &kept, swept).await {
            tracing::error!(proposal = kept.value.proposal.as_str(), fault = fault.chain(), "an approval was not seen to");
            failed = Some(fault);
            if world.clock.now().duration_since(began) >= ENOUGH {
                break;
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn settle_one(world: &World, kept: &Kept<Approval>, swept: &mut Swept) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    let Some(proposal): Option<Kept<Proposal>> = store.load(kept.value.proposal.as_str()).await? else { return Ok(()) };
    // A run that waits in the middle goes on by itself; a wake-up that was lost is made up for here.
    if let Some(gate) = &proposal.value.gate
        && kept.value.ended_at().is_some()
        && run::gate_is_open(world, gate).await?
    {
        run::gate_decided(world, gate).await?;
        swept.resumed += 1;
    }
    match kept.value.state {
        State::Pending if approval::expire(world, kept).await? => {
            swept.expired += 1;
            let approval = Approval { state: State::Expired, ..kept.value.clone() };
            desk::tell_decision(world, &approval, &proposal.value).await;
        }
        // Whoever proposed it died before showing it: nobody could approve what nobody sees.
        State::Pending if kept.value.cards.is_empty() && now.duration_since(proposal.value.asked_at) >= UNSEEN => {
            desk::show_once(world, &proposal.value, kept).await?;
            swept.told += 1;
        }
        State::Approved { at } if proposal.value.gate.is_none() && !planted(Bug::StartLeftToDecider) => {
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
    Ok(())
}
