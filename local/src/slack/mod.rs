//! Slack: the Web API as the bot calls it, and the people who press the buttons.
//!
//! [`Slack`] is one workspace with one app in it. `api` answers the bot; `act` does what a person does and sends the
//! bot what Slack would send; `store` keeps it all. Slack's limits and error codes hold as on slack.com.

#![expect(clippy::indexing_slicing, reason = "only JSON is indexed here, by name: what is not there is null, and nothing panics")]

mod act;
mod answers;
mod api;
mod bot;
mod inputs;
mod limits;
mod model;
mod payload;
mod response_url;
mod store;
mod workspace;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context as _;
use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use act::{Act, Deed, Impossible, Outcome};
pub(crate) use api::mimetype;
pub use bot::signature;
pub use workspace::{ChannelSeed, Person, Shortcut, SlashCommand, UserGroup, Workspace};

use self::{
    model::{Channel, ResponseUrl, Trigger},
    store::{Change, Store, Touched},
};
use crate::service::{Call, Reply, Service, Shared};

/// Where response URLs point.
const RESPONSE_PATH: &str = "/hooks/";

/// How long a trigger lives.
const TRIGGER_LIFE: SignedDuration = SignedDuration::from_secs(3);

/// What the workspace needs from the stack around it.
#[async_trait]
pub trait Host: Send + Sync {
    /// The secret that requests to the bot are signed with, as the bot reads it.
    ///
    /// # Errors
    /// When there is none.
    async fn signing_secret(&self) -> anyhow::Result<String>;

    /// Whether no function is running and no invocation is queued.
    fn idle(&self) -> bool;
}

/// A workspace, the app installed in it, and the people in front of it.
pub struct Slack {
    shared: Arc<Shared>,
    host: Arc<dyn Host>,
    workspace: Workspace,
    folder: PathBuf,
    client: reqwest::Client,
    store: Mutex<Store>,
}

impl Slack {
    /// Opens the workspace kept below `shared.data`, or starts it as `workspace` says.
    ///
    /// The bot is posted to at `shared.url`, where the stack itself listens, and response URLs point there.
    ///
    /// # Errors
    /// When the state on disk can't be opened, or no HTTP client can be made.
    pub fn open(shared: Arc<Shared>, host: Arc<dyn Host>, workspace: Workspace) -> anyhow::Result<Arc<Self>> {
        // Only plain HTTP on loopback is spoken here, but the client wants a provider to exist; another one is as good.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client for the bot")?;
        let folder = shared.data.join("slack");
        let mut store = Store::open(&folder)?;
        let created = shared.clock.now().as_second();
        for person in workspace.people.iter().chain([&workspace.bot()]) {
            if !store.state.people.contains_key(&person.id) {
                store.seed(Change::Person(person.clone()));
            }
        }
        for seed in &workspace.channels {
            if !store.state.channels.contains_key(&seed.id) {
                store.seed(Change::Channel(first_channel(seed, &workspace, created)));
            }
        }
        Ok(Arc::new(Self { shared, host, workspace, folder, client, store: Mutex::new(store) }))
    }

    /// The workspace as it was configured.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Changes a member at run time: a person leaves, becomes a guest, takes another name.
    ///
    /// # Errors
    /// When nobody has that id.
    pub fn change_person(&self, id: &str, edit: impl FnOnce(&mut Person)) -> anyhow::Result<()> {
        let mut store = self.lock();
        let mut person = store.state.people.get(id).cloned().with_context(|| format!("nobody is {id}"))?;
        edit(&mut person);
        store.change(Change::Person(person));
        Ok(())
    }

    /// A live trigger id and response URL for a tester who signs payloads himself.
    #[must_use]
    pub fn mint(&self, user: &str, channel: &str) -> (String, String) {
        (self.new_trigger(user, None), self.new_response_url(user, channel, None))
    }

    fn new_trigger(&self, user: &str, view: Option<&str>) -> String {
        let expires = self.shared.clock.now().checked_add(self.wire_span(TRIGGER_LIFE)).unwrap_or(jiff::Timestamp::MAX);
        let mut store = self.lock();
        let id = format!("{}.{}.{}", store.state.next_number(), self.workspace.team_id, ulid::Ulid::generate().to_string().to_lowercase());
        let trigger = Trigger { user: user.to_owned(), expires, used: false, view: view.map(str::to_owned) };
        store.state.triggers.insert(id.clone(), trigger);
        id
    }

