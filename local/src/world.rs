//! The stack's own services, as the console shows them and as the workspace needs them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    console::{self, DnsAnswer, Table},
    data::Data,
    dynamodb::DynamoDb,
    functions,
    outside::{self, Outbox},
    region::{GLOBAL, Regions, Trouble},
    service::Service,
    slack::Host,
    traffic,
};

/// What stands behind the console and the workspace.
pub(crate) struct Behind {
    data: Arc<Data>,
    dynamodb: Arc<DynamoDb>,
    running: Weak<Regions>,
    outbox: Arc<Outbox>,
    regions: Vec<String>,
}

impl Behind {
    /// Over these services.
    #[must_use]
    pub(crate) fn new(
        data: Arc<Data>,
        dynamodb: Arc<DynamoDb>,
        running: &Arc<Regions>,
        (regions, outbox): (Vec<String>, Arc<Outbox>),
    ) -> Self {
        Self { data, dynamodb, running: Arc::downgrade(running), outbox, regions }
    }

    /// The region that people and vendors reach the bot in.
    fn entrance(&self) -> String {
        let reached = self.running.upgrade().and_then(|running| running.entrance().map(|(region, _)| region.to_owned()));
        reached.or_else(|| self.regions.first().cloned()).unwrap_or_default()
    }

    /// One of the bot's keys, as its secret has it now.
    fn key(&self, name: &str) -> Option<String> {
        let keys = self.data.secrets.current(&self.entrance(), functions::KEYS_SECRET)?;
        let keys: Value = serde_json::from_str(&keys).ok()?;
        keys.get(name)?.as_str().map(str::to_owned)
    }

    /// A text message to our number.
    fn sms_reply(&self, from: &str, text: &str) -> Result<Value, String> {
        self.notify(&outside::inbound(&self.entrance(), from, text, self.outbox.now()))
    }

    /// A text message, call or letter that left does not arrive after all.
    fn undelivered(&self, id: &str) -> Result<Value, String> {
        self.notify(&self.outbox.undelivered(&self.entrance(), id).ok_or("No message of this id has left.")?)
    }

    /// SNS hands it to the worker.
    fn notify(&self, event: &Value) -> Result<Value, String> {
        let running = self.running.upgrade().ok_or("The stack is stopping.")?;
        let (_, there) = running.entrance().ok_or("The bot lives in no region that is well.")?;
        there.lambda.enqueue(functions::WORKER, event.to_string().as_bytes()).map_err(|error| format!("{error:#}."))?;
        Ok(json!({"sent": true}))
    }

    /// Loses a region with all that is in it, cuts it off from everything, or brings it back.
    async fn strike(&self, what: &str, region: &str) -> Result<Value, String> {
        let running = self.running.upgrade().ok_or("The stack is stopping.")?;
        let known: Vec<&str> = running.all().map(|(region, _)| region).chain([GLOBAL]).collect();
        if !known.contains(&region) {
            return Err(format!("There is no region {region} here: name one of {}.", known.join(", ")));
        }
        let before = self.outbox.now();
        let lambda = running.all().find(|(name, _)| *name == region).map(|(_, there)| &there.lambda);
        match what {
            "mend_region" => {
                self.data.rds.region_returns(region).await.map_err(|error| format!("{error:#}."))?;
                running.outages().mend(region);
            }
            "partition" => running.outages().strike(region, Trouble::CutOff),
            _ => {
                running.outages().strike(region, if what == "region" { Trouble::Lost } else { Trouble::Silent });
                lambda.iter().for_each(|lambda| lambda.kill_all());
                self.data.rds.region_goes(region).await.map_err(|error| format!("{error:#}."))?;
            }
        }
        Ok(json!({"what": what, "target": region, "before": before}))
    }

    /// The bodies of the newest records of a kind, as the bot wrote them.
    fn records(&self, partition: &str, most: usize) -> Vec<Value> {
        let query = json!({
            "TableName": functions::TABLE,
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": partition}},
            "ScanIndexForward": false,
            "Limit": most,
        });
        let answer = self.dynamodb.query(&query).unwrap_or_default();
        let items = answer.get("Items").and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(|item| plain(item.get("body")?).get("record").cloned()).collect()
    }
}

/// DynamoDB's typed JSON as plain JSON.
fn plain(typed: &Value) -> Value {
    let Some((kind, value)) = typed.as_object().and_then(|typed| typed.iter().next()) else { return Value::Null };
    match (kind.as_str(), value) {
        ("M", Value::Object(members)) => members.iter().map(|(name, member)| (name.clone(), plain(member))).collect(),
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("N", Value::String(number)) => serde_json::from_str(number).unwrap_or(Value::Null),
        ("NULL", _) => Value::Null,
        _ => value.clone(),
    }
}

