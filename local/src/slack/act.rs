//! What a person does: type a command, press a button, fill a form in; and what came of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Slack, answers,
    bot::BotAnswer,
    inputs::{self, Placed},
    model::{Channel, Message, View},
    payload::{self, Place},
    store::Change,
    workspace::Person,
};

/// How long nothing may change before an act counts as over.
const QUIET: Duration = Duration::from_millis(150);

/// How long an act is followed at most, if it does not say.
const SETTLE_MS: u64 = 15_000;

/// What kind of thing a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Types a slash command: `text`, in `channel`.
    Command,
    /// Presses a button: `action_id` in `message_ts` or `view_id`.
    Click,
    /// Chooses in a select outside of a form, or in one that dispatches: `action_id`, `values`.
    Select,
    /// Sends a form: `view_id`, `values`.
    Submit,
    /// Closes a form: `view_id`.
    Close,
    /// Types into a search field: `action_id`, `text`; the answer has `options`.
    Suggest,
    /// Uses a shortcut: `callback_id`, on `message_ts` if given.
    Shortcut,
    /// Opens the app's home.
    OpenHome,
    /// Writes a message: `text`, in `channel`, in the thread `thread_ts` if given.
    Say,
}

/// One thing that a person does. Where a message or view is not named, the newest one with that action is meant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Act {
    /// The user id of the person.
    #[serde(rename = "as")]
    pub person: String,
    /// What they do.
    #[serde(rename = "do")]
    pub deed: Deed,
    /// A channel's id or name.
    #[serde(default)]
    pub channel: Option<String>,
    /// The command with or without its slash word, the message, the search.
    #[serde(default)]
    pub text: Option<String>,
    /// The message.
    #[serde(default)]
    pub message_ts: Option<String>,
    /// The thread to write into.
    #[serde(default)]
    pub thread_ts: Option<String>,
    /// The element.
    #[serde(default)]
    pub action_id: Option<String>,
    /// Its block, where several elements have the action id.
    #[serde(default)]
    pub block_id: Option<String>,
    /// Its value, where several elements have the action id.
    #[serde(default)]
    pub value: Option<String>,
    /// The view.
    #[serde(default)]
    pub view_id: Option<String>,
    /// What is entered: `{block_id: {action_id: value}}` or `{action_id: value}`.
    #[serde(default)]
    pub values: Value,
    /// The shortcut.
    #[serde(default)]
    pub callback_id: Option<String>,
    /// Press what the message showed before it was edited or deleted, as somebody does whose screen is behind.
    #[serde(default)]
    pub stale: bool,
    /// How long to follow what comes of it, at most, in real milliseconds.
    #[serde(default)]
    pub settle_ms: Option<u64>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The bot's HTTP status; absent when nothing was sent or no answer came in time.
    pub status: Option<u16>,
    /// Real milliseconds until the bot answered.
    pub took_ms: u64,
    /// The bot's answer, as JSON where it is that, else as text.
    pub answer: Value,
    /// Slack's word for a failure, or what its client refused to send.
    pub error: Option<String>,
    /// All messages that changed, ephemeral ones too (`ephemeral`, `visible_to`), deleted ones too (`deleted`).
    pub messages: Vec<Value>,
    /// The ephemeral ones among them.
    pub ephemerals: Vec<Value>,
    /// The forms and App Homes that changed, closed ones too (`open`).
    pub views: Vec<Value>,
    /// What a search field offers.
    pub options: Vec<Value>,
}

/// Why an act can't be done: a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible(pub String);

type Done = Result<(Option<BotAnswer>, Option<String>, Vec<Value>), Impossible>;

