//! The console in the browser, and the HTTP paths through which testers do what people do in it.
//!
//! `/` is the page; `/slack/api/METHOD`, `/hooks/ID` and `/files/ID` are Slack's; `/local/state`, `/local/act`,
//! `/local/mint`, `/local/views`, `/local/break` and `/local/changes` are the stack's own.

mod page;
mod world;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    response::{IntoResponse as _, Response},
    routing::{any, get, post},
};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

pub use world::{Database, DnsAnswer, Outboxes, Table, World};

use crate::{
    control::{read, refusal},
    front::respond,
    service::{Call, Service, Shared, dispatch},
    slack::{Act, Impossible, Slack, mimetype},
};

/// The largest upload.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// How long a question for changes is held open.
const HOLD: Duration = Duration::from_secs(20);

/// What the paths need.
#[derive(Clone)]
struct Console {
    shared: Arc<Shared>,
    slack: Arc<Slack>,
    world: Arc<dyn World>,
}

/// The paths of Slack and of the console.
pub fn router(shared: Arc<Shared>, slack: Arc<Slack>, world: Arc<dyn World>) -> Router {
    Router::new()
        .route("/slack/api/{method}", any(vendor))
        .route("/hooks/{id}", any(vendor))
        .route("/files/{id}", get(download).post(upload))
        .route("/pagerduty/v2/enqueue", post(pagerduty))
        .route("/local/state", get(state))
        .route("/local/act", post(act))
        .route("/local/mint", post(mint))
        .route("/local/views", get(views))
        .route("/local/break", post(break_it))
        .route("/local/changes", get(changes))
        .route("/archives/{channel}/{message}", get(page::index))
        .merge(page::routes())
        .with_state(Console { shared, slack, world })
}

/// Slack's own paths go through the fault table and the record like every vendor's.
async fn vendor(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let call = Call {
        service: console.slack.name().to_owned(),
        operation: String::new(),
        region: String::new(),
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let service: Arc<dyn Service> = console.slack.clone();
    let shared = console.shared.clone();
    // To its end even when the caller hangs up: Slack would.
    let reply = console.shared.tasks.run(async move { dispatch(&shared, &service, call).await }).await;
    respond(reply.flatten())
}

async fn upload(State(console): State<Console>, Path(id): Path<String>, body: Bytes) -> Response {
    if console.slack.take_upload(&id, &body) { "OK".into_response() } else { StatusCode::NOT_FOUND.into_response() }
}

async fn download(State(console): State<Console>, Path(id): Path<String>) -> Response {
    let Some((name, content)) = console.slack.file(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let plain: String = name.chars().filter(|letter| letter.is_ascii_graphic() && *letter != '"').collect();
    let mimetype = mimetype(&content);
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mimetype));
    // Always a download: a file's content is the bot's, and must not run in the console's origin.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}

async fn state(State(console): State<Console>) -> Response {
    let workspace = console.slack.workspace();
    let people: Vec<_> = console.slack.people().into_iter().filter(|person| !person.is_bot).collect();
    let named = |channel: &Value| channel.get("name").is_some_and(Value::is_string);
    let channels: Vec<_> = console.slack.channels().into_iter().filter(named).collect();
    let faults: Vec<_> = console.shared.faults.list().into_iter().map(|(id, rule)| json!({"id": id, "rule": rule})).collect();
    let world = &console.world;
    let (databases, runs, dns, services, recovery_points) =
        tokio::join!(world.databases(), world.runs(), world.dns_answers(), world.services(), world.recovery_points());
    Json(json!({
        "slack": {
            "team_id": workspace.team_id, "team_name": workspace.team_name, "enterprise_id": workspace.enterprise_id,
            "app_id": workspace.app_id, "app_name": workspace.app_name, "bot_token": workspace.bot_token,
            "bot_user_id": workspace.bot_user_id, "people": people, "channels": channels,
            "commands": workspace.commands, "shortcuts": workspace.shortcuts,
        },
        "secrets": world.secrets(),
        "regions": world.regions(),
        "bot": world.bot(),
        "dns_port": world.dns_port(),
        "outboxes": world.outboxes(),
        "world": {"databases": databases, "recovery_points": recovery_points, "dns": dns, "services": services, "runs": runs},
        "runs": runs,
        "faults": faults,
        "clock": {"now": console.shared.clock.now(), "scale": console.shared.clock.scale()},
    }))
    .into_response()
}

/// PagerDuty's own path goes through the fault table and the record like every vendor's.
async fn pagerduty(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let Some(service) = console.world.pagerduty() else { return StatusCode::NOT_FOUND.into_response() };
    let call = Call {
        service: service.name().to_owned(),
        operation: String::new(),
        region: String::new(),
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: String::new(),
        headers: parts.headers,
        body,
    };
    let shared = console.shared.clone();
    respond(console.shared.tasks.run(async move { dispatch(&shared, &service, call).await }).await.flatten())
}

/// What people do outside of Slack is told by what came of it; `None`: it is done in Slack.
async fn outside(console: &Console, body: &Bytes) -> Option<Response> {
    let deed: Value = serde_json::from_slice(body).ok()?;
    let world = console.world.clone();
    let done = console.shared.tasks.run(async move { world.outside(&deed).await }).await??;
    Some(match done {
        Ok(told) => Json(told).into_response(),
        Err(sentence) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &sentence),
    })
}

