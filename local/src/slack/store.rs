//! The workspace's state and the journal that it is rebuilt from.
//!
//! Every change is one line appended to a file before anybody sees it, so a killed stack comes back with all that it
//! had told; a line cut off by the kill is dropped. The same list of changes feeds the console and `act`.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Write as _,
    path::Path,
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    model::{Channel, Message, ResponseUrl, Trigger, View},
    workspace::Person,
};

/// How many former versions of a message can still be clicked on.
const VERSIONS: usize = 50;

/// One thing as it is from now on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Change {
    Person(Person),
    Channel(Channel),
    Message(Message),
    View(View),
    ResponseUrl(ResponseUrl),
}

/// What a change touched, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touched {
    Person(String),
    Channel(String),
    Message(String, String),
    View(String),
    Nothing,
}

/// Everything that the workspace holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub people: BTreeMap<String, Person>,
    pub channels: BTreeMap<String, Channel>,
    pub messages: BTreeMap<(String, String), Message>,
    /// Former blocks of a message, oldest first.
    pub versions: HashMap<(String, String), Vec<Vec<Value>>>,
    pub views: BTreeMap<String, View>,
    pub response_urls: HashMap<String, ResponseUrl>,
    pub triggers: HashMap<String, Trigger>,
    last_micros: i64,
    last_number: u64,
}

impl State {
    /// The messages of a channel, oldest first.
    pub(crate) fn messages_in<'state>(&'state self, channel: &str) -> impl DoubleEndedIterator<Item = &'state Message> + use<'state> {
        let first = (channel.to_owned(), String::new());
        let end = (channel.to_owned(), "~".to_owned());
        self.messages.range(first..end).map(|(_, message)| message)
    }

    /// A message by its timestamp, in the given channel or in any.
    pub(crate) fn message(&self, channel: Option<&str>, ts: &str) -> Option<&Message> {
        match channel {
            Some(channel) => self.messages.get(&(channel.to_owned(), ts.to_owned())),
            None => self.messages.values().find(|message| message.ts == ts),
        }
    }

    /// The forms of a person that are open, bottom first.
    pub(crate) fn open_modals(&self, user: &str) -> Vec<&View> {
        let mut open: Vec<_> = self.views.values().filter(|view| view.open && !view.is_home() && view.user == user).collect();
        let depth = |view: &View| {
            let mut depth = 0;
            let mut at = view.previous_view_id.as_ref();
            while let Some(before) = at.and_then(|id| self.views.get(id)).filter(|_| depth < 10) {
                depth += 1;
                at = before.previous_view_id.as_ref();
            }
            depth
        };
        open.sort_by_key(|view| depth(view));
        open
    }

    /// A person's App Home, if one was published.
    pub(crate) fn home(&self, user: &str) -> Option<&View> {
        self.views.values().find(|view| view.is_home() && view.user == user)
    }

    /// A timestamp that no message had yet: Slack's key of a message, seconds and microseconds.
    pub(crate) fn next_ts(&mut self, now: Timestamp) -> String {
        self.last_micros = now.as_microsecond().max(self.last_micros + 1);
        format!("{}.{:06}", self.last_micros / 1_000_000, self.last_micros % 1_000_000)
    }

    /// A number that was not given out yet, for ids.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn apply(&mut self, change: Change) -> Touched {
        match change {
            Change::Person(person) => {
                let id = person.id.clone();
                self.people.insert(id.clone(), person);
                Touched::Person(id)
            }
            Change::Channel(channel) => {
                let id = channel.id.clone();
                self.channels.insert(id.clone(), channel);
                Touched::Channel(id)
            }
            Change::Message(message) => {
                let key = (message.channel.clone(), message.ts.clone());
                self.last_micros = self.last_micros.max(message.ts.replace('.', "").parse().unwrap_or(0));
                if let Some(before) = self.messages.insert(key.clone(), message) {
                    let versions = self.versions.entry(key.clone()).or_default();
                    versions.push(before.blocks);
                    let surplus = versions.len().saturating_sub(VERSIONS);
                    versions.drain(..surplus);
                }
                Touched::Message(key.0, key.1)
            }
            Change::View(view) => {
                let id = view.id.clone();
                self.views.insert(id.clone(), view);
                Touched::View(id)
            }
            Change::ResponseUrl(url) => {
                self.response_urls.insert(url.id.clone(), url);
                Touched::Nothing
            }
        }
    }
}

/// The state with its journal.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) state: State,
    journal: File,
    log: Vec<Touched>,
    told: watch::Sender<usize>,
}

impl Store {
    /// Opens the journal in `dir` and plays it back.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("can't make {}", dir.display()))?;
        let path = dir.join("journal.jsonl");
        let mut state = State::default();
        let mut log = Vec::new();
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        for line in kept.lines() {
            if let Ok(change) = serde_json::from_str(line) {
                log.push(state.apply(change));
            }
        }
        // Ids of a former life must not come again.
        state.last_number = u64::try_from(log.len()).unwrap_or(0).saturating_mul(10);
        let mut journal =
            File::options().create(true).append(true).open(&path).with_context(|| format!("can't open {}", path.display()))?;
        if !kept.is_empty() && !kept.ends_with('\n') {
            journal.write_all(b"\n")?;
        }
        let told = watch::Sender::new(log.len());
        Ok(Self { state, journal, log, told })
    }

    /// Makes a change: journal first, then the state, then whoever waits for news.
    pub(crate) fn change(&mut self, change: Change) {
        if let Ok(mut line) = serde_json::to_vec(&change) {
            line.push(b'\n');
            if let Err(error) = self.journal.write_all(&line) {
                tracing::error!(%error, "the workspace's journal can't be written");
            }
        }
        self.seed(change);
    }

    /// Makes a change that comes again at each start, and so is not journaled.
    pub(crate) fn seed(&mut self, change: Change) {
        let touched = self.state.apply(change);
        self.log.push(touched);
        self.told.send_replace(self.log.len());
    }

    /// How many changes there were.
    pub(crate) fn changes(&self) -> usize {
        self.log.len()
    }

    /// What changed since, each thing once, in the order of its first change.
    pub(crate) fn touched_since(&self, since: usize) -> Vec<Touched> {
        let mut touched: Vec<Touched> = Vec::new();
        for one in self.log.get(since..).unwrap_or_default() {
            if *one != Touched::Nothing && !touched.contains(one) {
                touched.push(one.clone());
            }
        }
        touched
    }

    /// A receiver of the number of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<usize> {
        self.told.subscribe()
    }
}
