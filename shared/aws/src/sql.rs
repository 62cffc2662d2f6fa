//! Questions to a database, through the inspector function in the database's network.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_lambda::{Client, primitives::Blob};
use mayday_core::{
    failure::CallError,
    port::{Inspection, InspectorRequest, Probe, Secrets, Sql, SqlTarget},
};
use serde::Deserialize;

use crate::{
    classify::{Kind, classify},
    client::{Connection, Regional},
    settings::Service,
};

/// The inspector function, in the region of the database that it is asked about.
pub struct InspectorSql {
    clients: Regional<Client>,
    function: String,
    secrets: Arc<dyn Secrets>,
}

/// A secret as RDS and its rotation functions keep it.
#[derive(Deserialize)]
struct SignIn {
    username: String,
    password: String,
}

/// What Lambda answers when the function failed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FunctionError {
    error_type: String,
    error_message: String,
}

impl InspectorSql {
    /// The function of this name, which is the same in every region.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, function: String, secrets: Arc<dyn Secrets>) -> Self {
        Self { clients: Regional::new(connection, Service::Lambda, Client::new), function, secrets }
    }

    /// The sign-in, or why there is none: the person who asks can mend that, as they can a wrong password.
    async fn sign_in(&self, target: &SqlTarget) -> Result<Result<SignIn, String>, CallError> {
        let Some(secret) = self.secrets.current(&target.region, &target.secret).await? else {
            return Ok(Err(format!("there is no secret {} in {}", target.secret, target.region)));
        };
        // Not the parser's words: they can quote what they stumbled over.
        Ok(serde_json::from_str(secret.value.expose()).map_err(|_| format!("the secret {} holds no username and password", target.secret)))
    }
}

#[async_trait]
impl Sql for InspectorSql {
    async fn inspect(&self, target: &SqlTarget, probes: &[Probe]) -> Result<Inspection, CallError> {
        let SignIn { username, password } = match self.sign_in(target).await? {
            Ok(sign_in) => sign_in,
            Err(why) => return Ok(Inspection { connection_error: Some(why), ..Inspection::default() }),
        };
        let request = InspectorRequest { target: target.clone(), user: username, password, probes: probes.to_vec() };
        let payload = serde_json::to_vec(&request).map_err(|error| CallError::refused("InvalidRequest", error.to_string()))?;
        let invoke = self.clients.in_region(&target.region).reads.invoke().function_name(&self.function).payload(Blob::new(payload));
        let answer = invoke.send().await.map_err(|error| classify(Kind::Read, error))?;
        let payload = answer.payload.unwrap_or_else(|| Blob::new([])).into_inner();
        match answer.function_error {
            Some(_) => Err(failed(&payload)),
            None => serde_json::from_slice(&payload).map_err(|error| CallError::refused("UnreadableAnswer", error.to_string())),
        }
    }
}

/// What the function's failure means. It only reads, so whatever cut it short can be tried again; a request that it can't read
/// stays unreadable.
fn failed(payload: &[u8]) -> CallError {
    let error: FunctionError = serde_json::from_slice(payload).unwrap_or_default();
    match error.error_type.as_str() {
        "BadRequest" => CallError::refused("BadRequest", error.error_message),
        _ => CallError::NotNow { code: error.error_type, why: error.error_message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bad_request_stays_bad() {
        assert!(matches!(failed(br#"{"errorType":"BadRequest","errorMessage":"no host"}"#), CallError::Refused { .. }));
        let timeout = br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 60.00 seconds"}"#;
        assert!(failed(timeout).is_code("Sandbox.Timedout"));
        assert!(matches!(failed(b"no JSON"), CallError::NotNow { .. }));
    }
}
