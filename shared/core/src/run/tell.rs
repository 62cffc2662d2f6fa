use jiff::SignedDuration;

use super::{Happened, Run, State, Told};
use crate::{
    failure::{CallError, Failure, Fault},
    plan,
    planted::{Bug, planted},
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
    if proposal.is_routine() {
        let all = kept.value.log.len();
        return if kept.value.told == all { Ok(kept) } else { note(world, kept, |run| run.told = all).await };
    }
    if kept.value.told == kept.value.log.len() && kept.value.headline.is_some() {
        return refresh(world, kept, proposal).await;
    }
    let mut kept = kept;
    let headline = match kept.value.headline.clone() {
        Some(headline) => headline,
        None => {
            let message = view::run_headline(&kept.value, proposal, world.clock.now());
            let posted = world.chat.post(&channel(world).await?, None, &message).await?;
            let headline = posted.clone();
            kept = note(world, kept, |run| run.headline = Some(posted)).await?;
            headline
        }
    };
    while let Some(told) = kept.value.log.get(kept.value.told).cloned() {
        if !planted(Bug::NewsSkipped) {
            say(world, &kept.value, proposal, &headline, &told).await?;
        }
        // Noted one by one: who dies here says one thing twice, and not everything again and again.
        kept = note(world, kept, |run| run.told += 1).await?;
    }
    refresh(world, kept, proposal).await
}

async fn note(world: &World, kept: Kept<Run>, edit: impl FnOnce(&mut Run)) -> Result<Kept<Run>, Fault> {
    let mut run = kept.value.clone();
    edit(&mut run);
    Store::of(world).replace(&kept, run).await?.map_err(|_| Fault::new("somebody else tells it"))
}

async fn say(world: &World, run: &Run, proposal: &Proposal, headline: &Posted, told: &Told) -> Result<(), CallError> {
    let message = view::run_reply(run, proposal, told);
    world.chat.post(&headline.channel, Some(&headline.ts), &message).await?;
    if told.what == Happened::Ended {
        let report = view::run_report(run, proposal);
        // Without a plan the report is what the run itself knows.
        let report = match plan::current(world.blobs.as_ref()).await {
            Ok(current) => view::with_objectives(report, &current.plan, run, proposal),
            Err(_) => report,
        };
        world.chat.post(&headline.channel, None, &report).await?;
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

/// Where runs are told of.
pub(crate) async fn channel(world: &World) -> Result<String, Fault> {
    Ok(plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?.plan.slack.channel.clone())
}
