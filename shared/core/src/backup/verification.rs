use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{action::CheckResult, ident::RunId, store::Record};

/// A verdict on a recovery point's data: it was restored, and asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The snapshot.
    pub snapshot: String,
    /// Whether all checks passed.
    pub passed: bool,
    /// When it was asked.
    pub at: Timestamp,
    /// By which run.
    pub run: RunId,
    /// The checks.
    pub checks: Vec<CheckResult>,
}

impl Record for Verification {
    const PARTITION: &'static str = "verification";

    fn id(&self) -> String {
        self.snapshot.clone()
    }
}
