//! `chat.*` and `reactions.add`.

use serde_json::{Value, json};

use super::{Answer, Arguments, Refusal};
use crate::slack::{
    Slack,
    inputs::fill_ids,
    limits::{self, Surface},
    model::{Channel, Edited, Message, Reaction},
    store::{Change, State, Store},
};

/// The longest text of a message.
const TEXT_LIMIT: usize = 40_000;

/// What a message says: checked, with Slack's ids filled in.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub text: Option<String>,
    pub blocks: Option<Vec<Value>>,
    pub attachments: Option<Vec<Value>>,
    pub metadata: Option<Value>,
}

impl Content {
    /// Reads a message's content out of a JSON object: a slash command's answer, a response URL's body.
    pub(crate) fn of_json(body: &Value) -> Result<Self, Refusal> {
        let list = |name: &str| body[name].as_array().cloned();
        let text = body["text"].as_str().map(str::to_owned);
        Self { text, blocks: list("blocks"), attachments: list("attachments"), metadata: body.get("metadata").cloned() }.checked()
    }

    fn of(arguments: &Arguments) -> Result<Self, Refusal> {
        let content = Self {
            text: arguments.text("text"),
            blocks: arguments.list("blocks", "invalid_blocks_format")?,
            attachments: arguments.list("attachments", "invalid_attachments")?,
            metadata: arguments.json("metadata", "invalid_metadata_format")?,
        };
        if content.metadata.as_ref().is_some_and(|metadata| !metadata["event_type"].is_string()) {
            return Err("invalid_metadata_schema".into());
        }
        content.checked()
    }

    fn checked(self) -> Result<Self, Refusal> {
        if self.text.as_ref().is_some_and(|text| text.chars().count() > TEXT_LIMIT) {
            return Err("msg_too_long".into());
        }
        if let Some(blocks) = &self.blocks {
            let findings = limits::check_blocks(blocks, Surface::Message, "/blocks");
            if !findings.0.is_empty() {
                return Err(Refusal::with("invalid_blocks", findings));
            }
            if limits::blocks_too_long(blocks) {
                return Err("msg_blocks_too_long".into());
            }
        }
        Ok(self)
    }

    fn is_empty(&self) -> bool {
        let none = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        self.text.is_none() && none(&self.blocks) && none(&self.attachments)
    }

    /// Puts the content into a message; what was not given stays.
    pub(crate) fn fill(self, message: &mut Message, state: &mut State) {
        if let Some(text) = self.text {
            message.text = text;
        }
        if let Some(mut blocks) = self.blocks {
            fill_ids(&mut blocks, || state.next_number());
            message.blocks = blocks;
        }
        if let Some(attachments) = self.attachments {
            message.attachments = attachments;
        }
        if let Some(metadata) = self.metadata {
            message.metadata = Some(metadata);
        }
    }
}

impl Slack {
    /// The conversation that a `channel` argument means, for writing to: a person's id means the direct message.
    fn writable(&self, store: &mut Store, arguments: &Arguments) -> Result<Channel, Refusal> {
        let asked = arguments.text("channel").ok_or("channel_not_found")?;
        let channel = match store.state.channels.get(&asked) {
            Some(channel) => channel.clone(),
            None if store.state.people.contains_key(&asked) => self.direct_message(store, &asked),
            None => {
                let by_name = |channel: &&Channel| !channel.name.is_empty() && channel.name == asked.trim_start_matches('#');
                store.state.channels.values().find(by_name).cloned().ok_or("channel_not_found")?
            }
        };
        let bot = &self.workspace.bot_user_id;
        if channel.archived {
            return Err("is_archived".into());
        }
        if channel.im_with.is_none() && !channel.members.contains(bot) {
            return Err(if channel.private { "channel_not_found" } else { "not_in_channel" }.into());
        }
        Ok(channel)
    }

    pub(super) fn post_message(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let channel = self.writable(&mut store, arguments)?;
        let content = Content::of(arguments)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        let thread = arguments.text("thread_ts");
        if let Some(thread) = &thread {
            let parent = store.state.message(Some(&channel.id), thread).filter(|parent| parent.is_public());
            parent.ok_or("thread_not_found")?;
        }
        let ts = store.state.next_ts(self.shared.clock.now());
        let mut message = Message::new(&channel.id, &ts, &self.workspace.bot_user_id, "");
        message.thread_ts = thread;
        message.broadcast = message.thread_ts.is_some() && arguments.flag("reply_broadcast");
        content.fill(&mut message, &mut store.state);
        let told = message.api(&self.workspace);
        store.change(Change::Message(message));
        Ok(json!({"channel": channel.id, "ts": ts, "message": told}))
    }

