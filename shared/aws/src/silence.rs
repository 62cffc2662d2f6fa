//! A memory of silence: whoever gave no answer a moment ago is not waited for as long again.
//!
//! A region that answers nothing would cost each look ten to twenty seconds, and a failover looks often. Here the first look pays that,
//! and those of the next half minute wait for three seconds, once. Only looks: of a call that changes something nobody would know more
//! by waiting less. And all that comes of less patience is that there was no answer, as it does of more.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_smithy_async::{
    future::timeout::Timeout,
    rt::sleep::{AsyncSleep as _, SharedAsyncSleep},
    time::SharedTimeSource,
};
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

/// For how long a silence is remembered: each further one counts anew, and an answer ends it.
const REMEMBERED: Duration = Duration::from_secs(30);
/// How long an answer is waited for meanwhile: several times what the slowest look takes across an ocean, with its handshake.
const SHORT: Duration = Duration::from_secs(3);
/// How long it is waited for otherwise: a little less than an attempt takes, so that it is known here why that ended.
const LONG: Duration = Duration::from_millis(7_500);

/// Another client, with a memory of silence. One for each service in each region.
#[derive(Debug)]
pub(crate) struct Remembering {
    http: SharedHttpClient,
    silence: Arc<Silence>,
}

impl Remembering {
    pub(crate) fn over(http: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Self { http, silence: Arc::default() })
    }
}

impl HttpClient for Remembering {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.http.http_connector(settings, components);
        match (components.sleep_impl(), components.time_source()) {
            (Some(sleep), Some(time)) => SharedHttpConnector::new(Impatient { inner, silence: self.silence.clone(), sleep, time }),
            _ => inner,
        }
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.http.connector_metadata()
    }
}

/// Until when it is remembered that nobody answered.
#[derive(Debug, Default)]
struct Silence(Mutex<Option<SystemTime>>);

impl Silence {
    fn is_fresh(&self, now: SystemTime) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back does not make it last.
        until.is_some_and(|until| until.duration_since(now).is_ok_and(|left| left <= REMEMBERED))
    }

    fn set(&self, until: Option<SystemTime>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

#[derive(Debug)]
struct Impatient {
    inner: SharedHttpConnector,
    silence: Arc<Silence>,
    sleep: SharedAsyncSleep,
    time: SharedTimeSource,
}

impl HttpConnector for Impatient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (silence, time) = (self.silence.clone(), self.time.clone());
        let hurried = silence.is_fresh(time.now());
        let answer = Timeout::new(self.inner.call(request), self.sleep.sleep(if hurried { SHORT } else { LONG }));
        HttpConnectorFuture::new(async move {
            let error = match answer.await {
                Ok(Ok(response)) => {
                    silence.set(None);
                    return Ok(response);
                }
                Ok(Err(error)) => error,
                Err(late) => ConnectorError::timeout(late.into()),
            };
            if !error.is_timeout() {
                return Err(error);
            }
            silence.set(time.now().checked_add(REMEMBERED));
            // Of no kind that is tried again. What it comes from stays readable: whether it was ever sent is told by that.
            Err(if hurried { ConnectorError::other(error.into(), None) } else { error })
        })
    }
}

#[cfg(test)]
mod tests;
