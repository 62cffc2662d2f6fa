//! Step Functions' interface, AWS JSON 1.0.

use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Failure, Machine, NotStarted, States, lock,
    record::{Record, epoch},
    role,
    tokens::{Answer, Refused},
};
use crate::{
    service::{Call, Reply, Service},
    wire::{
        self,
        json::{self, Version},
    },
};

/// The service over its state: what the front and `dispatch` see.
#[derive(Debug, Clone)]
pub struct StatesService(Arc<States>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfExecution {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
    #[serde(default)]
    reverse_order: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfMachine {
    state_machine_arn: String,
    status_filter: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfTask {
    task_token: String,
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

impl StatesService {
    /// The service of that state.
    #[must_use]
    pub fn new(states: Arc<States>) -> Self {
        Self(states)
    }

    fn run(&self, call: &Call) -> Result<Value, Reply> {
        match call.operation.as_str() {
            "StartExecution" => self.start(read(call)?),
            "DescribeExecution" => self.record(&read::<OfExecution>(call)?.execution_arn).map(|record| describe(&record)),
            "GetExecutionHistory" => self.history(&read(call)?),
            "StopExecution" => self.stop(read(call)?),
            "ListExecutions" => self.list(&read(call)?),
            "DescribeStateMachine" => self.machine(&read::<OfMachine>(call)?.state_machine_arn).map(|machine| {
                let mut described = summary(&machine);
                described.insert("status".to_owned(), json!("ACTIVE"));
                described.insert("definition".to_owned(), json!(machine.text));
                described.insert("roleArn".to_owned(), json!(role()));
                Value::Object(described)
            }),
            "ListStateMachines" => {
                let machines: Vec<_> = lock(&self.0.machines).values().map(|machine| summary(machine)).collect();
                Ok(json!({"stateMachines": machines}))
            }
            "SendTaskSuccess" => {
                let task: OfTask = read(call)?;
                let output = serde_json::from_str(task.output.as_deref().unwrap_or_default());
                let output = output.map_err(|_| refuse("InvalidOutput", "Invalid Output: 'The provided output is not valid JSON'"))?;
                self.answer(&task.task_token, Ok(output))
            }
            "SendTaskFailure" => {
                let task: OfTask = read(call)?;
                let failure = Failure { error: task.error.unwrap_or_default(), cause: task.cause.unwrap_or_default() };
                self.answer(&task.task_token, Err(failure))
            }
            "SendTaskHeartbeat" => {
                let task: OfTask = read(call)?;
                self.0.tokens.beat(&task.task_token, self.0.now()).map_err(refuse_token)?;
                Ok(json!({}))
            }
            _ => Err(refuse("UnknownOperationException", "The local stack does not know this operation of Step Functions.")),
        }
    }

    fn start(&self, start: Start) -> Result<Value, Reply> {
        let input = serde_json::from_str(start.input.as_deref().unwrap_or("{}"));
        let input: Value =
            input.map_err(|error| refuse("InvalidExecutionInput", &format!("Invalid State Machine Execution Input: '{error}'")))?;
        let name = start.name.unwrap_or_else(wire::uuid);
        let execution = self.0.start(&start.state_machine_arn, &name, input).map_err(|why| match why {
            NotStarted::NoMachine => no_machine(&start.state_machine_arn),
            NotStarted::InvalidName => refuse("InvalidName", &format!("Invalid Name: '{name}'")),
            NotStarted::Exists => refuse("ExecutionAlreadyExists", &format!("Execution Already Exists: '{name}'")),
            NotStarted::Disk => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "The execution can't be written down."),
        })?;
        let record = execution.record();
        Ok(json!({"executionArn": record.arn, "startDate": epoch(record.started)}))
    }

    fn history(&self, asked: &OfExecution) -> Result<Value, Reply> {
        let execution = self.0.execution(&asked.execution_arn).ok_or_else(|| no_execution(&asked.execution_arn))?;
        let mut events = execution.history();
        if asked.reverse_order {
            events.reverse();
        }
        Ok(page("events", events, asked.max_results, asked.next_token.as_deref()))
    }

    fn stop(&self, asked: OfExecution) -> Result<Value, Reply> {
        let execution = self.0.execution(&asked.execution_arn).ok_or_else(|| no_execution(&asked.execution_arn))?;
        let aborted = execution.abort(self.0.now(), asked.error, asked.cause);
        aborted.map_err(|failure| error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &failure.to_string()))?;
        Ok(json!({"stopDate": execution.record().stopped.map(epoch)}))
    }

    fn list(&self, asked: &OfMachine) -> Result<Value, Reply> {
        let machine = self.machine(&asked.state_machine_arn)?;
        let fits = |record: &Record| {
            let status = json!(record.status);
            record.machine == machine.arn && asked.status_filter.as_deref().is_none_or(|wanted| status == wanted)
        };
        let records = self.0.executions().into_iter().filter(fits);
        let summaries = records.map(|record| {
            json!({
                "executionArn": record.arn,
                "stateMachineArn": record.machine,
                "name": record.name,
                "status": record.status,
                "startDate": epoch(record.started),
                "stopDate": record.stopped.map(epoch),
            })
        });
        Ok(page("executions", summaries.collect(), asked.max_results, asked.next_token.as_deref()))
    }

    fn answer(&self, token: &str, answer: Answer) -> Result<Value, Reply> {
        self.0.tokens.answer(token, answer).map_err(refuse_token)?;
        Ok(json!({}))
    }

    fn record(&self, arn: &str) -> Result<Record, Reply> {
        self.0.execution(arn).map(|execution| execution.record()).ok_or_else(|| no_execution(arn))
    }

    fn machine(&self, arn: &str) -> Result<Arc<Machine>, Reply> {
        lock(&self.0.machines).get(arn).cloned().ok_or_else(|| no_machine(arn))
    }
}

#[async_trait]
impl Service for StatesService {
    fn name(&self) -> &'static str {
        "states"
    }

    fn operation(&self, call: &Call) -> String {
        json::operation(call)
    }

    async fn handle(&self, call: &Call) -> Reply {
        self.run(call).map_or_else(|refused| refused, |answer| json::reply(Version::V1_0, &answer))
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        error(status, code, message)
    }
}

fn read<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    json::body(call, Version::V1_0)
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    json::error(Version::V1_0, status, code, message)
}

