//! The Runtime API as a function's process sees it. What it is given, and what its answers mean, is the affair of [`Work`].
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::function::{Function, Outcome};

/// Lambda's limit for an answer, in bytes.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024 + 100;

/// One invocation on its way to a process.
#[derive(Debug, Clone)]
pub struct Job {
    /// The invocation's id.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// What is invoked.
    pub function_arn: String,
    /// Until when the function may run, in milliseconds since 1970.
    pub deadline_ms: i64,
}

/// What one process has to do.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// Waits until there is something to do; `None` when there will be nothing any more.
    async fn next(&self) -> Option<Job>;
    /// Takes an answer. Whether it belongs to what the process was given.
    fn finish(&self, outcome: Outcome) -> bool;
    /// The process says why it can't start, then ends. `error` is the body that Lambda makes of it.
    async fn cannot_start(&self, error: Bytes);
}

/// The API of one process.
pub fn router(work: Arc<dyn Work>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::disable())
        .with_state(work)
}

/// The variables that Lambda sets for a process of `function`, then the function's own. The process must have no others.
#[must_use]
pub fn environment(function: &Function, region: &str) -> Vec<(String, String)> {
    let platform = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
    ];
    let platform = platform.into_iter().map(|(name, value)| (name.to_owned(), value));
    platform.chain(function.environment.clone()).collect()
}

async fn next(State(work): State<Arc<dyn Work>>) -> Response {
    let Some(job) = work.next().await else { return StatusCode::GONE.into_response() };
    let trace = format!("Root=1-{:08x}-{:024x};Sampled=0", job.deadline_ms / 1000, job.deadline_ms);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", job.request_id),
        ("lambda-runtime-deadline-ms", job.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", job.function_arn),
        ("lambda-runtime-trace-id", trace),
    ];
    (headers, job.payload).into_response()
}

async fn response(State(work): State<Arc<dyn Work>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let outcome = if body.len() > LARGEST_ANSWER {
        let message = format!("Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes).");
        Outcome::failure(&id, json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}).to_string().into())
    } else {
        Outcome::success(&id, body)
    };
    finish(work.as_ref(), outcome)
}

async fn error(State(work): State<Arc<dyn Work>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    finish(work.as_ref(), Outcome::failure(&id, error_body(&headers, body)))
}

async fn init_error(State(work): State<Arc<dyn Work>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    work.cannot_start(error_body(&headers, body)).await;
    StatusCode::ACCEPTED
}

fn finish(work: &dyn Work, outcome: Outcome) -> StatusCode {
    if work.finish(outcome) { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST }
}

/// A runtime that sends no body still names the error in a header.
fn error_body(headers: &HeaderMap, body: Bytes) -> Bytes {
    if !body.is_empty() {
        return body;
    }
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok()).unwrap_or("Runtime.Unknown");
    json!({"errorType": kind, "errorMessage": ""}).to_string().into()
}
