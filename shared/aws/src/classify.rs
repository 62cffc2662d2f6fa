//! What may be concluded from a failed call: the one table for all services.

use std::error::Error;

use aws_smithy_runtime_api::{
    client::{
        orchestrator::HttpResponse,
        result::{ConnectorError, SdkError},
    },
    http::StatusCode,
};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use mayday_core::failure::CallError;

/// Whether a call changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It can be made again whatever came of it.
    Read,
    /// Whether it happened matters.
    Change,
}

/// Codes that say "too fast" or "not yet": nothing happened, and the same call works later.
///
/// The SDK's own list (`aws_runtime::retries::classifiers::THROTTLING_ERRORS`) with DynamoDB's conflict between regions, and
/// without `LimitExceededException`, by which Secrets Manager and Step Functions mean a quota that no waiting mends. Of credentials
/// that ran out the next visit has new ones: a run of hours outlives every process that drives it.
const NOT_NOW: [&str; 17] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "ExpiredToken",
    "ExpiredTokenException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Sorts a failed call. The order of the questions matters: was it sent, was it answered, what does the answer say.
pub(crate) fn classify<E>(kind: Kind, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match error {
        // We built it wrongly, and would again.
        SdkError::ConstructionFailure(_) => CallError::refused("InvalidRequest", words(&error)),
        SdkError::DispatchFailure(ref failure) if failure.as_connector_error().is_some_and(never_sent) => {
            CallError::NotNow { code: "ConnectionFailed".to_owned(), why: words(&error) }
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => doubt(kind, "NoAnswer", words(&error)),
        SdkError::ResponseError(_) => doubt(kind, "UnreadableAnswer", words(&error)),
        SdkError::ServiceError(service) => {
            let status = service.raw().status();
            let error = service.into_err();
            let code = error.code().unwrap_or("UnknownError").to_owned();
            let why = error.message().map_or_else(|| words(&error), str::to_owned);
            answered(kind, status, code, why)
        }
        other => doubt(kind, "UnknownError", words(&other)),
    }
}

fn answered(kind: Kind, status: StatusCode, code: String, why: String) -> CallError {
    if NOT_NOW.contains(&code.as_str()) || status.as_u16() == 429 {
        return CallError::NotNow { code, why };
    }
    if status.is_server_error() {
        return match kind {
            Kind::Read => CallError::NotNow { code, why },
            Kind::Change => CallError::Unknown { why: format!("{code}: {why}") },
        };
    }
    // It worked, and what it says can't be read.
    if status.is_success() {
        return doubt(kind, "UnreadableAnswer", why);
    }
    CallError::Refused { code, why }
}

fn doubt(kind: Kind, code: &str, why: String) -> CallError {
    match kind {
        Kind::Read => CallError::NotNow { code: code.to_owned(), why },
        Kind::Change => CallError::Unknown { why },
    }
}

/// Whether the connection never came about: name not found, refused, TLS not agreed, time-out before any of that. Only the
/// HTTP client knows; what another client's connector says is taken for a lost answer.
fn never_sent(error: &ConnectorError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(http) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return http.is_connect();
        }
        next = error.source();
    }
    false
}

fn words(error: &(impl Error + 'static)) -> String {
    DisplayErrorContext(error).to_string()
}

#[cfg(test)]
mod tests;
