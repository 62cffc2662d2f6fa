//! From the wire to the types: one raw shape for all interactions, then a type for each kind.

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Action, BlockActions, BlockSuggestion, Event, EventCallback, Malformed, MessageAction, MessageRef, Payload, Sender, Shortcut,
    SlashCommand, Unknown, View, ViewClosed, ViewSubmission,
};
use crate::{
    envelope::Envelope,
    form::Form,
    json::{MAX_DEPTH, depth_within},
};

/// Reads what the door handed over, by the path that it came in at.
pub(super) fn payload(envelope: &Envelope) -> Result<Payload, Malformed> {
    let body = envelope.body.bytes().map_err(|error| Malformed::Json(error.to_string()))?;
    match envelope.path.as_str() {
        "/slack/commands" => Ok(Payload::SlashCommand(SlashCommand::of(&Form::parse(&body)?)?)),
        "/slack/interactions" => {
            let form = Form::parse(&body)?;
            Interaction::typed(json(form.get("payload").ok_or(Malformed::Lacks("payload"))?.as_bytes())?)
        }
        "/slack/events" => event(json(&body)?),
        _ => Err(Malformed::Path),
    }
}

fn event(outer: OuterEvent) -> Result<Payload, Malformed> {
    if outer.kind != "event_callback" {
        return Ok(Payload::Unknown(Unknown { kind: outer.kind, sender: None }));
    }
    Ok(Payload::EventCallback(EventCallback {
        team: outer.team_id,
        enterprise: outer.enterprise_id.filter(|id| !id.is_empty()),
        event_id: outer.event_id.ok_or(Malformed::Lacks("event_id"))?,
        event: outer.event.ok_or(Malformed::Lacks("event"))?,
    }))
}

impl SlashCommand {
    fn of(form: &Form) -> Result<Self, Malformed> {
        let field = |name: &str| form.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let need = |name: &'static str| field(name).ok_or(Malformed::Lacks(name));
        let sender = Sender { user: need("user_id")?, home_team: None, team: field("team_id"), enterprise: field("enterprise_id") };
        Ok(Self {
            sender,
            command: need("command")?,
            text: field("text").unwrap_or_default(),
            channel: field("channel_id").unwrap_or_default(),
            trigger_id: field("trigger_id"),
            response_url: field("response_url"),
        })
    }
}

#[derive(Deserialize)]
struct OuterEvent {
    #[serde(rename = "type")]
    kind: String,
    team_id: Option<String>,
    enterprise_id: Option<String>,
    event_id: Option<String>,
    event: Option<Event>,
}

/// All interactions' fields together, as they come.
#[derive(Deserialize)]
struct Interaction {
    #[serde(rename = "type")]
    kind: String,
    user: Option<User>,
    team: Option<Named>,
    enterprise: Option<Named>,
    channel: Option<Named>,
    container: Option<Container>,
    message: Option<MessageRef>,
    view: Option<View>,
    actions: Option<Vec<Action>>,
    callback_id: Option<String>,
    action_id: Option<String>,
    block_id: Option<String>,
    value: Option<String>,
    trigger_id: Option<String>,
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

/// Where an action happened; an ephemeral message is named here only.
#[derive(Deserialize)]
struct Container {
    channel_id: Option<String>,
    message_ts: Option<String>,
    thread_ts: Option<String>,
}

impl Interaction {
    fn typed(self) -> Result<Payload, Malformed> {
        let sender = self.sender();
        if !matches!(
            self.kind.as_str(),
            "block_actions" | "view_submission" | "view_closed" | "block_suggestion" | "message_action" | "shortcut"
        ) {
            return Ok(Payload::Unknown(Unknown { kind: self.kind, sender }));
        }
        let sender = sender.ok_or(Malformed::Lacks("user"))?;
        let callback_id = self.callback_id.clone().unwrap_or_default();
        let need_view = |view: Option<View>| view.ok_or(Malformed::Lacks("view"));
        Ok(match self.kind.as_str() {
            "view_submission" => {
                Payload::ViewSubmission(ViewSubmission { sender, view: need_view(self.view)?, trigger_id: self.trigger_id })
            }
            "view_closed" => Payload::ViewClosed(ViewClosed { sender, view: need_view(self.view)? }),
            "block_suggestion" => Payload::BlockSuggestion(BlockSuggestion {
                sender,
                action_id: self.action_id.unwrap_or_default(),
                block_id: self.block_id.unwrap_or_default(),
                value: self.value.unwrap_or_default(),
                view: self.view,
            }),
            "message_action" => Payload::MessageAction(MessageAction {
                sender,
                callback_id,
                channel: self.channel.and_then(|channel| channel.id).ok_or(Malformed::Lacks("channel"))?,
                message: self.message.ok_or(Malformed::Lacks("message"))?,
                trigger_id: self.trigger_id,
                response_url: self.response_url,
            }),
            "shortcut" => Payload::Shortcut(Shortcut { sender, callback_id, trigger_id: self.trigger_id }),
            _ => Payload::BlockActions(self.block_actions(sender)),
        })
    }

    fn block_actions(self, sender: Sender) -> BlockActions {
        let (channel, message) = self.container.map_or((None, None), |container| {
            let message = container.message_ts.map(|ts| MessageRef { ts, thread_ts: container.thread_ts, text: String::new(), user: None });
            (container.channel_id, message)
        });
        BlockActions {
            sender,
            actions: self.actions.unwrap_or_default(),
            channel: self.channel.and_then(|channel| channel.id).or(channel),
            message: self.message.or(message),
            view: self.view,
            trigger_id: self.trigger_id,
            response_url: self.response_url,
        }
    }

    fn sender(&self) -> Option<Sender> {
        let id = |named: &Option<Named>| named.as_ref().and_then(|named| named.id.clone()).filter(|id| !id.is_empty());
        let user = self.user.as_ref().filter(|user| !user.id.is_empty())?;
        Some(Sender { user: user.id.clone(), home_team: user.team_id.clone(), team: id(&self.team), enterprise: id(&self.enterprise) })
    }
}

fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Malformed> {
    if !depth_within(text, MAX_DEPTH) {
        return Err(Malformed::Json("it nests too deep".to_owned()));
    }
    // The position says where; the words of the error could quote what a person typed.
    serde_json::from_slice(text).map_err(|error| Malformed::Json(format!("line {} column {}", error.line(), error.column())))
}