impl Slack {
    /// Does what a person does, waits until the bot is done with it, and tells what changed.
    ///
    /// # Errors
    /// A sentence, when there is no such person, channel, button or form.
    pub async fn act(self: &Arc<Self>, act: Act) -> Result<Outcome, Impossible> {
        let since = self.changes();
        let person = self.person(&act.person)?;
        let (answer, error, options) = match act.deed {
            Deed::Command => self.do_command(&act, &person).await?,
            Deed::Click | Deed::Select => self.do_press(&act, &person).await?,
            Deed::Submit => self.do_submit(&act, &person).await?,
            Deed::Close => self.do_close(&act, &person).await?,
            Deed::Suggest => self.do_suggest(&act, &person).await?,
            Deed::Shortcut => self.do_shortcut(&act, &person).await?,
            Deed::OpenHome => self.do_open_home(&person).await?,
            Deed::Say => self.do_say(&act, &person)?,
        };
        if act.deed != Deed::Suggest {
            self.settle(Duration::from_millis(act.settle_ms.unwrap_or(SETTLE_MS))).await;
        }
        let changed = self.changed_since(since);
        let list = |name: &str| changed[name].as_array().cloned().unwrap_or_default();
        let messages = list("messages");
        let told = answer.as_ref().map(|answer| if answer.json().is_null() { json!(answer.text) } else { answer.json() });
        Ok(Outcome {
            status: answer.as_ref().and_then(|answer| answer.status),
            took_ms: answer.as_ref().map_or(0, |answer| answer.took_ms),
            answer: told.unwrap_or_default(),
            error: error.or_else(|| answer.and_then(|answer| answer.failure.map(str::to_owned))),
            ephemerals: messages.iter().filter(|message| message["ephemeral"] == true).cloned().collect(),
            messages,
            views: list("views"),
            options,
        })
    }

    /// Waits until nothing has changed for a while and no function is at work, but no longer than `most`.
    async fn settle(&self, most: Duration) {
        let end = Instant::now() + most;
        let mut news = self.subscribe();
        while Instant::now() < end {
            let changed = tokio::time::timeout(QUIET.min(most), news.changed()).await.is_ok();
            if !changed && self.host.idle() {
                return;
            }
        }
    }

    fn person(&self, id: &str) -> Result<Person, Impossible> {
        let store = self.lock();
        let person = store.state.people.get(id).or_else(|| store.state.people.values().find(|person| person.name == id));
        person.cloned().ok_or_else(|| Impossible(format!("nobody here is {id}")))
    }

    /// The channel that is meant; without one, the first that the person is in.
    fn channel_meant(&self, act: &Act, person: &Person) -> Result<Channel, Impossible> {
        let mut store = self.lock();
        let mine = |channel: &&Channel| channel.members.contains(&person.id);
        let found = match act.channel.as_deref() {
            None => store.state.channels.values().find(mine).cloned(),
            Some("dm") => Some(self.direct_message(&mut store, &person.id)),
            Some(wanted) => {
                let is = |channel: &&Channel| {
                    channel.id == wanted || (!channel.name.is_empty() && channel.name == wanted.trim_start_matches('#'))
                };
                store.state.channels.values().find(is).cloned()
            }
        };
        let channel = found.ok_or_else(|| Impossible(format!("there is no channel {}", act.channel.as_deref().unwrap_or("to type in"))))?;
        if channel.private && !mine(&&channel) {
            return Err(Impossible(format!("{} is not in that private conversation", person.name)));
        }
        if channel.archived {
            return Err(Impossible(format!("#{} is archived", channel.name)));
        }
        Ok(channel)
    }

    async fn do_command(&self, act: &Act, person: &Person) -> Done {
        let channel = self.channel_meant(act, person)?;
        let typed = act.text.as_deref().unwrap_or_default();
        let default = self.workspace.commands.first().map_or("/dr", |command| command.command.as_str());
        let (command, text) = match typed.starts_with('/') {
            true => typed.split_once(char::is_whitespace).unwrap_or((typed, "")),
            false => (default, typed),
        };
        if !self.workspace.commands.iter().any(|known| known.command == command) {
            let sentence = format!("`{command}` is not a valid command.");
            self.tell(&person.id, &channel.id, &sentence);
            return Ok((None, Some(sentence), Vec::new()));
        }
        let form = self.command_form(person, &channel, command, text);
        let answer = self.post_form("/slack/commands", &form).await;
        self.apply_command_answer(&person.id, &channel.id, command, &answer);
        Ok((Some(answer), None, Vec::new()))
    }

    fn do_say(&self, act: &Act, person: &Person) -> Done {
        let channel = self.channel_meant(act, person)?;
        let mut store = self.lock();
        let ts = store.state.next_ts(self.shared.clock.now());
        let mut message = Message::new(&channel.id, &ts, &person.id, act.text.as_deref().unwrap_or_default());
        message.thread_ts.clone_from(&act.thread_ts);
        store.change(Change::Message(message));
        Ok((None, None, Vec::new()))
    }

