//! The ways to wake people: PagerDuty, telephone, email. What is accepted by one of them has not reached anybody yet.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{failure::CallError, plan::Severity};

/// What came of handing a message to a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// It was taken, under this id of theirs. Nobody is known to have seen it.
    Accepted {
        /// Their id, for whoever asks them where it went.
        reference: String,
    },
    /// It surely does not arrive: suppressed, sandboxed, over the quota, opted out. The next way is tried at once.
    Undelivered {
        /// Their words.
        why: String,
    },
}

/// What PagerDuty is told of a trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The same for all that concerns one trouble, so that it stays one incident there.
    pub dedup_key: String,
    /// How bad it is.
    pub severity: Severity,
    /// In one line; 1,024 characters at most.
    pub summary: String,
    /// Where it comes from: the organization's name.
    pub source: String,
    /// What else there is to know.
    pub details: String,
}

/// PagerDuty. An event that it takes is queued there: nobody is paged by that alone.
#[async_trait]
pub trait Pager: Send + Sync {
    /// Opens an incident, or adds to the open one with the same key.
    async fn trigger(&self, alert: &Alert) -> Result<Sent, CallError>;

    /// Says that a human has taken it.
    async fn acknowledge(&self, dedup_key: &str) -> Result<Sent, CallError>;

    /// Says that it is over.
    async fn resolve(&self, dedup_key: &str) -> Result<Sent, CallError>;
}

/// Telephones. Numbers are in E.164: `+15550003`.
#[async_trait]
pub trait Phone: Send + Sync {
    /// Sends a text message.
    async fn sms(&self, to: &str, text: &str) -> Result<Sent, CallError>;

    /// Calls, and speaks the text. A call only tells: it takes no answer.
    async fn call(&self, to: &str, text: &str) -> Result<Sent, CallError>;
}

/// An email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom; none sees the others.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Email.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Sends a letter.
    async fn send(&self, letter: &Letter) -> Result<Sent, CallError>;
}

/// All ways to wake people beyond the chat.
#[derive(Clone)]
pub struct Ways {
    /// PagerDuty.
    pub pager: Arc<dyn Pager>,
    /// Telephones.
    pub phone: Arc<dyn Phone>,
    /// Email.
    pub mail: Arc<dyn Mail>,
}
