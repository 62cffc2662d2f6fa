//! One step, by the destructive step protocol: look, write down what is intended, ask the policy, call once, look again.
//! It is the same for every action, so that none can forget it.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Happened, State, StepRecord, StepState, finish,
    flow::{self, Turn},
    gate,
    visit::{Interrupted, Visit},
};
use crate::{
    action::{Act, Class, Finding, Ownership, SecondCall, Seen},
    failure::{CallError, Fault},
    ident::StepId,
    planted::{Bug, planted},
    policy::{self, Withheld},
    port::WRONG_STATE,
    proposal::PlannedStep,
};

/// How long after an intent its writer may still send the call: a function's time-out (1 min) and the life of a request's
/// signature (5 min).
const SENDABLE: SignedDuration = SignedDuration::from_mins(6);
/// How long a request whose answer we gave up on may still be on its way.
const IN_FLIGHT: SignedDuration = SignedDuration::from_secs(30);
/// The same, where the vendor would not refuse the second call if the first one arrives after all: as long as its signature lives, and
/// what two functions' clocks may differ by.
const IN_FLIGHT_AT_MOST: SignedDuration = SignedDuration::from_secs(5 * 60 + 30);

/// Takes a step as far as it goes without waiting. `Some(seconds)`: look again then. `None`: the run has moved on.
pub(super) async fn advance(visit: &mut Visit<'_>, id: &StepId) -> Result<Option<u64>, Interrupted> {
    let planned = visit.proposal.step(id).cloned().ok_or_else(|| Fault::new(format!("the proposal has no step {id}")))?;
    let now = visit.now();
    let record = record(visit, id)?;
    if record.started_at.is_none() {
        return begin(visit, &planned).await;
    }
    if let Act::Gate(gate) = &planned.act {
        return gate::advance(visit, &planned, gate).await;
    }
    // While whoever intended a call may still send it, the step does not fail: a person's retry would make another one beside it.
    let in_doubt = matches!(record.state, StepState::Intended { until, .. } if now < until);
    let seen = match observe(visit, &planned).await {
        Ok(Seen::Foreign(_) | Seen::Broken(_)) | Err(_) if in_doubt => return Ok(Some(pace(visit, since(&record, now)))),
        Ok(seen) => seen,
        Err(CallError::Refused { code, why }) => {
            return fail(visit, id, Finding::said(format!("the look was refused ({code}): {why}"))).await;
        }
        Err(error) => return patience(visit, &planned, error.why()).await,
    };
    match seen {
        Seen::Done(finding) => return done(visit, &planned, finding).await,
        Seen::Foreign(what) => return fail(visit, id, Finding::said(what)).await,
        Seen::Broken(finding) => return broken(visit, &planned, &record, finding).await,
        Seen::Underway { percent, note } => {
            if matches!(record.state, StepState::Waiting | StepState::Intended { .. }) && planned.act.action().class() != Class::Looks {
                set(visit, id, |step| {
                    step.seen_in_doubt(planned.act.action().class());
                    step.state = StepState::Called { at: now };
                })
                .await?;
            }
            if percent.is_some() && percent != record.percent {
                set(visit, id, |step| step.percent = percent).await?;
            }
            return patience(visit, &planned, &note).await;
        }
        Seen::Absent => {}
    }
    let settled_at = record.state.settled_at(now, planned.act.action().settles_within());
    // That nobody knows yet is no slowness of the step's: it is waited for however little time that has, and ends by itself.
    if now < settled_at {
        return Ok(Some(pace(visit, since(&record, now))));
    }
    match record.state {
        // Whoever made the last try died before it could write down that it was the last.
        StepState::Waiting if is_spent(&record, &planned) => {
            fail(visit, id, Finding::said(format!("not possible in {} tries", record.attempts))).await
        }
        StepState::Waiting => call(visit, &planned).await,
        _ => call_again(visit, &planned, &record).await,
    }
}

/// Begins a step, if it is needed.
async fn begin(visit: &mut Visit<'_>, planned: &PlannedStep) -> Result<Option<u64>, Interrupted> {
    let now = visit.now();
    let id = planned.id.clone();
    match flow::not_needed(visit.run(), &visit.proposal, planned) {
        Ok(None) => set(visit, &id, |step| step.started_at = Some(now)).await?,
        Ok(Some(why)) => {
            visit.audit("step.not_needed", json!({"step": id, "why": why})).await?;
            visit
                .save(|run| {
                    edit(run, &id, |step| {
                        step.state = StepState::NotNeeded { why };
                        step.ended_at = Some(now);
                    });
                    run.happened(now, Happened::NotNeeded(id.clone()));
                })
                .await?;
        }
        Err(why) => return fail(visit, &id, Finding::said(why)).await,
    }
    Ok(None)
}

