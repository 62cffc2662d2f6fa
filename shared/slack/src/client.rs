//! Slack's Web API, as far as the product speaks it.
//!
//! One request, one try: whoever calls knows whether trying again is safe. Everything that is said passes
//! [`redact`], and no link in it is unfurled.

mod chat;
mod directory;
mod files;
mod workspace;

use std::{sync::Arc, time::Duration};

use mayday_core::failure::CallError;
use reqwest::{StatusCode, header::RETRY_AFTER, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::{
    redact::redact,
    response_url::{Origin, ResponseUrl},
};

/// Slack's own address.
pub const SLACK_API_URL: &str = "https://slack.com/api/";
/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The longest wait that is asked of anybody: an absurd or missing `Retry-After` counts as this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// How a call to Slack failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many requests. Nothing happened.
    #[error("rate limited, again in {} s", retry_after.as_secs())]
    RateLimited {
        /// When to try again: between one second and a minute.
        retry_after: Duration,
    },
    /// Slack said no. Nothing happened.
    #[error("{code}{}", joined(messages))]
    Refused {
        /// Slack's code: `channel_not_found`, `invalid_blocks`, `expired_trigger_id`, …
        code: String,
        /// Slack's explanations, each with the place in the blocks that it means.
        messages: Vec<String>,
    },
    /// No answer, or a server's error.
    #[error("{why}")]
    Unreachable {
        /// What was seen, without the address.
        why: String,
        /// Whether the request may have been carried out.
        perhaps_done: bool,
    },
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        let why = error.to_string();
        match error {
            Error::RateLimited { .. } => Self::NotNow { code: "ratelimited".to_owned(), why },
            Error::Refused { code, .. } => Self::Refused { code, why },
            Error::Unreachable { perhaps_done: false, .. } => Self::NotNow { code: "unreachable".to_owned(), why },
            Error::Unreachable { perhaps_done: true, .. } => Self::Unknown { why },
        }
    }
}

/// A client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Setup {
    /// `SLACK_API_URL` is no HTTP URL.
    #[error("the Slack API's address is not an HTTP URL")]
    Address,
    /// TLS or HTTP could not be set up.
    #[error("the Slack client can't be set up")]
    Tls(#[from] rustls::Error),
    /// TLS or HTTP could not be set up.
    #[error("the Slack client can't be set up")]
    Http(#[from] reqwest::Error),
}

/// Slack's Web API for one installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SlackClient {
    http: reqwest::Client,
    base: String,
    local: Option<Origin>,
    token: SecretString,
}

impl SlackClient {
    /// A client with the bot's token. `api_url` is `SLACK_API_URL` where that is set; then response URLs of its origin are
    /// posted to as well.
    ///
    /// # Errors
    /// [`Setup`] when the address is none.
    pub fn new(token: SecretString, api_url: Option<&str>) -> Result<Self, Setup> {
        let base = api_url.unwrap_or(SLACK_API_URL).trim_end_matches('/').to_owned();
        Origin::of(&base).ok_or(Setup::Address)?;
        // The provider and the roots are given by hand: no second TLS stack, no folder of certificates to read at the start.
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).timeout(LIMIT).redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { http, base, local: api_url.and_then(Origin::of), token })
    }

    /// A request to a method, with the token.
    fn to(&self, method: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/{method}", self.base)).bearer_auth(self.token.expose_secret())
    }

    /// Calls a method that takes JSON, and gives Slack's answer.
    pub(crate) async fn call(&self, method: &str, body: Value) -> Result<Value, Error> {
        let request = self.to(method);
        let body = redacted(body).to_string();
        answer(request.header("content-type", "application/json; charset=utf-8").body(body).send().await).await
    }

    /// Asks a method that takes no JSON, as Slack's reading methods.
    pub(crate) async fn ask(&self, method: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self.http.get(format!("{}/{method}?{}", self.base, query.join("&"))).bearer_auth(self.token.expose_secret());
        answer(request.send().await).await
    }

    /// Posts to a response URL, which carries its own authority: the token stays here.
    pub(crate) async fn reply(&self, url: &str, body: Value) -> Result<(), Error> {
        let foreign = || Error::Refused { code: "foreign_response_url".to_owned(), messages: Vec::new() };
        let url = ResponseUrl::new(url, self.local.as_ref()).ok_or_else(foreign)?;
        let response =
            self.http.post(url.as_str()).header("content-type", "application/json").body(redacted(body).to_string()).send().await;
        let response = response.map_err(|error| unreachable(&error))?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let text = response.text().await.map_err(|error| unreachable(&error))?;
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let code = json.get("error").and_then(Value::as_str).map(str::to_owned);
        match (status, code) {
            (StatusCode::TOO_MANY_REQUESTS, _) => Err(Error::RateLimited { retry_after }),
            (status, None) if status.is_success() && json.get("ok") != Some(&Value::Bool(false)) => Ok(()),
            (status, _) if status.is_server_error() => Err(server_error(status)),
            // `used_url` after five answers, `expired_url` after half an hour.
            (status, code) => {
                Err(Error::Refused { code: code.unwrap_or_else(|| format!("http_{}", status.as_u16())), messages: Vec::new() })
            }
        }
    }
}