    fn new_response_url(&self, user: &str, channel: &str, message: Option<&model::Message>) -> String {
        let id = ulid::Ulid::generate().to_string();
        let url = ResponseUrl {
            id: id.clone(),
            channel: channel.to_owned(),
            user: user.to_owned(),
            message_ts: message.map(|message| message.ts.clone()),
            thread_ts: message.and_then(|message| message.thread_ts.clone()),
            issued: self.shared.clock.now(),
            uses: 0,
        };
        self.lock().change(Change::ResponseUrl(url));
        format!("{}{RESPONSE_PATH}{id}", self.shared.url)
    }

    /// The people, the bot included, as `users.info` tells them, with their roles.
    #[must_use]
    pub fn people(&self) -> Vec<Person> {
        self.lock().state.people.values().cloned().collect()
    }

    /// The conversations as the Web API tells them.
    #[must_use]
    pub fn channels(&self) -> Vec<Value> {
        self.lock().state.channels.values().map(|channel| channel.api(&self.workspace.bot_user_id)).collect()
    }

    /// The open forms, App Home and ephemeral messages of a person.
    #[must_use]
    pub fn views_of(&self, user: &str) -> Value {
        let store = self.lock();
        let seen = |view: &model::View| view.seen(&self.workspace);
        let ephemerals = store.state.messages.values().filter(|message| !message.deleted && message.visible_to.as_deref() == Some(user));
        json!({
            "views": store.state.open_modals(user).into_iter().map(seen).collect::<Vec<_>>(),
            "home": store.state.home(user).map(seen),
            "ephemerals": ephemerals.map(|message| message.seen(&self.workspace)).collect::<Vec<_>>(),
        })
    }

    /// How many changes there were so far.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.lock().changes()
    }

    /// A receiver that wakes at each change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<usize> {
        self.lock().subscribe()
    }

    /// What changed since: `{seq, people, channels, messages, views}`, each thing as it is now.
    ///
    /// A message carries `ephemeral`, `visible_to` and `deleted`; a view `user`, `errors` and `open`.
    #[must_use]
    pub fn changed_since(&self, since: usize) -> Value {
        let store = self.lock();
        let (mut people, mut channels, mut messages, mut views) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for touched in store.touched_since(since) {
            match touched {
                Touched::Person(id) => people.extend(store.state.people.get(&id).map(|person| json!(person))),
                Touched::Channel(id) => channels.extend(store.state.channels.get(&id).map(|channel| json!(channel))),
                Touched::Message(channel, ts) => {
                    messages.extend(store.state.messages.get(&(channel, ts)).map(|message| message.seen(&self.workspace)));
                }
                Touched::View(id) => views.extend(store.state.views.get(&id).map(|view| view.seen(&self.workspace))),
                Touched::Nothing => {}
            }
        }
        json!({"seq": store.changes(), "people": people, "channels": channels, "messages": messages, "views": views})
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Service for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    /// The method's name; `response_url` for what is sent to one.
    fn operation(&self, call: &Call) -> String {
        if call.path.starts_with(RESPONSE_PATH) {
            return "response_url".to_owned();
        }
        call.path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        match call.path.strip_prefix(RESPONSE_PATH) {
            Some(id) => self.answer_response_url(id, call),
            None => self.answer(call),
        }
    }

    /// Slack's errors. A throttle is a 429 whose `Retry-After` is the rule's code, if that is a number (default 30), and
    /// is left out if it is `none`; an error without a code is a 503 of Slack's front, with one an `ok: false`.
    fn error(&self, _status: StatusCode, code: &str, message: &str) -> Reply {
        if message == "Rate exceeded" {
            let mut reply = json_reply(StatusCode::TOO_MANY_REQUESTS, &json!({"ok": false, "error": "ratelimited"}));
            let seconds = if code.parse::<u64>().is_ok() { code } else { "30" };
            if code != "none"
                && let Ok(value) = HeaderValue::from_str(seconds)
            {
                reply.headers.insert("retry-after", value);
            }
            return reply;
        }
        if code == "InternalFailure" {
            let mut reply = json_reply(StatusCode::SERVICE_UNAVAILABLE, &Value::Null);
            reply.body = "<html><body>Service Unavailable</body></html>".into();
            reply.headers.insert("content-type", HeaderValue::from_static("text/html"));
            return reply;
        }
        json_reply(StatusCode::OK, &json!({"ok": false, "error": code}))
    }
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
    Reply { status, headers, body: body.to_string().into() }
}

fn first_channel(seed: &ChannelSeed, workspace: &Workspace, created: i64) -> Channel {
    let everybody = || workspace.people.iter().map(|person| person.id.clone()).chain([workspace.bot_user_id.clone()]).collect();
    Channel {
        id: seed.id.clone(),
        name: seed.name.clone(),
        topic: seed.topic.clone(),
        private: seed.private,
        archived: false,
        created,
        members: if seed.members.is_empty() { everybody() } else { seed.members.clone() },
        im_with: None,
    }
}
