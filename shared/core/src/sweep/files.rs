//! The plan's files, read once in a tick however many duties ask for them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use crate::{
    failure::CallError,
    plan::{LIVE_KEY, PLAN_KEY, ROSTER_KEY},
    port::{Blob, Blobs, World},
};

/// What is read once.
const ONCE: [&str; 3] = [PLAN_KEY, LIVE_KEY, ROSTER_KEY];

/// The world as a tick sees it: the plan is the same for all of its duties, and none older than the tick.
pub(super) fn read_once(world: &World) -> World {
    World { blobs: Arc::new(ReadOnce { blobs: world.blobs.clone(), known: Mutex::default() }), ..world.clone() }
}

/// Files, of which some are read once. It lives as long as a tick.
struct ReadOnce {
    blobs: Arc<dyn Blobs>,
    known: Mutex<BTreeMap<String, Option<Blob>>>,
}

impl ReadOnce {
    fn known(&self, change: impl FnOnce(&mut BTreeMap<String, Option<Blob>>)) {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl Blobs for ReadOnce {
    async fn get(&self, key: &str) -> Result<Option<Blob>, CallError> {
        let mut known = None;
        self.known(|files| known = files.get(key).cloned());
        if let Some(found) = known {
            return Ok(found);
        }
        // What can't be read is asked for again by the next duty: the one before has failed, and that need not.
        let found = self.blobs.get(key).await?;
        if ONCE.contains(&key) {
            self.known(|files| drop(files.insert(key.to_owned(), found.clone())));
        }
        Ok(found)
    }

    async fn version(&self, key: &str, version: &str) -> Result<Option<Blob>, CallError> {
        self.blobs.version(key, version).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<String, CallError> {
        // Before and after: whatever comes of it, what was there is not known any more.
        self.known(|files| drop(files.remove(key)));
        let written = self.blobs.put(key, bytes).await;
        self.known(|files| drop(files.remove(key)));
        written
    }
}
