use std::collections::BTreeMap;

use mayday_core::{
    doctor::SCOPES,
    port::{BucketCare, TableCare},
};
use serde_json::{Value, json};

use crate::fault::{HOUR, Millis};

/// What stands around the bot. As the template makes it, unless a test says otherwise.
#[derive(Debug, Clone)]
pub struct Around {
    /// What Slack allows the app.
    pub scopes: Vec<String>,
    /// How far Slack's clock is ahead of ours.
    pub ahead: Millis,
    /// How the table is kept.
    pub table: TableCare,
    /// How the bucket is kept.
    pub bucket: BucketCare,
    /// How old the keys are.
    pub keys_age: Millis,
    /// What is in the secret with the keys.
    pub keys: Value,
    /// Whether the schedule of the ticks is switched on; absent: there is none.
    pub schedule: Option<bool>,
    /// What each function runs, by region.
    pub packages: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            scopes: SCOPES.map(str::to_owned).to_vec(),
            ahead: 0,
            table: TableCare { point_in_time: true, deletion_protection: true, elsewhere: BTreeMap::new() },
            bucket: BucketCare { versions: true, locks: true },
            keys_age: 24 * HOUR,
            keys: json!({
                "slack_signing_secret": "0123456789abcdef0123456789abcdef", "slack_bot_token": "xoxb-1234567890-simulated",
                "pagerduty_routing_key": "fedcba9876543210fedcba9876543210", "pagerduty_webhook_secret": "simulated-webhook-key",
            }),
            schedule: Some(true),
            packages: BTreeMap::new(),
        }
    }
}
