//! The doors as the functions have them: what a function's `main` does with its event, and nothing else.

use mayday_core::{
    desk::{self, Caller, Delivery, Request},
    ident::RunId,
    port::World,
    run, sweep,
};
use serde_json::{Value, json};

use crate::function::Failed;

/// The error that the state machine and Lambda try again on.
const RETRYABLE: &str = "Retryable";

/// The runner: one visit to a run.
pub(crate) async fn runner(world: World, payload: Value) -> Result<Value, Failed> {
    let id = RunId(payload.get("run").and_then(Value::as_str).unwrap_or_default().to_owned());
    let epoch = payload.get("epoch").and_then(Value::as_u64).unwrap_or(0);
    if let Some(error) = payload.get("distress") {
        return run::distress(&world, &id, epoch, &error.to_string()).await.map(|()| json!({})).map_err(|_| RETRYABLE.to_owned());
    }
    let token = payload.get("token").and_then(Value::as_str).map(str::to_owned);
    let next = run::visit(&world, &id, epoch, token).await.map_err(|_| RETRYABLE.to_owned())?;
    Ok(serde_json::to_value(next).unwrap_or_default())
}

/// The worker: one delivery.
pub(crate) async fn worker(world: World, delivery: Delivery, caller: Caller, request: Request) -> Result<Value, Failed> {
    desk::handle(&world, &delivery, &caller, &request).await.map(|()| Value::Null).map_err(|_| RETRYABLE.to_owned())
}

/// The scheduler: one tick of the sweep.
pub(crate) async fn scheduler(world: World) -> Result<Value, Failed> {
    let swept = sweep::tick(&world).await;
    Ok(serde_json::to_value(swept).unwrap_or_default())
}
