//! The console over a scripted bot and a made-up world: for working on its looks without functions or databases.
//!
//! `cargo run -p mayday-local --example console -- PORT` prints its address; `/dr` posts a card, its buttons open a form.

#![allow(clippy::disallowed_methods, reason = "an example is its own main: it reads its arguments")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::{Router, body::Bytes, extract::State, http::Uri, routing::post};
use mayday_local::{
    clock::Clock,
    console::{self, Database, DnsAnswer, Table, World},
    control,
    service::Shared,
    slack::{ChannelSeed, Host, Person, Shortcut, Slack, Workspace},
};
use serde_json::{Value, json};

const CARD: &str = include_str!("card.json");

struct Scenery {
    rows: AtomicU64,
    killed: Mutex<bool>,
    shared: Arc<Shared>,
}

#[async_trait]
impl Host for Scenery {
    async fn signing_secret(&self) -> anyhow::Result<String> {
        Ok("a-secret-of-the-example".to_owned())
    }

    fn idle(&self) -> bool {
        true
    }
}

#[async_trait]
impl World for Scenery {
    async fn databases(&self) -> Vec<Database> {
        let database = |instance: &str, region: &str, status: &str, tables: Vec<(&str, u64)>| Database {
            instance: instance.to_owned(),
            region: region.to_owned(),
            status: status.to_owned(),
            endpoint: Some(format!("{instance}.c0example.{region}.rds.amazonaws.com:5432")),
            tables: tables.into_iter().map(|(name, rows)| Table { name: name.to_owned(), rows }).collect(),
            latest_restorable_time: Some(self.shared.clock.now()),
            reached: instance == "inventory",
            follows: None,
        };
        let killed = self.killed.lock().is_ok_and(|killed| *killed);
        vec![
            database(
                "inventory",
                "eu-west-1",
                if killed { "failed" } else { "available" },
                vec![("stock", self.rows.load(Ordering::Relaxed)), ("movements", 41_250)],
            ),
            database("inventory-r1405", "eu-west-1", "creating", vec![]),
        ]
    }

    async fn recovery_points(&self) -> Vec<Value> {
        let at = self.shared.clock.now();
        vec![
            json!({"id": "mayday-inventory-20261122-1400", "source": "inventory", "kind": "snapshot", "status": "verified", "taken_at": at}),
        ]
    }

    async fn runs(&self) -> Vec<Value> {
        vec![json!({"id": "R-7KQ2", "title": "Restore inventory to 14:05", "status": "running", "step": "3 of 6 db:restore"})]
    }

    async fn dns_answers(&self) -> Vec<DnsAnswer> {
        let answers = vec!["inventory.c0example.eu-west-1.rds.amazonaws.com".to_owned()];
        vec![DnsAnswer { name: "inventory.db.internal".to_owned(), kind: "CNAME".to_owned(), answers }]
    }

    async fn break_it(&self, what: &str, target: &str) -> Result<Value, String> {
        match what {
            "delete_rows" => self.rows.store(0, Ordering::Relaxed),
            "kill_primary" => *self.killed.lock().map_err(|_| "poisoned".to_owned())? = true,
            other => return Err(format!("The example can't {other}.")),
        }
        Ok(json!({"told": format!("{what} on {target}: done")}))
    }

    fn secrets(&self) -> Value {
        json!({})
    }

    fn regions(&self) -> Vec<String> {
        vec!["eu-west-1".to_owned()]
    }

    fn dns_port(&self) -> Option<u16> {
        None
    }
}

fn workspace() -> Workspace {
    let person = |id: &str, name: &str, real_name: &str, role: &str, tz: &str| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        real_name: real_name.to_owned(),
        roles: vec![role.to_owned()],
        tz: tz.to_owned(),
        ..Person::default()
    };
    let channel = |id: &str, name: &str, topic: &str| ChannelSeed {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: topic.to_owned(),
        ..ChannelSeed::default()
    };
    Workspace {
        people: vec![
            person("U0ANA", "ana", "Ana Ruiz", "on-call", "Europe/Madrid"),
            person("U0BEN", "ben", "Ben Okafor", "dba", "Europe/London"),
            person("U0CHLOE", "chloe", "Chloé Martin", "incident commander", "America/New_York"),
        ],
        channels: vec![
            channel("C0INCIDENTS", "incidents", "What is wrong, and who is on it"),
            channel("C0OPS", "ops", ""),
            channel("C0GENERAL", "general", ""),
        ],
        shortcuts: vec![Shortcut { callback_id: "declare".to_owned(), name: "Declare an incident".to_owned(), on_message: true }],
        ..Workspace::default()
    }
}

struct Bot {
    shared: Arc<Shared>,
    client: reqwest::Client,
}

impl Bot {
    async fn call(&self, method: &str, arguments: Value) {
        let request = self.client.post(format!("{}/slack/api/{method}", self.shared.url)).bearer_auth("xoxb-local-mayday");
        let Ok(answer) = request.json(&arguments).send().await else { return };
        let text = answer.text().await.unwrap_or_default();
        if text.contains("\"ok\":false") {
            println!("{method}: {text}");
        }
    }
}

async fn bot(State(bot): State<Arc<Bot>>, uri: Uri, body: Bytes) -> String {
    let form: std::collections::HashMap<_, _> = form_urlencoded::parse(&body).into_owned().collect();
    let payload: Value = form.get("payload").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let part = |name: &str| serde_json::from_str::<Value>(CARD).ok().and_then(|card| card.get(name).cloned()).unwrap_or_default();
    let kind = payload.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if uri.path().ends_with("commands") {
        bot.call("chat.postMessage", json!({"channel": form.get("channel_id"), "text": "Proposal", "blocks": part("card")})).await;
        return json!({"text": "Working out what that would do…"}).to_string();
    }
    if kind == "view_submission" {
        return json!({"response_action": "errors", "errors": {"phrase": "You typed `inventory 14:50`; the time is `14:05`."}}).to_string();
    }
    if kind == "block_suggestion" {
        let option = |text: &str| json!({"text": {"type": "plain_text", "text": text}, "value": text});
        return json!({"options": [option("inventory 14:00 (verified)"), option("inventory 13:00 (verified)")]}).to_string();
    }
    if kind == "block_actions" {
        bot.call("views.open", json!({"trigger_id": payload.get("trigger_id"), "view": part("form")})).await;
    } else {
        bot.call("views.publish", json!({"user_id": "U0ANA", "view": {"type": "home", "blocks": part("card")}})).await;
    }
    String::new()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.context("the port is taken")?;
    let url = format!("http://{}", listener.local_addr()?);
    let data = std::env::temp_dir().join(format!("mayday-console-{}", std::process::id()));
    std::fs::create_dir_all(&data)?;
    let shared = Arc::new(Shared::new(Clock::open(&data, 1.0)?, data, url.clone()));
    let scenery = Arc::new(Scenery { rows: AtomicU64::new(100_001), killed: Mutex::new(false), shared: shared.clone() });
    let slack = Slack::open(shared.clone(), scenery.clone(), workspace())?;
    let state = Arc::new(Bot { shared: shared.clone(), client: reqwest::Client::new() });
    let paths = ["/slack/commands", "/slack/interactions", "/slack/events"];
    let app = paths.into_iter().fold(Router::new(), |app, path| app.route(path, post(bot))).with_state(state);
    let app = app.merge(console::router(shared.clone(), slack, scenery)).merge(control::routes(shared));
    println!("ready {url}");
    axum::serve(listener, app).await.context("the server stopped")
}
