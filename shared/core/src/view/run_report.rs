//! What is posted when a run has ended: always a new message, for those who come later.

use jiff::{SignedDuration, Timestamp};

use super::{
    Block, Code, Element, Message, Moment, Mrkdwn, Span,
    approval::short_digest,
    card::span,
    failover,
    progress::{Step, Traffic, count, steps, without},
    run::state_line,
    run_reply::stands,
};
use crate::{
    action::{Act, Through},
    mrkdwn,
    proposal::Proposal,
    run::{Run, State, StepState, checks},
};

/// What is posted when a run has ended.
#[must_use]
pub fn run_report(run: &Run, proposal: &Proposal) -> Message {
    let word = match &run.state {
        State::Succeeded => "Done",
        State::Stopped { .. } => "Stopped",
        State::Failed { .. } | State::Running | State::Stuck { .. } => "Not done",
    };
    let outcome = outcome(run, proposal);
    let mut blocks = vec![Block::title(format!("{word}: {}", run.title))];
    blocks.extend(Block::paragraphs(outcome.clone()));
    blocks.extend(Block::paragraphs(clock_lines(run, proposal)));
    blocks.extend(Block::paragraphs(data_lines(run, proposal)));
    blocks.extend(Block::paragraphs(step_lines(run, proposal)));
    blocks.extend(Block::paragraphs(check_lines(run, proposal)));
    blocks.extend(Block::paragraphs(setting_lines(run, proposal)));
    blocks.extend(Block::paragraphs(aftermath(run, proposal)));
    if let (State::Succeeded, Traffic::Moved(old, _)) = (&run.state, Traffic::of(run, proposal)) {
        let button = Element::button("retire", &format!("Let go of the old instance {old}…"), run.id.as_str(), None);
        blocks.push(Block::Actions { block_id: "report".to_owned(), elements: vec![button] });
    }
    let why = format!("/dr why {}", run.id);
    blocks.extend(Block::small_prints([mrkdwn!(
        "Run {}, digest {}. {} shows who decided what, and every step.",
        Code(run.id.as_str()),
        Code(short_digest(&run.digest)),
        Code(&why)
    )]));
    Message { text: mrkdwn!("{}: {}", run.title, Mrkdwn::join(outcome, " ")), blocks }
}

fn outcome(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let mut lines = vec![state_line(run, proposal)];
    if run.state == State::Succeeded {
        lines.extend(verdict(run, proposal));
        let left_out = steps(run, proposal).filter(|step| matches!(step.record.state, StepState::Skipped { .. }));
        lines.extend(left_out.map(|step| mrkdwn!("⚠️ Without step {}, “{}”: {}.", step.number, step.planned.name, without(step.planned))));
    } else {
        lines.push(mrkdwn!("*{}*", stands(run, proposal)));
    }
    lines
}

/// The time that it took against the objective. Counted from when it was asked: when the trouble began is not known here.
fn verdict(run: &Run, proposal: &Proposal) -> Option<Mrkdwn> {
    let took = run.ended_at?.duration_since(proposal.asked_at).max(SignedDuration::ZERO);
    Some(match proposal.consequences.rto_seconds {
        0 => mrkdwn!("It took {} since it was asked.", Span(took)),
        seconds if took <= span(seconds).0 => {
            mrkdwn!("✅ {} since it was asked: within the objective (RTO) of {}.", Span(took), span(seconds))
        }
        seconds => {
            mrkdwn!("❌ {} since it was asked: {} over the objective (RTO) of {}.", Span(took), Span(took - span(seconds).0), span(seconds))
        }
    })
}

