use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::{Message, binaries, stage::CHANNEL, told::Form};

/// `mayday local` as a process of its own, which can be killed and started again over the same data.
pub struct Child {
    process: Option<tokio::process::Child>,
    url: String,
    http: reqwest::Client,
    data: tempfile::TempDir,
}

impl Child {
    /// A stack in a process of its own.
    pub async fn open() -> Self {
        // Only plain HTTP on loopback is spoken, but the client wants a provider to exist.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut child = Self { process: None, url: String::new(), http, data: tempfile::tempdir().unwrap() };
        crate::world::lend_template(child.data.path());
        child.start().await;
        child
    }

    /// Starts it again over what it left, and waits until it says that it is ready.
    pub async fn start(&mut self) {
        let mut command = Command::new(binaries().join("mayday"));
        command
            .args(["local", "--port", "0", "--rows", "5000", "--time-scale", "8", "--archive-every", "20", "--data"])
            .arg(self.data.path());
        let log = std::fs::File::create(self.data.path().join("stack.log")).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap_or_else(|| panic!("not ready: {}", self.log()));
        self.url = line.strip_prefix("ready ").expect("it says where it is ready").to_owned();
        self.process = Some(process);
    }

    /// Kills it with SIGKILL.
    pub async fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().await.unwrap();
    }

    /// Ana asks, Bob approves. Gives the run's id.
    pub async fn asks_and_approves(&self, command: &str) -> String {
        let told = self.act(json!({"as": "ana", "do": "command", "channel": CHANNEL, "text": command})).await;
        let messages: Vec<Message> = told["messages"].as_array().unwrap().iter().cloned().map(Message).collect();
        let card = messages.iter().find(|message| message.has_button("approve")).unwrap_or_else(|| panic!("no card: {told}"));
        let told = self.act(json!({"as": "bob", "do": "click", "channel": CHANNEL, "message_ts": card.ts(), "action_id": "approve"})).await;
        let form = Form(told["views"].as_array().and_then(|views| views.last()).cloned().unwrap_or_else(|| panic!("no form: {told}")));
        let values = json!({"phrase": form.phrase()});
        // Whoever waits for the rest of it would miss the moment.
        self.act(json!({"as": "bob", "do": "submit", "view_id": form.id(), "values": values, "settle_ms": 1})).await;
        card.value_of("approve").unwrap().replacen("p-", "r-", 1)
    }

    /// Waits until a step of the run has begun.
    pub async fn until_step(&self, run: &str, step: &str) {
        self.until(run, |run| {
            let steps = run["steps"].as_array().cloned().unwrap_or_default();
            steps.iter().any(|one| one["id"] == step && !one["started_at"].is_null())
        })
        .await;
    }

    /// Waits until the run has ended, moving the time on.
    pub async fn until_over(&self, run: &str) -> Value {
        self.until(run, |run| {
            let ended = !run["ended_at"].is_null();
            ended && run["told"].as_u64() == run["log"].as_array().map(|log| log.len() as u64)
        })
        .await
    }

    async fn until(&self, run: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(100);
        loop {
            let state = self.state().await;
            let runs = state["runs"].as_array().cloned().unwrap_or_default();
            let found = runs.into_iter().find(|one| one["id"] == run);
            if let Some(found) = found.as_ref().filter(|found| holds(found)) {
                return found.clone();
            }
            assert!(Instant::now() < end, "{run} never came to that: {found:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
            if found.is_some_and(|found| found["epoch"].as_u64() > Some(0)) {
                self.post("/local/clock", &json!({"advance_s": 1})).await;
            }
        }
    }

    /// The names of all instances.
    pub async fn instances(&self) -> Vec<String> {
        let state = self.state().await;
        let databases = state["world"]["databases"].as_array().cloned().unwrap_or_default();
        databases.iter().filter_map(|database| Some(database["instance"].as_str()?.to_owned())).collect()
    }

    async fn act(&self, what: Value) -> Value {
        self.post("/local/act", &what).await
    }

    async fn state(&self) -> Value {
        self.http.get(format!("{}/local/state", self.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.http.post(format!("{}{path}", self.url)).json(body).send().await.unwrap().json().await.unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("stack.log")).unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.start_kill().ok();
        }
        crate::world::quit_servers(self.data.path());
    }
}
