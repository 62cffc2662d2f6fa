use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    failure::CallError,
    picture::Picture,
    view::{Form, Message},
};

/// A message that was posted: where to edit it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's timestamp, which is its id.
    pub ts: String,
}

/// Where an answer to one command or click can be sent: five times in half an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(pub String);

/// What allows to open a form: for three seconds, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerId(pub String);

/// An open form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ViewId(pub String);

/// Messages and forms.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts to a channel, or to a person by their user id; in a thread if one is given.
    async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<Posted, CallError>;

    /// The address under which a message opens, for whoever may see it.
    async fn link(&self, posted: &Posted) -> Result<String, CallError>;

    /// Edits a message in place.
    async fn update(&self, posted: &Posted, message: &Message) -> Result<(), CallError>;

    /// Shows a message to one person in a channel.
    async fn whisper(&self, channel: &str, user: &str, message: &Message) -> Result<(), CallError>;

    /// Uploads a picture to a channel; into a thread if one is given.
    async fn picture(&self, channel: &str, thread: Option<&str>, picture: &Picture) -> Result<(), CallError>;

    /// Answers a command or a click, visibly to the person who made it only.
    async fn respond(&self, to: &ResponseUrl, message: &Message) -> Result<(), CallError>;

    /// Opens a form.
    async fn open(&self, trigger: &TriggerId, form: &Form) -> Result<ViewId, CallError>;

    /// Shows this on the app's home tab to one person, in place of what it showed them.
    async fn publish(&self, user: &str, home: &Message) -> Result<(), CallError>;

    /// Replaces an open form.
    async fn update_form(&self, view: &ViewId, form: &Form) -> Result<(), CallError>;
}