fn clock_lines(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let step_ended = |wanted: &dyn Fn(&Act) -> bool| {
        let step = steps(run, proposal).find(|step| matches!(step.record.state, StepState::Done(_)) && wanted(&step.planned.act));
        step.and_then(|step| step.record.ended_at)
    };
    let clocks: [(&str, Option<Timestamp>); 8] = [
        ("asked", Some(proposal.asked_at)),
        ("approved", proposal.quorum.as_ref().map(|_| run.decided_at)),
        ("begun", Some(run.started_at)),
        ("new instance there", step_ended(&|act| matches!(act, Act::Restore(_)))),
        ("data checked", step_ended(&|act| matches!(act, Act::Verify(verify) if verify.through == Through::Endpoint))),
        ("traffic moved", step_ended(&|act| matches!(act, Act::Switch(_)))),
        ("traffic checked", step_ended(&|act| matches!(act, Act::Verify(verify) if verify.through != Through::Endpoint))),
        ("ended", run.ended_at),
    ];
    let mut lines = vec![mrkdwn!("*Time*")];
    let mut before: Option<Timestamp> = None;
    for (what, at) in clocks {
        let Some(at) = at else { continue };
        let later =
            before.map(|before| mrkdwn!(", {} later", Span(at.duration_since(before).max(SignedDuration::ZERO)))).unwrap_or_default();
        lines.push(mrkdwn!("• {} at {}{}", what, Moment(at), later));
        before = Some(at);
    }
    lines
}

fn data_lines(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let Some(point) = proposal.consequences.recovery_point else { return Vec::new() };
    let source = proposal.consequences.source.as_deref().unwrap_or("an unnamed source");
    let mut lines = vec![mrkdwn!("*Data*"), mrkdwn!("• recovery point: {}, from {}", Moment(point), source)];
    let Traffic::Moved(old, _) = Traffic::of(run, proposal) else { return lines };
    let switched = steps(run, proposal).find(|step| matches!(step.planned.act, Act::Switch(_))).and_then(|step| step.record.ended_at);
    if let Some(switched) = switched {
        let lost = switched.duration_since(point).max(SignedDuration::ZERO);
        lines.push(mrkdwn!(
            "• measured loss: at most {}. What was written to {} between the recovery point and the move of traffic is there only.",
            Span(lost),
            Code(old)
        ));
    }
    lines
}

fn step_lines(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let line = |step: Step<'_>| match &step.record.state {
        StepState::Done(finding) => Some(mrkdwn!("✅ {}. {}: {}", step.number, step.planned.name, finding.summary)),
        StepState::Failed(finding) if step.record.tolerated => {
            Some(mrkdwn!("⚠️ {}. {}: failed, and it went on: {}", step.number, step.planned.name, finding.summary))
        }
        StepState::NotNeeded { why } => Some(mrkdwn!("➖ {}. {}: not needed: {}", step.number, step.planned.name, why)),
        StepState::Failed(finding) => Some(mrkdwn!("❌ {}. {}: {}", step.number, step.planned.name, finding.summary)),
        StepState::Skipped { by } => Some(mrkdwn!("⏭ {}. {}: left out by {}", step.number, step.planned.name, by)),
        _ if step.record.attempts > 0 => Some(mrkdwn!("❌ {}. {}: not finished", step.number, step.planned.name)),
        _ => None,
    };
    let lines: Vec<Mrkdwn> = steps(run, proposal).filter_map(line).collect();
    let all = count(run, proposal);
    let left = all.saturating_sub(lines.len());
    let title = if lines.is_empty() { mrkdwn!("*Steps*: none was begun") } else { mrkdwn!("*Steps*") };
    let rest = (left > 0 && !lines.is_empty()).then(|| mrkdwn!("{} of {} were not begun.", left, all));
    std::iter::once(title).chain(lines).chain(rest).collect()
}

fn check_lines(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let lines: Vec<Mrkdwn> = steps(run, proposal)
        .filter_map(|step| match &step.record.state {
            StepState::Done(finding) | StepState::Failed(finding) => Some(checks(finding)),
            _ => None,
        })
        .flatten()
        .map(|check| {
            let mark = if check.passed { "✅" } else { "❌" };
            mrkdwn!("{} {}: expected {}, found {}", mark, check.name, check.expected, check.found)
        })
        .collect();
    if lines.is_empty() { lines } else { std::iter::once(mrkdwn!("*Checks of the data*")).chain(lines).collect() }
}

