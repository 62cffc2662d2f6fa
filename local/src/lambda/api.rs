//! Lambda's own interface, REST JSON: Invoke, and the thin readings that a client looks at.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Function, InvokeError, Lambda,
    function::{self, name_of},
};
use crate::{
    service::{Call, Reply, Service},
    wire::{self, rest},
};

/// Lambda's limits for an event, in bytes.
const LARGEST_SYNCHRONOUS: usize = 6 * 1024 * 1024;
const LARGEST_ASYNCHRONOUS: usize = 1024 * 1024;

/// The service over a host: what the front and `dispatch` see.
#[derive(Debug, Clone)]
pub struct LambdaService(Arc<Lambda>);

impl LambdaService {
    /// The service of that host.
    #[must_use]
    pub fn new(host: Arc<Lambda>) -> Self {
        Self(host)
    }

    async fn invoke(&self, call: &Call, function: &str) -> Reply {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let payload = if call.body.is_empty() { bytes::Bytes::from_static(b"{}") } else { call.body.clone() };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
            let message = format!("Could not parse request body into json: {error}");
            return self.error(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message);
        }
        let kind = header("x-amz-invocation-type").unwrap_or("RequestResponse");
        let limit = if kind == "Event" { LARGEST_ASYNCHRONOUS } else { LARGEST_SYNCHRONOUS };
        if payload.len() > limit {
            let message = format!("Request must be smaller than {limit} bytes for the {kind} operation");
            return self.error(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
        }
        match kind {
            "RequestResponse" => match self.0.invoke(function, payload).await {
                Ok(outcome) => {
                    let reply = wire::reply(StatusCode::OK, "application/json", outcome.payload);
                    let reply = wire::with_header(reply, "x-amz-executed-version", "$LATEST");
                    let reply = wire::with_header(reply, "x-amzn-requestid", &outcome.request_id);
                    if outcome.failed { wire::with_header(reply, "x-amz-function-error", "Unhandled") } else { reply }
                }
                Err(error) => self.refuse(&error),
            },
            "Event" => match self.0.enqueue(function, &payload) {
                Ok(id) => wire::with_header(wire::reply(StatusCode::ACCEPTED, "application/json", ""), "x-amzn-requestid", &id),
                Err(error) => self.refuse(&error),
            },
            "DryRun" => match self.0.find(function) {
                Some(_) => wire::reply(StatusCode::NO_CONTENT, "application/json", ""),
                None => self.refuse(&InvokeError::NotFound(self.0.arn(function))),
            },
            other => {
                let message = format!(
                    "Value '{other}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
                );
                self.error(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message)
            }
        }
    }

    fn describe(&self, function: &Function) -> Value {
        json!({
            "FunctionName": function.name,
            "FunctionArn": function::arn(&self.0.region, &function.name),
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Timeout": function.timeout.as_secs(),
            "MemorySize": 256,
            "Version": "$LATEST",
            "CodeSha256": package(&function.binary),
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["arm64"],
            "Environment": {"Variables": function.environment},
        })
    }

    fn refuse(&self, error: &InvokeError) -> Reply {
        self.error(error.status(), error.code(), &error.to_string())
    }
}

#[async_trait]
impl Service for LambdaService {
    fn name(&self) -> &'static str {
        "lambda"
    }

    fn operation(&self, call: &Call) -> String {
        let segments = rest::segments(call);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let name = match (&call.method, segments.as_slice()) {
            (&Method::POST, ["2015-03-31", "functions", _, "invocations"]) => "Invoke",
            (&Method::GET, ["2015-03-31", "functions"] | ["2015-03-31", "functions", ""]) => "ListFunctions",
            (&Method::GET, ["2015-03-31", "functions", _]) => "GetFunction",
            (&Method::GET, ["2015-03-31", "functions", _, "configuration"]) => "GetFunctionConfiguration",
            _ => "",
        };
        name.to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        let name = rest::segments(call).into_iter().nth(2).unwrap_or_default();
        let found = self.0.functions().into_iter().find(|function| function.name == name_of(&name));
        match (call.operation.as_str(), found) {
            ("Invoke", _) => {
                let qualifier = form_urlencoded::parse(call.query.as_bytes()).find(|(key, _)| key == "Qualifier").map(|(_, value)| value);
                let qualified = qualifier.map_or_else(|| name.clone(), |qualifier| format!("{}:{qualifier}", name_of(&name)));
                self.invoke(call, &qualified).await
            }
            ("ListFunctions", _) => {
                let functions: Vec<Value> = self.0.functions().iter().map(|function| self.describe(function)).collect();
                rest::json(StatusCode::OK, &json!({"Functions": functions}))
            }
            ("GetFunction", Some(function)) => rest::json(StatusCode::OK, &json!({"Configuration": self.describe(&function)})),
            ("GetFunctionConfiguration", Some(function)) => rest::json(StatusCode::OK, &self.describe(&function)),
            ("GetFunction" | "GetFunctionConfiguration", None) => self.refuse(&InvokeError::NotFound(self.0.arn(&name))),
            _ => self.error(StatusCode::NOT_FOUND, "UnknownOperationException", "The local stack does not know this operation of Lambda."),
        }
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        // A throttle is a 429 here, and SDKs look at that.
        let status = if code == "TooManyRequestsException" { StatusCode::TOO_MANY_REQUESTS } else { status };
        rest::json_error(status, code, message)
    }
}

/// What tells one build of a function from another: base64, as Lambda's own. The binaries are large here, so it is taken of their size and
/// time and not of every byte.
fn package(binary: &Path) -> String {
    let kept = std::fs::metadata(binary).ok().and_then(|file| Some((file.len(), file.modified().ok()?)));
    BASE64_STANDARD.encode(Sha256::digest(format!("{kept:?}")))
}
