use super::{Page, Raise, Raised, due::LOOKED_AT, raise, resolve};
use crate::{
    failure::Fault,
    ident::Actor,
    plan::Severity,
    planted::{Bug, planted},
    port::World,
    run::{self, Run, State},
    store::Store,
    view,
};

/// Wakes people for runs that wait for a decision or were given up half-way, and lets them sleep again once the run goes on. What Slack
/// was told is no matter: a run whose news nobody could be told is exactly one that must be paged.
///
/// # Errors
/// When the records can't be read or written.
pub async fn watch_runs(world: &World) -> Result<usize, Fault> {
    if planted(Bug::PageLost) {
        return Ok(0);
    }
    let store = Store::of(world);
    let (mut raised, mut failed) = (0, None);
    let runs: Vec<Run> = run::going_or_ended_today(world).await?.into_iter().map(|kept| kept.value).collect();
    for run in &runs {
        let since = match &run.state {
            State::Stuck { since, .. } => *since,
            // What was turned away before it did anything has harmed nobody; whoever asked was told.
            State::Failed { .. } if !run.is_untouched() => run.ended_at.unwrap_or(run.started_at),
            // What drove it has given up. The sweep tries again by itself, and whether that helps nobody knows.
            State::Running if let Some(since) = run.in_distress() => since,
            _ => continue,
        };
        let (subject, why) = view::page_for_run(run);
        let by = Actor::System("runner".to_owned());
        let page = Raise { key: key(run), severity: Severity::Sev1, subject, why, by, since, run: Some(run.id.0.clone()), to: Vec::new() };
        match raise(world, page).await {
            Ok(page) => raised += usize::from(matches!(page, Raised::New(_))),
            // Others are to be woken for all the same.
            Err(fault) => {
                tracing::error!(run = run.id.as_str(), fault = fault.chain(), "nobody was woken for a run");
                failed = Some(fault);
            }
        }
    }
    for page in store.list::<Page>(&LOOKED_AT).await? {
        let run = page.value.run.as_ref().filter(|_| !page.value.is_resolved()).and_then(|id| runs.iter().find(|run| run.id.0 == *id));
        if let Some(run) = run.filter(|run| key(run) == page.value.key && goes_on(run)) {
            resolve(world, &page.value.key, "Mayday", &view::page_run_goes_on(run)).await?;
        }
    }
    failed.map_or(Ok(raised), Err)
}

fn key(run: &Run) -> String {
    format!("run/{}", run.id)
}

/// A run that was given up needs people until one of them says that it does not.
fn goes_on(run: &Run) -> bool {
    matches!(run.state, State::Running | State::Succeeded | State::Stopped { .. }) && run.in_distress().is_none()
}
