//! What Slack sends, typed: as much as the product reads, the rest ignored.
//!
//! Nothing here decides or trusts. Ids are text that Slack signed; names are for display; a `response_url` is not to be
//! used before [`crate::response_url`] has looked at it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{envelope::Envelope, form};

mod read;

/// One request of Slack's.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// `/dr …`
    SlashCommand(SlashCommand),
    /// A button, or a choice in a message or form.
    BlockActions(BlockActions),
    /// A form that was submitted.
    ViewSubmission(ViewSubmission),
    /// A form that was closed without being submitted.
    ViewClosed(ViewClosed),
    /// A search field that wants its options.
    BlockSuggestion(BlockSuggestion),
    /// A shortcut on a message.
    MessageAction(MessageAction),
    /// A shortcut from anywhere.
    Shortcut(Shortcut),
    /// Something that happened in the workspace.
    EventCallback(EventCallback),
    /// A type that this build does not know: answered as "expired or unknown", audited, nothing done.
    Unknown(Unknown),
}

/// Who sent something, and for which installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// `U…` or `W…`.
    pub user: String,
    /// The team that the account belongs to, where Slack says it. In a shared channel it may be another organization's.
    pub home_team: Option<String>,
    /// The team that the app is installed in; absent when the installation is an enterprise's.
    pub team: Option<String>,
    /// The enterprise, on a Grid.
    pub enterprise: Option<String>,
}

/// A slash command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlashCommand {
    /// Who typed it.
    pub sender: Sender,
    /// The command with its slash.
    pub command: String,
    /// All that was typed after it.
    pub text: String,
    /// The channel that it was typed in.
    pub channel: String,
    /// What allows to open a form, for three seconds.
    pub trigger_id: Option<String>,
    /// Where to answer. Not looked at yet.
    pub response_url: Option<String>,
}

/// Presses and choices; in practice one.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockActions {
    /// Who pressed.
    pub sender: Sender,
    /// What was pressed.
    pub actions: Vec<Action>,
    /// The channel of the message, if it was one.
    pub channel: Option<String>,
    /// The message, if it was one.
    pub message: Option<MessageRef>,
    /// The form or home tab, if it was one.
    pub view: Option<View>,
    /// What allows to open a form, for three seconds.
    pub trigger_id: Option<String>,
    /// Where to answer. Not looked at yet.
    pub response_url: Option<String>,
}

/// One press or choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Action {
    /// The handle: `approve`, `deny`, …
    #[serde(default, deserialize_with = "nullable")]
    pub action_id: String,
    /// The block that it stands in.
    #[serde(default, deserialize_with = "nullable")]
    pub block_id: String,
    /// What it says, chosen or typed.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What an element of a form or message holds, whichever element it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Answer {
    value: Option<String>,
    selected_option: Option<Chosen>,
    selected_options: Option<Vec<Chosen>>,
    selected_user: Option<String>,
    selected_channel: Option<String>,
    selected_conversation: Option<String>,
    selected_date: Option<String>,
    selected_time: Option<String>,
    selected_date_time: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Chosen {
    #[serde(default)]
    value: String,
}

impl Answer {
    /// The text typed, the button's value, or the one thing chosen. `None` if the element was left empty.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        let text = self.value.as_ref().or_else(|| self.selected_option.as_ref().map(|chosen| &chosen.value));
        let id = || self.selected_user.as_ref().or(self.selected_channel.as_ref()).or(self.selected_conversation.as_ref());
        let time = || self.selected_date.as_ref().or(self.selected_time.as_ref());
        text.or_else(id).or_else(time).cloned().or_else(|| self.selected_date_time.map(|seconds| seconds.to_string()))
    }

    /// All that was ticked.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.selected_options.iter().flatten().map(|chosen| chosen.value.as_str())
    }
}

/// A message that something was done with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MessageRef {
    /// Its timestamp, which is its id.
    pub ts: String,
    /// The thread that it stands in.
    pub thread_ts: Option<String>,
    /// Its text.
    #[serde(default, deserialize_with = "nullable")]
    pub text: String,
    /// Who wrote it; absent for a bot.
    pub user: Option<String>,
}

/// A form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct View {
    /// Its id, for `views.update`.
    pub id: String,
    /// `modal` or `home`.
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    pub kind: String,
    /// Which form it is.
    #[serde(default, deserialize_with = "nullable")]
    pub callback_id: String,
    /// Our opaque id in it. Never a parameter: it comes from outside.
    #[serde(default, deserialize_with = "nullable")]
    pub private_metadata: String,
    #[serde(default)]
    state: Option<State>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct State {
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Answer>>,
}

impl View {
    /// What was typed or chosen in a block, by its handles. `None` if it was left empty or is not in the form.
    #[must_use]
    pub fn answer(&self, block: &str, action: &str) -> Option<String> {
        self.state.as_ref()?.values.get(block)?.get(action)?.value()
    }

