//! The steps of a proposal, down to the last argument: the part of the card that the digest stands for.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;

use super::{Block, Code, Mrkdwn, Span};
use crate::{
    database::Route,
    ident::StepId,
    mrkdwn,
    port::Settings,
    proposal::{OnFailure, PlannedStep, Proposal},
};

/// So many steps get a paragraph each; more are put together, since a message takes 50 blocks.
const STEPS_APART: usize = 12;

/// Every step with every argument, and the settings that they share.
pub(super) fn steps(proposal: &Proposal) -> Vec<Block> {
    let mut blocks = vec![Block::paragraph(mrkdwn!("*What exactly will be done*"))];
    let steps = proposal.steps.iter().enumerate().map(|(index, step)| step_lines(index + 1, step));
    if proposal.steps.len() <= STEPS_APART {
        blocks.extend(steps.flat_map(Block::paragraphs));
    } else {
        blocks.extend(Block::paragraphs(steps.flatten()));
    }
    for (numbers, settings) in shared_settings(proposal) {
        let title = mrkdwn!("*Settings below* ({} {})", if numbers.len() == 1 { "step" } else { "steps" }, counted(&numbers));
        blocks.extend(Block::paragraphs(std::iter::once(title).chain(settings_lines(settings))));
    }
    blocks
}

/// The steps by name only, for where their arguments do not fit.
pub(super) fn step_names(proposal: &Proposal) -> Vec<Block> {
    let names = proposal.steps.iter().enumerate().map(|(index, step)| mrkdwn!("{}. {}", index + 1, step.name));
    let title = mrkdwn!("*What exactly will be done* is in this message's thread, with every argument. In short:");
    Block::paragraphs(std::iter::once(title).chain(names))
}

/// How many steps there are, for where not even their names fit.
pub(super) fn step_count(proposal: &Proposal) -> Vec<Block> {
    let count = proposal.steps.len();
    vec![Block::paragraph(mrkdwn!("*What exactly will be done*: {} steps, each in this message's thread with every argument.", count))]
}

fn step_lines(number: usize, step: &PlannedStep) -> Vec<Mrkdwn> {
    let mut lines = vec![mrkdwn!("*{}. {}*", number, step.name)];
    lines.extend(step.act.action().card().into_iter().map(|line| mrkdwn!("• {}", line)));
    let usual = step.usual_seconds.map(|seconds| mrkdwn!("usually {}, ", span(seconds))).unwrap_or_default();
    let again = match step.retries {
        0 => mrkdwn!("never tried again by itself"),
        1 => mrkdwn!("tried again once at most"),
        retries => mrkdwn!("tried again {} times at most", retries),
    };
    lines.extend(flow_lines(step));
    // Steps are read out by number and looked up by id.
    lines.push(mrkdwn!(
        "• step {}, action {}: {}a person is asked after {}, {}",
        Code(step.id.as_str()),
        Code(&action_name(step)),
        usual,
        Span(step.timeout.0),
        again
    ));
    lines
}

/// How a step stands to the others, where it does not just follow the one before it.
fn flow_lines(step: &PlannedStep) -> Vec<Mrkdwn> {
    let flow = &step.flow;
    let ids = |ids: &[StepId]| Mrkdwn::join(ids.iter().map(|id| mrkdwn!("{}", Code(id.as_str()))), ", ");
    let mut lines = Vec::new();
    match flow.after.as_deref() {
        None => {}
        Some([]) => lines.push(mrkdwn!("• waits for no other step")),
        Some(after) => lines.push(mrkdwn!("• begins when these are over: {}", ids(after))),
    }
    lines.extend(flow.condition.iter().map(|condition| mrkdwn!("• only if {}", Code(condition))));
    lines
        .extend(flow.undoes.iter().map(|undoes| mrkdwn!("• only to undo {}, when the run undoes what it has done", Code(undoes.as_str()))));
    lines.extend(flow.database.iter().map(|database| mrkdwn!("• database {}", Code(database))));
    if let Some(group) = &flow.group {
        let again = match group.again {
            0 => mrkdwn!("not done again by themselves"),
            again => mrkdwn!("all of them done again up to {} times when one fails", again),
        };
        lines.push(mrkdwn!("• one of the commands of {}, {}", Code(group.id.as_str()), again));
    }
    let fails = match flow.on_failure {
        None => None,
        Some(OnFailure::Stop) => Some(mrkdwn!("• if it fails: stop, people decide")),
        Some(OnFailure::Continue) => Some(mrkdwn!("• if it fails: continue")),
        Some(OnFailure::Undo) => Some(mrkdwn!("• if it fails: undo what was done, last things first")),
    };
    lines.extend(fails);
    lines.extend(flow.fact.iter().map(|fact| mrkdwn!("• if it fails, this is so: {}", Code(fact))));
    lines
}

