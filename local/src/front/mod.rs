//! The HTTP front: one port for AWS's APIs, the bot's own paths, Slack's Web API, the console and the controls.

mod caller;
mod function_url;
mod scope;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

pub(crate) use caller::{FUNCTION, Process, REGION};
pub use scope::Scope;

use crate::{
    region::Regions,
    service::{Call, Registry, Reply, Shared, dispatch},
    wire::rest,
};

/// Bodies above this are refused; a function URL's own limit is lower.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// What the front routes to.
#[derive(Debug, Clone)]
pub struct Front {
    /// The clock, the faults, the record.
    pub shared: Arc<Shared>,
    /// The AWS services by the name in the credential scope.
    pub services: Arc<Registry>,
    /// What runs, by region.
    pub regions: Arc<Regions>,
    /// The function behind the bot's paths.
    pub door: &'static str,
}

/// Marks a response that must not be written: the connection is dropped instead.
#[derive(Debug, Clone, Copy)]
pub struct NoAnswer;

impl NoAnswer {
    /// A response that makes the front drop the connection.
    #[must_use]
    pub fn response() -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Self);
        response
    }
}

/// The answer to an HTTP request, or its absence.
#[must_use]
pub fn respond(reply: Option<Reply>) -> Response {
    let Some(reply) = reply else { return NoAnswer::response() };
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

impl Front {
    /// Everything behind the port: AWS's APIs and the bot first, then `routes`.
    pub fn app(self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self, entry))
    }

    /// Runs a service's call to its end, even when the caller hangs up meanwhile: AWS would.
    async fn aws(&self, scope: Scope, request: Request) -> Response {
        let Some(service) = self.services.get(&scope.service) else {
            let message = format!("The local stack has no service {:?}.", scope.service);
            return respond(Some(rest::json_error(StatusCode::NOT_IMPLEMENTED, "NotImplemented", &message)));
        };
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
            return respond(Some(service.error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "The body is too large.")));
        };
        let call = Call {
            service: scope.service,
            operation: String::new(),
            region: scope.region,
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
        };
        let shared = self.shared.clone();
        let reply = self.shared.tasks.run(async move { dispatch(&shared, &service, call).await }).await;
        respond(reply.flatten())
    }
}

async fn entry(State(front): State<Front>, request: Request, next: Next) -> Response {
    if let Some(scope) = Scope::of(request.headers(), request.uri().query().unwrap_or_default()) {
        return front.aws(scope, request).await;
    }
    let path = request.uri().path();
    let for_the_bot = path == "/pagerduty/events" || (path.starts_with("/slack/") && !path.starts_with("/slack/api/"));
    if for_the_bot { function_url::invoke(&front, request).await } else { next.run(request).await }
}

/// Answers connections until the stack stops.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, regions: Arc<Regions>, app: Router) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                stream.set_nodelay(true).ok();
                let from = caller::process_at(peer, regions.all().flat_map(|(_, running)| running.lambda.processes()).collect());
                shared.tasks.spawn(connection(stream, from, app.clone()));
            }
            // Out of file descriptors, most likely: others will close theirs.
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

/// An own loop instead of axum's, because a lost answer has to close the connection without a word.
async fn connection(stream: TcpStream, from: Option<Process>, app: Router) {
    let service = hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        let app = app.clone();
        caller::note(request.headers_mut(), from.as_ref());
        async move {
            let response = app.oneshot(request.map(Body::new)).await.unwrap_or_else(|never: Infallible| match never {});
            if response.extensions().get::<NoAnswer>().is_some() { Err(std::io::Error::other("no answer")) } else { Ok(response) }
        }
    });
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await.ok();
}