    /// Everything in the form, by block and action.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &str, &Answer)> {
        let blocks = self.state.iter().flat_map(|state| &state.values);
        blocks.flat_map(|(block, actions)| actions.iter().map(move |(action, answer)| (block.as_str(), action.as_str(), answer)))
    }
}

/// A form that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewSubmission {
    /// Who submitted it.
    pub sender: Sender,
    /// The form and what is in it.
    pub view: View,
    /// What allows to open a form, for three seconds.
    pub trigger_id: Option<String>,
}

/// A form that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewClosed {
    /// Who closed it.
    pub sender: Sender,
    /// The form.
    pub view: View,
}

/// A search field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSuggestion {
    /// Who is typing.
    pub sender: Sender,
    /// The field's handle.
    pub action_id: String,
    /// The block that it stands in.
    pub block_id: String,
    /// What was typed so far.
    pub value: String,
    /// The form that it stands in, if it does.
    pub view: Option<View>,
}

/// A shortcut on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAction {
    /// Who used it.
    pub sender: Sender,
    /// Which shortcut.
    pub callback_id: String,
    /// The message's channel.
    pub channel: String,
    /// The message.
    pub message: MessageRef,
    /// What allows to open a form, for three seconds.
    pub trigger_id: Option<String>,
    /// Where to answer. Not looked at yet.
    pub response_url: Option<String>,
}

/// A shortcut from anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortcut {
    /// Who used it.
    pub sender: Sender,
    /// Which shortcut.
    pub callback_id: String,
    /// What allows to open a form, for three seconds.
    pub trigger_id: Option<String>,
}

/// Something that happened in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCallback {
    /// The team that the app is installed in.
    pub team: Option<String>,
    /// The enterprise, on a Grid.
    pub enterprise: Option<String>,
    /// Unique for the event, the same in each repeated delivery, while each delivery is signed anew.
    pub event_id: String,
    /// The event.
    pub event: Event,
}

/// As much of an event as the product reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// `app_home_opened`, `message`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Who did it; some events carry a whole profile instead, then this is its id.
    #[serde(default, deserialize_with = "user_id")]
    pub user: Option<String>,
    /// Where; some events carry a whole channel instead, then this is its id.
    #[serde(default, deserialize_with = "user_id")]
    pub channel: Option<String>,
    /// `home`, `messages`, for `app_home_opened`.
    pub tab: Option<String>,
    /// A message's text.
    pub text: Option<String>,
    /// A message's timestamp.
    pub ts: Option<String>,
    /// The thread that the message stands in.
    pub thread_ts: Option<String>,
    /// Set when a bot, perhaps ourselves, wrote the message.
    pub bot_id: Option<String>,
}

/// A type of tomorrow's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Slack's name for it.
    pub kind: String,
    /// Who sent it, if it says so.
    pub sender: Option<Sender>,
}

/// Not a payload of Slack's.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// The form around it is none.
    #[error("the form can't be read")]
    Form(#[from] form::Malformed),
    /// The JSON in it is none, nests too deep, or lacks a field that its type always has.
    #[error("the payload can't be read: {0}")]
    Json(String),
    /// A field that every payload of its type has.
    #[error("the payload has no {0}")]
    Lacks(&'static str),
    /// It was posted to a path that takes none of these.
    #[error("no payload of Slack's comes in at this path")]
    Path,
}

impl Payload {
    /// Reads what the door handed over.
    ///
    /// # Errors
    /// [`Malformed`] for what no Slack would have written.
    pub fn read(envelope: &Envelope) -> Result<Self, Malformed> {
        read::payload(envelope)
    }

    /// Who sent it, where a person did.
    #[must_use]
    pub fn sender(&self) -> Option<&Sender> {
        match self {
            Self::SlashCommand(it) => Some(&it.sender),
            Self::BlockActions(it) => Some(&it.sender),
            Self::ViewSubmission(it) => Some(&it.sender),
            Self::ViewClosed(it) => Some(&it.sender),
            Self::BlockSuggestion(it) => Some(&it.sender),
            Self::MessageAction(it) => Some(&it.sender),
            Self::Shortcut(it) => Some(&it.sender),
            Self::EventCallback(_) => None,
            Self::Unknown(it) => it.sender.as_ref(),
        }
    }
}

/// An id, or the id of an object.
fn user_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Id(String),
        Object { id: Option<String> },
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Either>::deserialize(deserializer)? {
        Some(Either::Id(id)) => Some(id),
        Some(Either::Object { id }) => id,
        Some(Either::Other(_)) | None => None,
    })
}

/// Slack writes `null` where it has no text.
fn nullable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests;