async fn observe(visit: &Visit<'_>, planned: &PlannedStep) -> Result<Seen, CallError> {
    let tags = policy::owner_tags(visit.run().id.as_str(), &planned.id);
    planned.act.action().observe(visit.world, Ownership { tags: &tags }).await
}

/// Whether a step was called as often as it may be.
fn is_spent(record: &StepRecord, planned: &PlannedStep) -> bool {
    record.attempts > planned.retries && !planted(Bug::BudgetIgnored)
}

/// No trace, though a call was made or intended, and long enough ago for a trace to show.
async fn call_again(visit: &mut Visit<'_>, planned: &PlannedStep, record: &StepRecord) -> Result<Option<u64>, Interrupted> {
    if is_spent(record, planned) {
        return fail(visit, &planned.id, Finding::said(format!("called {} times without any trace of it", record.attempts))).await;
    }
    if planned.act.action().class().second_call() == Some(SecondCall::OnlyIfUnchanged)
        && let Some(what) = planned.act.action().drift(visit.world).await?
    {
        return fail(visit, &planned.id, Finding::said(format!("nobody knows whether the call was received, and {what}"))).await;
    }
    call(visit, planned).await
}

async fn call(visit: &mut Visit<'_>, planned: &PlannedStep) -> Result<Option<u64>, Interrupted> {
    let permit = match policy::permit(visit.world, visit.run(), &visit.proposal, planned).await {
        Ok(permit) => permit,
        Err(Withheld::Forbidden(why)) => return fail(visit, &planned.id, Finding::said(why)).await,
        Err(Withheld::Unverified(fault)) => {
            tracing::warn!(run = visit.run().id.as_str(), fault = fault.chain(), "a permit can't be decided on");
            return patience(visit, planned, "cannot verify that it may be done").await;
        }
    };
    let token: u64 = visit.run().steps.iter().map(|step| u64::from(step.attempts)).sum::<u64>() + 1;
    let until = visit.now().saturating_add(SENDABLE).unwrap_or(Timestamp::MAX);
    if !planted(Bug::IntentUnaudited) {
        let by = format!("{:?}", permit.authority());
        visit.audit("step.intent", json!({"step": planned.id, "action": planned.act, "token": token, "by": by})).await?;
    }
    set(visit, &planned.id, |step| {
        step.state = StepState::Intended { token, until };
        step.attempts += 1;
    })
    .await?;
    let intended = StepState::Intended { token, until };
    let until = if planted(Bug::SleeperCalls) { Timestamp::MAX } else { until };
    // Whoever was frozen since the intent was written does not send it any more: a successor may have.
    if visit.now() >= until {
        return Ok(Some(1));
    }
    let answer = planned.act.action().call(visit.world, &permit.lasting(until)).await;
    let noted = note(visit, planned, &answer).await;
    if matches!(noted, Err(Interrupted::Lost)) {
        // Somebody who wants the run to stop has written it meanwhile, say. Without what the vendor said that would wait for minutes.
        visit.note_on_newer(&planned.id, &intended, |step, now| step.answered(planned.act.action().class(), &answer, now)).await?;
    }
    noted
}

/// Notes what the vendor has answered to a call, and says when to look again.
async fn note(visit: &mut Visit<'_>, planned: &PlannedStep, answer: &Result<(), CallError>) -> Result<Option<u64>, Interrupted> {
    let (now, class) = (visit.now(), planned.act.action().class());
    match answer {
        Ok(()) => {
            set(visit, &planned.id, |step| step.answered(class, answer, now)).await?;
            Ok(None)
        }
        Err(CallError::Unknown { why }) => {
            tracing::warn!(run = visit.run().id.as_str(), step = planned.id.as_str(), why, "the answer to a call was lost");
            set(visit, &planned.id, |step| step.answered(class, answer, now)).await?;
            Ok(Some(2))
        }
        Err(CallError::NotNow { code, why }) => not_now(visit, planned, &format!("{code}: {why}")).await,
        Err(CallError::Refused { code, why }) => {
            let busy = *code == WRONG_STATE;
            refused(visit, planned, &format!("{} ({code})", why.trim_end_matches('.')), busy).await
        }
    }
}