#[async_trait]
impl Host for Behind {
    async fn signing_secret(&self) -> anyhow::Result<String> {
        self.key("slack_signing_secret").ok_or_else(|| anyhow::anyhow!("the keys have no slack_signing_secret"))
    }

    fn idle(&self) -> bool {
        self.running.upgrade().is_none_or(|running| running.idle())
    }
}

#[async_trait]
impl console::World for Behind {
    async fn databases(&self) -> Vec<console::Database> {
        let views = self.data.rds.databases().await;
        let reached = self.data.traffic.endpoints();
        let tables = |view: &crate::rds::DatabaseView| {
            let tables = view.databases.iter().flat_map(|database| &database.tables);
            tables.map(|table| Table { name: table.name.clone(), rows: u64::try_from(table.rows).unwrap_or(0) }).collect()
        };
        views
            .iter()
            .map(|view| console::Database {
                instance: view.identifier.clone(),
                region: view.region.clone(),
                status: if view.answers || view.status != "available" { view.status.clone() } else { "does not answer".to_owned() },
                endpoint: view.endpoint.as_ref().map(|host| format!("{host}:{}", crate::postgres::PORT)),
                tables: tables(view),
                latest_restorable_time: view.latest_restorable,
                reached: view.endpoint.as_ref().is_some_and(|host| reached.contains(host)),
                follows: view.follows.clone(),
            })
            .collect()
    }

    async fn recovery_points(&self) -> Vec<Value> {
        self.data.rds.snapshots()
    }

    async fn runs(&self) -> Vec<Value> {
        self.records("run", 20)
    }

    async fn dns_answers(&self) -> Vec<DnsAnswer> {
        let mut answers = Vec::new();
        for (_, records) in self.data.route53.zones() {
            for record in records.iter().filter(|record| !matches!(record.kind.as_str(), "NS" | "SOA")) {
                let name = record.name.trim_end_matches('.').to_owned();
                answers.push(DnsAnswer { answers: self.data.dns.lookup(&name), kind: record.kind.clone(), name });
            }
        }
        answers
    }

    async fn services(&self) -> Vec<traffic::Service> {
        self.data.traffic.services()
    }

    async fn break_it(&self, what: &str, target: &str) -> Result<Value, String> {
        match what {
            "kill_function" | "kill-function" => {
                let running = self.running.upgrade().ok_or("The stack is stopping.")?;
                let killed: Vec<u32> = running.all().flat_map(|(_, there)| there.lambda.kill(target)).collect();
                Ok(json!({"what": what, "target": target, "killed": killed, "at": Timestamp::now()}))
            }
            "region" | "silence_region" | "partition" | "mend_region" => self.strike(what, target).await,
            "break_site" | "mend_site" => {
                let done = self.data.sites.set_broken(target, what == "break_site");
                done.map(|()| json!({"what": what, "target": target, "before": self.outbox.now()})).map_err(|error| format!("{error:#}."))
            }
            _ => {
                let broken = self.data.rds.break_database(&what.replace('_', "-"), target).await;
                broken.map(|broken| json!(broken)).map_err(|error| format!("{error:#}."))
            }
        }
    }

    async fn outside(&self, deed: &Value) -> Option<Result<Value, String>> {
        let field = |name: &str| deed.get(name).and_then(Value::as_str).unwrap_or_default();
        let status = match field("do") {
            "sms_reply" => return Some(self.sms_reply(field("from"), field("text"))),
            "undelivered" => return Some(self.undelivered(field("id"))),
            "pagerduty_ack" => "acknowledged",
            "pagerduty_resolve" => "resolved",
            _ => return None,
        };
        let name = if field("by").is_empty() { "Somebody" } else { field("by") };
        let human = outside::Human { name: name.to_owned(), status: status.to_owned(), key: field("key").to_owned() };
        let secret = self.key("pagerduty_webhook_secret").unwrap_or_default();
        Some(self.outbox.answers(&human, &secret).await.map(|status| json!({"status": status})))
    }

    fn pagerduty(&self) -> Option<Arc<dyn Service>> {
        Some(Arc::new(outside::PagerDuty(self.outbox.clone())))
    }

    fn outboxes(&self) -> console::Outboxes {
        self.outbox.shown()
    }

    fn secrets(&self) -> Value {
        json!({"signing": functions::KEYS_SECRET, "bot_token": functions::KEYS_SECRET})
    }

    fn regions(&self) -> Vec<String> {
        self.regions.clone()
    }

    fn bot(&self) -> Value {
        let Some(running) = self.running.upgrade() else { return Value::Null };
        let troubles = running.outages().all();
        let well = |region: &str| troubles.get(region).map_or("well", |trouble| trouble.word());
        let regions: BTreeMap<&String, &str> = running.bot().iter().map(|region| (region, well(region))).collect();
        json!({"regions": regions, "reached": running.entrance().map(|(region, _)| region)})
    }

    fn dns_port(&self) -> Option<u16> {
        Some(self.data.dns.port())
    }
}
