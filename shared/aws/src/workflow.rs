//! Runs in Step Functions.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sfn::{Client, types::ExecutionStatus};
use mayday_core::{
    failure::CallError,
    ident::RunId,
    port::{Delivery, Launch, Workflow},
};
use serde_json::json;

use crate::{
    classify::{Kind, classify},
    client::{Connection, Twin},
    settings::Service,
};

/// One Standard state machine.
#[derive(Debug)]
pub struct StepFunctions {
    clients: Twin<Client>,
    state_machine: String,
}

impl StepFunctions {
    /// The state machine with this ARN, in the own region.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, state_machine: String) -> Self {
        Self { clients: connection.twin(Service::StepFunctions, Client::new), state_machine }
    }

    async fn state_of(&self, name: &str) -> Result<Launch, CallError> {
        let arn = execution_arn(&self.state_machine, name);
        let execution = self.clients.reads.describe_execution().execution_arn(arn).send().await;
        let execution = execution.map_err(|error| classify(Kind::Read, error))?;
        Ok(match execution.status {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => Launch::Running,
            _ => Launch::Ended,
        })
    }
}

#[async_trait]
impl Workflow for StepFunctions {
    async fn start(&self, run: &RunId, epoch: u64) -> Result<Launch, CallError> {
        let name = format!("{run}-{epoch}");
        let input = json!({"run": run, "epoch": epoch}).to_string();
        // The name makes it idempotent, so this change may be tried again: a second start finds the first.
        let start = self.clients.reads.start_execution().state_machine_arn(&self.state_machine).name(&name).input(input);
        match start.send().await {
            Ok(_) => Ok(Launch::Running),
            // While it runs, the same name and input are answered as the first time; this comes after its end.
            Err(error) if error.as_service_error().is_some_and(|error| error.is_execution_already_exists()) => self.state_of(&name).await,
            Err(error) => Err(classify(Kind::Change, error)),
        }
    }

    async fn wake(&self, token: &str) -> Result<Delivery, CallError> {
        match self.clients.changes.send_task_success().task_token(token).output("{}").send().await {
            Ok(_) => Ok(Delivery::Delivered),
            Err(error) => match error.as_service_error() {
                Some(reason) if reason.is_task_timed_out() || reason.is_task_does_not_exist() || reason.is_invalid_token() => {
                    Ok(Delivery::Gone)
                }
                _ => Err(classify(Kind::Change, error)),
            },
        }
    }
}

/// An execution bears the state machine's name, and not the alias or version that it was started on.
fn execution_arn(state_machine: &str, name: &str) -> String {
    // arn:aws:states:REGION:ACCOUNT:stateMachine:NAME[:ALIAS]
    let unqualified: Vec<_> = state_machine.split(':').take(7).collect();
    format!("{}:{name}", unqualified.join(":").replacen(":stateMachine:", ":execution:", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_found_by_the_name_it_was_given() {
        let arn = execution_arn("arn:aws:states:eu-west-1:000000000000:stateMachine:mayday-run", "r-01-2");
        assert_eq!(arn, "arn:aws:states:eu-west-1:000000000000:execution:mayday-run:r-01-2");
        assert_eq!(execution_arn("arn:aws:states:eu-west-1:000000000000:stateMachine:mayday-run:live", "r-01-2"), arn);
    }
}
