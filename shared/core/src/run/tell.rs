use jiff::SignedDuration;

use super::{Happened, Run, State};
use crate::{
    failure::{CallError, Fault},
    plan,
    port::{Posted, World},
    proposal::Proposal,
    store::{Kept, Store},
    view,
};

/// Brings people up to date: the headline shows the run as it is, and everything that happened is said once in its thread.
///
/// A message may be sent twice when the bot dies between sending and noting it; none is left out.
///
/// # Errors
/// When the record can't be written, or the chat does not answer: what is untold is told on the next visit.
pub async fn tell(world: &World, kept: Kept<Run>, proposal: &Proposal) -> Result<Kept<Run>, Fault> {
    if kept.value.told == kept.value.log.len() && kept.value.headline.is_some() {
        return refresh(world, kept, proposal).await;
    }
    let store = Store::of(world);
    let mut run = kept.value.clone();
    let headline = match run.headline.clone() {
        Some(headline) => headline,
        None => {
            let posted = world.chat.post(&channel(world).await?, None, &view::run_headline(&run, proposal, world.clock.now())).await?;
            run.headline = Some(posted.clone());
            posted
        }
    };
    let result = say(world, &mut run, proposal, &headline).await;
    // What was said is noted even if the rest could not be.
    let kept = store.replace(&kept, run).await?.map_err(|_| Fault::new("somebody else tells it"))?;
    result?;
    refresh(world, kept, proposal).await
}

async fn say(world: &World, run: &mut Run, proposal: &Proposal, headline: &Posted) -> Result<(), CallError> {
    while let Some(told) = run.log.get(run.told).cloned() {
        let message = view::run_reply(run, proposal, &told);
        world.chat.post(&headline.channel, Some(&headline.ts), &message).await?;
        if told.what == Happened::Ended {
            world.chat.post(&headline.channel, None, &view::run_report(run, proposal)).await?;
        }
        run.told += 1;
    }
    Ok(())
}

/// At most one edit in this span: more are not read, and Slack counts them.
const EDIT_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// Edits the headline in place, unless that was done a moment ago and there will be another visit. A failed edit is no reason to stop: the next one shows the newest state.
async fn refresh(world: &World, mut kept: Kept<Run>, proposal: &Proposal) -> Result<Kept<Run>, Fault> {
    let now = world.clock.now();
    let fresh = kept.value.edited_at.is_some_and(|edited| now.duration_since(edited) < EDIT_EVERY);
    if fresh && kept.value.state == State::Running {
        return Ok(kept);
    }
    if let Some(headline) = &kept.value.headline {
        let message = view::run_headline(&kept.value, proposal, now);
        if let Err(error) = world.chat.update(headline, &message).await {
            tracing::warn!(run = kept.value.id.as_str(), error = %error, "the headline was not edited");
        }
        // Written with the next change of the run: losing it costs one edit too many.
        kept.value.edited_at = Some(now);
    }
    Ok(kept)
}

async fn channel(world: &World) -> Result<String, Fault> {
    match plan::current(world.blobs.as_ref()).await {
        Ok(current) => Ok(current.plan.slack.channel),
        Err(crate::failure::Failure::Fault(fault)) => Err(fault),
        Err(crate::failure::Failure::Refusal(refusal)) => Err(Fault::new(refusal.to_string())),
    }
}