fn refuse(code: &str, message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, code, message)
}

fn refuse_token(refused: Refused) -> Reply {
    match refused {
        Refused::Invalid => refuse("InvalidToken", "Invalid Token: 'Invalid token'"),
        Refused::TimedOut => refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"),
    }
}

fn no_machine(arn: &str) -> Reply {
    refuse("StateMachineDoesNotExist", &format!("State Machine Does Not Exist: '{arn}'"))
}

fn no_execution(arn: &str) -> Reply {
    refuse("ExecutionDoesNotExist", &format!("Execution Does Not Exist: '{arn}'"))
}

fn summary(machine: &Machine) -> Map<String, Value> {
    let fields = [
        ("stateMachineArn", json!(machine.arn)),
        ("name", json!(machine.name)),
        ("type", json!("STANDARD")),
        ("creationDate", json!(epoch(machine.created))),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn describe(record: &Record) -> Value {
    let mut described = json!({
        "executionArn": record.arn,
        "stateMachineArn": record.machine,
        "name": record.name,
        "status": record.status,
        "startDate": epoch(record.started),
        "input": record.input.to_string(),
        "inputDetails": {"included": true},
    });
    let optional = [
        ("stopDate", record.stopped.map(|at| json!(epoch(at)))),
        ("output", record.output.as_ref().map(|output| json!(output.to_string()))),
        ("outputDetails", record.output.as_ref().map(|_| json!({"included": true}))),
        ("error", record.error.as_ref().map(|error| json!(error))),
        ("cause", record.cause.as_ref().map(|cause| json!(cause))),
    ];
    if let Some(fields) = described.as_object_mut() {
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    described
}

/// A page of a list; the token is the offset of the next one.
fn page(name: &str, items: Vec<Value>, most: Option<usize>, token: Option<&str>) -> Value {
    let offset: usize = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let most = most.filter(|most| *most > 0).unwrap_or(100).min(1000);
    let end = offset.saturating_add(most);
    let next = (items.len() > end).then(|| end.to_string());
    let shown: Vec<Value> = items.into_iter().skip(offset).take(most).collect();
    let mut page = Map::from_iter([(name.to_owned(), Value::Array(shown))]);
    if let Some(next) = next {
        page.insert("nextToken".to_owned(), Value::String(next));
    }
    Value::Object(page)
}
