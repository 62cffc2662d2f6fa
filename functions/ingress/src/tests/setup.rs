use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mayday_slack::{
    envelope::Envelope,
    response_url::{Origin, ResponseUrl},
    verify::{SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, sign},
};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    door::Door,
    event::Route,
    keys::KeyCache,
    log::Log,
    message::Identity,
    port::{Lost, Replies, Vault, VaultError, Worker},
};

pub(super) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub(super) const START_S: i64 = 1_531_420_618;
pub(super) const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
pub(super) const COMMAND: &str =
    "token=legacy&team_id=T1DC2JH3J&api_app_id=A0MAYDAY&user_id=U2CERLKJA&command=%2Fdr&text=status&trigger_id=1.2.3";

/// What the vault does when asked.
pub(super) enum Stored {
    Text(String),
    Missing,
    Down,
    Hangs,
}

/// What the worker does when called.
pub(super) enum Does {
    NotTake,
    Break,
    Hang,
    Answer(&'static str),
}

#[derive(Clone)]
pub(super) struct TestVault {
    pub(super) stored: Rc<RefCell<Stored>>,
    pub(super) reads: Rc<Cell<u32>>,
}

#[derive(Clone, Default)]
pub(super) struct TestWorker {
    pub(super) next: Rc<RefCell<VecDeque<Does>>>,
    pub(super) taken: Rc<RefCell<Vec<Envelope>>>,
    pub(super) asked: Rc<RefCell<Vec<Envelope>>>,
}

#[derive(Clone, Default)]
pub(super) struct TestReplies {
    pub(super) down: Rc<Cell<bool>>,
    pub(super) posted: Rc<RefCell<Vec<(String, Value)>>>,
}

impl Vault for TestVault {
    async fn read(&self) -> Result<String, VaultError> {
        self.reads.set(self.reads.get() + 1);
        let answer = match &*self.stored.borrow() {
            Stored::Text(text) => Some(Ok(text.clone())),
            Stored::Missing => Some(Err(VaultError::Missing)),
            Stored::Down => Some(Err(VaultError::Unavailable("500".to_owned()))),
            Stored::Hangs => None,
        };
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

impl TestWorker {
    async fn play(&self, envelope: &[u8], list: &RefCell<Vec<Envelope>>) -> Result<Vec<u8>, Lost> {
        let next = self.next.borrow_mut().pop_front();
        match next {
            Some(Does::NotTake) => return Err(Lost::NotTaken("429".to_owned())),
            Some(Does::Break) => return Err(Lost::Doubtful("500".to_owned())),
            Some(Does::Hang) => std::future::pending().await,
            Some(Does::Answer(text)) => {
                list.borrow_mut().push(serde_json::from_slice(envelope).unwrap());
                return Ok(text.as_bytes().to_vec());
            }
            None => list.borrow_mut().push(serde_json::from_slice(envelope).unwrap()),
        }
        Ok(Vec::new())
    }
}

impl Worker for TestWorker {
    async fn hand_over(&self, envelope: &[u8]) -> Result<(), Lost> {
        self.play(envelope, &self.taken).await.map(|_| ())
    }

    async fn ask(&self, envelope: &[u8]) -> Result<Vec<u8>, Lost> {
        self.play(envelope, &self.asked).await
    }
}

impl Replies for TestReplies {
    async fn post(&self, url: &ResponseUrl, json: &str) -> Result<(), Lost> {
        if self.down.get() {
            std::future::pending::<()>().await;
        }
        self.posted.borrow_mut().push((url.as_str().to_owned(), serde_json::from_str(json).unwrap()));
        Ok(())
    }
}

/// A door and everything around it.
pub(super) struct Setup {
    pub(super) door: Door<TestVault, TestWorker, TestReplies>,
    pub(super) vault: TestVault,
    pub(super) worker: TestWorker,
    pub(super) replies: TestReplies,
    pub(super) log: Rc<RefCell<Vec<String>>>,
    now_ms: Rc<Cell<i64>>,
}

pub(super) fn keys(slack: &str, previous: &str) -> String {
    json!({"slack_signing_secret": slack, "slack_signing_secret_previous": previous, "slack_bot_token": "xoxb-1-secret"}).to_string()
}

impl Setup {
    /// With the usual secret, at the second of Slack's published example.
    pub(super) fn new() -> Self {
        Self::with(Stored::Text(keys(SECRET, "")))
    }

    pub(super) fn with(stored: Stored) -> Self {
        let vault = TestVault { stored: Rc::new(RefCell::new(stored)), reads: Rc::default() };
        let (worker, replies) = (TestWorker::default(), TestReplies::default());
        let (log, now_ms) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(START_S * 1000)));
        let door = Door {
            identity: Identity { team: "T1DC2JH3J".to_owned(), app: "A0MAYDAY".to_owned(), enterprise: None },
            keys: KeyCache::new(vault.clone()),
            worker: worker.clone(),
            replies: replies.clone(),
            slack_api_url: Origin::of("http://127.0.0.1:4100/slack/api/"),
            clock: Box::new({
                let now_ms = Rc::clone(&now_ms);
                move || now_ms.get()
            }),
            log: Log::to({
                let log = Rc::clone(&log);
                move |line| log.borrow_mut().push(line)
            }),
        };
        Self { door, vault, worker, replies, log, now_ms }
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.now_ms.set(self.now_ms.get() + seconds * 1000);
    }

