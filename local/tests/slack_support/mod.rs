//! A workspace with a bot that does as the test tells it, on one port like the stack's.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use axum::{Router, body::Bytes, extract::State, response::IntoResponse, routing::post};
use http::{HeaderMap, StatusCode, Uri};
use mayday_local::{
    clock::Clock,
    console::{self, Database, World},
    service::Shared,
    slack::{ChannelSeed, Host, Person, Slack, Workspace},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The signing secret of Slack's published example.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// When every test begins.
pub(crate) const START: &str = "2026-11-22T14:00:00Z";

/// One request that the bot got.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// A field of the form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The payload of an interaction, or the JSON of an event.
    pub(crate) fn payload(&self) -> Value {
        serde_json::from_str(&self.field("payload").unwrap_or_else(|| self.body.clone())).unwrap()
    }
}

/// What the bot answers, and which Web API methods it calls afterwards.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) answer: Value,
    pub(crate) calls: Vec<(&'static str, Value)>,
}

impl Told {
    pub(crate) fn nothing() -> Self {
        Self { status: 200, answer: Value::Null, calls: Vec::new() }
    }

    pub(crate) fn answer(answer: Value) -> Self {
        Self { answer, ..Self::nothing() }
    }

    pub(crate) fn calls(calls: Vec<(&'static str, Value)>) -> Self {
        Self { calls, ..Self::nothing() }
    }
}

type Script = Arc<dyn Fn(&Seen) -> Option<Told> + Send + Sync>;

#[derive(Default)]
struct Surroundings {
    busy: AtomicUsize,
}

#[async_trait]
impl Host for Surroundings {
    async fn signing_secret(&self) -> anyhow::Result<String> {
        Ok(SECRET.to_owned())
    }

    fn idle(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }
}

#[async_trait]
impl World for Surroundings {
    async fn databases(&self) -> Vec<Database> {
        Vec::new()
    }

    async fn break_it(&self, what: &str, target: &str) -> Result<Value, String> {
        if what == "kill_primary" { Ok(json!({"killed": target})) } else { Err(format!("nothing here can {what}")) }
    }

    fn secrets(&self) -> Value {
        json!({"signing": "mayday/keys"})
    }

    fn regions(&self) -> Vec<String> {
        vec!["eu-west-1".to_owned()]
    }

    fn dns_port(&self) -> Option<u16> {
        None
    }
}

#[derive(Clone)]
struct Bot {
    script: Script,
    seen: Arc<Mutex<Vec<Seen>>>,
    surroundings: Arc<Surroundings>,
    url: String,
}

async fn bot(State(bot): State<Bot>, uri: Uri, headers: HeaderMap, body: Bytes) -> axum::response::Response {
    let seen = Seen { path: uri.path().to_owned(), headers, body: String::from_utf8(body.to_vec()).unwrap() };
    bot.seen.lock().unwrap().push(seen.clone());
    let Some(told) = (bot.script)(&seen) else { std::future::pending().await };
    bot.surroundings.busy.fetch_add(1, Ordering::SeqCst);
    tokio::spawn(async move {
        for (method, arguments) in told.calls {
            let answer = call(&bot.url, method, &arguments).await;
            assert_eq!(answer["ok"], true, "{method}: {answer}");
        }
        bot.surroundings.busy.fetch_sub(1, Ordering::SeqCst);
    });
    let body = if told.answer.is_null() { String::new() } else { told.answer.to_string() };
    (StatusCode::from_u16(told.status).unwrap(), body).into_response()
}

async fn call(url: &str, method: &str, arguments: &Value) -> Value {
    let request = reqwest::Client::new().post(format!("{url}/slack/api/{method}")).bearer_auth("xoxb-test");
    request.json(arguments).send().await.unwrap().json().await.unwrap()
}

/// The whole rig.
pub(crate) struct Rig {
    pub(crate) slack: Arc<Slack>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) url: String,
    pub(crate) data: tempfile::TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Ana (on call), Ben (approver) and a channel that the bot is in, one that it is not in, and a private one.
pub(crate) fn workspace() -> Workspace {
    let person = |id: &str, name: &str| Person {
        id: id.to_owned(),
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        ..Person::default()
    };
    let channel = |id: &str, name: &str, members: &[&str], private| ChannelSeed {
        id: id.to_owned(),
        name: name.to_owned(),
        private,
        members: members.iter().map(|&member| member.to_owned()).collect(),
        ..ChannelSeed::default()
    };
    Workspace {
        bot_token: "xoxb-test".to_owned(),
        people: vec![person("UANA", "ana"), person("UBEN", "ben")],
        channels: vec![
            channel("CINC", "incidents", &[], false),
            channel("COUT", "elsewhere", &["UANA"], false),
            channel("CSEC", "secret", &["UBEN"], true),
        ],
        ..Workspace::default()
    }
}

impl Rig {
    /// A rig whose bot does nothing.
    pub(crate) async fn silent() -> Self {
        Self::with(|_| Some(Told::nothing())).await
    }

    /// A rig whose bot does as the script says; `None` never answers.
    pub(crate) async fn with(script: impl Fn(&Seen) -> Option<Told> + Send + Sync + 'static) -> Self {
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clock = Clock::standing_at(START.parse().unwrap());
        let shared = Arc::new(Shared::new(clock, data.path().to_owned(), url.clone()));
        let surroundings = Arc::new(Surroundings::default());
        let slack = Slack::open(shared.clone(), surroundings.clone(), workspace()).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let state = Bot { script: Arc::new(script), seen: seen.clone(), surroundings: surroundings.clone(), url: url.clone() };
        let routes = ["/slack/commands", "/slack/interactions", "/slack/events"];
        let app = routes.into_iter().fold(Router::new(), |app, path| app.route(path, post(bot))).with_state(state);
        let app = app.merge(console::router(shared.clone(), slack.clone(), surroundings));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { slack, shared, url, data, seen }
    }

    /// Calls a method of the Web API as the bot.
    pub(crate) async fn api(&self, method: &str, arguments: Value) -> Value {
        call(&self.url, method, &arguments).await
    }

    /// Posts to a path; the status and the JSON of the answer.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Does what a person does.
    pub(crate) async fn act(&self, act: Value) -> Value {
        let (status, outcome) = self.post("/local/act", act).await;
        assert_eq!(status, 200, "{outcome}");
        outcome
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap().json().await.unwrap()
    }

    /// What the bot got so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.shared.clock.advance(jiff::SignedDuration::from_secs(seconds)).unwrap();
    }
}

/// A section of that text.
pub(crate) fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

/// A button.
pub(crate) fn button(action_id: &str, value: &str) -> Value {
    json!({"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": action_id}})
}

/// A form with these blocks.
pub(crate) fn modal(blocks: Value) -> Value {
    let text = |text: &str| json!({"type": "plain_text", "text": text});
    json!({"type": "modal", "callback_id": "form", "title": text("Restore"), "submit": text("Restore orders"), "blocks": blocks})
}
