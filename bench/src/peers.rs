//! The two services that the door talks to, on this machine and no more than that: Secrets Manager, which knows one secret, and
//! Lambda, which takes every invocation and does nothing with it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
    serve::ListenerExt as _,
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

/// What Slack signs with here.
pub(crate) const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// Both, behind one port. Dropping them stops them.
pub(crate) struct Peers {
    address: SocketAddr,
    invocations: Arc<AtomicU64>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Peers {
    /// Opens the port.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let invocations = Arc::<AtomicU64>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).ok();
        });
        let routes = Router::new()
            .route("/", post(secret))
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .with_state(invocations.clone());
        Ok(Self { address, invocations, server: tokio::spawn(axum::serve(listener, routes).into_future()) })
    }

    /// Where they are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many invocations were taken.
    pub(crate) fn invocations(&self) -> u64 {
        self.invocations.load(Ordering::SeqCst)
    }
}

async fn secret() -> Response {
    let keys = json!({"slack_signing_secret": SIGNING_SECRET, "slack_bot_token": "xoxb-1", "pagerduty_webhook_secret": SIGNING_SECRET});
    ([("content-type", "application/x-amz-json-1.1")], json!({"Name": "mayday/keys", "SecretString": keys.to_string()}).to_string())
        .into_response()
}

async fn invoke(State(invocations): State<Arc<AtomicU64>>) -> StatusCode {
    invocations.fetch_add(1, Ordering::SeqCst);
    StatusCode::ACCEPTED
}
