//! One JSON line for each thing worth knowing, and metrics in CloudWatch's embedded format.
//!
//! Fields are our own words, counts and ids. Nothing that was sent is logged, nor anything that was kept secret.

use serde_json::{Map, Value, json};

/// Where log lines go.
pub(crate) struct Log(Box<dyn Fn(String)>);

/// What an alarm can be set on. The name is the metric's name in the namespace `Mayday`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Metric {
    /// There is no key to verify with: every route answers 503.
    KeysMissing,
    /// Secrets Manager did not answer; the cached keys serve if there are some.
    KeysUnavailable,
    /// A request without a valid signature.
    Denied,
    /// A request outside the window: a replay, or somebody's clock is wrong.
    ClockSkew,
    /// A signed request for another team, app or enterprise.
    Foreign,
    /// A verified request did not reach the worker.
    HandOverFailed,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::KeysMissing => "ingress_keys_missing",
            Self::KeysUnavailable => "ingress_keys_unavailable",
            Self::Denied => "ingress_denied",
            Self::ClockSkew => "ingress_clock_skew",
            Self::Foreign => "ingress_foreign",
            Self::HandOverFailed => "ingress_hand_over_failed",
        }
    }
}

impl Log {
    /// To where Lambda collects it.
    pub(crate) fn to_stdout() -> Self {
        Self(Box::new(|line| println!("{line}")))
    }

    /// To wherever a test looks.
    #[cfg(test)]
    pub(crate) fn to(write: impl Fn(String) + 'static) -> Self {
        Self(Box::new(write))
    }

    /// Writes a line that also counts one for `metric`.
    pub(crate) fn count(&self, metric: Metric, at_ms: i64, request_id: &str, why: &str) {
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": at_ms, "CloudWatchMetrics": [
                {"Namespace": "Mayday", "Dimensions": [["function"]], "Metrics": [{"Name": metric.name(), "Unit": "Count"}]}
            ]}),
        );
        line.insert("function".to_owned(), json!("ingress"));
        line.insert("level".to_owned(), json!("warn"));
        line.insert("request_id".to_owned(), json!(request_id));
        line.insert("why".to_owned(), json!(why));
        line.insert(metric.name().to_owned(), json!(1));
        (self.0)(Value::Object(line).to_string());
    }
}
