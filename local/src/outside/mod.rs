//! The ways to people outside of Slack: PagerDuty, telephones, email. What arrives there stays visible, and people answer from there.

mod pagerduty;
mod ses;
mod sms;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use pagerduty::{Human, PagerDuty, signature};
pub use ses::{Ses, bounced};
pub use sms::{SmsVoice, inbound, unreachable};

use crate::{console::Outboxes, kept::Kept, service::Shared};

/// Everything that arrived, oldest first, on disk.
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
    kept: Kept<Arrived>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Arrived {
    /// Incidents in PagerDuty.
    pages: Vec<pagerduty::Incident>,
    /// Text messages and calls.
    sms: Vec<Value>,
    /// Letters.
    email: Vec<Value>,
    /// Addresses that SES suppresses.
    suppressed: Vec<String>,
}

impl Outbox {
    /// What an earlier stack has left there goes on.
    ///
    /// # Errors
    /// When the data directory can't be used.
    pub fn open(shared: &Arc<Shared>) -> anyhow::Result<Arc<Self>> {
        let kept = Kept::open(shared.data.join("outside").join("arrived.json"))?;
        Ok(Arc::new(Self { shared: shared.clone(), kept }))
    }

    /// The stack's time.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.shared.clock.now()
    }

    /// What SNS says when a message that left did not arrive; `None`: there is no such message.
    #[must_use]
    pub fn undelivered(&self, region: &str, id: &str) -> Option<Value> {
        let arrived = self.kept.read();
        let is_it = |sent: &&Value| sent.get("id").and_then(Value::as_str) == Some(id);
        let text = arrived.sms.iter().find(is_it).map(|sent| unreachable(region, sent, self.now()));
        text.or_else(|| arrived.email.iter().find(is_it).map(|sent| bounced(region, sent, self.now())))
    }

    /// As the console shows it.
    #[must_use]
    pub fn shown(&self) -> Outboxes {
        let arrived = self.kept.read().clone();
        let pages = arrived.pages.iter().map(|incident| serde_json::to_value(incident).unwrap_or_default()).collect();
        Outboxes { pages, sms: arrived.sms, email: arrived.email, statuspage: Vec::new() }
    }
}
