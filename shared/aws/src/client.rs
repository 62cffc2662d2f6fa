//! One HTTP client and one configuration for all services, built by hand.
//!
//! With the SDK's defaults a function pays for a second TLS stack, the CPU-jitter entropy of aws-lc (30 ms, ten times that in
//! a small function) and a folder of root certificates. Here: ring, and the five roots that AWS's endpoints chain to.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region};

use crate::{
    settings::{Service, Settings},
    silence::Remembering,
};

/// <https://www.amazontrust.com/repository/>: all of AWS's endpoints chain to these.
const AMAZON_ROOTS: &str = include_str!("../assets/amazon-roots.pem");

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(8);
/// How long a call may take, with all its attempts.
const OPERATION: Duration = Duration::from_secs(20);
/// How long an inspection may take: the inspector gives up after 50 s (`functions/inspector`), and its start takes a moment.
const INVOCATION: Duration = Duration::from_secs(58);
/// How often a read is tried. Describe calls on RDS are throttled for the whole account (`Rate exceeded`).
const READ_ATTEMPTS: u32 = 4;
/// The first pause between attempts, doubled each time, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How a client's calls are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempts {
    /// Reads: again, after a pause.
    Several,
    /// The same of a region that may be lost: with less patience where it gave no answer a moment ago.
    Elsewhere,
    /// Changes: once. A second attempt after a lost answer would take the first one's effect for somebody else's
    /// (DESIGN decision 3); whoever called looks at what is there and decides.
    Once,
    /// Invocations that answer: as long as the function may take.
    Patient,
}

/// All that clients are made of.
#[derive(Debug, Clone)]
pub struct Connection {
    settings: Settings,
    http: SharedHttpClient,
}

impl Connection {
    /// Connects to AWS, or to where the settings say, with a client of our own.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::through(settings, https())
    }

    /// Sends requests through another client: the local stack's in-process one.
    #[must_use]
    pub fn through(settings: Settings, http: SharedHttpClient) -> Self {
        Self { settings, http }
    }

    /// What it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn configure(&self, service: Service, region: &str, attempts: Attempts) -> SdkConfig {
        let keys = &self.settings.keys;
        let credentials = Credentials::new(&keys.access_key, &keys.secret_key, keys.session_token.clone(), None, "environment");
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(if attempts == Attempts::Elsewhere { Remembering::over(self.http.clone()) } else { self.http.clone() })
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts(attempts))
            .retry_config(retries(attempts));
        builder.set_endpoint_url(self.settings.endpoint_of(service).map(str::to_owned));
        builder.build()
    }

    /// A client for changes and one for reads, in the own region.
    pub(crate) fn twin<C: 'static>(self: &Arc<Self>, service: Service, make: fn(&SdkConfig) -> C) -> Twin<C> {
        self.twin_in(service, &self.settings.region, make, Attempts::Several)
    }

    fn twin_in<C: 'static>(self: &Arc<Self>, service: Service, region: &str, make: fn(&SdkConfig) -> C, reads: Attempts) -> Twin<C> {
        // An invocation that waits for a database's answers takes as long as they do.
        let reads = if service == Service::Lambda { Attempts::Patient } else { reads };
        let late = |attempts| -> Late<C> {
            let (connection, region) = (self.clone(), region.to_owned());
            Arc::new(LazyLock::new(Box::new(move || make(&connection.configure(service, &region, attempts)))))
        };
        Twin { reads: late(reads), changes: late(Attempts::Once) }
    }
}

/// A client that is made when it is first used: most commands need three services of nine, and each client is a part of a cold start.
type Late<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send + Sync>>>;

/// Two clients of one service.
#[derive(Debug, Clone)]
pub(crate) struct Twin<C> {
    /// For calls that may be made again.
    pub(crate) reads: Late<C>,
    /// For calls that are made once.
    pub(crate) changes: Late<C>,
}

impl<C> Twin<C> {
    /// Makes both at once, for what every invocation needs: while a function starts it has a whole core.
    pub(crate) fn now(self) -> Self {
        LazyLock::force(&self.reads);
        LazyLock::force(&self.changes);
        self
    }
}

/// A service's clients by region, made when a region is first needed and kept.
#[derive(Debug)]
pub(crate) struct Regional<C> {
    connection: Arc<Connection>,
    service: Service,
    make: fn(&SdkConfig) -> C,
    kept: Mutex<BTreeMap<String, Twin<C>>>,
}

impl<C: Clone + 'static> Regional<C> {
    pub(crate) fn new(connection: &Arc<Connection>, service: Service, make: fn(&SdkConfig) -> C) -> Self {
        Self { connection: connection.clone(), service, make, kept: Mutex::default() }
    }

    pub(crate) fn in_region(&self, region: &str) -> Twin<C> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(region.to_owned())
            .or_insert_with(|| self.connection.twin_in(self.service, region, self.make, Attempts::Elsewhere))
            .clone()
    }
}

fn https() -> SharedHttpClient {
    // An error here would be a bug in the builder: it has nothing to fail on.
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS.as_bytes());
    let context = TlsContext::builder().with_trust_store(roots).build().unwrap_or_default();
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https()
}

fn timeouts(attempts: Attempts) -> TimeoutConfig {
    let (attempt, operation) = match attempts {
        Attempts::Several | Attempts::Elsewhere | Attempts::Once => (ATTEMPT, OPERATION),
        Attempts::Patient => (INVOCATION, INVOCATION + CONNECT),
    };
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(attempt).operation_timeout(operation).build()
}

fn retries(attempts: Attempts) -> RetryConfig {
    match attempts {
        Attempts::Several | Attempts::Elsewhere => {
            let several = RetryConfig::standard().with_max_attempts(READ_ATTEMPTS);
            several.with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE)
        }
        Attempts::Once | Attempts::Patient => RetryConfig::standard().with_max_attempts(1),
    }
}
