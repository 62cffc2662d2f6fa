//! The one table of what is to go wrong.

use std::sync::{Arc, Mutex, OnceLock};

use http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    calls,
    clock::Clock,
    service::{Call, Reply, Service},
};

/// What a rule does to a call that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The call fails before anything happened.
    Error,
    /// The call is refused for its rate, before anything happened.
    Throttle,
    /// The call happens, `ms` later.
    Delay,
    /// The call does not happen, and its answer comes `ms` later as a dropped connection (default: an hour).
    Hang,
    /// The call happens, and its answer is lost.
    LostAnswer,
    /// A read is answered as it would have been `ms` earlier. A service that keeps no past answers an empty result.
    Stale,
    /// All functions' processes are killed with SIGKILL, and the call does not happen.
    KillBefore,
    /// The call happens, all functions' processes are killed with SIGKILL, and nobody gets its answer.
    KillAfter,
}

/// One rule. Fields that are absent match everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The service's name in the credential scope.
    pub service: Option<String>,
    /// The operation, as the vendor names it.
    pub operation: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The name of the function that makes the call.
    pub function: Option<String>,
    /// A text that the request's body holds.
    #[serde(default)]
    pub contains: Option<String>,
    /// Only calls that change anything, as far as the operation's name says.
    #[serde(default)]
    pub changes: bool,
    /// Only the nth call that matches, counted from 1; absent: every one.
    pub nth: Option<u64>,
    /// What happens.
    pub effect: Effect,
    /// The vendor's error code, for `error` and `throttle`.
    pub code: Option<String>,
    /// The length of a delay or hang, in milliseconds of the stack's time.
    pub ms: Option<u64>,
}

impl Rule {
    fn matches(&self, call: &Call) -> bool {
        let fits = |want: &Option<String>, have: &str| want.as_deref().is_none_or(|want| want.eq_ignore_ascii_case(have));
        let holds = |text: &String| String::from_utf8_lossy(&call.body).contains(text.as_str());
        fits(&self.service, &call.service)
            && fits(&self.operation, &call.operation)
            && fits(&self.region, &call.region)
            && self.function.as_deref().is_none_or(|want| call.function() == Some(want))
            && self.contains.as_ref().is_none_or(holds)
            && (!self.changes || calls::is_change(&call.operation))
    }

    /// Carries out the rule on a call. `None`: the caller gets no answer.
    pub async fn apply(&self, clock: &Clock, service: &Arc<dyn Service>, call: &Call) -> Option<Reply> {
        let span = |default: u64| SignedDuration::from_millis(i64::try_from(self.ms.unwrap_or(default)).unwrap_or(i64::MAX));
        let code = |default: &'static str| self.code.clone().unwrap_or_else(|| default.to_owned());
        match self.effect {
            Effect::Error => {
                Some(service.error(StatusCode::INTERNAL_SERVER_ERROR, &code("InternalFailure"), "a fault rule of the local stack"))
            }
            Effect::Throttle => Some(service.error(StatusCode::BAD_REQUEST, &code("ThrottlingException"), "Rate exceeded")),
            Effect::Delay => {
                clock.sleep(span(1_000)).await;
                Some(service.handle(call).await)
            }
            Effect::Hang => {
                clock.sleep(span(3_600_000)).await;
                None
            }
            // Who kills whom is done around this: see `Faults::killing`.
            Effect::LostAnswer | Effect::KillAfter => {
                service.handle(call).await;
                None
            }
            Effect::KillBefore => None,
            Effect::Stale => Some(service.handle(call).await),
        }
    }
}

#[derive(Debug)]
struct Entry {
    id: u64,
    rule: Rule,
    seen: u64,
}

/// The rules in force, in the order in which they were made: the first that matches a call strikes.
#[derive(Default)]
pub struct Faults {
    entries: Mutex<(u64, Vec<Entry>)>,
    killer: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Faults").field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl Faults {
    /// Says how the functions' processes are killed. The first who says so counts.
    pub fn kill_with(&self, killer: impl Fn() + Send + Sync + 'static) {
        self.killer.set(Box::new(killer)).ok();
    }

    /// Kills the functions' processes, if a rule that was carried out says so.
    pub fn killing(&self, rule: &Rule) {
        if let (Effect::KillBefore | Effect::KillAfter, Some(killer)) = (rule.effect, self.killer.get()) {
            killer();
        }
    }

    /// Adds a rule and returns its id.
    pub fn add(&self, rule: Rule) -> u64 {
        let mut entries = self.lock();
        entries.0 += 1;
        let id = entries.0;
        entries.1.push(Entry { id, rule, seen: 0 });
        id
    }

    /// Takes a rule away; says whether there was one.
    pub fn remove(&self, id: u64) -> bool {
        let mut entries = self.lock();
        let before = entries.1.len();
        entries.1.retain(|entry| entry.id != id);
        entries.1.len() < before
    }

    /// The rules in force, with their ids.
    #[must_use]
    pub fn list(&self) -> Vec<(u64, Rule)> {
        self.lock().1.iter().map(|entry| (entry.id, entry.rule.clone())).collect()
    }

    /// The rule that strikes this call, if any. Counts the call for every rule that it matches.
    pub fn strike(&self, call: &Call) -> Option<Rule> {
        let mut struck = None;
        for entry in self.lock().1.iter_mut().filter(|entry| entry.rule.matches(call)) {
            entry.seen += 1;
            if struck.is_none() && entry.rule.nth.is_none_or(|nth| nth == entry.seen) {
                struck = Some(entry.rule.clone());
            }
        }
        struck
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, Vec<Entry>)> {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