    pub(super) fn post_ephemeral(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let channel = self.writable(&mut store, arguments)?;
        let user = arguments.text("user").ok_or("user_not_found")?;
        if !store.state.people.contains_key(&user) {
            return Err("user_not_found".into());
        }
        if channel.im_with.as_ref() != Some(&user) && !channel.members.contains(&user) {
            return Err("user_not_in_channel".into());
        }
        let content = Content::of(arguments)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        let ts = store.state.next_ts(self.shared.clock.now());
        let mut message = Message::new(&channel.id, &ts, &self.workspace.bot_user_id, "");
        message.thread_ts = arguments.text("thread_ts");
        message.visible_to = Some(user);
        content.fill(&mut message, &mut store.state);
        store.change(Change::Message(message));
        Ok(json!({"message_ts": ts}))
    }

    /// The bot's own message that `channel` and `ts` name.
    fn own_message(&self, store: &Store, arguments: &Arguments, foreign: &'static str) -> Result<Message, Refusal> {
        let channel = arguments.text("channel").ok_or("channel_not_found")?;
        let found = store.state.channels.get(&channel).ok_or("channel_not_found")?;
        if found.archived {
            return Err("is_archived".into());
        }
        let ts = arguments.text("ts").ok_or("message_not_found")?;
        let message = store.state.message(Some(&channel), &ts).filter(|message| message.is_public()).ok_or("message_not_found")?;
        if message.user != self.workspace.bot_user_id {
            return Err(foreign.into());
        }
        Ok(message.clone())
    }

    pub(super) fn update_message(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let mut message = self.own_message(&store, arguments, "cant_update_message")?;
        let content = Content::of(arguments)?;
        if content.text.is_none() && content.blocks.is_none() && content.attachments.is_none() && content.metadata.is_none() {
            return Err("no_text".into());
        }
        content.fill(&mut message, &mut store.state);
        let edited_ts = store.state.next_ts(self.shared.clock.now());
        message.edited = Some(Edited { user: self.workspace.bot_user_id.clone(), ts: edited_ts });
        let told = message.api(&self.workspace);
        let answer = json!({"channel": message.channel, "ts": message.ts, "text": message.text, "message": told});
        store.change(Change::Message(message));
        Ok(answer)
    }

    pub(super) fn delete_message(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let mut message = self.own_message(&store, arguments, "cant_delete_message")?;
        message.deleted = true;
        let answer = json!({"channel": message.channel, "ts": message.ts});
        store.change(Change::Message(message));
        Ok(answer)
    }

    pub(super) fn permalink(&self, arguments: &Arguments) -> Answer {
        let store = self.lock();
        let channel = arguments.text("channel").filter(|channel| store.state.channels.contains_key(channel)).ok_or("channel_not_found")?;
        let ts = arguments.text("message_ts").ok_or("message_not_found")?;
        let message = store.state.message(Some(&channel), &ts).filter(|message| message.is_public()).ok_or("message_not_found")?;
        let thread = match &message.thread_ts {
            Some(thread) if *thread != ts => format!("?thread_ts={thread}&cid={channel}"),
            _ => String::new(),
        };
        // Slack's own form, on this stack's origin: the console opens it.
        let permalink = format!("{}/archives/{channel}/p{}{thread}", self.shared.url, ts.replace('.', ""));
        Ok(json!({"channel": channel, "permalink": permalink}))
    }

    pub(super) fn add_reaction(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let channel = arguments.text("channel").filter(|channel| store.state.channels.contains_key(channel)).ok_or("channel_not_found")?;
        let name = arguments.text("name").ok_or("invalid_name")?.trim_matches(':').to_owned();
        let ts = arguments.text("timestamp").ok_or("no_item_specified")?;
        let message = store.state.message(Some(&channel), &ts).filter(|message| message.is_public());
        let mut message = message.ok_or("message_not_found")?.clone();
        let bot = self.workspace.bot_user_id.clone();
        match message.reactions.iter_mut().find(|reaction| reaction.name == name) {
            Some(reaction) if reaction.users.contains(&bot) => return Err("already_reacted".into()),
            Some(reaction) => reaction.users.push(bot),
            None => message.reactions.push(Reaction { name, users: vec![bot] }),
        }
        store.change(Change::Message(message));
        Ok(json!({}))
    }
}
