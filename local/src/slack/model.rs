//! What the workspace holds: channels, messages, views, response URLs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::workspace::Workspace;

/// A conversation: a channel, or a direct message with the bot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub id: String,
    pub name: String,
    pub topic: String,
    pub private: bool,
    pub archived: bool,
    pub created: i64,
    pub members: Vec<String>,
    /// The other person, where this is a direct message with the bot.
    pub im_with: Option<String>,
}

impl Channel {
    /// The conversation as the Web API tells it to the bot.
    pub(crate) fn api(&self, bot: &str) -> Value {
        if let Some(user) = &self.im_with {
            return json!({
                "id": self.id, "created": self.created, "is_im": true, "is_org_shared": false, "user": user, "is_archived": self.archived,
                "is_user_deleted": false, "priority": 0,
            });
        }
        json!({
            "id": self.id, "name": self.name, "name_normalized": self.name, "is_channel": !self.private, "is_group": self.private,
            "is_im": false, "is_mpim": false, "is_private": self.private, "created": self.created, "is_archived": self.archived,
            "is_general": false, "unlinked": 0, "is_shared": false, "is_org_shared": false, "is_ext_shared": false, "creator": bot,
            "is_member": self.members.iter().any(|member| member == bot), "num_members": self.members.len(),
            "topic": {"value": self.topic, "creator": bot, "last_set": self.created},
            "purpose": {"value": "", "creator": "", "last_set": 0}, "previous_names": [],
        })
    }
}

/// Who edited a message, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Edited {
    pub user: String,
    pub ts: String,
}

/// One reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reaction {
    pub name: String,
    pub users: Vec<String>,
}

/// A message, ephemeral ones included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub channel: String,
    pub ts: String,
    pub thread_ts: Option<String>,
    pub user: String,
    pub text: String,
    pub blocks: Vec<Value>,
    pub attachments: Vec<Value>,
    pub files: Vec<Value>,
    pub metadata: Option<Value>,
    pub edited: Option<Edited>,
    pub reactions: Vec<Reaction>,
    /// A reply that also shows in the channel.
    pub broadcast: bool,
    /// The only person who sees it, if it is ephemeral.
    pub visible_to: Option<String>,
    pub deleted: bool,
}

impl Message {
    /// A message of `user` with text alone.
    pub(crate) fn new(channel: &str, ts: &str, user: &str, text: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            ts: ts.to_owned(),
            thread_ts: None,
            user: user.to_owned(),
            text: text.to_owned(),
            blocks: Vec::new(),
            attachments: Vec::new(),
            files: Vec::new(),
            metadata: None,
            edited: None,
            reactions: Vec::new(),
            broadcast: false,
            visible_to: None,
            deleted: false,
        }
    }

    /// Whether it stands in the channel itself rather than in a thread only.
    pub(crate) fn in_channel(&self) -> bool {
        self.broadcast || self.thread_ts.as_ref().is_none_or(|thread| *thread == self.ts)
    }

    /// Whether everybody in the channel sees it.
    pub(crate) fn is_public(&self) -> bool {
        self.visible_to.is_none() && !self.deleted
    }

    /// The message object of Slack's API.
    pub(crate) fn api(&self, workspace: &Workspace) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| {
            object.insert(name.to_owned(), value);
        };
        put("type", json!("message"));
        put("user", json!(self.user));
        put("ts", json!(self.ts));
        put("text", json!(self.text));
        put("team", json!(workspace.team_id));
        if self.user == workspace.bot_user_id {
            put("bot_id", json!(workspace.bot_id));
            put("app_id", json!(workspace.app_id));
            put(
                "bot_profile",
                json!({"id": workspace.bot_id, "app_id": workspace.app_id, "name": workspace.app_name, "deleted": false, "team_id": workspace.team_id}),
            );
        }
        if !self.blocks.is_empty() {
            put("blocks", json!(self.blocks));
        }
        if !self.attachments.is_empty() {
            put("attachments", json!(self.attachments));
        }
        if !self.files.is_empty() {
            put("files", json!(self.files));
        }
        if let Some(thread) = &self.thread_ts {
            put("thread_ts", json!(thread));
        }
        if self.broadcast {
            put("subtype", json!("thread_broadcast"));
        }
        if let Some(edited) = &self.edited {
            put("edited", json!(edited));
        }
        if !self.reactions.is_empty() {
            let told = |reaction: &Reaction| json!({"name": reaction.name, "users": reaction.users, "count": reaction.users.len()});
            put("reactions", self.reactions.iter().map(told).collect());
        }
        Value::Object(object)
    }

    /// The message as testers and the console see it: Slack's object with where it stands and who sees it.
    pub(crate) fn seen(&self, workspace: &Workspace) -> Value {
        let mut object = self.api(workspace);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("channel".to_owned(), json!(self.channel));
            fields.insert("ephemeral".to_owned(), json!(self.visible_to.is_some()));
            fields.insert("deleted".to_owned(), json!(self.deleted));
            if let Some(user) = &self.visible_to {
                fields.insert("visible_to".to_owned(), json!(user));
            }
            if let Some(metadata) = &self.metadata {
                fields.insert("metadata".to_owned(), metadata.clone());
            }
        }
        object
    }
}

