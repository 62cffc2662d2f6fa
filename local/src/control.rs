//! What tests and the console's panel change from outside: faults, the clock; and the record that they read.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{faults::Rule, service::Shared};

/// `/local/calls`, `/local/faults`, `/local/clock`, `/local/events`.
pub fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/local/calls", get(calls))
        .route("/local/events", get(events))
        .route("/local/faults", get(faults).post(add_fault))
        .route("/local/faults/{id}", delete(remove_fault))
        .route("/local/clock", post(set_clock).get(clock))
        .with_state(shared)
}

/// One sentence that says what is wrong.
#[must_use]
pub fn refusal(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({"error": sentence}))).into_response()
}

/// Reads a JSON body whatever its content type says, so that a bare `curl -d` works.
///
/// # Errors
/// The refusal to answer with.
pub fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Response> {
    serde_json::from_slice(body)
        .map_err(|error| refusal(StatusCode::BAD_REQUEST, &format!("The body is not what this path takes: {error}.")))
}

#[derive(Debug, Deserialize)]
struct Since {
    #[serde(default)]
    since: usize,
}

async fn calls(State(shared): State<Arc<Shared>>, since: Result<Query<Since>, axum::extract::rejection::QueryRejection>) -> Response {
    match since {
        Ok(Query(Since { since })) => Json(shared.calls.since(since)).into_response(),
        Err(_) => refusal(StatusCode::BAD_REQUEST, "`since` is the offset of the first call wanted, a number from 0."),
    }
}

async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let events = shared.bus.emitted();
    Json(events.into_iter().map(|(at, event)| json!({"at": at, "event": event})).collect::<Vec<_>>()).into_response()
}

#[derive(Debug, Serialize)]
struct Listed {
    id: u64,
    #[serde(flatten)]
    rule: Rule,
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.faults.list().into_iter().map(|(id, rule)| Listed { id, rule }).collect::<Vec<_>>()).into_response()
}

async fn add_fault(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match read::<Rule>(&body) {
        Ok(rule) => Json(json!({"id": shared.faults.add(rule)})).into_response(),
        Err(refused) => refused,
    }
}

async fn remove_fault(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match id.parse() {
        Ok(id) if shared.faults.remove(id) => StatusCode::NO_CONTENT.into_response(),
        _ => refusal(StatusCode::NOT_FOUND, &format!("There is no fault {id}.")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    advance_s: Option<f64>,
    scale: Option<f64>,
}

async fn clock(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({"now": shared.clock.now(), "scale": shared.clock.scale()})).into_response()
}

async fn set_clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wanted: SetClock = match read(&body) {
        Ok(wanted) => wanted,
        Err(refused) => return refused,
    };
    if wanted.advance_s.is_none() && wanted.scale.is_none() {
        return refusal(
            StatusCode::BAD_REQUEST,
            "Give `advance_s` (seconds to move forward) or `scale` (virtual seconds for each real one).",
        );
    }
    let (Ok(by), Some(scale)) =
        (SignedDuration::try_from_secs_f64(wanted.advance_s.unwrap_or(0.0)), wanted.scale.or(Some(shared.clock.scale())))
    else {
        return refusal(StatusCode::BAD_REQUEST, "`advance_s` is not a number of seconds that a clock can move by.");
    };
    if by.is_negative() || !scale.is_finite() || scale < 0.0 {
        return refusal(StatusCode::BAD_REQUEST, "Time only moves forward: `advance_s` and `scale` are zero or more.");
    }
    match shared.clock.set_scale(scale).and_then(|()| shared.clock.advance(by)) {
        Ok(()) => clock(State(shared)).await,
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("The clock's file can't be written: {error}.")),
    }
}
