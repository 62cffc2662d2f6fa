//! One inspection: sign in, ask, tell.

use std::{pin::pin, time::Duration};

use mayday_core::port::{Inspection, InspectorRequest, Probe, ProbeResult};
use mayday_resolver::Resolver;
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    config::Config,
    connect::{sign_in, words},
    probe, trust,
};

/// How long all questions together may take: less than the function's own time-out (60 s), so that what was answered
/// is told.
const WHOLE: Duration = Duration::from_secs(50);
/// How long signing in may take, with all of a host's addresses.
const SIGN_IN: Duration = Duration::from_secs(12);

/// Asks databases.
pub(crate) struct Inspector {
    resolver: Resolver,
    tls: MakeRustlsConnect,
    tls_required: bool,
}

impl Inspector {
    pub(crate) fn new(config: Config) -> Result<Self, lambda_runtime::Error> {
        let tls = MakeRustlsConnect::new(trust::tls(config.roots.as_deref())?);
        Ok(Self { resolver: config.resolver, tls, tls_required: config.tls_required })
    }

    /// What the database says. That it can't be reached is an answer.
    pub(crate) async fn inspect(&self, request: &InspectorRequest) -> Inspection {
        let until = Instant::now() + WHOLE;
        let signed_in = timeout(SIGN_IN, sign_in(request, &self.resolver, self.tls.clone(), self.tls_required)).await;
        let (client, connection) = match signed_in.unwrap_or_else(|_| Err("no answer to signing in".to_owned())) {
            Ok(both) => both,
            Err(why) => return Inspection { connection_error: Some(why), ..Inspection::default() },
        };
        let mut found = Inspection::default();
        // The connection works only while it is awaited, and ends with the invocation, as it should.
        let ended = {
            let mut connection = pin!(connection);
            tokio::select! {
                biased;
                () = ask(&client, &request.probes, until, &mut found) => None,
                ended = &mut connection => Some(ended.map_or_else(|error| words(&error), |()| "the database closed the connection".to_owned())),
            }
        };
        let why = ended.unwrap_or_else(|| "not asked: the time was up".to_owned());
        let unanswered = request.probes.iter().skip(found.results.len());
        let unanswered =
            unanswered.map(|probe| ProbeResult { name: probe.name.clone(), value: None, error: Some(why.clone()), took_ms: 0 });
        found.results.extend(unanswered.collect::<Vec<_>>());
        found
    }
}

/// Asks one question after the other until they are answered or the time is up.
async fn ask(client: &Client, probes: &[Probe], until: Instant, found: &mut Inspection) {
    found.server_version = probe::server_version(client).await;
    for probe in probes {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let started = Instant::now();
        // The server's own time-out comes first; this one is for a server that has gone silent.
        let Ok(answer) = timeout(left, probe::ask(client, &probe.sql, left)).await else { return };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (value, error) = answer.map_or_else(|error| (None, Some(words(&error))), |value| (value, None));
        found.results.push(ProbeResult { name: probe.name.clone(), value, error, took_ms });
    }
}
