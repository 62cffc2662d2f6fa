//! The page and its parts, carried in the binary.

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};

/// Everything comes from this origin, and no text of a message can become a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https: http:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! assets {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of each part of the page.
        const ASSETS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../assets/", $name)))),+];
    };
}

assets!(
    "console.css",
    "blocks.css",
    "world.css",
    "icon.svg",
    "app.js",
    "api.js",
    "blocks.js",
    "composer.js",
    "dom.js",
    "emoji.js",
    "inputs.js",
    "messages.js",
    "modal.js",
    "mrkdwn.js",
    "sidebar.js",
    "store.js",
    "world.js",
);

/// `/` and `/assets/…`.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(index)).route("/assets/{name}", get(asset))
}

pub(super) async fn index() -> Response {
    let mut response = answer("text/html; charset=utf-8", include_str!("../../assets/index.html"));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

async fn asset(Path(name): Path<String>) -> Response {
    let Some((name, text)) = ASSETS.iter().find(|(known, _)| *known == name) else { return StatusCode::NOT_FOUND.into_response() };
    let content_type = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    answer(content_type, text)
}

fn answer(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}