fn setting_lines(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let compared = steps(run, proposal).find(|step| matches!(step.planned.act, Act::Compare(_)));
    let finding = match compared.map(|step| &step.record.state) {
        Some(StepState::Done(finding) | StepState::Failed(finding)) => finding,
        _ => return Vec::new(),
    };
    let said = |mark: &str, line: &serde_json::Value| {
        let text = |name: &str| line.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let why = Some(text("why")).filter(|why| !why.is_empty()).map(|why| mrkdwn!(" ({})", why)).unwrap_or_default();
        mrkdwn!("{} {}: {} → {}{}", mark, text("field"), text("was"), text("is"), why)
    };
    let list = |name: &str| finding.detail.get(name).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut lines = vec![mrkdwn!("*Settings against the old instance*: {}", finding.summary)];
    lines.extend(list("unexplained").iter().map(|line| said("❌", line)));
    lines.extend(list("explained").iter().map(|line| said("✅", line)));
    lines
}

/// What is left behind, and what to do next.
fn aftermath(run: &Run, proposal: &Proposal) -> Vec<Mrkdwn> {
    let traffic = Traffic::of(run, proposal);
    if run.state == State::Succeeded {
        if let Some(lines) = failover::what_now(proposal) {
            return lines;
        }
        let Traffic::Moved(old, _) = traffic else { return Vec::new() };
        return vec![
            mrkdwn!("*The old instance*"),
            mrkdwn!("{} is still there, as it was, and costs as before. It stays until somebody lets go of it.", Code(old)),
        ];
    }
    let mut lines = vec![mrkdwn!("*What is left behind*")];
    let left: Vec<Mrkdwn> = steps(run, proposal).filter_map(|step| left_behind(&step)).collect();
    if left.is_empty() {
        lines.push(mrkdwn!("Nothing: this run made nothing."));
    } else {
        lines.extend(left);
        lines.push(mrkdwn!("Nothing deletes these by themselves. Delete what is not needed any more in AWS."));
    }
    lines.push(mrkdwn!("*Next*"));
    let ask = format!("/dr {} {}", proposal.verb, proposal.target.name);
    lines.push(match traffic {
        Traffic::Moved(..) | Traffic::Unknown(..) => {
            mrkdwn!("Look at what applications reach before anything else: {}. Then decide whether to ask anew.", Code("/dr status"))
        }
        Traffic::Still(_) => mrkdwn!("To try it anew: {}.", Code(&ask)),
        Traffic::Untouched => mrkdwn!("{} shows how things stand.", Code("/dr status")),
    });
    lines
}

fn left_behind(step: &Step<'_>) -> Option<Mrkdwn> {
    let made = match (&step.record.state, step.record.attempts) {
        (StepState::Done(_), _) => "",
        (_, 0) => return None,
        (StepState::Failed(finding), 1) if finding.is_refused() => return None,
        _ => " (perhaps: its step did not end well)",
    };
    Some(match &step.planned.act {
        Act::Restore(restore) => {
            mrkdwn!("• the instance {} in {}{}", Code(&restore.restoration.new_instance), restore.restoration.region, made)
        }
        Act::Backup(backup) => mrkdwn!("• the snapshot {} in {}{}", Code(&backup.snapshot), backup.region, made),
        Act::Reseed(reseed) => {
            let replication = &reseed.replication;
            mrkdwn!("• the read replica {} in {}{}", Code(&replication.new_instance), replication.region, made)
        }
        Act::Freeze(freeze) => mrkdwn!("• {} takes no writes{}", Code(&freeze.primary.instance), made),
        Act::Retire(retire) => mrkdwn!("• the final snapshot {} in {}{}", Code(&retire.final_snapshot), retire.region, made),
        _ => return None,
    })
}
