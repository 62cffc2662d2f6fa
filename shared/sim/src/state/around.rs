use mayday_core::{
    doctor::SCOPES,
    port::{BucketCare, TableCare},
};

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
}

impl Default for Around {
    fn default() -> Self {
        Self {
            scopes: SCOPES.map(str::to_owned).to_vec(),
            ahead: 0,
            table: TableCare { point_in_time: true, deletion_protection: true },
            bucket: BucketCare { versions: true, locks: true },
            keys_age: 24 * HOUR,
        }
    }
}