impl StepRecord {
    /// As a call's answer says of itself.
    fn answered(&mut self, class: Class, answer: &Result<(), CallError>, now: Timestamp) {
        let token = u64::from(self.attempts);
        let after = |span| now.saturating_add(span).unwrap_or(Timestamp::MAX);
        self.state = match answer {
            Ok(()) => StepState::Called { at: now },
            Err(CallError::Unknown { .. }) => {
                let in_flight = match class.second_call() {
                    None | Some(SecondCall::Refused | SecondCall::Repeats) => IN_FLIGHT,
                    Some(SecondCall::OnlyIfUnchanged) if planted(Bug::FlightForgotten) => SignedDuration::ZERO,
                    Some(SecondCall::OnlyIfUnchanged) => IN_FLIGHT_AT_MOST,
                };
                self.unanswered_until = Some(after(IN_FLIGHT_AT_MOST));
                self.may_come_late(class, after(IN_FLIGHT_AT_MOST));
                StepState::Intended { token, until: after(in_flight) }
            }
            Err(CallError::NotNow { .. } | CallError::Refused { .. }) => self.not_taken(now),
        };
    }

    /// The last call was not taken. An earlier one may still be: then that says nothing.
    fn not_taken(&self, now: Timestamp) -> StepState {
        match self.unanswered_until.filter(|until| now < *until) {
            Some(until) => StepState::Intended { token: self.attempts.into(), until },
            None => StepState::Waiting,
        }
    }
}

/// Certainly not taken: it may be called again, some times, with growing pauses.
async fn not_now(visit: &mut Visit<'_>, planned: &PlannedStep, why: &str) -> Result<Option<u64>, Interrupted> {
    let record = record(visit, &planned.id)?;
    let (attempts, stands) = (record.attempts, record.not_taken(visit.now()));
    set(visit, &planned.id, |step| step.state = stands.clone()).await?;
    if stands != StepState::Waiting {
        return Ok(Some(jittered(visit, 2)));
    }
    if attempts > planned.retries && !planted(Bug::BudgetIgnored) {
        return fail(visit, &planned.id, Finding::said(format!("not possible in {attempts} tries: {why}"))).await;
    }
    Ok(Some(jittered(visit, 1 << attempts.min(5))))
}

/// Refused for good; unless it is refused because an earlier call of ours was taken after all.
async fn refused(visit: &mut Visit<'_>, planned: &PlannedStep, why: &str, busy: bool) -> Result<Option<u64>, Interrupted> {
    match observe(visit, planned).await {
        Ok(Seen::Done(_) | Seen::Underway { .. }) => {
            let now = visit.now();
            set(visit, &planned.id, |step| step.state = StepState::Called { at: now }).await?;
            Ok(None)
        }
        Ok(Seen::Foreign(what)) => fail(visit, &planned.id, Finding::said(what)).await,
        // Busy with a backup, say: that passes, and the look waits for it.
        Ok(Seen::Absent) if busy => not_now(visit, planned, why).await,
        Ok(Seen::Absent | Seen::Broken(_)) | Err(CallError::Refused { .. }) => fail(visit, &planned.id, Finding::refused(why)).await,
        Err(CallError::NotNow { code, .. }) if busy && code == WRONG_STATE => not_now(visit, planned, why).await,
        Err(_) => Ok(Some(jittered(visit, 2))),
    }
}

/// It looked and found fault. What only looks may be mistaken for a moment (a server that is just starting), and looks again.
async fn broken(visit: &mut Visit<'_>, planned: &PlannedStep, record: &StepRecord, finding: Finding) -> Result<Option<u64>, Interrupted> {
    if planned.act.action().class() == Class::Looks && record.attempts < planned.retries {
        set(visit, &planned.id, |step| step.attempts += 1).await?;
        return Ok(Some(1 << record.attempts.min(5)));
    }
    fail(visit, &planned.id, finding).await
}

pub(super) async fn done(visit: &mut Visit<'_>, planned: &PlannedStep, finding: Finding) -> Result<Option<u64>, Interrupted> {
    if !planted(Bug::TurnUnaudited) {
        visit.audit("step.done", json!({"step": planned.id, "found": finding})).await?;
    }
    finish::after_step(visit.world, visit.run(), &visit.proposal, planned, &finding).await?;
    let now = visit.now();
    let id = planned.id.clone();
    visit
        .save(|run| {
            edit(run, &id, |step| {
                step.seen_in_doubt(planned.act.action().class());
                step.state = StepState::Done(finding);
                step.ended_at = Some(now);
            });
            run.happened(now, Happened::StepDone(id.clone()));
        })
        .await?;
    Ok(None)
}

/// How long it is waited before the commands of a step are done again, the first time; then twice as long, and so on.
const PAUSE: u64 = 2;