async fn act(State(console): State<Console>, body: Bytes) -> Response {
    if let Some(done) = outside(&console, &body).await {
        return done;
    }
    let wanted: Act = match read(&body) {
        Ok(wanted) => wanted,
        Err(refused) => return refused,
    };
    let slack = console.slack.clone();
    match console.shared.tasks.run(async move { slack.act(wanted).await }).await {
        Some(Ok(outcome)) => Json(outcome).into_response(),
        Some(Err(Impossible(sentence))) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &sentence),
        None => refusal(StatusCode::SERVICE_UNAVAILABLE, "The stack is stopping."),
    }
}

#[derive(Debug, Deserialize)]
struct Mint {
    user: String,
    channel: String,
}

async fn mint(State(console): State<Console>, body: Bytes) -> Response {
    match read::<Mint>(&body) {
        Ok(Mint { user, channel }) => {
            let (trigger_id, response_url) = console.slack.mint(&user, &channel);
            Json(json!({"trigger_id": trigger_id, "response_url": response_url})).into_response()
        }
        Err(refused) => refused,
    }
}

#[derive(Debug, Deserialize)]
struct OfUser {
    user: String,
}

async fn views(State(console): State<Console>, Query(OfUser { user }): Query<OfUser>) -> Response {
    Json(console.slack.views_of(&user)).into_response()
}

#[derive(Debug, Deserialize)]
struct Break {
    what: String,
    #[serde(default)]
    target: String,
}

async fn break_it(State(console): State<Console>, body: Bytes) -> Response {
    let wanted: Break = match read(&body) {
        Ok(wanted) => wanted,
        Err(refused) => return refused,
    };
    let world = console.world.clone();
    match console.shared.tasks.run(async move { world.break_it(&wanted.what, &wanted.target).await }).await {
        Some(Ok(told)) => Json(told).into_response(),
        Some(Err(sentence)) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &sentence),
        None => refusal(StatusCode::SERVICE_UNAVAILABLE, "The stack is stopping."),
    }
}

#[derive(Debug, Deserialize)]
struct Since {
    #[serde(default)]
    since: usize,
}

/// What changed since, at once if something did, else as soon as something does.
async fn changes(State(console): State<Console>, Query(Since { since }): Query<Since>) -> Response {
    let mut news = console.slack.subscribe();
    // A count from another life of the stack: everything again.
    let since = if since > console.slack.changes() { 0 } else { since };
    if since > 0 {
        tokio::time::timeout(HOLD, news.wait_for(|count| *count > since)).await.ok();
    }
    let mut told = console.slack.changed_since(since);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("whole".to_owned(), json!(since == 0));
    }
    Json(told).into_response()
}
