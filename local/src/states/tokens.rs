//! Task tokens: who waits for which, and what came back, on disk before the sender is told.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use super::Failure;

/// What came back with a token.
pub type Answer = Result<Value, Failure>;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no token.
    Invalid,
    /// Nobody waits for it any more: answered, timed out, or its execution has ended.
    TimedOut,
}

/// All tokens that somebody waits for.
#[derive(Debug)]
pub struct Tokens {
    dir: PathBuf,
    waiting: Mutex<HashMap<String, Arc<Waiting>>>,
}

/// One token.
#[derive(Debug)]
pub struct Waiting {
    state: Mutex<(Option<Answer>, Timestamp)>,
    changed: Notify,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    token: String,
    answer: Answer,
}

impl Tokens {
    /// The tokens whose answers are kept in `dir`.
    ///
    /// # Errors
    /// When it can't be created.
    pub fn open(dir: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir, waiting: Mutex::default() })
    }

    /// A new token. It is as opaque as AWS's, and long.
    #[must_use]
    pub fn mint(execution: &str) -> String {
        BASE64_STANDARD.encode(format!("mayday-task-token/{execution}/{}", crate::wire::uuid()))
    }

    /// Begins to wait for a token; an answer that came before a crash is there at once.
    pub fn wait_for(&self, token: &str, now: Timestamp) -> Arc<Waiting> {
        let kept = std::fs::read(self.file(token)).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let fresh = || Arc::new(Waiting { state: Mutex::new((kept.map(|kept| kept.answer), now)), changed: Notify::new() });
        lock(&self.waiting).entry(token.to_owned()).or_insert_with(fresh).clone()
    }

    /// Waits no more.
    pub fn forget(&self, token: &str) {
        lock(&self.waiting).remove(token);
        std::fs::remove_file(self.file(token)).ok();
    }

    /// Brings an answer.
    ///
    /// # Errors
    /// When nobody waits for it.
    pub fn answer(&self, token: &str, answer: Answer) -> Result<(), Refused> {
        let waiting = self.find(token)?;
        let mut state = lock(&waiting.state);
        if state.0.is_some() {
            return Err(Refused::TimedOut);
        }
        let kept = Kept { token: token.to_owned(), answer };
        let written = serde_json::to_vec(&kept).ok().and_then(|bytes| std::fs::write(self.file(token), bytes).ok());
        if written.is_none() {
            tracing::warn!("an answer to a task can't be kept on disk");
        }
        state.0 = Some(kept.answer);
        waiting.changed.notify_one();
        Ok(())
    }

    /// Says that the task is still alive.
    ///
    /// # Errors
    /// When nobody waits for it.
    pub fn beat(&self, token: &str, now: Timestamp) -> Result<(), Refused> {
        let waiting = self.find(token)?;
        lock(&waiting.state).1 = now;
        waiting.changed.notify_one();
        Ok(())
    }

    fn find(&self, token: &str) -> Result<Arc<Waiting>, Refused> {
        let shape = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if !shape.is_some_and(|text| text.starts_with("mayday-task-token/")) {
            return Err(Refused::Invalid);
        }
        lock(&self.waiting).get(token).cloned().ok_or(Refused::TimedOut)
    }

    /// The last part of a token is a random id, and makes a file's name.
    fn file(&self, token: &str) -> PathBuf {
        let text = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        self.dir.join(text.rsplit('/').next().unwrap_or_default()).with_extension("json")
    }
}

impl Waiting {
    /// The answer, if there is one.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        lock(&self.state).0.clone()
    }

    /// When the task was last heard of.
    #[must_use]
    pub fn last_beat(&self) -> Timestamp {
        lock(&self.state).1
    }

    /// Waits until something is heard.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
