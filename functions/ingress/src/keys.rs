//! The keys that the door verifies with: read at the start, kept fresh, and kept for a day when nobody answers.

use std::{
    rc::Rc,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mayday_slack::verify::SigningSecret;
use serde::Deserialize;

use crate::port::{Vault, VaultError};

/// Older keys are read again.
const FRESH_MS: i64 = 5 * 60 * 1000;
/// Older keys are not used any more, whatever the vault's state.
const USABLE_MS: i64 = 24 * 60 * 60 * 1000;
/// A signature of an unknown key has the keys read again, at most this often: anybody can send one.
const UNKNOWN_KEY_MS: i64 = 60 * 1000;
/// With usable keys at hand, a vault that failed is not asked again sooner.
const FAILED_MS: i64 = 30 * 1000;
/// How long the vault may take: Slack waits three seconds for everything together.
const READ_LIMIT: Duration = Duration::from_millis(800);

/// The keys of one moment.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Slack's signing secret, and the previous one while it is being rotated. Never empty in a cache.
    pub(crate) slack: Vec<SigningSecret>,
    /// PagerDuty's webhook secret, if PagerDuty is connected.
    pub(crate) pagerduty: Vec<SigningSecret>,
}

/// What came of a look at the keys.
pub(crate) struct Look {
    /// The keys to use, if there are any.
    pub(crate) keys: Option<Rc<Keys>>,
    /// What to tell the log.
    pub(crate) trouble: Option<VaultError>,
}

/// Keys with their age.
pub(crate) struct KeyCache<V> {
    vault: V,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Option<Rc<Keys>>,
    read_at_ms: i64,
    tried_at_ms: Option<i64>,
}

impl<V: Vault> KeyCache<V> {
    /// An empty cache.
    pub(crate) fn new(vault: V) -> Self {
        Self { vault, state: Mutex::default() }
    }

    /// The keys to verify with now, read again if they are no longer fresh.
    pub(crate) async fn current(&self, now_ms: i64) -> Look {
        if let Some(keys) = self.without_asking(now_ms) {
            return Look { keys: Some(keys), trouble: None };
        }
        self.read(now_ms).await
    }

    /// The keys after somebody used one that we don't know; `None` if that was tried less than a minute ago.
    pub(crate) async fn after_unknown_key(&self, now_ms: i64) -> Option<Look> {
        let lately = self.state().tried_at_ms.is_some_and(|tried| now_ms.saturating_sub(tried) < UNKNOWN_KEY_MS);
        if lately { None } else { Some(self.read(now_ms).await) }
    }

    fn without_asking(&self, now_ms: i64) -> Option<Rc<Keys>> {
        let state = self.state();
        let keys = state.keys.as_ref()?;
        let age = now_ms.saturating_sub(state.read_at_ms);
        let failed_lately = state.tried_at_ms.is_some_and(|tried| tried > state.read_at_ms && now_ms.saturating_sub(tried) < FAILED_MS);
        (age <= FRESH_MS || (failed_lately && age <= USABLE_MS)).then(|| Rc::clone(keys))
    }

    async fn read(&self, now_ms: i64) -> Look {
        let read = match tokio::time::timeout(READ_LIMIT, self.vault.read()).await {
            Ok(Ok(text)) => parse(&text).ok_or(VaultError::Missing),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(VaultError::Unavailable("no answer in time".to_owned())),
        };
        let mut state = self.state();
        state.tried_at_ms = Some(now_ms);
        let trouble = match read {
            Ok(keys) => {
                state.keys = Some(Rc::new(keys));
                state.read_at_ms = now_ms;
                None
            }
            // A secret that was deleted or blanked is meant to open no door, cached or not.
            Err(VaultError::Missing) => {
                state.keys = None;
                Some(VaultError::Missing)
            }
            Err(error) => {
                if now_ms.saturating_sub(state.read_at_ms) > USABLE_MS {
                    state.keys = None;
                }
                Some(error)
            }
        };
        Look { keys: state.keys.clone(), trouble }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Secret {
    slack_signing_secret: Option<String>,
    slack_signing_secret_previous: Option<String>,
    pagerduty_webhook_secret: Option<String>,
    pagerduty_webhook_secret_previous: Option<String>,
}

/// The keys in the secret's JSON; `None` if Slack's current one is missing or blank.
fn parse(text: &str) -> Option<Keys> {
    let secret: Secret = serde_json::from_str(text).ok()?;
    let key = |text: Option<String>| text.as_deref().and_then(SigningSecret::new);
    let current = key(secret.slack_signing_secret)?;
    Some(Keys {
        slack: [Some(current), key(secret.slack_signing_secret_previous)].into_iter().flatten().collect(),
        pagerduty: [key(secret.pagerduty_webhook_secret), key(secret.pagerduty_webhook_secret_previous)].into_iter().flatten().collect(),
    })
}
