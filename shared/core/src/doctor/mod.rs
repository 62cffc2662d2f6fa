//! The installation seen from inside: what works, what does not, and what to do about it. Every check only looks, or makes a call
//! that changes nothing; what can't be tried without changing something is not claimed to work.

mod around;
mod cloud;
mod keys;
mod names;
mod past;
mod people;
mod plan;
mod regions;
mod rights;
mod slack;
mod ticks;

pub use slack::SCOPES;
pub use ticks::{Ticked, note_tick};

use crate::{desk::Desk, failure::Failure};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does not work, and something will fail for it.
    Broken,
    /// It could not be found out.
    Unknown,
    /// It works, and somebody should do something.
    Weak,
    /// It works.
    Well,
}

/// What one check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in a few words.
    pub what: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it; absent where nothing is to be done.
    pub fix: Option<String>,
}

impl Check {
    fn well(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), verdict: Verdict::Well, found: found.into(), fix: None }
    }

    fn ill(what: impl Into<String>, verdict: Verdict, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), verdict, found: found.into(), fix: Some(fix.into()) }
    }

    /// A check that was refused (then its fix is known) or not answered (then nobody knows).
    fn failed(what: impl Into<String>, failure: &Failure, fix: &str) -> Self {
        match failure {
            Failure::Refusal(refusal) => Self::ill(what, Verdict::Broken, refusal.to_string(), fix),
            Failure::Fault(fault) => Self::ill(what, Verdict::Unknown, fault.chain(), fix),
        }
    }
}

/// Looks at everything, the worst first.
pub async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let mut checks = plan::examine(&desk.current);
    checks.extend(slack::examine(desk).await);
    checks.extend(around::examine(desk).await);
    checks.extend(ticks::examine(desk).await);
    checks.extend(people::examine(desk).await);
    checks.extend(cloud::examine(desk).await);
    checks.extend(names::examine(desk).await);
    checks.extend(past::examine(desk).await);
    let mut checks: Vec<Check> = checks.into_iter().map(rights::cured).collect();
    checks.sort_by_key(|check| check.verdict);
    checks
}
