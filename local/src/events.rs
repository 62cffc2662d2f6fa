//! EventBridge's default bus, as far as services emit events and rules bring them to functions.

use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire;

/// One event, as a service emits it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Who says it: `aws.rds`.
    pub source: String,
    /// What kind it is: `RDS DB Instance Event`.
    pub detail_type: String,
    /// The region it happened in.
    pub region: String,
    /// The ARNs that it is about.
    pub resources: Vec<String>,
    /// The rest, by the source's own schema.
    pub detail: Value,
}

/// Which events go to which function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The event's source.
    pub source: String,
    /// The detail types that match; empty: all of them.
    pub detail_types: Vec<String>,
    /// The name of the function that gets the event, by asynchronous invocation.
    pub function: String,
}

impl Rule {
    fn matches(&self, event: &Event) -> bool {
        self.source == event.source && (self.detail_types.is_empty() || self.detail_types.contains(&event.detail_type))
    }
}

type Sink = Box<dyn Fn(Place<'_>, Value) + Send + Sync>;

/// A function of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The region.
    pub region: &'a str,
    /// The function's name.
    pub function: &'a str,
}

/// The bus. An event that matches no rule is only remembered.
#[derive(Default)]
pub struct Bus {
    rules: Mutex<Vec<Rule>>,
    emitted: Mutex<Vec<(Timestamp, Event)>>,
    sink: OnceLock<Sink>,
}

impl Bus {
    /// Adds a rule.
    pub fn add_rule(&self, rule: Rule) {
        lock(&self.rules).push(rule);
    }

    /// Says how an event, in EventBridge's envelope, reaches a function of the region that it happened in. Only the first call counts.
    pub fn deliver_with(&self, sink: impl Fn(Place<'_>, Value) + Send + Sync + 'static) {
        self.sink.set(Box::new(sink)).ok();
    }

    /// Everything emitted since the stack started, with the time at which it was.
    #[must_use]
    pub fn emitted(&self) -> Vec<(Timestamp, Event)> {
        lock(&self.emitted).clone()
    }

    /// Brings an event to the functions whose rules match. `at` is the stack's time; `Shared::emit` knows it.
    pub fn emit_at(&self, at: Timestamp, event: Event) {
        let functions: Vec<String> =
            lock(&self.rules).iter().filter(|rule| rule.matches(&event)).map(|rule| rule.function.clone()).collect();
        if let Some(sink) = self.sink.get() {
            for function in functions {
                sink(Place { region: &event.region, function: &function }, envelope(at, &event));
            }
        }
        lock(&self.emitted).push((at, event));
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bus").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// What a target receives: <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.
fn envelope(at: Timestamp, event: &Event) -> Value {
    json!({
        "version": "0",
        "id": wire::uuid(),
        "detail-type": event.detail_type,
        "source": event.source,
        "account": crate::service::ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": event.region,
        "resources": event.resources,
        "detail": event.detail,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn event(detail_type: &str) -> Event {
        Event {
            source: "aws.rds".to_owned(),
            detail_type: detail_type.to_owned(),
            region: "eu-west-1".to_owned(),
            resources: vec![],
            detail: json!({"EventID": "RDS-EVENT-0006"}),
        }
    }

    #[test]
    fn only_events_that_match_a_rule_reach_its_function() {
        let bus = Bus::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        bus.deliver_with(move |to, event| lock(&sink).push((to.function.to_owned(), event["detail-type"].clone())));
        bus.add_rule(Rule {
            source: "aws.rds".to_owned(),
            detail_types: vec!["RDS DB Instance Event".to_owned()],
            function: "watcher".to_owned(),
        });
        bus.emit_at(Timestamp::UNIX_EPOCH, event("RDS DB Instance Event"));
        bus.emit_at(Timestamp::UNIX_EPOCH, event("RDS DB Snapshot Event"));
        assert_eq!(*lock(&seen), [("watcher".to_owned(), json!("RDS DB Instance Event"))]);
        assert_eq!(bus.emitted().len(), 2);
    }
}