    async fn do_press(&self, act: &Act, person: &Person) -> Done {
        let action_id = act.action_id.as_deref().ok_or_else(|| Impossible("an action_id is needed".to_owned()))?;
        let place = self.place(act, person)?;
        let blocks = place.blocks();
        let placed = find(blocks, act).ok_or_else(|| Impossible(format!("there is no {action_id} there (any more)")))?;
        let mut values = inputs::state_values(blocks, &place.known(), &act.values).map_err(Impossible)?;
        let chosen = chosen(&placed, act)?;
        if let (Some(field), Some(block)) = (inputs::value_field(placed.kind()), values.get_mut(placed.block_id())) {
            let entry = block.get_mut(placed.action_id()).and_then(Value::as_object_mut);
            if let (Some(entry), false) = (entry, chosen.is_null()) {
                entry.insert(field.to_owned(), chosen.clone());
            }
        }
        if let Place::View(view) = &place {
            self.remember(view, &values);
        }
        let silent = placed.block["type"] == "input" && placed.block["dispatch_action"] != true;
        if silent {
            return Ok((None, None, Vec::new()));
        }
        let action_ts = self.lock().state.next_ts(self.shared.clock.now());
        let action = payload::action(&placed, &chosen, &action_ts);
        let payload = self.block_actions(person, &place, &values, action);
        let answer = self.post_interaction(&payload).await;
        Ok((Some(answer), None, Vec::new()))
    }

    fn remember(&self, view: &View, values: &Value) {
        let mut store = self.lock();
        if let Some(mut view) = store.state.views.get(&view.id).filter(|view| view.state != *values).cloned() {
            view.state = values.clone();
            store.change(Change::View(view));
        }
    }

    async fn do_submit(&self, act: &Act, person: &Person) -> Done {
        let view = self.view_meant(act, person, |_| true)?;
        let values = inputs::state_values(view.blocks(), &view.state, &act.values).map_err(Impossible)?;
        self.remember(&view, &values);
        let refused = inputs::refused_by_client(view.blocks(), &values);
        self.show_errors(&view.id, refused.clone());
        if !refused.is_empty() {
            return Ok((None, Some("the form was not sent: its inputs have errors".to_owned()), Vec::new()));
        }
        let payload = self.view_submission(person, &view, &values);
        let answer = self.post_interaction(&payload).await;
        self.apply_submission_answer(&View { state: values, ..view }, &answer);
        Ok((Some(answer), None, Vec::new()))
    }

    async fn do_close(&self, act: &Act, person: &Person) -> Done {
        let view = self.view_meant(act, person, |_| true)?;
        let clear = view.body["clear_on_close"] == true;
        let ids = match clear {
            true => self.lock().state.open_modals(&person.id).iter().map(|view| view.id.clone()).collect(),
            false => vec![view.id.clone()],
        };
        self.close(&ids);
        if view.body["notify_on_close"] != true {
            return Ok((None, None, Vec::new()));
        }
        let answer = self.post_interaction(&self.view_closed(person, &view, clear)).await;
        Ok((Some(answer), None, Vec::new()))
    }

    async fn do_suggest(&self, act: &Act, person: &Person) -> Done {
        let place = self.place(act, person)?;
        let placed = find(place.blocks(), act).ok_or_else(|| Impossible("there is no such search field".to_owned()))?;
        let payload = self.block_suggestion(person, &place, &placed, act.text.as_deref().unwrap_or_default());
        let answer = self.post_interaction(&payload).await;
        let options = answers::options_offered(&answer);
        Ok((Some(answer), None, options))
    }

    async fn do_shortcut(&self, act: &Act, person: &Person) -> Done {
        let only = || self.workspace.shortcuts.first().map(|shortcut| shortcut.callback_id.clone());
        let callback_id = act.callback_id.clone().or_else(|| act.action_id.clone()).or_else(only);
        let callback_id = callback_id.ok_or_else(|| Impossible("a callback_id is needed".to_owned()))?;
        let message = match &act.message_ts {
            None => None,
            Some(ts) => Some(self.message_meant(act, person, ts)?),
        };
        let answer = self.post_interaction(&self.shortcut(person, &callback_id, message.as_ref())).await;
        Ok((Some(answer), None, Vec::new()))
    }

