//! What every simulated service is: a function from a call to a reply, under one fault table and one record.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::{
    calls::Calls,
    clock::Clock,
    events::{Bus, Event},
    faults::Faults,
    front::{FUNCTION, REGION},
    region::{Outages, Trouble},
    tasks::Tasks,
};

/// The account that everything belongs to.
pub const ACCOUNT: &str = "000000000000";

/// One request as a service sees it, whichever front it came through.
#[derive(Debug, Clone)]
pub struct Call {
    /// The name in the signature's credential scope: `rds`, `dynamodb`, `states`, … or `slack`.
    pub service: String,
    /// The operation as the vendor names it: `RestoreDBInstanceToPointInTime`, `chat.postMessage`.
    pub operation: String,
    /// The region in the credential scope; empty for a vendor without regions.
    pub region: String,
    /// The HTTP method.
    pub method: Method,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query string, without its question mark.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// The function that makes it, if one of the stack's does.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.headers.get(FUNCTION)?.to_str().ok()
    }

    /// The region of that function.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.headers.get(REGION)?.to_str().ok()
    }
}

/// What a service answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers; a content type at least.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A simulated vendor service. It keeps its state on disk and takes its time from [`Shared::clock`].
#[async_trait]
pub trait Service: Send + Sync {
    /// The name in the credential scope.
    fn name(&self) -> &'static str;

    /// The operation that a request asks for, read off the wire the way this service's protocol puts it there.
    fn operation(&self, call: &Call) -> String;

    /// Does it.
    async fn handle(&self, call: &Call) -> Reply;

    /// The vendor's error in its own wire format: what a fault rule with effect `error` or `throttle` answers.
    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply;
}

/// The services of a stack, by the name in the credential scope.
#[derive(Default)]
pub struct Registry(HashMap<&'static str, Arc<dyn Service>>);

impl Registry {
    /// A registry of these services.
    #[must_use]
    pub fn new(services: impl IntoIterator<Item = Arc<dyn Service>>) -> Self {
        Self(services.into_iter().map(|service| (service.name(), service)).collect())
    }

    /// The service of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn Service>> {
        self.0.get(name).cloned()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// What all services have in common.
#[derive(Debug)]
pub struct Shared {
    /// The stack's time.
    pub clock: Clock,
    /// Which calls are to go wrong.
    pub faults: Faults,
    /// Which calls were made.
    pub calls: Calls,
    /// Which regions are in trouble.
    pub outages: Outages,
    /// EventBridge's default bus.
    pub bus: Bus,
    /// What runs in the background.
    pub tasks: Tasks,
    /// Where state is kept: one folder for each service below it.
    pub data: PathBuf,
    /// The HTTP front, `http://127.0.0.1:PORT`; empty where there is none (in-process tests).
    pub url: String,
    home: OnceLock<String>,
}

impl Shared {
    /// What the services of one stack share.
    #[must_use]
    pub fn new(clock: Clock, data: PathBuf, url: String) -> Self {
        Self {
            clock,
            faults: Faults::default(),
            calls: Calls::default(),
            outages: Outages::default(),
            bus: Bus::default(),
            tasks: Tasks::default(),
            data,
            url,
            home: OnceLock::new(),
        }
    }

    /// Says which region is the first. The first who says so counts.
    pub fn is_at_home_in(&self, region: &str) {
        self.home.get_or_init(|| region.to_owned());
    }

    /// Where what runs in a region keeps its state: the first one's is at the top, as where there is no other.
    #[must_use]
    pub fn folder(&self, region: &str) -> PathBuf {
        match self.home.get() {
            Some(home) if home != region => self.data.join("regions").join(region),
            _ => self.data.clone(),
        }
    }

    /// Emits an event at the stack's time.
    pub fn emit(&self, event: Event) {
        self.bus.emit_at(self.clock.now(), event);
    }
}

/// Runs one call through the fault table, the service and the record. Both fronts end here.
///
/// `None` means that the connection is to be dropped without an answer: the effect of `lost_answer`, or of a `hang`
/// that outlives the caller.
pub async fn dispatch(shared: &Shared, service: &Arc<dyn Service>, mut call: Call) -> Option<Reply> {
    call.operation = service.operation(&call);
    let at = shared.clock.now();
    if let Some(trouble) = shared.outages.unreached(&call) {
        shared.calls.record(at, &call, None, None);
        if trouble == Trouble::Silent {
            shared.outages.up(&call.region).await;
        }
        return None;
    }
    let fault = shared.faults.strike(&call);
    let reply = match &fault {
        None => Some(service.handle(&call).await),
        Some(fault) => fault.apply(&shared.clock, service, &call).await,
    };
    shared.calls.record(at, &call, reply.as_ref(), fault.as_ref());
    if let Some(fault) = &fault {
        shared.faults.killing(fault);
    }
    reply
}
