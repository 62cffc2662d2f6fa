//! Step Functions, by a stock client, and the shipped state machine with a scripted runner.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

mod support;

use aws_sdk_sfn::{
    Client,
    operation::send_task_success::SendTaskSuccessError,
    types::{ExecutionStatus, HistoryEventType},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{World, until};

const MACHINE: &str = "arn:aws:states:eu-west-1:000000000000:stateMachine:mayday-run";
const RUNNER: &str = "mayday-runner";

struct Runs {
    world: World,
    client: Client,
}

impl Runs {
    async fn start() -> Self {
        Self::with(World::start().await)
    }

    fn with(world: World) -> Self {
        world.function(RUNNER).add();
        let client = Client::new(&world.config());
        Self { world, client }
    }

    /// Starts a run whose visits answer these, one after the other; the last one again and again. The script travels in the
    /// run's id.
    async fn run(&self, answers: Value) -> String {
        let file = self.world.dir.path().join("script.json");
        std::fs::write(&file, answers.to_string()).unwrap();
        self.world.function(RUNNER).env("TEST_SCRIPT", &file.display().to_string()).add();
        self.begin("r1-1", json!({"run": "r1", "epoch": 1})).await.unwrap()
    }

    async fn begin(&self, name: &str, input: Value) -> Result<String, aws_sdk_sfn::operation::start_execution::StartExecutionError> {
        let start = self.client.start_execution().state_machine_arn(MACHINE).name(name).input(input.to_string());
        start.send().await.map(|started| started.execution_arn).map_err(aws_sdk_sfn::error::SdkError::into_service_error)
    }

    fn status(&self, arn: &str) -> String {
        json!(self.world.stack.states().execution(arn).unwrap().record().status).as_str().unwrap().to_owned()
    }

    async fn ends(&self, arn: &str, status: &str) {
        until(&format!("{arn} is {status}"), || {
            // Backoff with jitter and waits go by on the stack's clock.
            self.world.stack.shared().clock.advance(SignedDuration::from_secs(5)).unwrap();
            self.status(arn) != "RUNNING"
        })
        .await;
        assert_eq!(self.status(arn), status);
    }

    async fn history(&self, arn: &str) -> Vec<HistoryEventType> {
        let history = self.client.get_execution_history().execution_arn(arn).max_results(1000).send().await.unwrap();
        history.events().iter().map(|event| event.r#type().clone()).collect()
    }

    fn visits(&self) -> Vec<Value> {
        self.world.events(RUNNER)
    }

    fn token(&self) -> String {
        self.visits().iter().rev().find_map(|visit| visit["token"].as_str().map(str::to_owned)).unwrap()
    }
}

#[tokio::test]
async fn a_run_is_visited_until_it_is_done() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"next": "wait", "seconds": 3600}, {"next": "done", "seconds": 0}])).await;
    until("the first visit", || runs.visits().len() == 1).await;
    assert_eq!(runs.visits()[0], json!({"run": "r1", "epoch": 1}));
    until("it waits", || runs.world.stack.states().execution(&arn).unwrap().record().cursor.state == "Wait").await;
    runs.world.stack.shared().clock.advance(SignedDuration::from_secs(3599)).unwrap();
    assert_eq!(runs.status(&arn), "RUNNING");
    runs.world.stack.shared().clock.advance(SignedDuration::from_secs(2)).unwrap();
    until("it is done", || runs.status(&arn) == "SUCCEEDED").await;

    let described = runs.client.describe_execution().execution_arn(&arn).send().await.unwrap();
    assert_eq!(described.status(), &ExecutionStatus::Succeeded);
    let output: serde_json::Value = serde_json::from_str(described.output().unwrap()).unwrap();
    assert_eq!(output, json!({"run": "r1", "epoch": 1, "visit": {"next": "done", "seconds": 0}}));
    use HistoryEventType as E;
    let visit = [E::TaskStateEntered, E::TaskScheduled, E::TaskStarted, E::TaskSucceeded, E::TaskStateExited];
    let choice = [E::ChoiceStateEntered, E::ChoiceStateExited];
    let expected = [
        &[E::ExecutionStarted][..],
        &visit,
        &choice,
        &[E::WaitStateEntered, E::WaitStateExited],
        &visit,
        &choice,
        &[E::SucceedStateEntered, E::SucceedStateExited, E::ExecutionSucceeded],
    ];
    assert_eq!(runs.history(&arn).await, expected.concat());
}

