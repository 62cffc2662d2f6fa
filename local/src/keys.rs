//! The secret with Slack's keys, as the functions read it.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{functions, secrets::Secrets};

/// Slack's keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// What Slack signs with.
    pub(crate) slack_signing_secret: String,
    /// What the bot shows to Slack's Web API.
    pub(crate) slack_bot_token: String,
    /// What PagerDuty knows our integration by.
    #[serde(default)]
    pub(crate) pagerduty_routing_key: String,
    /// What PagerDuty signs webhooks with.
    #[serde(default)]
    pub(crate) pagerduty_webhook_secret: String,
}

impl Keys {
    /// Makes the secret in each region, unless it is there, and reads it in the first.
    pub(crate) fn ensure(secrets: &Secrets, regions: &[String]) -> anyhow::Result<Self> {
        let hex = |id: String| id.replace('-', "");
        let fresh = Self {
            slack_signing_secret: hex(crate::wire::uuid()),
            slack_bot_token: format!("xoxb-local-{}", hex(crate::wire::uuid())),
            pagerduty_routing_key: hex(crate::wire::uuid()),
            pagerduty_webhook_secret: hex(crate::wire::uuid()),
        };
        for region in regions {
            secrets.seed(region, functions::KEYS_SECRET, &serde_json::to_string(&fresh)?);
        }
        let home = regions.first().context("a stack needs a region")?;
        let text = secrets.current(home, functions::KEYS_SECRET).context("the secret with Slack's keys is gone")?;
        serde_json::from_str(&text).context("the secret with Slack's keys is not what the functions read")
    }
}