    async fn do_open_home(self: &Arc<Self>, person: &Person) -> Done {
        let envelope = {
            let mut store = self.lock();
            let channel = self.direct_message(&mut store, &person.id);
            self.app_home_opened(person, &store.state, &channel.id)
        };
        let answer = self.post_event(envelope).await;
        Ok((Some(answer), None, Vec::new()))
    }

    fn message_meant(&self, act: &Act, person: &Person, ts: &str) -> Result<Message, Impossible> {
        let store = self.lock();
        let channel = act.channel.as_deref().filter(|channel| store.state.channels.contains_key(*channel));
        let seen = |message: &&Message| message.visible_to.as_ref().is_none_or(|user| *user == person.id);
        let message = store.state.message(channel, ts).filter(seen).ok_or_else(|| Impossible(format!("there is no message {ts}")))?;
        if !message.deleted && (!act.stale || find(&message.blocks, act).is_some()) {
            return Ok(message.clone());
        }
        if !act.stale {
            return Err(Impossible(format!("message {ts} was deleted")));
        }
        // Somebody's screen is behind: the newest version that still had what they press.
        let versions = store.state.versions.get(&(message.channel.clone(), ts.to_owned())).map_or(&[][..], Vec::as_slice);
        let blocks = versions.iter().rev().chain([&message.blocks]).find(|blocks| find(blocks, act).is_some());
        let blocks = blocks.ok_or_else(|| Impossible("no version of that message had it".to_owned()))?.clone();
        Ok(Message { blocks, ..message.clone() })
    }

    fn view_meant(&self, act: &Act, person: &Person, fits: impl Fn(&View) -> bool) -> Result<View, Impossible> {
        let store = self.lock();
        let found = match &act.view_id {
            Some(id) => store.state.views.get(id).filter(|view| view.user == person.id && (view.open || act.stale)),
            None => {
                let top = store.state.open_modals(&person.id).into_iter().rev().find(|view| fits(view));
                top.or_else(|| store.state.home(&person.id).filter(|home| act.deed != Deed::Submit && fits(home)))
            }
        };
        found.cloned().ok_or_else(|| Impossible(format!("{} has no such form open", person.name)))
    }

    /// Where the element is that a person means.
    fn place(&self, act: &Act, person: &Person) -> Result<Place, Impossible> {
        if let Some(ts) = &act.message_ts {
            return self.message_meant(act, person, ts).map(|message| Place::Message(Box::new(message)));
        }
        let has = |view: &View| find(view.blocks(), act).is_some();
        if let Ok(view) = self.view_meant(act, person, has) {
            return Ok(Place::View(Box::new(view)));
        }
        let store = self.lock();
        let channel = |message: &&Message| act.channel.as_deref().is_none_or(|channel| message.channel == channel);
        let seen = |message: &&Message| !message.deleted && message.visible_to.as_ref().is_none_or(|user| *user == person.id);
        let mut all: Vec<&Message> = store.state.messages.values().filter(channel).filter(seen).collect();
        all.sort_by(|one, other| one.ts.cmp(&other.ts));
        let newest = all.into_iter().rev().find(|message| find(&message.blocks, act).is_some());
        let newest =
            newest.ok_or_else(|| Impossible(format!("nothing on the screen has {}", act.action_id.as_deref().unwrap_or("that"))))?;
        Ok(Place::Message(Box::new(newest.clone())))
    }
}

/// The element that an act means.
fn find<'blocks>(blocks: &'blocks [Value], act: &Act) -> Option<Placed<'blocks>> {
    let fits = |placed: &Placed<'_>| {
        act.action_id.as_deref() == Some(placed.action_id())
            && act.block_id.as_deref().is_none_or(|block_id| block_id == placed.block_id())
            && act.value.as_deref().is_none_or(|value| placed.kind() != "button" || placed.element["value"] == value)
    };
    inputs::elements(blocks).into_iter().find(fits)
}

/// What is chosen in the element pressed: null for a button.
fn chosen(placed: &Placed<'_>, act: &Act) -> Result<Value, Impossible> {
    if inputs::value_field(placed.kind()).is_none() {
        return Ok(Value::Null);
    }
    let given = inputs::given_for(placed, &act.values).cloned();
    let spoken = || act.value.clone().or_else(|| act.text.clone()).map(Value::String);
    match given.or_else(spoken) {
        Some(given) => inputs::value_of(placed.element, &given).map_err(Impossible),
        None => Ok(Value::Null),
    }
}