#[tokio::test]
async fn starting_again_is_the_same_execution_only_with_the_same_input_and_while_it_runs() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"next": "wait", "seconds": 60}, {"next": "superseded", "seconds": 0}])).await;
    assert_eq!(runs.begin("r1-1", json!({"run": "r1", "epoch": 1})).await.unwrap(), arn);
    assert!(runs.begin("r1-1", json!({"run": "r1", "epoch": 2})).await.unwrap_err().is_execution_already_exists());
    runs.ends(&arn, "SUCCEEDED").await;
    assert!(runs.begin("r1-1", json!({"run": "r1", "epoch": 1})).await.unwrap_err().is_execution_already_exists());
    assert!(runs.begin("not a name", json!({})).await.unwrap_err().is_invalid_name());
    let listed = runs.client.list_executions().state_machine_arn(MACHINE).send().await.unwrap();
    assert_eq!(listed.executions().len(), 1);
}

#[tokio::test]
async fn a_visit_that_may_be_tried_again_is() {
    let runs = Runs::start().await;
    let retryable = json!({"error": "Retryable"});
    let arn = runs.run(json!([retryable, retryable, {"next": "done", "seconds": 0}])).await;
    runs.ends(&arn, "SUCCEEDED").await;
    assert_eq!(runs.visits().len(), 3);
}

#[tokio::test]
async fn a_throttle_of_lambda_is_tried_again() {
    let runs = Runs::start().await;
    let rule = json!({"service": "lambda", "operation": "Invoke", "nth": 1, "effect": "throttle", "code": "TooManyRequestsException"});
    runs.world.stack.shared().faults.add(serde_json::from_value(rule).unwrap());
    let arn = runs.run(json!([{"next": "done", "seconds": 0}])).await;
    runs.ends(&arn, "SUCCEEDED").await;
    assert!(runs.history(&arn).await.contains(&HistoryEventType::TaskFailed));
}

#[tokio::test]
async fn a_visit_that_fails_for_good_is_told_to_the_runner_in_distress() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"error": "Broken"}, {"next": "failed", "seconds": 0}])).await;
    runs.ends(&arn, "FAILED").await;
    let distress = runs.visits().pop().unwrap()["distress"].clone();
    assert_eq!((&distress["Error"], distress["Cause"].as_str().unwrap().contains("as told")), (&json!("Broken"), true));
    let record = runs.world.stack.states().execution(&arn).unwrap().record();
    assert_eq!(record.error.as_deref(), Some("Mayday.RunStuck"));
}

#[tokio::test]
async fn an_answer_that_nobody_knows_is_distress_too() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"next": "dance", "seconds": 0}])).await;
    runs.ends(&arn, "FAILED").await;
    assert_eq!(runs.visits().pop().unwrap()["distress"]["Error"], "Mayday.UnknownAnswer");
}

#[tokio::test]
async fn a_decision_comes_back_with_the_token_and_only_once() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"next": "decision", "seconds": 600}, {}, {"next": "done", "seconds": 0}])).await;
    until("the token is out", || runs.visits().len() == 2).await;
    let send = || runs.client.send_task_success().task_token(runs.token()).output("{}").send();
    send().await.unwrap();
    until("it is done", || runs.status(&arn) == "SUCCEEDED").await;
    assert_eq!(runs.visits().len(), 3);
    let late = send().await.unwrap_err().into_service_error();
    assert!(matches!(late, SendTaskSuccessError::TaskTimedOut(_)), "{late:?}");
    let garbage = runs.client.send_task_heartbeat().task_token("garbage").send().await.unwrap_err().into_service_error();
    assert!(garbage.is_invalid_token());
}

#[tokio::test]
async fn a_decision_that_nobody_takes_times_out_into_a_visit() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"next": "decision", "seconds": 600}, {}, {"next": "done", "seconds": 0}])).await;
    until("the token is out", || runs.visits().len() == 2).await;
    let token = runs.token();
    runs.world.stack.shared().clock.advance(SignedDuration::from_secs(601)).unwrap();
    until("it is done", || runs.status(&arn) == "SUCCEEDED").await;
    assert!(runs.history(&arn).await.contains(&HistoryEventType::TaskTimedOut));
    let late = runs.client.send_task_success().task_token(token).output("{}").send().await.unwrap_err().into_service_error();
    assert!(matches!(late, SendTaskSuccessError::TaskTimedOut(_)));
}

