use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, Seen};
use crate::{
    failure::CallError,
    mrkdwn,
    plan::{Check, Expectation},
    planted::{Bug, planted},
    policy::Permit,
    port::{Inspection, Probe, ProbeResult, SqlTarget, World},
    view::{Code, Moment, Mrkdwn},
};

/// `db:verify`: signs in to an instance and asks what the plan says must be true of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// The region.
    pub region: String,
    /// The instance that must answer.
    pub instance: String,
    /// How it is reached.
    pub through: Through,
    /// The database on it.
    pub database: String,
    /// The secret to sign in with.
    pub secret: String,
    /// The questions and their expected answers.
    pub checks: Vec<Check>,
    /// The moment that the data should be from, where it is known beforehand.
    pub recovery_point: Option<Timestamp>,
}

/// How a database is reached to be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// By the instance's own endpoint.
    Endpoint,
    /// As the applications do: by the host in the secret.
    Secret,
    /// As the applications do: by this CNAME.
    Cname(String),
}

/// How one check came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check's name.
    pub name: String,
    /// What was expected, in words.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// Whether that is good.
    pub passed: bool,
}

#[async_trait]
impl Action for Verify {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let point = self.recovery_point.map(|at| mrkdwn!(", data as of {}", Moment(at))).unwrap_or_default();
        let mut lines = vec![mrkdwn!(
            "sign in to {} on {} in {}{} with secret {}{}",
            Code(&self.database),
            Code(&self.instance),
            self.region,
            match &self.through {
                Through::Endpoint => mrkdwn!(" by its own endpoint"),
                Through::Secret => mrkdwn!(" by the host in the secret"),
                Through::Cname(name) => mrkdwn!(" by the name {}", Code(name)),
            },
            Code(&self.secret),
            point
        )];
        lines.extend(questions(&self.checks));
        lines
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let Some(instance) = world.databases.instance(&self.region, &self.instance).await? else {
            return Ok(Seen::Broken(Finding::said(format!("{} is gone", self.instance))));
        };
        let Some(endpoint) = instance.endpoint else {
            return Ok(Seen::Underway { percent: None, note: format!("{} has no endpoint yet", self.instance) });
        };
        let host = match &self.through {
            Through::Endpoint => endpoint.host.clone(),
            Through::Cname(name) => name.clone(),
            Through::Secret => match world.secrets.current(&self.region, &self.secret).await? {
                Some(secret) => crate::database::member(&secret.value, "host").unwrap_or_default(),
                None => String::new(),
            },
        };
        if self.through == Through::Secret && host != endpoint.host {
            return Ok(Seen::Broken(Finding::said(format!("applications are led to {host}, not to {}", self.instance))));
        }
        let target = SqlTarget {
            region: self.region.clone(),
            host,
            port: endpoint.port,
            database: self.database.clone(),
            secret: self.secret.clone(),
        };
        let probes: Vec<Probe> = self.checks.iter().map(|check| Probe { name: check.name.clone(), sql: check.sql.clone() }).collect();
        let inspection = world.sql.inspect(&target, &probes).await?;
        Ok(self.judge(&inspection))
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}

/// Every question with its expected answer, for the card.
pub(super) fn questions(checks: &[Check]) -> impl Iterator<Item = Mrkdwn> {
    checks.iter().map(|check| mrkdwn!("check “{}”: {} is {}", check.name, Code(&check.sql), in_words(&check.expect)))
}

impl Verify {
    pub(super) fn judge(&self, inspection: &Inspection) -> Seen {
        if let Some(error) = &inspection.connection_error {
            return Seen::Broken(Finding::said(format!("no connection to {}: {error}", self.instance)));
        }
        let results: Vec<CheckResult> = self
            .checks
            .iter()
            .map(|check| result(check, inspection.results.iter().find(|result| result.name == check.name), self.recovery_point))
            .collect();
        let failed: Vec<&CheckResult> = results.iter().filter(|result| !result.passed).collect();
        let detail = json!({"checks": results, "server_version": inspection.server_version});
        if failed.is_empty() || planted(Bug::ChecksIgnored) {
            let summary = match results.len() {
                0 if self.through != Through::Endpoint => format!("signed in as the applications do: they reach {}", self.instance),
                0 => "signed in; the plan has no checks for it".to_owned(),
                1 => "signed in; the one check passed".to_owned(),
                all => format!("signed in; all {all} checks passed"),
            };
            return Seen::Done(Finding { summary, detail });
        }
        let said: Vec<String> =
            failed.iter().map(|result| format!("{}: expected {}, found {}", result.name, result.expected, result.found)).collect();
        Seen::Broken(Finding { summary: format!("{} of {} checks failed: {}", failed.len(), results.len(), said.join("; ")), detail })
    }
}

