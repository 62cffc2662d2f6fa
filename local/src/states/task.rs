//! A Task state: invokes, waits, tries again, catches.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Failure, States,
    definition::{Resource, Task},
    execution::Execution,
    interpreter::{Done, after},
    record::{Cursor, Phase},
    tokens::{Tokens, Waiting},
};
use crate::service::{Call, dispatch};

/// Step Functions' limit for what goes from state to state, in bytes.
const LARGEST_DATA: usize = 256 * 1024;

/// What a task calls, ready to be called.
struct Request {
    function: String,
    payload: Value,
    /// What the history shows.
    parameters: Value,
}

impl States {
    /// One attempt, and what follows from it.
    pub(super) async fn task(&self, execution: &Execution, mut cursor: Cursor, task: &Task, mut context: Value) -> anyhow::Result<()> {
        if let Phase::Sleep { until } = cursor.phase {
            self.shared.clock.sleep_until(until).await;
            cursor.phase = Phase::Begin;
            execution.commit(cursor.clone())?;
        }
        let token = self.token(execution, &mut cursor, task, &mut context)?;
        let attempt = match self.attempt(execution, &mut cursor, task, &context).await? {
            Ok(result) => shape(task, &cursor.input, result, &context),
            Err(failure) => Err(failure),
        };
        match attempt {
            Ok(output) => {
                let done = Done::of(&task.then, output);
                self.note_exit(execution, "Task", &cursor, &done);
                self.go(execution, done)?;
            }
            Err(failure) => self.failed(execution, cursor, task, &failure)?,
        }
        // Only now that the step is on disk: until then a crash must find the answer again.
        if let Some(token) = token {
            self.tokens.forget(&token);
        }
        Ok(())
    }

    /// The token of a task that waits for one, put into the context. It is on disk before anybody learns it, so that a
    /// second attempt after a crash hands out the same.
    fn token(&self, execution: &Execution, cursor: &mut Cursor, task: &Task, context: &mut Value) -> anyhow::Result<Option<String>> {
        if task.resource != Resource::InvokeAndWait {
            return Ok(None);
        }
        if cursor.phase == Phase::Begin {
            let token = Tokens::mint(&execution.record().name);
            let deadline = match task.timeout(&cursor.input, context) {
                Ok(timeout) => timeout.map(|seconds| after(self.now(), seconds)),
                Err(failure) => {
                    execution.fail(self.now(), &failure)?;
                    return Ok(None);
                }
            };
            cursor.phase = Phase::Callback { token, deadline, invoked: false };
            execution.commit(cursor.clone())?;
        }
        let Phase::Callback { token, .. } = &cursor.phase else { return Ok(None) };
        if let Some(fields) = context.as_object_mut() {
            fields.insert("Task".to_owned(), json!({"Token": token}));
        }
        Ok(Some(token.clone()))
    }

    /// The outer error is the disk's, the inner one the task's.
    async fn attempt(
        &self,
        execution: &Execution,
        cursor: &mut Cursor,
        task: &Task,
        context: &Value,
    ) -> anyhow::Result<Result<Value, Failure>> {
        let request = match request(task, &cursor.input, context) {
            Ok(request) => request,
            Err(failure) => return Ok(Err(failure)),
        };
        let Phase::Callback { token, deadline, invoked } = cursor.phase.clone() else {
            let timeout = match task.timeout(&cursor.input, context) {
                Ok(timeout) => timeout,
                Err(failure) => return Ok(Err(failure)),
            };
            self.note_scheduled(execution, task, &request);
            let result = self.invoke_within(task, &request, timeout).await;
            self.note_result(execution, task, &result);
            return Ok(result);
        };
        let heartbeat = match task.heartbeat(&cursor.input, context) {
            Ok(heartbeat) => heartbeat,
            Err(failure) => return Ok(Err(failure)),
        };
        let waiting = self.tokens.wait_for(&token, self.now());
        if !invoked {
            self.note_scheduled(execution, task, &request);
            match self.invoke(task, &request).await {
                Ok(output) => {
                    let details = json!({"resourceType": "lambda", "resource": resource(task), "output": output.to_string()});
                    execution.note(self.now(), "TaskSubmitted", Some(("taskSubmittedEventDetails", details)));
                    cursor.phase = Phase::Callback { token, deadline, invoked: true };
                    execution.commit(cursor.clone())?;
                }
                Err(failure) if waiting.answer().is_none() => {
                    self.note_result(execution, task, &Err(failure.clone()));
                    return Ok(Err(failure));
                }
                Err(_) => {}
            }
        }
        let result = self.await_answer(&waiting, deadline, heartbeat).await;
        self.note_result(execution, task, &result);
        Ok(result)
    }