/// Fails the step, unless a call of it may still arrive: then it is looked for until none can. What a failure leads to is in the
/// runbook; where it says nothing, people decide.
pub(super) async fn fail(visit: &mut Visit<'_>, id: &StepId, finding: Finding) -> Result<Option<u64>, Interrupted> {
    let record = record(visit, id)?;
    if record.may_arrive(visit.now()) && !planted(Bug::FlightForgotten) {
        return Ok(Some(pace(visit, since(&record, visit.now()))));
    }
    let planned = visit.proposal.step(id).cloned().ok_or_else(|| Fault::new(format!("the proposal has no step {id}")))?;
    let turn = flow::turn(visit.run(), &visit.proposal, &planned);
    visit.audit("step.failed", json!({"step": id, "found": finding, "turn": format!("{turn:?}")})).await?;
    let now = visit.now();
    let id = id.clone();
    let mut pause = None;
    let group = planned.flow.group.map(|group| group.id);
    let times = group.as_ref().and_then(|group| visit.run().again.get(group)).copied().unwrap_or(0);
    visit
        .save(|run| {
            edit(run, &id, |step| {
                step.state = StepState::Failed(finding);
                step.ended_at = Some(now);
            });
            match turn {
                Turn::Ask => {
                    run.state = State::Stuck { step: id.clone(), since: now };
                    if !planted(Bug::FailureUnsaid) {
                        run.happened(now, Happened::StepFailed(id.clone()));
                    }
                }
                Turn::GoOn => {
                    edit(run, &id, |step| step.tolerated = true);
                    run.happened(now, Happened::WentOn(id.clone()));
                }
                Turn::Undo => {
                    edit(run, &id, |step| step.tolerated = true);
                    run.undoing = Some(id.clone());
                    run.happened(now, Happened::Undoing(id.clone()));
                }
                Turn::Again(lane) => {
                    run.happened(now, Happened::Again(id.clone()));
                    for step in lane {
                        edit(run, &step, StepRecord::reset);
                    }
                    if let Some(group) = group {
                        *run.again.entry(group).or_default() += 1;
                    }
                    pause = Some(PAUSE << times.min(5));
                }
            }
        })
        .await?;
    Ok(pause)
}

/// How often what the calendar began is looked at, in seconds: 400 runs under way look six times a second together.
const LEISURE: u64 = 60;

/// Looks again later, unless the step has taken longer than it may: since its last call, or since it was first looked at.
async fn patience(visit: &mut Visit<'_>, planned: &PlannedStep, note: &str) -> Result<Option<u64>, Interrupted> {
    let since = since(&record(visit, &planned.id)?, visit.now());
    if visit.now().duration_since(since) > planned.timeout.0 {
        return fail(visit, &planned.id, Finding::said(format!("not done within {}; last seen: {note}", planned.timeout))).await;
    }
    // Nobody waits for what the calendar began, and hundreds of those are under way at once.
    Ok(Some(if visit.proposal.is_routine() { jittered(visit, LEISURE) } else { pace(visit, since) }))
}

fn since(record: &StepRecord, now: Timestamp) -> Timestamp {
    match record.state {
        StepState::Called { at } => at,
        _ => record.started_at.unwrap_or(now),
    }
}

/// A tenth of the time that it has taken so far: quick where things are quick, sparing with calls where they are not.
fn pace(visit: &Visit<'_>, since: Timestamp) -> u64 {
    jittered(visit, (visit.now().duration_since(since).as_secs() / 10).clamp(1, 30).unsigned_abs())
}

/// Spreads the looks of many runs: up to a fifth longer.
fn jittered(visit: &Visit<'_>, seconds: u64) -> u64 {
    let spread = seconds / 5;
    let random = u64::try_from(visit.world.random.bits() & 0xffff).unwrap_or(0);
    seconds + if spread == 0 { 0 } else { random % (spread + 1) }
}

pub(super) fn record(visit: &Visit<'_>, id: &StepId) -> Result<StepRecord, Fault> {
    visit.run().steps.iter().find(|step| step.id == *id).cloned().ok_or_else(|| Fault::new(format!("the run has no step {id}")))
}

pub(super) async fn set(visit: &mut Visit<'_>, id: &StepId, change: impl FnOnce(&mut StepRecord)) -> Result<(), Interrupted> {
    visit.save(|run| edit(run, id, change)).await
}

pub(super) fn edit(run: &mut super::Run, id: &StepId, change: impl FnOnce(&mut StepRecord)) {
    if let Some(step) = run.steps.iter_mut().find(|step| step.id == *id) {
        change(step);
    }
}