fn result(check: &Check, answer: Option<&ProbeResult>, recovery_point: Option<Timestamp>) -> CheckResult {
    let answer_is =
        |found: String, passed: bool| CheckResult { name: check.name.clone(), expected: in_words(&check.expect), found, passed };
    let value = match answer {
        None => return answer_is("no answer".to_owned(), false),
        Some(ProbeResult { error: Some(error), .. }) => return answer_is(format!("an error ({error})"), false),
        Some(ProbeResult { value: None, .. }) => return answer_is("nothing".to_owned(), false),
        Some(ProbeResult { value: Some(value), .. }) => value.clone(),
    };
    let passed = match &check.expect {
        Expectation::AtLeast(least) => value.parse::<f64>().is_ok_and(|number| at_least(number, *least)),
        Expectation::Equals(expected) => value == *expected,
        Expectation::NewerThan(span) => match (timestamp(&value), recovery_point) {
            (Some(newest), Some(point)) => newest >= point.saturating_sub(span.0).unwrap_or(Timestamp::MIN),
            // Without a recovery point known beforehand there is nothing to be newer than but the beginning of time.
            (Some(_), None) => true,
            (None, _) => false,
        },
    };
    answer_is(value, passed)
}

#[expect(clippy::cast_precision_loss, reason = "row counts beyond 2^53 do not occur, and a rounding error would not matter there")]
fn at_least(number: f64, least: i64) -> bool {
    number >= least as f64
}

/// Reads PostgreSQL's text form of a `timestamptz` (`2026-11-22 14:02:11.5+00`), or RFC 3339.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let hours_only = text.len().checked_sub(3).and_then(|at| text.get(at..)).is_some_and(|end| end.starts_with(['+', '-']));
    let full = if hours_only { format!("{text}:00") } else { text.to_owned() };
    full.replacen(' ', "T", 1).parse().ok()
}

fn in_words(expect: &Expectation) -> String {
    match expect {
        Expectation::AtLeast(least) => format!("at least {least}"),
        Expectation::Equals(text) => format!("“{text}”"),
        Expectation::NewerThan(span) => format!("at most {span} older than the recovery point"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Span;

    fn check(expect: Expectation) -> Check {
        Check { name: "it".to_owned(), sql: "select 1".to_owned(), expect }
    }

    fn passes(expect: Expectation, value: Option<&str>) -> bool {
        let answer = ProbeResult { name: "it".to_owned(), value: value.map(str::to_owned), error: None, took_ms: 1 };
        result(&check(expect), Some(&answer), Some("2026-11-22T14:02:00Z".parse().unwrap())).passed
    }

    #[test]
    fn an_answer_is_held_against_its_expectation() {
        assert!(passes(Expectation::AtLeast(1_000), Some("1000")));
        assert!(!passes(Expectation::AtLeast(1_000), Some("999")));
        assert!(!passes(Expectation::AtLeast(1), Some("many")));
        assert!(passes(Expectation::Equals("0".to_owned()), Some("0")));
        let within = || Expectation::NewerThan(Span(jiff::SignedDuration::from_mins(5)));
        assert!(passes(within(), Some("2026-11-22 13:57:00+00")));
        assert!(!passes(within(), Some("2026-11-22 13:56:59.9+00")));
        assert!(!passes(within(), Some("yesterday")));
        assert!(!passes(Expectation::AtLeast(0), None), "no row is not zero");
    }

    #[test]
    fn no_answer_and_an_error_both_fail() {
        assert!(!result(&check(Expectation::AtLeast(0)), None, None).passed);
        let error = ProbeResult {
            name: "it".to_owned(),
            value: Some("7".to_owned()),
            error: Some("relation does not exist".to_owned()),
            took_ms: 1,
        };
        assert!(!result(&check(Expectation::AtLeast(0)), Some(&error), None).passed);
    }
}
