//! AWS JSON 1.0 and 1.1: the operation in `X-Amz-Target`, JSON both ways.

use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    service::{Call, Reply},
    wire,
};

/// Which of the two; they differ in the content type only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// DynamoDB, Step Functions.
    V1_0,
    /// Secrets Manager, ECS, CloudWatch.
    V1_1,
}

impl Version {
    const fn content_type(self) -> &'static str {
        match self {
            Self::V1_0 => "application/x-amz-json-1.0",
            Self::V1_1 => "application/x-amz-json-1.1",
        }
    }
}

/// The operation: what follows the last dot of `X-Amz-Target`. Empty where there is none.
#[must_use]
pub fn operation(call: &Call) -> String {
    let target = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The request's body. An empty one is read as `{}`.
///
/// # Errors
/// The reply to give when it is not what the operation takes.
pub fn body<T: DeserializeOwned>(call: &Call, version: Version) -> Result<T, Reply> {
    let bytes: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(bytes).map_err(|source| error(version, StatusCode::BAD_REQUEST, "SerializationException", &source.to_string()))
}

/// A good answer.
#[must_use]
pub fn reply(version: Version, body: &impl Serialize) -> Reply {
    wire::reply(StatusCode::OK, version.content_type(), serde_json::to_vec(body).unwrap_or_default())
}

/// An error: the code in `__type` and in a header, as the SDKs read it.
#[must_use]
pub fn error(version: Version, status: StatusCode, code: &str, message: &str) -> Reply {
    let body = json!({"__type": code, "message": message}).to_string();
    wire::with_header(wire::reply(status, version.content_type(), body), "x-amzn-errortype", code)
}
