use async_trait::async_trait;
use jiff::SignedDuration;

use crate::plan::ProbeKind;

/// What a probe came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// As it should be.
    Well {
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// What was seen, in a few words: `200`, `connected`, `10.0.0.7`.
        note: String,
    },
    /// Not as it should be.
    Ill {
        /// Why, in a few words.
        why: String,
        /// How long it took to find that out, in milliseconds.
        took_ms: u64,
    },
    /// Nothing was learnt, because the trouble is on our side: no name server answers, there is no way out of our own
    /// network. Unknown is not down.
    Blind {
        /// What the trouble is.
        why: String,
    },
}

impl Answer {
    /// Nothing was learnt.
    pub fn blind(why: impl Into<String>) -> Self {
        Self::Blind { why: why.into() }
    }

    /// How long it took, in milliseconds; `None` when nothing was learnt.
    #[must_use]
    pub fn took_ms(&self) -> Option<u64> {
        match self {
            Self::Well { took_ms, .. } | Self::Ill { took_ms, .. } => Some(*took_ms),
            Self::Blind { .. } => None,
        }
    }
}

/// Questions to services from outside, as those who use them would ask.
///
/// A database is asked through [`Sql`](super::Sql), since it answers only inside its network: [`crate::probe::ask`] asks
/// either way, and adapters of this port answer [`Answer::Blind`] to [`ProbeKind::Postgres`].
#[async_trait]
pub trait Probes: Send + Sync {
    /// Asks once, and waits for at most `within`. That a service does not answer is an answer, so this never fails.
    async fn ask(&self, probe: &ProbeKind, within: SignedDuration) -> Answer;
}