    async fn await_answer(&self, waiting: &Waiting, deadline: Option<Timestamp>, heartbeat: Option<u64>) -> Result<Value, Failure> {
        loop {
            if let Some(answer) = waiting.answer() {
                return answer;
            }
            let now = self.now();
            let silent = heartbeat.map(|seconds| after(waiting.last_beat(), seconds));
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(Failure::new("States.Timeout", "The task's time is over."));
            }
            if silent.is_some_and(|silent| silent <= now) {
                return Err(Failure::new("States.HeartbeatTimeout", "The task has not been heard of for too long."));
            }
            let next = deadline.into_iter().chain(silent).min().unwrap_or(Timestamp::MAX);
            tokio::select! {
                () = waiting.changed() => {}
                () = self.shared.clock.sleep_until(next) => {}
            }
        }
    }

    async fn invoke_within(&self, task: &Task, request: &Request, timeout: Option<u64>) -> Result<Value, Failure> {
        let invocation = self.invoke(task, request);
        match timeout {
            None => invocation.await,
            Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), invocation)
                .await
                .unwrap_or_else(|_| Err(Failure::new("States.Timeout", "The task's time is over."))),
        }
    }

    /// Invokes the function as any client would: through the fault table and into the record.
    async fn invoke(&self, task: &Task, request: &Request) -> Result<Value, Failure> {
        let name: String = form_urlencoded::byte_serialize(request.function.as_bytes()).collect();
        let call = Call {
            service: "lambda".to_owned(),
            operation: String::new(),
            region: self.region.clone(),
            method: Method::POST,
            path: format!("/2015-03-31/functions/{name}/invocations"),
            query: String::new(),
            headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body: Bytes::from(request.payload.to_string()),
        };
        let unreachable = || Failure::new("Lambda.SdkClientException", "Unable to execute HTTP request: the connection was reset");
        let reply = dispatch(&self.shared, &self.lambda, call).await.ok_or_else(unreachable)?;
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
        if !reply.status.is_success() {
            let code = header("x-amzn-errortype").unwrap_or("Unknown");
            return Err(Failure::new(&format!("Lambda.{code}"), &String::from_utf8_lossy(&reply.body)));
        }
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        if header("x-amz-function-error").is_some() {
            let kind = answer.get("errorType").and_then(Value::as_str).unwrap_or("Lambda.Unknown");
            return Err(Failure::new(kind, &answer.to_string()));
        }
        if matches!(task.resource, Resource::Function(_)) {
            return Ok(answer);
        }
        Ok(json!({
            "ExecutedVersion": "$LATEST",
            "Payload": answer,
            "SdkHttpMetadata": {"HttpStatusCode": 200},
            "SdkResponseMetadata": {"RequestId": header("x-amzn-requestid")},
            "StatusCode": 200,
        }))
    }

    /// Tries again, catches, or fails, in that order.
    fn failed(&self, execution: &Execution, mut cursor: Cursor, task: &Task, failure: &Failure) -> anyhow::Result<()> {
        cursor.retries.resize(task.retry.len(), 0);
        let matching = task.retry.iter().zip(&mut cursor.retries).find(|(retrier, _)| retrier.matches(failure));
        if let Some((retrier, attempts)) = matching
            && let Some(delay) = retrier.delay(*attempts, crate::wire::fraction())
        {
            *attempts += 1;
            let delay = SignedDuration::try_from_secs_f64(delay).unwrap_or(SignedDuration::MAX);
            cursor.phase = Phase::Sleep { until: self.now().checked_add(delay).unwrap_or(Timestamp::MAX) };
            return execution.commit(cursor);
        }
        let Some(catcher) = task.catch.iter().find(|catcher| catcher.matches(failure)) else {
            return execution.fail(self.now(), failure);
        };
        match catcher.result_path.combine(cursor.input.clone(), json!({"Error": failure.error, "Cause": failure.cause})) {
            Ok(output) => {
                let done = Done::Next(catcher.next.clone(), output);
                self.note_exit(execution, "Task", &cursor, &done);
                self.go(execution, done)
            }
            Err(failure) => execution.fail(self.now(), &failure),
        }
    }

    fn note_scheduled(&self, execution: &Execution, task: &Task, request: &Request) {
        if let Resource::Function(arn) = &task.resource {
            let details = json!({"resource": arn, "input": request.payload.to_string()});
            execution.note(self.now(), "LambdaFunctionScheduled", Some(("lambdaFunctionScheduledEventDetails", details)));
            return execution.note(self.now(), "LambdaFunctionStarted", None);
        }
        let details = json!({"resourceType": "lambda", "resource": resource(task), "region": self.region, "parameters": request.parameters.to_string()});
        execution.note(self.now(), "TaskScheduled", Some(("taskScheduledEventDetails", details)));
        let details = json!({"resourceType": "lambda", "resource": resource(task)});
        execution.note(self.now(), "TaskStarted", Some(("taskStartedEventDetails", details)));
    }

    fn note_result(&self, execution: &Execution, task: &Task, result: &Result<Value, Failure>) {
        let (kind, mut details) = match result {
            Ok(output) => ("Succeeded", json!({"output": output.to_string()})),
            Err(failure) => {
                let timed_out = matches!(failure.error.as_str(), "States.Timeout" | "States.HeartbeatTimeout");
                (if timed_out { "TimedOut" } else { "Failed" }, json!({"error": failure.error, "cause": failure.cause}))
            }
        };
        if matches!(task.resource, Resource::Function(_)) {
            let name = format!("lambdaFunction{kind}EventDetails");
            return execution.note(self.now(), &format!("LambdaFunction{kind}"), Some((&name, details)));
        }
        if let Some(fields) = details.as_object_mut() {
            fields.insert("resourceType".to_owned(), json!("lambda"));
            fields.insert("resource".to_owned(), json!(resource(task)));
        }
        execution.note(self.now(), &format!("Task{kind}"), Some((&format!("task{kind}EventDetails"), details)));
    }
}

