//! Carries an execution from state to state until it ends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Failure, Machine, States,
    definition::{Choice, Pass, State, Then},
    execution::Execution,
    record::{Cursor, Phase, Record},
    role,
};
use crate::events::Event;

/// Step Functions' own limit.
const MOST_EVENTS: usize = 25_000;

/// What became of a state that is done.
pub(super) enum Done {
    /// On to the next, with this input.
    Next(String, Value),
    /// The execution ends well.
    End(Value),
}

impl Done {
    pub(super) fn of(then: &Then, output: Value) -> Self {
        match then {
            Then::Next(next) => Self::Next(next.clone(), output),
            Then::End => Self::End(output),
        }
    }
}

impl States {
    /// Carries the execution on in the background.
    pub(super) fn carry_on(self: &Arc<Self>, machine: Arc<Machine>, execution: Arc<Execution>) {
        let states = self.clone();
        self.shared.tasks.spawn(async move {
            let work = async {
                while execution.running() {
                    states.shared.outages.up(&states.region).await;
                    if let Err(error) = states.step(&machine, &execution).await {
                        // The disk, most likely. The next start of the stack takes it up where it was.
                        tracing::error!(execution = execution.record().name, error = format!("{error:#}"), "an execution can't go on");
                        return;
                    }
                }
            };
            tokio::select! {
                () = execution.aborted() => {}
                () = work => {}
            }
            let record = execution.record();
            if let Phase::Callback { token, .. } = &record.cursor.phase {
                states.tokens.forget(token);
            }
            states.tell(&record);
        });
    }

    async fn step(&self, machine: &Machine, execution: &Execution) -> anyhow::Result<()> {
        let record = execution.record();
        let mut cursor = record.cursor.clone();
        if record.events >= MOST_EVENTS {
            let failure = Failure::runtime(&format!("The execution reached the maximum number of history events ({MOST_EVENTS})."));
            return execution.fail(self.now(), &failure);
        }
        let Some(state) = machine.definition.states.get(&cursor.state) else {
            return execution.fail(self.now(), &Failure::runtime(&format!("There is no state {} any more.", cursor.state)));
        };
        if cursor.entered.is_none() {
            cursor.entered = Some(self.now());
            let details = json!({"name": cursor.state, "input": cursor.input.to_string(), "inputDetails": {"truncated": false}});
            execution.note(self.now(), &format!("{}StateEntered", state.kind()), Some(("stateEnteredEventDetails", details)));
            execution.commit(cursor.clone())?;
        }
        let context = context(machine, &record, &cursor);
        let done = match state {
            State::Task(task) => return self.task(execution, cursor, task, context).await,
            State::Fail(fail) => {
                let failure = Failure::new(fail.error.as_deref().unwrap_or_default(), fail.cause.as_deref().unwrap_or_default());
                return execution.fail(self.now(), &failure);
            }
            State::Wait(wait) => {
                if cursor.phase == Phase::Begin {
                    let seconds = match wait.length(&cursor.input, &context) {
                        Ok(seconds) => seconds,
                        Err(failure) => return execution.fail(self.now(), &failure),
                    };
                    cursor.phase = Phase::Sleep { until: after(self.now(), seconds) };
                    execution.commit(cursor.clone())?;
                }
                if let Phase::Sleep { until } = cursor.phase {
                    self.shared.clock.sleep_until(until).await;
                }
                Ok(Done::of(&wait.then, cursor.input.clone()))
            }
            State::Choice(choice) => choose(choice, &cursor.input, &context),
            State::Pass(pass) => passed(pass, &cursor.input, &context),
            State::Succeed(succeed) => {
                let selected = succeed.input_path.select(&cursor.input, &context);
                selected.and_then(|input| succeed.output_path.select(&input, &context)).map(Done::End)
            }
        };
        match done {
            Ok(done) => self.leave(execution, state, &cursor, done),
            Err(failure) => execution.fail(self.now(), &failure),
        }
    }

    /// Notes the state's end and goes where it leads.
    pub(super) fn leave(&self, execution: &Execution, state: &State, cursor: &Cursor, done: Done) -> anyhow::Result<()> {
        self.note_exit(execution, state.kind(), cursor, &done);
        self.go(execution, done)
    }

    pub(super) fn note_exit(&self, execution: &Execution, kind: &str, cursor: &Cursor, done: &Done) {
        let (Done::Next(_, output) | Done::End(output)) = done;
        let details = json!({"name": cursor.state, "output": output.to_string(), "outputDetails": {"truncated": false}});
        execution.note(self.now(), &format!("{kind}StateExited"), Some(("stateExitedEventDetails", details)));
    }

    pub(super) fn go(&self, execution: &Execution, done: Done) -> anyhow::Result<()> {
        match done {
            Done::Next(next, input) => execution.commit(Cursor::at(&next, input)),
            Done::End(output) => execution.succeed(self.now(), output),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Tells EventBridge how an execution stands.
    pub(super) fn tell(&self, record: &Record) {
        let milliseconds = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        self.shared.emit(Event {
            source: "aws.states".to_owned(),
            detail_type: "Step Functions Execution Status Change".to_owned(),
            region: self.region.clone(),
            resources: vec![record.arn.clone()],
            detail: json!({
                "executionArn": record.arn,
                "stateMachineArn": record.machine,
                "name": record.name,
                "status": record.status,
                "startDate": record.started.as_millisecond(),
                "stopDate": milliseconds(record.stopped),
                "input": record.input.to_string(),
                "output": record.output.as_ref().map(Value::to_string),
                "error": record.error,
                "cause": record.cause,
            }),
        });
    }
}

/// The context object, `$$`.
fn context(machine: &Machine, record: &Record, cursor: &Cursor) -> Value {
    json!({
        "Execution": {
            "Id": record.arn,
            "Input": record.input,
            "Name": record.name,
            "RoleArn": role(),
            "StartTime": record.started,
        },
        "State": {"EnteredTime": cursor.entered, "Name": cursor.state, "RetryCount": cursor.retries.iter().sum::<u32>()},
        "StateMachine": {"Id": machine.arn, "Name": machine.name},
    })
}

fn choose(choice: &Choice, input: &Value, context: &Value) -> Result<Done, Failure> {
    for branch in &choice.choices {
        if branch.rule.holds(input, context)? {
            return Ok(Done::Next(branch.next.clone(), input.clone()));
        }
    }
    let nothing = || Failure::new("States.NoChoiceMatched", "No choice matched, and there is no default.");
    choice.default.clone().map(|next| Done::Next(next, input.clone())).ok_or_else(nothing)
}

fn passed(pass: &Pass, input: &Value, context: &Value) -> Result<Done, Failure> {
    let selected = pass.input_path.select(input, context)?;
    let result = match (&pass.result, &pass.parameters) {
        (Some(result), _) => result.clone(),
        (None, Some(parameters)) => parameters.fill(&selected, context)?,
        (None, None) => selected,
    };
    let combined = pass.result_path.combine(input.clone(), result)?;
    Ok(Done::of(&pass.then, pass.output_path.select(&combined, context)?))
}

/// A time that many seconds later.
pub(super) fn after(now: Timestamp, seconds: u64) -> Timestamp {
    let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}
