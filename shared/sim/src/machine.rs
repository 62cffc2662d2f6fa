//! The shipped state machine, interpreted: `infra/run.asl.json` as it goes to Step Functions, and of the Amazon States Language
//! what it uses. Executions are durable: they neither die nor freeze, as Step Functions' don't.

use std::{
    future::poll_fn,
    sync::{Arc, OnceLock},
    task::Poll,
};

use mayday_core::port::{Delivery, Launch};
use serde_json::{Map, Value, json};

use crate::{
    doors,
    executor::{Inner, Shared, TaskId},
    fault::{Millis, SECOND},
    function::{Failed, invoke},
    gate::Gate,
    region::Region,
};

/// The definition that is deployed.
const SHIPPED: &str = include_str!("../../../infra/run.asl.json");

fn definition() -> &'static Value {
    static PARSED: OnceLock<Value> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(SHIPPED).unwrap_or_default())
}

/// An execution.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) status: Status,
    task: TaskId,
    /// The region that it runs in.
    pub(crate) at: Region,
    /// History events so far; 25,000 end a real one.
    events: u32,
    /// The token that it waits for, and whether it came.
    token: Option<(String, bool)>,
}

/// Where an execution stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Running,
    Succeeded,
    Failed(String),
}

const LONGEST_HISTORY: u32 = 25_000;

/// Starts an execution, or finds the one of that name.
pub(crate) fn start(shared: &Arc<Shared>, inner: &mut Inner, at: Region, (run, epoch): (&str, u64)) -> Launch {
    // A name is taken in one region only.
    let name = if at == Region::Home { format!("{run}-{epoch}") } else { format!("{run}-{epoch} in {}", at.name()) };
    if let Some(there) = inner.executions.get(&name) {
        return if there.status == Status::Running { Launch::Running } else { Launch::Ended };
    }
    let (shared, input) = (shared.clone(), json!({"run": run, "epoch": epoch}));
    let (now, execution) = (inner.now, name.clone());
    let task = inner.add(now, |task| {
        Box::pin(async move {
            let gate = Gate::of(&shared, task).located(at);
            let status = drive(&gate, &execution, input).await;
            let mut inner = shared.lock();
            inner.say(task, format!("execution {execution} ends: {status:?}"));
            if let Some(ended) = inner.executions.get_mut(&execution) {
                ended.status = status;
            }
        })
    });
    inner.executions.insert(name, Execution { status: Status::Running, task, at, events: 0, token: None });
    Launch::Running
}

/// Sends a token back: `SendTaskSuccess`.
pub(crate) fn answer(inner: &mut Inner, at: Region, token: &str) -> Delivery {
    let mut here = inner.executions.values_mut().filter(|one| one.at == at);
    let waiting = here.find(|one| one.token.as_ref().is_some_and(|(known, came)| known == token && !came));
    let Some(execution) = waiting else { return Delivery::Gone };
    execution.token = Some((token.to_owned(), true));
    let (task, now) = (execution.task, inner.now);
    inner.wake(task, now);
    Delivery::Delivered
}

/// One execution from its beginning to its end.
async fn drive(gate: &Gate, name: &str, mut data: Value) -> Status {
    let states = definition().get("States");
    let mut at = text(definition(), "StartAt").to_owned();
    loop {
        let Some(state) = states.and_then(|states| states.get(&at)) else { return Status::Failed(format!("there is no state {at}")) };
        if note(gate, name) > LONGEST_HISTORY {
            return Status::Failed("States.ExceededHistory".to_owned());
        }
        let next = match text(state, "Type") {
            "Task" => match task(gate, name, state, &data).await {
                Ok(result) => {
                    data = placed(data, state, result);
                    Some(text(state, "Next").to_owned())
                }
                Err(error) => match caught(state, &error) {
                    Some(catcher) => {
                        data = placed(data, catcher, json!({"Error": error, "Cause": ""}));
                        Some(text(catcher, "Next").to_owned())
                    }
                    None => return Status::Failed(error),
                },
            },
            "Choice" => Some(chosen(state, &data)),
            "Wait" => {
                let seconds = found(&data, text(state, "SecondsPath")).and_then(Value::as_i64).unwrap_or(0);
                gate.pause(seconds * SECOND).await;
                Some(text(state, "Next").to_owned())
            }
            "Pass" => {
                let result = state.get("Result").cloned().unwrap_or_default();
                data = placed(data, state, result);
                Some(text(state, "Next").to_owned())
            }
            "Succeed" => return Status::Succeeded,
            "Fail" => return Status::Failed(text(state, "Error").to_owned()),
            other => return Status::Failed(format!("the interpreter does not know {other} states")),
        };
        at = next.unwrap_or_default();
    }
}

/// Counts the history events of one state: entered, scheduled, started, ended, exited.
fn note(gate: &Gate, name: &str) -> u32 {
    let mut inner = gate.shared.lock();
    inner.executions.get_mut(name).map_or(0, |execution| {
        execution.events += 5;
        execution.events
    })
}

