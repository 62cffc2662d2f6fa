//! What a function is, what an invocation gives, and the ways in which it can fail.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use crate::service::ACCOUNT;

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The binary, which speaks the Runtime API.
    pub binary: PathBuf,
    /// After this an invocation is ended, and its process with it. Real time.
    pub timeout: Duration,
    /// Its own environment variables.
    pub environment: BTreeMap<String, String>,
    /// The function that is told when an asynchronous invocation has failed for good.
    pub on_failure: Option<String>,
}

/// What came of an invocation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The invocation's id.
    pub request_id: String,
    /// What the function answered, or the JSON of its error.
    pub payload: Bytes,
    /// Whether it is an error: the function's own, a crash, or a time-out.
    pub failed: bool,
}

impl Outcome {
    pub(super) fn success(request_id: &str, payload: Bytes) -> Self {
        Self { request_id: request_id.to_owned(), payload, failed: false }
    }

    pub(super) fn failure(request_id: &str, payload: Bytes) -> Self {
        Self { request_id: request_id.to_owned(), payload, failed: true }
    }

    /// An error that Lambda reports for the function: `Runtime.ExitError`, `Sandbox.Timedout`, …
    pub(super) fn fault(request_id: &str, kind: &str, what: &str) -> Self {
        let payload = json!({"errorType": kind, "errorMessage": format!("RequestId: {request_id} Error: {what}")});
        Self::failure(request_id, payload.to_string().into())
    }
}

/// Why an invocation did not take place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function.
    #[error("Function not found: {0}")]
    NotFound(String),
    /// All processes that may run are busy.
    #[error("Rate Exceeded.")]
    TooMany,
    /// The host itself failed.
    #[error("{0}")]
    Service(String),
    /// The stack stops.
    #[error("The local stack is stopping.")]
    Stopped,
}

impl InvokeError {
    /// Lambda's own code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "ResourceNotFoundException",
            Self::TooMany => "TooManyRequestsException",
            Self::Service(_) | Self::Stopped => "ServiceException",
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Service(_) | Self::Stopped => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The ARN of a function.
pub(super) fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

/// The bare name in a name, a partial or a full ARN, each with or without a qualifier.
pub(super) fn name_of(function: &str) -> String {
    let rest = function.split_once(":function:").or_else(|| function.split_once("function:")).map_or(function, |(_, rest)| rest);
    rest.split(':').next().unwrap_or_default().to_owned()
}

/// The qualifier in such a name, if there is one: an alias or a version.
pub(super) fn qualifier_of(function: &str) -> Option<String> {
    let rest = function.split_once(":function:").or_else(|| function.split_once("function:")).map_or(function, |(_, rest)| rest);
    rest.split_once(':').map(|(_, qualifier)| qualifier.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_each_of_its_names() {
        for name in
            ["runner", "runner:live", "arn:aws:lambda:eu-west-1:000000000000:function:runner", "000000000000:function:runner:$LATEST"]
        {
            assert_eq!(name_of(name), "runner", "{name}");
        }
    }
}