/// A form, or a person's App Home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct View {
    pub id: String,
    /// The person in front of it.
    pub user: String,
    /// The view as the app gave it, with the block and action ids that Slack filled in.
    pub body: Value,
    pub hash: String,
    pub root_view_id: String,
    pub previous_view_id: Option<String>,
    /// What the person has entered: block id → action id → value.
    pub state: Value,
    /// The errors shown at inputs: block id → text.
    pub errors: Map<String, Value>,
    /// Whether it is on the screen.
    pub open: bool,
}

impl View {
    /// Whether this is an App Home.
    pub(crate) fn is_home(&self) -> bool {
        self.body["type"] == "home"
    }

    /// Its blocks.
    pub(crate) fn blocks(&self) -> &[Value] {
        self.body["blocks"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The view object of Slack's API.
    pub(crate) fn api(&self, workspace: &Workspace) -> Value {
        let field = |name: &str| self.body.get(name).cloned().unwrap_or(Value::Null);
        let text = |name: &str| self.body.get(name).cloned().unwrap_or_else(|| json!(""));
        let flag = |name: &str| json!(self.body[name].as_bool().unwrap_or(false));
        json!({
            "id": self.id, "team_id": workspace.team_id, "type": field("type"), "title": field("title"), "submit": field("submit"),
            "close": field("close"), "blocks": self.blocks(), "private_metadata": text("private_metadata"), "callback_id": text("callback_id"),
            "external_id": text("external_id"), "state": {"values": self.state}, "hash": self.hash, "clear_on_close": flag("clear_on_close"),
            "notify_on_close": flag("notify_on_close"), "submit_disabled": flag("submit_disabled"), "root_view_id": self.root_view_id,
            "previous_view_id": self.previous_view_id, "app_id": workspace.app_id, "app_installed_team_id": workspace.team_id,
            "bot_id": workspace.bot_id,
        })
    }

    /// The view as testers and the console see it: Slack's object with its person, its errors and whether it is still open.
    pub(crate) fn seen(&self, workspace: &Workspace) -> Value {
        let mut object = self.api(workspace);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("user".to_owned(), json!(self.user));
            fields.insert("errors".to_owned(), Value::Object(self.errors.clone()));
            fields.insert("open".to_owned(), json!(self.open));
        }
        object
    }
}

/// A `response_url` that was given out: five uses in 30 minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResponseUrl {
    pub id: String,
    pub channel: String,
    pub user: String,
    /// The message whose button was pressed: what `replace_original` replaces.
    pub message_ts: Option<String>,
    pub thread_ts: Option<String>,
    pub issued: Timestamp,
    pub uses: u32,
}

/// A trigger that was given out: one use in three seconds.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub user: String,
    pub expires: Timestamp,
    pub used: bool,
    /// The view whose button gave it; what `views.push` stands on.
    pub view: Option<String>,
}