fn request(task: &Task, input: &Value, context: &Value) -> Result<Request, Failure> {
    let selected = task.input_path.select(input, context)?;
    let parameters = match &task.parameters {
        Some(parameters) => parameters.fill(&selected, context)?,
        None => selected,
    };
    if let Resource::Function(arn) = &task.resource {
        return Ok(Request { function: arn.clone(), payload: parameters.clone(), parameters });
    }
    let function = parameters.get("FunctionName").and_then(Value::as_str).map(str::to_owned);
    let function = function.ok_or_else(|| Failure::runtime("The field 'FunctionName' is required but was missing"))?;
    let payload = parameters.get("Payload").cloned().unwrap_or_else(|| json!({}));
    Ok(Request { function, payload, parameters })
}

/// From the raw result to what goes on to the next state.
fn shape(task: &Task, input: &Value, result: Value, context: &Value) -> Result<Value, Failure> {
    if result.to_string().len() > LARGEST_DATA {
        let cause = "The state/task returned a result with a size exceeding the maximum number of bytes service limit.";
        return Err(Failure::new("States.DataLimitExceeded", cause));
    }
    let selected = match &task.result_selector {
        Some(selector) => selector.fill(&result, context)?,
        None => result,
    };
    let combined = task.result_path.combine(input.clone(), selected)?;
    task.output_path.select(&combined, context)
}

fn resource(task: &Task) -> &'static str {
    match task.resource {
        Resource::InvokeAndWait => "invoke.waitForTaskToken",
        Resource::Invoke | Resource::Function(_) => "invoke",
    }
}
