//! What people must have been told, and who must have been woken.

use mayday_core::{
    ident::Actor,
    page::{Attempt, Page, State as PageState},
    proposal::Proposal,
    run::{Run, State as RunState},
};

use super::{Finding, effect, lead};
use crate::{
    fault::{MINUTE, Millis},
    state::State,
};

/// How late a level may be woken: a tick that was missed, and the calls of the next one.
const SLACK: Millis = 4 * MINUTE;

/// Whoever must decide on a run was woken, and while nobody takes it, the next level is.
pub(super) fn woken(state: &State, now: Millis) -> Finding {
    let Ok(plan) = effect::plan(state) else { return Ok(()) };
    if plan.on_call.escalation.is_empty() {
        return Ok(());
    }
    let pages: Vec<Page> = state.records();
    for run in state.records::<Run>() {
        let RunState::Stuck { since, .. } = &run.state else { continue };
        if now < since.as_millisecond() + SLACK {
            continue;
        }
        let Some(page) = pages.iter().find(|page| page.run.as_deref() == Some(run.id.as_str())) else {
            return Err(format!("{} is stuck since {since}, and nobody was paged", run.id));
        };
        let mut due = page.raised_at.as_millisecond() + SLACK;
        for (number, level) in plan.on_call.escalation.iter().enumerate() {
            let in_time = |made: &&Attempt| made.level == number && made.at.as_millisecond() <= due && made.arrived();
            let arrived = page.attempts.iter().any(|made| in_time(&made));
            if now > due && !arrived && page.state == PageState::Open {
                return Err(format!("nobody of the level {} was reached for {}", level.name, run.id));
            }
            due += Millis::try_from(level.within.0.as_millis()).unwrap_or(Millis::MAX);
        }
    }
    Ok(())
}

/// All that happened in a run stands in its thread.
pub(super) fn told(state: &State) -> Finding {
    for run in state.records::<Run>() {
        let routine = state.record::<Proposal>(run.proposal.as_str()).is_none_or(|proposal| proposal.is_routine());
        let Some(headline) = run.headline.as_ref().filter(|_| !routine) else { continue };
        let said = state.chat.messages.values().filter(|said| said.thread.as_deref() == Some(headline.ts.as_str())).count();
        if said < run.told {
            return Err(format!("{} happened in {} and {said} of it was said", run.told, run.id));
        }
    }
    Ok(())
}

/// After a failover there is one primary, the new one, and the names are as they were to be.
pub(super) fn led_over(state: &State, now: Millis) -> Finding {
    // A later run may have led back: the last one counts.
    let runs: Vec<Run> = state.records();
    let last = runs
        .iter()
        .rfind(|run| run.state == RunState::Succeeded && run.steps.iter().any(|step| step.id.0.starts_with("promote") && step.was_done()));
    let Some(proposal) = last.and_then(|run| state.record::<Proposal>(run.proposal.as_str())) else { return Ok(()) };
    if matches!(proposal.requester, Actor::System(_)) {
        return Ok(());
    }
    lead::one_primary(state, &proposal, now)?;
    for step in &proposal.steps {
        let mayday_core::action::Act::UpdateDns(update) = &step.act else { continue };
        for change in &update.changes {
            let there = state.zones.records.get(&(update.zone.clone(), change.after.name.clone()));
            if there != Some(&change.after) {
                return Err(format!("{} leads to {:?}", change.after.name, there.map(|record| &record.values)));
            }
        }
    }
    Ok(())
}
