use std::fmt;

use serde::{Deserialize, Serialize};

/// What a person can ask for, as the plan's grants name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// See how things stand: `status`, `backups`, `runs`, `why`, `approvals`.
    Look,
    /// Make a recovery point.
    Backup,
    /// Bring a database back.
    Restore,
    /// Let go of an instance that a restore replaced.
    Retire,
    /// Move people from one site to the other, and back.
    Failover,
    /// Run a runbook of the organization's own.
    Run,
    /// Wake people.
    Page,
    /// Decide on what somebody else asked for.
    Approve,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Look, Self::Backup, Self::Restore, Self::Retire, Self::Failover, Self::Run, Self::Page, Self::Approve];

    /// Whether it changes anything.
    #[must_use]
    pub fn changes(self) -> bool {
        self != Self::Look
    }

    /// Whether it replaces or deletes, and so needs an approval.
    #[must_use]
    pub fn is_destructive(self) -> bool {
        matches!(self, Self::Restore | Self::Retire | Self::Failover | Self::Run)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "look",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Retire => "retire",
            Self::Failover => "failover",
            Self::Run => "run",
            Self::Page => "page",
            Self::Approve => "approve",
        })
    }
}