#[tokio::test]
async fn executions_survive_the_stack_in_a_wait_and_in_a_decision() {
    let runs = Runs::start().await;
    let arn = runs
        .run(json!([{"next": "wait", "seconds": 600}, {"next": "decision", "seconds": 9000}, {}, {"next": "done", "seconds": 0}]))
        .await;
    until("it waits", || runs.world.stack.states().execution(&arn).unwrap().record().cursor.state == "Wait").await;

    let runs = Runs::with_script(runs.world.crash_and_restart().await);
    assert_eq!(runs.status(&arn), "RUNNING");
    runs.world.stack.shared().clock.advance(SignedDuration::from_secs(601)).unwrap();
    until("the token is out", || runs.visits().len() == 3).await;
    until("the history knows", || {
        runs.world.stack.states().execution(&arn).unwrap().history().iter().any(|event| event["type"] == "TaskSubmitted")
    })
    .await;
    let token = runs.token();

    let runs = Runs::with_script(runs.world.crash_and_restart().await);
    runs.client.send_task_success().task_token(token).output("{}").send().await.unwrap();
    until("it is done", || runs.status(&arn) == "SUCCEEDED").await;
    assert_eq!(runs.visits().len(), 4, "neither the visits nor the request for a decision were made twice");
    let ids: Vec<_> =
        runs.world.stack.states().execution(&arn).unwrap().history().iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_visit_in_flight_at_the_crash_is_made_again() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"hang": true}, {"next": "done", "seconds": 0}])).await;
    until("the visit runs", || runs.visits().len() == 1).await;
    let runs = Runs::with_script(runs.world.crash_and_restart().await);
    until("it is done", || runs.status(&arn) == "SUCCEEDED").await;
    assert_eq!(runs.visits().len(), 2);
}

#[tokio::test]
async fn a_stopped_execution_stays_stopped() {
    let runs = Runs::start().await;
    let arn = runs.run(json!([{"next": "wait", "seconds": 60}])).await;
    runs.client.stop_execution().execution_arn(&arn).cause("enough").send().await.unwrap();
    let visits = runs.visits().len();
    runs.world.stack.shared().clock.advance(SignedDuration::from_secs(600)).unwrap();
    let world = runs.world.crash_and_restart().await;
    let record = world.stack.states().execution(&arn).unwrap().record();
    assert_eq!((json!(record.status), record.cause.as_deref()), (json!("ABORTED"), Some("enough")));
    assert!(world.events(RUNNER).len() <= visits + 1);
}

#[tokio::test]
async fn a_heartbeat_keeps_a_task_alive_and_silence_ends_it() {
    let world = World::start().await;
    world.function("asks").add();
    let definition = json!({"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "HeartbeatSeconds": 60,
        "Parameters": {"FunctionName": "asks", "Payload": {"token.$": "$$.Task.Token"}}, "End": true
    }}});
    world.stack.states().add("asking", &definition.to_string()).unwrap();
    let execution = world.stack.states().start(&world.stack.states().machine_arn("asking"), "a", json!({})).unwrap();
    until("the token is out", || execution.history().iter().any(|event| event["type"] == "TaskSubmitted")).await;
    let token = world.events("asks")[0]["token"].as_str().unwrap().to_owned();
    let client = Client::new(&world.config());
    for _ in 0..3 {
        world.stack.shared().clock.advance(SignedDuration::from_secs(50)).unwrap();
        client.send_task_heartbeat().task_token(&token).send().await.unwrap();
    }
    assert!(execution.running());
    world.stack.shared().clock.advance(SignedDuration::from_secs(61)).unwrap();
    until("it has ended", || !execution.running()).await;
    assert_eq!(execution.record().error.as_deref(), Some("States.HeartbeatTimeout"));
}

impl Runs {
    /// The runner of the next stack goes on in the script where the last one left it.
    fn with_script(world: World) -> Self {
        let file = world.dir.path().join("script.json").display().to_string();
        world.function(RUNNER).env("TEST_SCRIPT", &file).add();
        let client = Client::new(&world.config());
        Self { world, client }
    }
}
