//! `conversations.*`.

use serde_json::{Value, json};

use super::{Answer, Arguments, Refusal};
use crate::slack::{
    Slack,
    model::{Channel, Message},
    store::{Change, State, Store},
};

/// How many items a page has when the caller does not say.
const PAGE: usize = 100;

impl Slack {
    /// The direct message of the bot with a person, opened if there is none yet.
    pub(crate) fn direct_message(&self, store: &mut Store, user: &str) -> Channel {
        if let Some(open) = store.state.channels.values().find(|channel| channel.im_with.as_deref() == Some(user)) {
            return open.clone();
        }
        let channel = Channel {
            id: format!("D{}", user.get(1..).unwrap_or_default()),
            name: String::new(),
            topic: String::new(),
            private: true,
            archived: false,
            created: self.shared.clock.now().as_second(),
            members: vec![user.to_owned(), self.workspace.bot_user_id.clone()],
            im_with: Some(user.to_owned()),
        };
        store.change(Change::Channel(channel.clone()));
        channel
    }

    /// A conversation that the bot may see.
    fn visible<'store>(&self, store: &'store Store, arguments: &Arguments) -> Result<&'store Channel, Refusal> {
        let id = arguments.text("channel").ok_or("channel_not_found")?;
        let channel = store.state.channels.get(&id).ok_or("channel_not_found")?;
        if channel.private && !channel.members.contains(&self.workspace.bot_user_id) {
            return Err("channel_not_found".into());
        }
        Ok(channel)
    }

    /// A conversation that the bot may read: it has to be in it.
    fn readable<'store>(&self, store: &'store Store, arguments: &Arguments) -> Result<&'store Channel, Refusal> {
        let channel = self.visible(store, arguments)?;
        if !channel.members.contains(&self.workspace.bot_user_id) {
            return Err("not_in_channel".into());
        }
        Ok(channel)
    }

    pub(super) fn list_conversations(&self, arguments: &Arguments) -> Answer {
        let store = self.lock();
        let types = arguments.text("types").unwrap_or_else(|| "public_channel".to_owned());
        let wanted = |channel: &&Channel| {
            let kind = match channel {
                Channel { im_with: Some(_), .. } => "im",
                Channel { private: true, .. } => "private_channel",
                Channel { .. } => "public_channel",
            };
            let hidden = channel.private && !channel.members.contains(&self.workspace.bot_user_id);
            types.split(',').any(|wanted| wanted.trim() == kind) && !hidden && !(channel.archived && arguments.flag("exclude_archived"))
        };
        let told: Vec<_> = store.state.channels.values().filter(wanted).map(|channel| channel.api(&self.workspace.bot_user_id)).collect();
        let (page, cursor, _) = page(told, arguments)?;
        Ok(json!({"channels": page, "response_metadata": {"next_cursor": cursor}}))
    }

    pub(super) fn conversation_info(&self, arguments: &Arguments) -> Answer {
        let store = self.lock();
        let channel = self.visible(&store, arguments)?;
        Ok(json!({"channel": channel.api(&self.workspace.bot_user_id)}))
    }

    pub(super) fn history(&self, arguments: &Arguments) -> Answer {
        let store = self.lock();
        let channel = self.readable(&store, arguments)?;
        let standing = |message: &&Message| message.is_public() && message.in_channel() && in_window(&message.ts, arguments);
        let messages = store.state.messages_in(&channel.id).rev().filter(standing);
        let told: Vec<_> = messages.map(|message| self.told(&store.state, message, arguments)).collect();
        let (page, cursor, more) = page(told, arguments)?;
        Ok(json!({"messages": page, "has_more": more, "pin_count": 0, "response_metadata": {"next_cursor": cursor}}))
    }

    pub(super) fn replies(&self, arguments: &Arguments) -> Answer {
        let store = self.lock();
        let channel = self.readable(&store, arguments)?;
        let ts = arguments.text("ts").ok_or("thread_not_found")?;
        let asked = store.state.message(Some(&channel.id), &ts).filter(|message| message.is_public()).ok_or("thread_not_found")?;
        let root = asked.thread_ts.clone().unwrap_or(ts);
        let inside = |message: &&Message| {
            let in_thread = message.ts == root || message.thread_ts.as_ref() == Some(&root);
            message.is_public() && in_thread && (message.ts == root || in_window(&message.ts, arguments))
        };
        let messages = store.state.messages_in(&channel.id).filter(inside);
        let told: Vec<_> = messages.map(|message| self.told(&store.state, message, arguments)).collect();
        let (page, cursor, more) = page(told, arguments)?;
        Ok(json!({"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}))
    }

    /// A message as reading methods tell it: with its thread's counts, and its metadata if asked for.
    fn told(&self, state: &State, message: &Message, arguments: &Arguments) -> Value {
        let mut told = message.api(&self.workspace);
        let Some(fields) = told.as_object_mut() else { return told };
        if arguments.flag("include_all_metadata")
            && let Some(metadata) = &message.metadata
        {
            fields.insert("metadata".to_owned(), metadata.clone());
        }
        let inside = |reply: &&Message| reply.is_public() && reply.ts != message.ts && reply.thread_ts.as_ref() == Some(&message.ts);
        let replies: Vec<_> = state.messages_in(&message.channel).filter(inside).collect();
        if let Some(latest) = replies.last() {
            let mut users: Vec<_> = replies.iter().map(|reply| reply.user.clone()).collect();
            users.sort();
            users.dedup();
            fields.insert("thread_ts".to_owned(), json!(message.ts));
            fields.insert("reply_count".to_owned(), json!(replies.len()));
            fields.insert("reply_users_count".to_owned(), json!(users.len()));
            fields.insert("reply_users".to_owned(), json!(users));
            fields.insert("latest_reply".to_owned(), json!(latest.ts));
        }
        if let Some(thread) = message.thread_ts.as_ref().filter(|thread| **thread != message.ts) {
            let parent = state.message(Some(&message.channel), thread).map(|parent| parent.user.clone());
            fields.insert("parent_user_id".to_owned(), json!(parent));
        }
        told
    }

    pub(super) fn open_conversation(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let user = arguments.text("users").or_else(|| arguments.text("user")).ok_or("users_list_not_supplied")?;
        if user.contains(',') {
            return Err("method_not_supported_for_channel_type".into());
        }
        match store.state.people.get(&user) {
            None => return Err("user_not_found".into()),
            Some(person) if person.deleted => return Err("user_disabled".into()),
            Some(person) if person.is_bot => return Err("cannot_dm_bot".into()),
            Some(_) => {}
        }
        let before = store.changes();
        let channel = self.direct_message(&mut store, &user);
        let already = store.changes() == before;
        let told = if arguments.flag("return_im") { channel.api(&self.workspace.bot_user_id) } else { json!({"id": channel.id}) };
        Ok(json!({"no_op": already, "already_open": already, "channel": told}))
    }

    pub(super) fn members(&self, arguments: &Arguments) -> Answer {
        let store = self.lock();
        let channel = self.visible(&store, arguments)?;
        let (page, cursor, _) = page(channel.members.iter().map(|member| json!(member)).collect(), arguments)?;
        Ok(json!({"members": page, "response_metadata": {"next_cursor": cursor}}))
    }

    pub(super) fn join(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let mut channel = self.visible(&store, arguments)?.clone();
        if channel.private {
            return Err("method_not_supported_for_channel_type".into());
        }
        if channel.archived {
            return Err("is_archived".into());
        }
        if !channel.members.contains(&self.workspace.bot_user_id) {
            channel.members.push(self.workspace.bot_user_id.clone());
            store.change(Change::Channel(channel.clone()));
        }
        Ok(json!({"channel": channel.api(&self.workspace.bot_user_id)}))
    }

    pub(super) fn create_conversation(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let name = arguments.text("name").ok_or("invalid_name_required")?;
        let allowed = |letter: char| (letter.is_alphanumeric() && !letter.is_uppercase()) || letter == '-' || letter == '_';
        if name.chars().count() > 80 {
            return Err("invalid_name_maxlength".into());
        }
        if !name.chars().all(allowed) {
            return Err("invalid_name_specials".into());
        }
        if store.state.channels.values().any(|channel| channel.name == name) {
            return Err("name_taken".into());
        }
        let channel = Channel {
            id: format!("C0NEW{:05X}", store.state.next_number()),
            name,
            topic: String::new(),
            private: arguments.flag("is_private"),
            archived: false,
            created: self.shared.clock.now().as_second(),
            members: vec![self.workspace.bot_user_id.clone()],
            im_with: None,
        };
        store.change(Change::Channel(channel.clone()));
        Ok(json!({"channel": channel.api(&self.workspace.bot_user_id)}))
    }

    pub(super) fn invite(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let mut channel = self.readable(&store, arguments)?.clone();
        let users = arguments.text("users").ok_or("no_user")?;
        for user in users.split(',').map(str::trim) {
            if !store.state.people.contains_key(user) {
                return Err("user_not_found".into());
            }
            if !channel.members.iter().any(|member| member == user) {
                channel.members.push(user.to_owned());
            }
        }
        store.change(Change::Channel(channel.clone()));
        Ok(json!({"channel": channel.api(&self.workspace.bot_user_id)}))
    }

    pub(super) fn archive(&self, arguments: &Arguments) -> Answer {
        let mut store = self.lock();
        let mut channel = self.visible(&store, arguments)?.clone();
        if channel.archived {
            return Err("already_archived".into());
        }
        channel.archived = true;
        store.change(Change::Channel(channel));
        Ok(json!({}))
    }
}

/// Whether a timestamp is inside of `oldest` and `latest`.
fn in_window(ts: &str, arguments: &Arguments) -> bool {
    let micros = |text: &str| -> Option<i64> {
        let (seconds, rest) = text.split_once('.').unwrap_or((text, ""));
        let fraction: i64 = format!("{rest:0<6}").get(..6)?.parse().ok()?;
        Some(seconds.parse::<i64>().ok()? * 1_000_000 + fraction)
    };
    let Some(at) = micros(ts) else { return false };
    let inclusive = arguments.flag("inclusive");
    let bound = |name: &str| arguments.text(name).as_deref().and_then(micros).filter(|bound| *bound > 0);
    bound("oldest").is_none_or(|oldest| at > oldest || (inclusive && at == oldest))
        && bound("latest").is_none_or(|latest| at < latest || (inclusive && at == latest))
}

/// One page of a list, the cursor of the next, and whether there is one.
fn page(items: Vec<Value>, arguments: &Arguments) -> Result<(Vec<Value>, String, bool), Refusal> {
    let start: usize = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => cursor.strip_prefix("next:").and_then(|at| at.parse().ok()).ok_or("invalid_cursor")?,
    };
    let limit = arguments.number("limit").filter(|limit| *limit > 0).unwrap_or(PAGE).min(1_000);
    let end = start.saturating_add(limit);
    let more = items.len() > end;
    let cursor = if more { format!("next:{end}") } else { String::new() };
    Ok((items.into_iter().skip(start).take(limit).collect(), cursor, more))
}