/// A Task with its retries.
async fn task(gate: &Gate, name: &str, state: &Value, data: &Value) -> Result<Value, Failed> {
    let mut tries = 0;
    loop {
        let error = match attempt(gate, name, state, data).await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let retriers = state.get("Retry").and_then(Value::as_array).into_iter().flatten();
        let retrier = retriers.into_iter().find(|retrier| names(retrier, &error));
        let Some(retrier) = retrier.filter(|retrier| tries < number(retrier, "MaxAttempts", 3)) else { return Err(error) };
        let growth = number(retrier, "BackoffRate", 2).saturating_pow(u32::try_from(tries).unwrap_or(0));
        let pause = number(retrier, "IntervalSeconds", 1).saturating_mul(growth).min(number(retrier, "MaxDelaySeconds", 60));
        // JitterStrategy FULL.
        let pause = gate.shared.lock().dice.between(0, pause * SECOND);
        gate.pause(pause).await;
        tries += 1;
        note(gate, name);
    }
}

async fn attempt(gate: &Gate, name: &str, state: &Value, data: &Value) -> Result<Value, Failed> {
    let waits = text(state, "Resource").ends_with(".waitForTaskToken");
    let (token, deadline) = {
        let mut inner = gate.shared.lock();
        let token = format!("{name}/{:016x}", inner.dice.roll());
        let limit = match state.get("TimeoutSecondsPath").and_then(Value::as_str) {
            Some(path) => found(data, path).and_then(Value::as_i64).unwrap_or(1),
            None => number(state, "TimeoutSeconds", 99_999_999),
        };
        let deadline = inner.now + limit * SECOND;
        if waits && let Some(execution) = inner.executions.get_mut(name) {
            execution.token = Some((token.clone(), false));
            inner.wake(gate.task, deadline);
        }
        (token, deadline)
    };
    let parameters = filled(state.get("Parameters").unwrap_or(&Value::Null), data, &token);
    let payload = parameters.get("Payload").cloned().unwrap_or_default();
    let answer = invoke(gate, |world| doors::runner(world, payload)).await?;
    if !waits {
        let result = json!({"Payload": answer});
        return Ok(state.get("ResultSelector").map_or(result.clone(), |selector| filled(selector, &result, &token)));
    }
    wait_for_token(gate, name, deadline).await
}

async fn wait_for_token(gate: &Gate, name: &str, deadline: Millis) -> Result<Value, Failed> {
    poll_fn(|_| {
        let mut inner = gate.shared.lock();
        let now = inner.now;
        let Some(execution) = inner.executions.get_mut(name) else { return Poll::Pending };
        if execution.token.as_ref().is_some_and(|(_, came)| *came) {
            execution.token = None;
            return Poll::Ready(Ok(json!({})));
        }
        if now < deadline {
            return Poll::Pending;
        }
        execution.token = None;
        Poll::Ready(Err("States.Timeout".to_owned()))
    })
    .await
}

fn caught<'a>(state: &'a Value, error: &str) -> Option<&'a Value> {
    state.get("Catch").and_then(Value::as_array)?.iter().find(|catcher| names(catcher, error))
}

fn names(rule: &Value, error: &str) -> bool {
    let listed = rule.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten();
    listed
        .filter_map(Value::as_str)
        .any(|name| name == error || name == "States.ALL" || (name == "States.TaskFailed" && error != "States.Timeout"))
}

fn chosen(state: &Value, data: &Value) -> String {
    let branches = state.get("Choices").and_then(Value::as_array).into_iter().flatten();
    let holds = |branch: &&Value| {
        found(data, text(branch, "Variable")).and_then(Value::as_str) == branch.get("StringEquals").and_then(Value::as_str)
    };
    branches.into_iter().find(holds).map_or_else(|| text(state, "Default"), |branch| text(branch, "Next")).to_owned()
}

/// A template with its paths filled in.
fn filled(template: &Value, data: &Value, token: &str) -> Value {
    let Value::Object(fields) = template else { return template.clone() };
    let each = fields.iter().map(|(key, value)| match (key.strip_suffix(".$"), value.as_str()) {
        (Some(key), Some("$$.Task.Token")) => (key.to_owned(), json!(token)),
        (Some(key), Some(path)) => (key.to_owned(), found(data, path).cloned().unwrap_or_default()),
        _ => (key.clone(), filled(value, data, token)),
    });
    Value::Object(each.collect::<Map<_, _>>())
}

/// What a path such as `$.visit.next` leads to.
fn found<'a>(data: &'a Value, path: &str) -> Option<&'a Value> {
    path.strip_prefix('$')?.split('.').filter(|part| !part.is_empty()).try_fold(data, |value, part| value.get(part))
}

/// Puts a result where `ResultPath` says: in one member, in place of all, or nowhere.
fn placed(mut data: Value, rule: &Value, result: Value) -> Value {
    match rule.get("ResultPath") {
        Some(Value::Null) => data,
        Some(path) => {
            if let (Some(member), Some(fields)) = (path.as_str().and_then(|path| path.strip_prefix("$.")), data.as_object_mut()) {
                fields.insert(member.to_owned(), result);
            }
            data
        }
        None => result,
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, member: &str, default: i64) -> i64 {
    value.get(member).and_then(Value::as_i64).unwrap_or(default)
}
