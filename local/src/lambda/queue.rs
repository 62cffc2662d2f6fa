//! Asynchronous invocations: on disk before they are accepted, tried three times, then told to the destination.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Busy, Lambda,
    function::{self, InvokeError, Outcome},
};
use crate::wire;

/// How long after a failure the next attempt comes, by the stack's clock; after the last one the destination is told.
pub(crate) const PAUSES: [SignedDuration; 2] = [SignedDuration::from_secs(60), SignedDuration::from_secs(120)];

/// One accepted invocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) request_id: String,
    function: String,
    payload: Value,
    /// Attempts that failed.
    failures: u32,
    due: Timestamp,
}

impl Entry {
    pub(super) fn new(function: String, payload: &[u8], now: Timestamp) -> Self {
        let payload = serde_json::from_slice(payload).unwrap_or_else(|_| json!({}));
        Self { request_id: wire::uuid(), function, payload, failures: 0, due: now }
    }
}

/// The folder that holds them, one file each.
#[derive(Debug)]
pub(super) struct Queue {
    dir: PathBuf,
    order: std::sync::atomic::AtomicU64,
}

impl Queue {
    pub(super) fn open(dir: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir, order: std::sync::atomic::AtomicU64::new(0) })
    }

    /// Writes the entry in place of the older one.
    pub(super) fn save(&self, entry: &Entry) -> anyhow::Result<()> {
        let draft = self.dir.join(format!("draft-{}", self.order.fetch_add(1, Ordering::Relaxed)));
        std::fs::write(&draft, serde_json::to_vec(entry)?)?;
        std::fs::rename(&draft, self.file(&entry.request_id)).context("can't write to the queue")
    }

    /// What is accepted and not done.
    pub(super) fn load(&self) -> Vec<Entry> {
        let files = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let json = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json"));
        json.filter_map(|file| serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok()).collect()
    }

    fn remove(&self, request_id: &str) {
        std::fs::remove_file(self.file(request_id)).ok();
    }

    fn file(&self, request_id: &str) -> PathBuf {
        self.dir.join(format!("{request_id}.json"))
    }
}

impl Lambda {
    /// Carries one accepted invocation to its end, in the background.
    pub(super) fn drive(self: &Arc<Self>, mut entry: Entry) {
        let host = self.clone();
        let mut busy = (entry.due <= self.shared.clock.now()).then(|| Busy::begin(&self.busy));
        self.shared.tasks.spawn(async move {
            loop {
                host.shared.clock.sleep_until(entry.due).await;
                host.shared.outages.up(&host.region).await;
                busy.get_or_insert_with(|| Busy::begin(&host.busy));
                let payload = entry.payload.to_string().into();
                let outcome = match host.invoke_as(entry.request_id.clone(), &entry.function, payload).await {
                    Ok(outcome) if !outcome.failed => break,
                    Ok(outcome) => outcome,
                    // A throttle is no attempt: Lambda keeps the event and tries again.
                    Err(InvokeError::TooMany) => {
                        entry.due = later(host.shared.clock.now(), SignedDuration::from_secs(1));
                        busy = None;
                        continue;
                    }
                    Err(InvokeError::Stopped) => return,
                    Err(error) => Outcome::fault(&entry.request_id, error.code(), &error.to_string()),
                };
                let pause = usize::try_from(entry.failures).ok().and_then(|failures| PAUSES.get(failures));
                entry.failures += 1;
                let Some(pause) = pause else {
                    host.tell_destination(&entry, &outcome);
                    break;
                };
                entry.due = later(host.shared.clock.now(), *pause);
                host.queue.save(&entry).ok();
                busy = None;
            }
            host.queue.remove(&entry.request_id);
        });
    }

    fn tell_destination(self: &Arc<Self>, entry: &Entry, outcome: &Outcome) {
        let Some(destination) = self.find(&entry.function).and_then(|pool| pool.function.on_failure.clone()) else { return };
        let record = json!({
            "version": "1.0",
            "timestamp": self.shared.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "requestContext": {
                "requestId": entry.request_id,
                "functionArn": format!("{}:$LATEST", function::arn(&self.region, &entry.function)),
                "condition": "RetriesExhausted",
                "approximateInvokeCount": entry.failures,
            },
            "requestPayload": entry.payload,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": serde_json::from_slice::<Value>(&outcome.payload).unwrap_or(Value::Null),
        });
        if let Err(error) = self.enqueue(&destination, record.to_string().as_bytes()) {
            tracing::warn!(%error, destination, "the destination of a failed invocation can't be told");
        }
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
