//! Functions that die at numbered calls, and time that goes on until everything is well again.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use mayday_core::run::Lock;
use serde_json::json;

use crate::{Stage, stage::PATIENCE};

/// How far time moves on at once while nobody is at work: long enough that a wait takes few looks.
const STRIDE: SignedDuration = SignedDuration::from_secs(25);

/// All functions die by SIGKILL after a call that changes something, before anybody has its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// Whose calls are counted.
    pub function: &'static str,
    /// Which of those that change anything, from 1: counted from when the death is put in place.
    pub change: u64,
}

impl Stage {
    /// Puts a death in place. Gives the rule's id.
    pub fn dies(&self, death: Death) -> u64 {
        self.fault(json!({"function": death.function, "changes": true, "nth": death.change, "effect": "kill_after"}))
    }

    /// Looks again and again until something is there, and moves time on whenever nothing can happen without it.
    pub async fn in_time<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < end, "{what}: it never came to that\n{}", self.picture());
            tokio::time::sleep(Duration::from_millis(30)).await;
            if self.stack.lambda().idle() {
                self.advance(STRIDE);
            }
        }
    }

    /// Waits until no lock has a holder, as time goes on.
    pub async fn until_unlocked(&self) {
        let held = || self.records::<Lock>("lock").into_iter().any(|lock| lock.run.is_some());
        self.in_time("all locks are free", async || (!held()).then_some(())).await;
    }
}
