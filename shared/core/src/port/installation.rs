//! What stands around the bot, as `doctor` looks at it. Nothing else reads this, and nothing here changes anything.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SecretText;
use crate::failure::CallError;

/// The app as Slack knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// What the workspace allows it: `chat:write`, …
    pub scopes: Vec<String>,
    /// When Slack said so, by its own clock, in whole seconds; absent where it did not say.
    pub at: Option<Timestamp>,
}

/// What the workspace says of the app itself.
#[async_trait]
pub trait Workspace: Send + Sync {
    /// What the app may, and what time it is there.
    async fn app(&self) -> Result<App, CallError>;
}

/// How the table is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCare {
    /// Whether any moment of the last days can be brought back.
    pub point_in_time: bool,
    /// Whether it can't be deleted by one call.
    pub deletion_protection: bool,
    /// The other regions that it is in, with how it is there in the vendor's word: `ACTIVE`, …
    pub elsewhere: BTreeMap<String, String>,
}

/// How the bucket is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketCare {
    /// Whether a file that is overwritten stays.
    pub versions: bool,
    /// Whether a version can be locked against deletion: the audit's anchors are.
    pub locks: bool,
}

/// The bot's own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysCare {
    /// The secret's name.
    pub name: String,
    /// When its value was last changed.
    pub changed_at: Option<Timestamp>,
    /// What is in it; absent where it has no text.
    pub value: Option<SecretText>,
}

/// The schedule that makes the ticks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleCare {
    /// What it is called.
    pub name: String,
    /// Whether it is switched on; absent where there is none.
    pub enabled: Option<bool>,
}

/// The bot's own table, bucket, keys, schedule and functions.
#[async_trait]
pub trait Installation: Send + Sync {
    /// The region that this is.
    fn region(&self) -> &str;

    /// The table.
    async fn table(&self) -> Result<TableCare, CallError>;

    /// The bucket.
    async fn bucket(&self) -> Result<BucketCare, CallError>;

    /// The secret with the keys.
    async fn keys(&self) -> Result<KeysCare, CallError>;

    /// The schedule that makes the ticks, in the own region.
    async fn schedule(&self) -> Result<ScheduleCare, CallError>;

    /// What each of the bot's functions runs in a region, by the function's name: a digest of its package.
    async fn packages(&self, region: &str) -> Result<BTreeMap<String, String>, CallError>;
}
