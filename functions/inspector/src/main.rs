//! SQL questions to a database, and the few changes of [`change`], made from the database's network. It reaches name servers
//! and the database, nothing else.

mod change;
mod config;
mod connect;
mod inspect;
mod probe;
#[cfg(test)]
mod tests;
mod trust;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use mayday_core::port::{Inspection, InspectorRequest};
use serde_json::Value;

use crate::{config::Config, inspect::Inspector};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    tracing_subscriber::fmt().json().init();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    let config = Config::from_env(&|name: &str| std::env::var(name).ok())?;
    let inspector = Inspector::new(config)?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| answer(&inspector, event.payload))).await
}

/// The answer, or an error that the caller can tell apart by its type. The payload holds a password, so no word of it is
/// ever in an error or in the log.
async fn answer(inspector: &Inspector, payload: Value) -> Result<Inspection, Diagnostic> {
    let request: InspectorRequest = serde_json::from_value(payload).map_err(|_| Diagnostic {
        error_type: "BadRequest".to_owned(),
        error_message: "the request is not a target, a sign-in and questions".to_owned(),
    })?;
    let found = inspector.inspect(&request).await;
    let failed = found.results.iter().filter(|result| result.error.is_some()).count();
    let change = request.change.as_ref().map(|change| format!("{change:?}"));
    let changed = found.changed.as_ref().map(|changed| format!("{changed:?}"));
    let host = &request.target.host;
    tracing::info!(host, asked = request.probes.len(), failed, change, changed, unreachable = found.connection_error, "inspected");
    Ok(found)
}
