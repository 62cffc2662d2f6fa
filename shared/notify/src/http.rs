use std::{sync::Arc, time::Duration};

use mayday_core::failure::CallError;
use reqwest::{StatusCode, redirect::Policy};

/// How long one request may take: somebody is asleep meanwhile, and the next way waits.
const LIMIT: Duration = Duration::from_secs(5);

/// A client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Setup {
    /// TLS could not be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// HTTP could not be set up.
    #[error("HTTP can't be set up")]
    Http(#[from] reqwest::Error),
}

/// A client with ring and Mozilla's roots, as everywhere in the product; it follows no redirect.
///
/// # Errors
/// When TLS or HTTP can't be set up.
pub fn client() -> Result<reqwest::Client, Setup> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls).timeout(LIMIT).redirect(Policy::none()).no_proxy().build()?)
}

/// A request without an answer. The kind only: an error's text has the address in it.
pub(crate) fn unreachable(error: &reqwest::Error) -> CallError {
    match () {
        () if error.is_connect() => CallError::NotNow { code: "unreachable".to_owned(), why: "no connection".to_owned() },
        () if error.is_timeout() => CallError::Unknown { why: "no answer in time".to_owned() },
        () => CallError::Unknown { why: "the connection broke".to_owned() },
    }
}

/// An answer that is a server's error or a throttle, with the vendor's words. `None`: it is neither.
pub(crate) fn trouble(status: StatusCode, words: &str) -> Option<CallError> {
    let words: String = words.chars().take(200).collect();
    match status.as_u16() {
        429 => Some(CallError::NotNow { code: "ratelimited".to_owned(), why: format!("too many requests {words}").trim().to_owned() }),
        503 => Some(CallError::NotNow { code: "unavailable".to_owned(), why: format!("HTTP status 503 {words}").trim().to_owned() }),
        500.. => Some(CallError::Unknown { why: format!("HTTP status {} {words}", status.as_u16()).trim().to_owned() }),
        _ => None,
    }
}
