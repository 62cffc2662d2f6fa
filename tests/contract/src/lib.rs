//! What every adapter of a port must hold, whatever is behind it: one file a port, one function a promise.
//!
//! A function takes the port, and what it needs to be there already, as arguments; it leaves the port usable for the next one.
//! `everything` of each file runs all of them. Both the simulated adapters and the real ones, on the local stack's services,
//! are held to these.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a suite of tests")]
#![expect(clippy::missing_panics_doc, reason = "a broken promise panics, that is what these are for")]

pub mod blobs;
pub mod databases;
pub mod dns;
pub mod probes;
pub mod secrets;
pub mod table;
pub mod ways;
pub mod workflow;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mayday_core::failure::CallError;

/// The time of the world behind a port.
#[async_trait]
pub trait Time: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Lets some time pass there, and lets what is under way get on with it.
    async fn pass(&self, span: SignedDuration);
}

/// A definite refusal with a code.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, CallError>, wanted: &str) {
    match result {
        Err(CallError::Refused { code, .. }) if code == wanted => {}
        other => panic!("expected a refusal {wanted}, got {other:?}"),
    }
}
