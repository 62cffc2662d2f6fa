//! What the panel beside the conversation shows of the world, and how it is broken from there.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A database instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// The RDS instance identifier.
    pub instance: String,
    /// Its region.
    pub region: String,
    /// RDS's status: `available`, `creating`, …
    pub status: String,
    /// Host and port, once it has them.
    pub endpoint: Option<String>,
    /// Its tables; empty where it can't be asked.
    pub tables: Vec<Table>,
    /// The newest time that a point-in-time restore can go back to.
    pub latest_restorable_time: Option<Timestamp>,
    /// Whether applications reach it now.
    pub reached: bool,
    /// The instance that it follows, of a replica.
    pub follows: Option<String>,
}

/// A table of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
}

/// What a name resolves to now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsAnswer {
    /// The name, without a trailing dot.
    pub name: String,
    /// `A`, `CNAME`, …
    pub kind: String,
    /// What the stack's DNS answers.
    pub answers: Vec<String>,
}

/// What left the stack for people outside of Slack, in the vendors' wire formats, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outboxes {
    /// PagerDuty events.
    pub pages: Vec<Value>,
    /// Text messages.
    pub sms: Vec<Value>,
    /// Mails.
    pub email: Vec<Value>,
    /// Status page updates.
    pub statuspage: Vec<Value>,
}

/// The world beside the conversation. The stack implements it over its services.
#[async_trait]
pub trait World: Send + Sync {
    /// The databases with their row counts. Asked every two seconds while a console is open.
    async fn databases(&self) -> Vec<Database>;

    /// The recovery points: `{id, source, kind, status, taken_at}` each, newest first.
    async fn recovery_points(&self) -> Vec<Value> {
        Vec::new()
    }

    /// The runs: `{id, status, …}` each, newest first.
    async fn runs(&self) -> Vec<Value> {
        Vec::new()
    }

    /// What the plan's names resolve to.
    async fn dns_answers(&self) -> Vec<DnsAnswer> {
        Vec::new()
    }

    /// The services that have another site, and where each of their names leads.
    async fn services(&self) -> Vec<crate::traffic::Service> {
        Vec::new()
    }

    /// Breaks something: `delete_rows`, `drop_table`, `kill_primary`, … on a target (`INSTANCE` or `REGION/INSTANCE`),
    /// and tells what was done: `{what, target, before, table, rows}`, `before` being the last moment when all was well.
    ///
    /// # Errors
    /// A sentence, when there is no such thing to break.
    async fn break_it(&self, what: &str, target: &str) -> Result<Value, String>;

    /// What each secret is for → its name in Secrets Manager: `signing`, `bot_token`, …
    fn secrets(&self) -> Value;

    /// The regions of the plan; the first is home.
    fn regions(&self) -> Vec<String>;

    /// Where the bot lives: `{regions: {NAME: well | lost | silent | cut off}, reached}`.
    fn bot(&self) -> Value {
        Value::Null
    }

    /// The port of the DNS server on loopback.
    fn dns_port(&self) -> Option<u16>;

    /// What somebody does outside of Slack: `sms_reply` (`from`, `text`), `undelivered` (`id`), `pagerduty_ack` or `pagerduty_resolve` (`key`, `by`).
    /// `None`: the deed is another one.
    async fn outside(&self, _deed: &Value) -> Option<Result<Value, String>> {
        None
    }

    /// PagerDuty.
    fn pagerduty(&self) -> Option<std::sync::Arc<dyn crate::service::Service>> {
        None
    }

    /// What left the stack.
    fn outboxes(&self) -> Outboxes {
        Outboxes::default()
    }
}