    pub(super) fn now_s(&self) -> i64 {
        self.now_ms.get() / 1000
    }

    pub(super) fn store(&self, stored: Stored) {
        *self.vault.stored.borrow_mut() = stored;
    }

    pub(super) fn worker_will(&self, does: impl IntoIterator<Item = Does>) {
        self.worker.next.borrow_mut().extend(does);
    }

    /// Sends a post as a function URL delivers it.
    pub(super) async fn send(&self, post: &Post) -> Answer {
        self.deliver(&post.event(Shape::FunctionUrl)).await
    }

    pub(super) async fn deliver(&self, event: &str) -> Answer {
        self.door.handle(event, REQUEST_ID).await
    }

    /// Signs now, with the usual secret, and sends.
    pub(super) async fn signed(&self, route: Route, body: &str) -> Answer {
        self.send(&Post::signed(route, body.as_bytes(), self.now_s())).await
    }

    pub(super) fn taken(&self) -> usize {
        self.worker.taken.borrow().len() + self.worker.asked.borrow().len()
    }

    pub(super) fn last_taken(&self) -> Envelope {
        self.worker.taken.borrow().last().unwrap().clone()
    }

    /// The metrics that were counted, in order.
    pub(super) fn counted(&self) -> Vec<String> {
        let lines = self.log.borrow();
        let name = |line: &String| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"].as_str().unwrap().to_owned()
        };
        lines.iter().map(name).collect()
    }
}

/// A request as somebody sends it.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// The event shapes, each as its documentation shows it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    FunctionUrl,
    HttpApi,
    RestApi,
}

pub(super) const SHAPES: [Shape; 3] = [Shape::FunctionUrl, Shape::HttpApi, Shape::RestApi];

impl Post {
    pub(super) fn unsigned(route: Route, body: &[u8]) -> Self {
        let content_type =
            if matches!(route, Route::Commands | Route::Interactions) { "application/x-www-form-urlencoded" } else { "application/json" };
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { method: "POST", path: route.path().to_owned(), headers, body: body.to_vec() }
    }

    pub(super) fn signed(route: Route, body: &[u8], at_s: i64) -> Self {
        Self::signed_by(SECRET, route, body, at_s)
    }

    pub(super) fn signed_by(secret: &str, route: Route, body: &[u8], at_s: i64) -> Self {
        let signature = sign(&SigningSecret::new(secret).unwrap(), at_s, body);
        Self::unsigned(route, body).with(TIMESTAMP_HEADER, &at_s.to_string()).with(SIGNATURE_HEADER, &signature)
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// The event as this shape delivers it: text as text, anything else in base64.
    pub(super) fn event(&self, shape: Shape) -> String {
        let (body, encoded) = match std::str::from_utf8(&self.body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (STANDARD.encode(&self.body), true),
        };
        self.event_with(shape, &body, encoded)
    }

    pub(super) fn event_base64(&self, shape: Shape) -> String {
        self.event_with(shape, &STANDARD.encode(&self.body), true)
    }

    pub(super) fn event_with(&self, shape: Shape, body: &str, encoded: bool) -> String {
        let event = match shape {
            Shape::FunctionUrl => self.version_2(body, encoded, "x.lambda-url.eu-west-1.on.aws"),
            Shape::HttpApi => self.version_2(body, encoded, "x.execute-api.eu-west-1.amazonaws.com"),
            Shape::RestApi => self.version_1(body, encoded),
        };
        event.to_string()
    }

    fn version_2(&self, body: &str, encoded: bool, domain: &str) -> Value {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &self.headers {
            headers.entry(name.to_ascii_lowercase()).and_modify(|all| *all = format!("{all},{value}")).or_insert_with(|| value.clone());
        }
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": self.path, "rawQueryString": "", "headers": headers,
            "requestContext": {
                "accountId": "000000000000", "domainName": domain, "requestId": "x", "routeKey": "$default", "stage": "$default",
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "Slackbot"},
                "time": "12/Jul/2018:18:36:58 +0000", "timeEpoch": 1,
            },
            "body": body, "isBase64Encoded": encoded,
        })
    }

    fn version_1(&self, body: &str, encoded: bool) -> Value {
        let (mut single, mut multiple) = (BTreeMap::<String, String>::new(), BTreeMap::<String, Vec<String>>::new());
        for (name, value) in &self.headers {
            single.insert(name.clone(), value.clone());
            multiple.entry(name.clone()).or_default().push(value.clone());
        }
        json!({
            "resource": "/{proxy+}", "path": self.path, "httpMethod": self.method, "headers": single, "multiValueHeaders": multiple,
            "queryStringParameters": null, "pathParameters": {"proxy": "x"}, "stageVariables": null,
            "requestContext": {"stage": "live", "httpMethod": self.method, "path": self.path, "requestTimeEpoch": 1},
            "body": body, "isBase64Encoded": encoded,
        })
    }
}

/// An interaction's form body.
pub(super) fn interaction(payload: &Value) -> String {
    let bytes = payload.to_string().into_bytes();
    let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    format!("payload={encoded}")
}

/// An interaction of ours of that type, with more fields.
pub(super) fn payload(kind: &str, more: &Value) -> Value {
    let mut payload = json!({"type": kind, "api_app_id": "A0MAYDAY", "team": {"id": "T1DC2JH3J", "domain": "d"}, "enterprise": null, "user": {"id": "U1"}});
    for (name, value) in more.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}
