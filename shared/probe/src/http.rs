//! GET requests, and what is expected of their answers.

use std::{error::Error as _, io, sync::Arc};

use reqwest::{
    Client, Response,
    redirect::{Attempt, Policy},
};

use crate::{
    Found, Prober, Setup,
    names::{Names, Unresolved},
    not_connected,
};

/// So much of an answer is read for what it must contain.
const MOST: usize = 64 * 1024;
/// So often an answer may lead on.
const HOPS: usize = 3;

/// A client that keeps no connection: each question is to find out whether one can be made.
pub(crate) fn client(names: Names) -> Result<Client, Setup> {
    // The provider and the roots are given by hand: no second TLS stack, no folder of certificates to read at the start.
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).dns_resolver(Arc::new(names)).redirect(Policy::custom(lead_on));
    Ok(client.pool_max_idle_per_host(0).no_proxy().user_agent("mayday-probe").build()?)
}

/// An answer may lead on to the same host only: to a host that the plan does not name no question goes.
fn lead_on(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let same = attempt.previous().last().is_some_and(|before| before.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= HOPS { attempt.follow() } else { attempt.stop() }
}

pub(crate) async fn get(prober: &Prober, url: &str, status: u16, contains: Option<&str>) -> Found {
    let Ok(url) = reqwest::Url::parse(url) else { return Found::Blind(format!("{url} is no URL")) };
    // An address as it stands passes by the names.
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    if let Some(refused) = literal.and_then(|address| prober.reach.refuses(address)) {
        return refused.into();
    }
    let answer = match prober.http.get(url).send().await {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    let seen = answer.status().as_u16();
    if seen != status {
        return Found::Ill(format!("it answered {seen}, not {status}"));
    }
    let Some(wanted) = contains else { return Found::Well(seen.to_string()) };
    match beginning(answer).await {
        Ok(text) if text.contains(wanted) => Found::Well(format!("{seen}, with “{wanted}”")),
        Ok(_) => Found::Ill(format!("it answered {seen}, but without “{wanted}”")),
        Err(error) => failed(&error),
    }
}

/// The first part of an answer, as text.
async fn beginning(mut answer: Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= MOST {
            break;
        }
    }
    bytes.truncate(MOST);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Why a request came to nothing. The causes are looked through: whose trouble it is stands at the bottom.
fn failed(error: &reqwest::Error) -> Found {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(unresolved) = inner.downcast_ref::<Unresolved>() {
            return unresolved.clone().into();
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Found::Ill(format!("no secure connection ({tls})"));
        }
        if let Some(system) = inner.downcast_ref::<io::Error>() {
            // TLS wraps its errors into the system's.
            match system.get_ref().and_then(|tls| tls.downcast_ref::<rustls::Error>()) {
                Some(tls) => return Found::Ill(format!("no secure connection ({tls})")),
                None => return not_connected(system),
            }
        }
        cause = inner.source();
    }
    match () {
        () if error.is_timeout() => Found::Ill("no answer in time".to_owned()),
        () if error.is_body() || error.is_decode() => Found::Ill("the answer broke off".to_owned()),
        () => Found::Ill("it does not speak HTTP".to_owned()),
    }
}
