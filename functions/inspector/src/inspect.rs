//! One inspection: sign in, ask or change, tell.

use std::{pin::pin, time::Duration};

use mayday_core::port::{Changed, Inspection, InspectorRequest, Probe, ProbeResult, SqlChange};
use mayday_resolver::Resolver;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    change,
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
        let mut found = Inspection::default();
        if let Some(change) = &request.change {
            match self.session(request, async |client| timeout_at(until, change::make(client, change)).await).await {
                Err(why) => return Inspection { connection_error: Some(why), ..found },
                Ok(Err(why)) => found.changed = Some(Changed::Unknown(why)),
                Ok(Ok(Err(_))) => found.changed = Some(Changed::Unknown("the time was up".to_owned())),
                Ok(Ok(Ok(changed))) => found.changed = Some(changed),
            }
            if matches!((&found.changed, change), (Some(Changed::Made(_)), SqlChange::Freeze { .. })) {
                found.changed = self.proven(request, found.changed).await;
            }
            return found;
        }
        match self.session(request, async |client| ask(client, &request.probes, until, &mut found).await).await {
            Err(why) => return Inspection { connection_error: Some(why), ..Inspection::default() },
            Ok(ended) => {
                let why = ended.err().unwrap_or_else(|| "not asked: the time was up".to_owned());
                let unanswered = request.probes.iter().skip(found.results.len());
                let unanswered =
                    unanswered.map(|probe| ProbeResult { name: probe.name.clone(), value: None, error: Some(why.clone()), took_ms: 0 });
                found.results.extend(unanswered.collect::<Vec<_>>());
            }
        }
        found
    }

    /// A freeze counts when somebody who signs in afterwards is seen to be refused a write.
    async fn proven(&self, request: &InspectorRequest, made: Option<Changed>) -> Option<Changed> {
        let refused = |code: &str, why: String| Some(Changed::Refused { code: code.to_owned(), why });
        match self.session(request, async |client| change::refuses_writes(client).await).await {
            Ok(Ok(Ok(true))) => made,
            Ok(Ok(Ok(false))) => refused("StillWritable", "a new session could write all the same".to_owned()),
            Ok(Ok(Err(error))) => refused("NotProven", words(&error)),
            Ok(Err(why)) | Err(why) => refused("NotProven", why),
        }
    }

    /// Signs in and works. `Err`: it can't be reached; `Ok(Err)`: the connection ended before the work did.
    async fn session<T>(&self, request: &InspectorRequest, work: impl AsyncFnOnce(&Client) -> T) -> Result<Result<T, String>, String> {
        let signed_in = timeout(SIGN_IN, sign_in(request, &self.resolver, self.tls.clone(), self.tls_required)).await;
        let (client, connection) = signed_in.unwrap_or_else(|_| Err("no answer to signing in".to_owned()))?;
        // The connection works only while it is awaited, and ends with the invocation, as it should.
        let mut connection = pin!(connection);
        Ok(tokio::select! {
            biased;
            done = work(&client) => Ok(done),
            ended = &mut connection => Err(ended.map_or_else(|error| words(&error), |()| "the database closed the connection".to_owned())),
        })
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
