//! What a Task does about an error: tries again, or catches it.

use serde::Deserialize;

use super::{Failure, path::Slot};

/// One entry of `Retry`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Retrier {
    error_equals: Vec<String>,
    #[serde(default = "one")]
    interval_seconds: u64,
    #[serde(default = "three")]
    max_attempts: u32,
    #[serde(default = "two")]
    backoff_rate: f64,
    max_delay_seconds: Option<u64>,
    #[serde(default)]
    jitter_strategy: Jitter,
    #[serde(rename = "Comment")]
    _comment: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Jitter {
    #[default]
    None,
    Full,
}

/// One entry of `Catch`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Catcher {
    error_equals: Vec<String>,
    /// Where in the input the error is kept.
    #[serde(default)]
    pub result_path: Slot,
    /// The state that follows.
    pub next: String,
    #[serde(rename = "Comment")]
    _comment: Option<String>,
}

impl Retrier {
    /// Whether it is for this error.
    #[must_use]
    pub fn matches(&self, failure: &Failure) -> bool {
        failure.matches(&self.error_equals)
    }

    /// How long to wait before the next attempt after `attempts` of them, in seconds; `None` when they are used up.
    /// `random` is in 0..1.
    #[must_use]
    pub fn delay(&self, attempts: u32, random: f64) -> Option<f64> {
        if attempts >= self.max_attempts {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of an interval")]
        let (interval, longest) = (self.interval_seconds as f64, self.max_delay_seconds.map_or(f64::INFINITY, |longest| longest as f64));
        let delay = (interval * self.backoff_rate.powf(f64::from(attempts))).min(longest);
        Some(if self.jitter_strategy == Jitter::Full { delay * random } else { delay })
    }
}

impl Catcher {
    /// Whether it is for this error.
    #[must_use]
    pub fn matches(&self, failure: &Failure) -> bool {
        failure.matches(&self.error_equals)
    }
}

const fn one() -> u64 {
    1
}

const fn three() -> u32 {
    3
}

const fn two() -> f64 {
    2.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_delay_grows_to_its_limit_and_attempts_end() {
        let retrier: Retrier = serde_json::from_value(
            json!({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 10, "MaxAttempts": 3}),
        )
        .unwrap();
        assert_eq!([0, 1, 2, 3].map(|attempts| retrier.delay(attempts, 0.5)), [Some(2.0), Some(6.0), Some(10.0), None]);
    }
}