async fn answer(response: Result<reqwest::Response, reqwest::Error>) -> Result<Value, Error> {
    let response = response.map_err(|error| unreachable(&error))?;
    let (status, retry_after) = (response.status(), retry_after(&response));
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Error::RateLimited { retry_after });
    }
    if !status.is_success() {
        // Slack's own noes come with 200: this is something in front of it, or Slack in trouble.
        return Err(server_error(status));
    }
    let text = response.text().await.map_err(|error| unreachable(&error))?;
    let json: Value =
        serde_json::from_str(&text).map_err(|_| Error::Unreachable { why: "the answer is no JSON".to_owned(), perhaps_done: true })?;
    if json.get("ok") == Some(&Value::Bool(true)) {
        return Ok(json);
    }
    let code = json.get("error").and_then(Value::as_str).unwrap_or("no_error_code").to_owned();
    match code.as_str() {
        "ratelimited" | "rate_limited" => Err(Error::RateLimited { retry_after }),
        "service_unavailable" => Err(Error::Unreachable { why: code, perhaps_done: false }),
        // By Slack's own words, some of it may have been done before the error.
        "internal_error" | "fatal_error" | "request_timeout" => Err(Error::Unreachable { why: code, perhaps_done: true }),
        _ => Err(Error::Refused { code, messages: messages(&json) }),
    }
}

fn messages(json: &Value) -> Vec<String> {
    let lists = [json.pointer("/response_metadata/messages"), json.get("errors")];
    let texts = lists.into_iter().flatten().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    texts.map(|text| redact(text).into_owned()).collect()
}

fn retry_after(response: &reqwest::Response) -> Duration {
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse().ok());
    seconds.map_or(MAX_RETRY_AFTER, Duration::from_secs).clamp(Duration::from_secs(1), MAX_RETRY_AFTER)
}

/// For an upload: anything but a success is none, and nobody sees a part of one.
fn answered(status: StatusCode) -> Result<(), Error> {
    if status.is_success() {
        Ok(())
    } else {
        Err(Error::Unreachable { why: format!("HTTP status {}", status.as_u16()), perhaps_done: false })
    }
}

fn server_error(status: StatusCode) -> Error {
    Error::Unreachable { why: format!("HTTP status {}", status.as_u16()), perhaps_done: status != StatusCode::SERVICE_UNAVAILABLE }
}

fn unreachable(error: &reqwest::Error) -> Error {
    // The kind only: the error's text has the address in it, and a response URL's address is its key.
    let why = match () {
        () if error.is_connect() => "no connection",
        () if error.is_timeout() => "no answer in time",
        () => "the connection broke",
    };
    Error::Unreachable { why: why.to_owned(), perhaps_done: !error.is_connect() }
}

fn joined(messages: &[String]) -> String {
    messages.iter().map(|message| format!(": {message}")).collect()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn redacted(json: Value) -> Value {
    match json {
        Value::String(text) => Value::String(redact(&text).into_owned()),
        Value::Array(items) => Value::Array(items.into_iter().map(redacted).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, redacted(value))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