fn action_name(step: &PlannedStep) -> String {
    let tagged = serde_json::to_value(&step.act).unwrap_or_default();
    tagged.get("action").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Each set of settings once, with the numbers of the steps that go by it.
fn shared_settings(proposal: &Proposal) -> Vec<(Vec<usize>, &Settings)> {
    let mut shared: Vec<(Vec<usize>, &Settings)> = Vec::new();
    for (index, step) in proposal.steps.iter().enumerate() {
        let Some(settings) = step.act.action().settings() else { continue };
        match shared.iter_mut().find(|(_, known)| *known == settings) {
            Some((numbers, _)) => numbers.push(index + 1),
            None => shared.push((vec![index + 1], settings)),
        }
    }
    shared
}

fn counted(numbers: &[usize]) -> Mrkdwn {
    Mrkdwn::join(numbers.iter().map(|number| mrkdwn!("{}", *number)), ", ")
}

/// All settings: what has a value with it, switches by what they are set to, so that a phone shows them in a few lines.
fn settings_lines(settings: &Settings) -> Vec<Mrkdwn> {
    // By name, whatever order the JSON library keeps.
    let fields: BTreeMap<String, Value> = serde_json::to_value(settings).and_then(serde_json::from_value).unwrap_or_default();
    let (mut set, mut on, mut off, mut none, mut tags) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Bool(true) => on.push(mrkdwn!("{}", Code(&name))),
            Value::Bool(false) => off.push(mrkdwn!("{}", Code(&name))),
            Value::Array(items) if items.is_empty() => none.push(mrkdwn!("{}", Code(&name))),
            Value::Array(items) => {
                let items = items.iter().map(|item| mrkdwn!("{}", Code(&plain(item))));
                set.push(mrkdwn!("{} {}", name, Mrkdwn::join(items, " ")));
            }
            Value::Object(pairs) => tags.extend(pairs.iter().map(|(key, value)| mrkdwn!("{}", Code(&format!("{key}={}", plain(value)))))),
            other if plain(&other).is_empty() => none.push(mrkdwn!("{}", Code(&name))),
            other => set.push(mrkdwn!("{} {}", name, Code(&plain(&other)))),
        }
    }
    let groups = [("", set), ("On: ", on), ("Off: ", off), ("Empty: ", none), ("Tags: ", tags)];
    groups.into_iter().filter(|(_, list)| !list.is_empty()).map(|(title, list)| mrkdwn!("{}{}", title, Mrkdwn::join(list, ", "))).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Where traffic is led from, down to the before-image, but for the host.
pub(crate) fn place(route: &Route) -> Mrkdwn {
    match route {
        Route::Secret { region, name, version, .. } => mrkdwn!("host in the secret {} (version {}, {})", Code(name), Code(version), region),
        Route::Cname { zone, record } => {
            mrkdwn!("{} {} in the zone {} (TTL {} s)", record.kind, Code(&record.name), Code(zone), record.ttl)
        }
    }
}

/// Seconds as a span.
pub(super) fn span(seconds: u64) -> Span {
    Span(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// A short list for the eye: `dba or lead`.
pub(crate) fn one_of(names: &[String]) -> Mrkdwn {
    match names.split_last() {
        None => mrkdwn!("nobody: the plan names no role"),
        Some((only, [])) => mrkdwn!("{}", only),
        Some((last, others)) => mrkdwn!("{} or {}", Mrkdwn::join(others.iter().map(|name| mrkdwn!("{}", name)), ", "), last),
    }
}
