//! The ledger of a run.

use serde_json::Value;

use super::{
    Block, Code, Message, Moment, Mrkdwn, Prose,
    approval::{short_digest, standing},
};
use crate::{
    approval::{Approval, State},
    audit::Entry,
    mrkdwn,
    proposal::Proposal,
    run::Run,
};

/// Entries shown from the beginning and from the end, where there are more than both together.
const FIRST: usize = 20;
const LAST: usize = 60;

/// The ledger of a run: who asked, who decided, what was done and what came of it, from the audit chain.
#[must_use]
pub fn why_ledger(run: &Run, proposal: &Proposal, approval: Option<&Approval>, entries: &[Entry]) -> Message {
    let state = super::run::state_line(run, proposal);
    let mut lines = vec![
        state.clone(),
        mrkdwn!(
            "*Asked by* {} at {}: {}",
            proposal.requester,
            Moment(proposal.asked_at),
            proposal.reason.as_deref().unwrap_or("no reason given")
        ),
        approval.map_or_else(
            || mrkdwn!("*Approval* nobody had to approve: it only adds"),
            |approval| mrkdwn!("*Approval* {}", standing(approval, approval.expires_at)),
        ),
    ];
    if let Some(approval) = approval {
        lines.extend(approval.votes.iter().map(|vote| mrkdwn!("• counted: {} at {}", vote.by, Moment(vote.at))));
    }
    lines.push(mrkdwn!("*Run* {}, *proposal* {}", Code(run.id.as_str()), Code(proposal.id.as_str())));
    lines.push(mrkdwn!("*Digest* that was decided on and carried out {}", Code(&run.digest)));
    lines.push(mrkdwn!(
        "*Plan* version {}, *runbook* {} {}",
        Code(&proposal.plan_version),
        Code(&proposal.runbook),
        Code(&proposal.runbook_digest)
    ));
    let mut blocks = vec![Block::title(format!("Why: {}", run.title))];
    blocks.extend(Block::paragraphs(lines));
    blocks.push(Block::Divider {});
    blocks.extend(Block::paragraphs(entry_lines(proposal, approval, entries)));
    let chain = match (entries.first(), entries.last()) {
        (Some(first), Some(last)) => {
            mrkdwn!("Entries {} to {} of the audit chain; the last one's hash is {}.", first.seq, last.seq, Code(short_digest(&last.hash)))
        }
        _ => mrkdwn!("The audit chain has no entry about it."),
    };
    blocks.push(Block::small_print(chain));
    Message { text: mrkdwn!("{}: {}", run.title, state), blocks }
}

fn entry_lines(proposal: &Proposal, approval: Option<&Approval>, entries: &[Entry]) -> Vec<Mrkdwn> {
    let line = |entry: &Entry| {
        let event = &entry.event;
        let digest = event.digest.as_deref().map(short_digest).filter(|digest| !digest.is_empty());
        // Everything here has the run's digest but what was refused; any other digest is worth a look.
        let odd = digest.filter(|_| event.digest.as_deref() != approval.map(|approval| approval.digest.as_str()) && approval.is_some());
        let odd = odd.map(|digest| mrkdwn!(" ⚠️ of another digest, {}", Code(digest))).unwrap_or_default();
        mrkdwn!("{}. {} {} {}{}", entry.seq, Moment(event.at), event.actor, said(proposal, approval, entry), odd)
    };
    if entries.len() <= FIRST + LAST {
        return entries.iter().map(line).collect();
    }
    let left_out = entries.len() - FIRST - LAST;
    let first = entries.iter().take(FIRST).map(line);
    let last = entries.iter().skip(FIRST + left_out).map(line);
    first.chain(std::iter::once(mrkdwn!("… {} entries between …", left_out))).chain(last).collect()
}

/// What an entry says, after its actor's name.
fn said(proposal: &Proposal, approval: Option<&Approval>, entry: &Entry) -> Mrkdwn {
    let event = &entry.event;
    let detail = event.detail.get("of").unwrap_or(&event.detail);
    let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let step = || {
        let id = text("step");
        let name = proposal.steps.iter().find(|step| step.id.as_str() == id).map_or("", |step| step.name.as_str());
        mrkdwn!("step {}, “{}”", Code(&id), name)
    };
    match event.what.as_str() {
        "proposal.made" => mrkdwn!("asked for it"),
        "approval.approve" => counted("approved", approval, entry),
        "approval.deny" => counted("denied", approval, entry),
        "approval.cancel" => counted("took it back", approval, entry),
        "approval.expire" => mrkdwn!("let it expire"),
        "approval.drifted" => mrkdwn!("wanted to approve; not counted, since the world had changed: {}", text("drift")),
        "click.refused" | "form.refused" | "command.refused" | "request.refused" => {
            let asked = Some(text("asked")).filter(|asked| !asked.is_empty()).map(|asked| mrkdwn!(" ({})", asked)).unwrap_or_default();
            mrkdwn!("was refused{}: {}", asked, Prose(&text("refusal")))
        }
        "terminal.asked" => mrkdwn!("spoke at a terminal, as {}", Code(&text("principal"))),
        "run.begin" => mrkdwn!("had it begun"),
        "run.epoch" => {
            mrkdwn!("had it driven by execution {}", detail.get("epoch").and_then(Value::as_u64).unwrap_or_default())
        }
        "run.retry" => mrkdwn!("had the failed step tried again"),
        "run.skip" => mrkdwn!("had it go on without the failed step"),
        "run.stop" => mrkdwn!("wanted it to stop"),
        "run.distress" => mrkdwn!("could not drive it for a moment: {}", text("error")),
        "run.end" => mrkdwn!("ended it: {}", ended(detail)),
        "step.intent" => {
            let action = detail.pointer("/action/action").and_then(Value::as_str).unwrap_or_default();
            let token = detail.get("token").and_then(Value::as_u64).unwrap_or_default();
            mrkdwn!("was about to call {} for {}, call {} of the run", Code(action), step(), token)
        }
        "step.done" => mrkdwn!("saw {} done: {}", step(), found(detail)),
        "step.failed" => mrkdwn!("saw {} fail: {}", step(), found(detail)),
        other => mrkdwn!("{}", Code(other)),
    }
}

/// A decision, and whether it was counted: the entry is written before, the approval's own record says what came of it.
fn counted(what: &str, approval: Option<&Approval>, entry: &Entry) -> Mrkdwn {
    let by = |who: &crate::ident::Identity| entry.event.actor == crate::ident::Actor::Person(who.clone());
    let at = entry.event.at;
    let counted = approval.is_some_and(|approval| {
        approval.votes.iter().any(|vote| by(&vote.by) && vote.at == at)
            || matches!(&approval.state, State::Denied { by: who, at: when } | State::Cancelled { by: who, at: when } if by(who) && *when == at)
    });
    if counted { mrkdwn!("{}; counted", what) } else { mrkdwn!("{}; not counted: it was decided or had expired by then", what) }
}

fn found(detail: &Value) -> String {
    detail.pointer("/found/summary").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ended(detail: &Value) -> Mrkdwn {
    match detail.get("state") {
        Some(Value::String(state)) if state == "succeeded" => mrkdwn!("all steps are done"),
        Some(Value::Object(state)) if state.contains_key("stopped") => mrkdwn!("it was stopped"),
        Some(Value::Object(state)) if state.contains_key("failed") => {
            let why = state.get("failed").and_then(|failed| failed.get("why")).and_then(Value::as_str).unwrap_or_default();
            mrkdwn!("it was given up: {}", why)
        }
        _ => mrkdwn!("it is over"),
    }
}
