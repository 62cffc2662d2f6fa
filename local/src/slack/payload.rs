//! What Slack sends to the bot, byte for byte the shapes of its documentation.
//!
//! Source: <https://docs.slack.dev/reference/interaction-payloads>, <https://docs.slack.dev/interactivity/implementing-slash-commands>.

use serde_json::{Map, Value, json};

use super::{
    Slack,
    inputs::{self, Placed},
    model::{Channel, Message, View},
    store::State,
    workspace::{Person, Workspace},
};

/// The name of a conversation as payloads tell it.
pub(crate) fn channel_name(channel: &Channel) -> &str {
    match channel {
        Channel { im_with: Some(_), .. } => "directmessage",
        Channel { private: true, .. } => "privategroup",
        Channel { name, .. } => name,
    }
}

/// The fields that all interactions have.
fn envelope(workspace: &Workspace, kind: &str, person: &Person) -> Map<String, Value> {
    let home = if person.team_id.is_empty() { &workspace.team_id } else { &person.team_id };
    let mut team = json!({"id": workspace.team_id, "domain": workspace.team_domain});
    let enterprise = workspace.enterprise_id.as_ref().map(|id| json!({"id": id, "name": workspace.team_name}));
    if let (Some(fields), Some(id)) = (team.as_object_mut(), &workspace.enterprise_id) {
        fields.insert("enterprise_id".to_owned(), json!(id));
        fields.insert("enterprise_name".to_owned(), json!(workspace.team_name));
    }
    let fields = json!({
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": home},
        "api_app_id": workspace.app_id,
        "token": workspace.verification_token,
        "team": team,
        "enterprise": enterprise,
        "is_enterprise_install": false,
    });
    fields.as_object().cloned().unwrap_or_default()
}

/// Where a person presses something.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Message(Box<Message>),
    View(Box<View>),
}

impl Place {
    /// The blocks there.
    pub(crate) fn blocks(&self) -> &[Value] {
        match self {
            Self::Message(message) => &message.blocks,
            Self::View(view) => view.blocks(),
        }
    }

    /// What was entered there before.
    pub(crate) fn known(&self) -> Value {
        match self {
            Self::Message(_) => Value::Null,
            Self::View(view) => view.state.clone(),
        }
    }
}

/// The entry of `actions` for an element that was pressed or chosen.
pub(crate) fn action(placed: &Placed<'_>, chosen: &Value, action_ts: &str) -> Value {
    let mut fields = Map::new();
    for name in ["type", "action_id", "text", "value", "style", "confirm", "placeholder", "accessibility_label"] {
        if let Some(value) = placed.element.get(name) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(name) = inputs::value_field(placed.kind()) {
        fields.insert(name.to_owned(), chosen.clone());
    }
    fields.insert("block_id".to_owned(), json!(placed.block_id()));
    fields.insert("action_ts".to_owned(), json!(action_ts));
    Value::Object(fields)
}

impl Slack {
    /// The form of a slash command.
    pub(crate) fn command_form(&self, person: &Person, channel: &Channel, command: &str, text: &str) -> Vec<(&'static str, String)> {
        let workspace = &self.workspace;
        let mut form = vec![
            ("token", workspace.verification_token.clone()),
            ("team_id", workspace.team_id.clone()),
            ("team_domain", workspace.team_domain.clone()),
        ];
        if let Some(enterprise) = &workspace.enterprise_id {
            form.push(("enterprise_id", enterprise.clone()));
            form.push(("enterprise_name", workspace.team_name.clone()));
        }
        form.extend([
            ("channel_id", channel.id.clone()),
            ("channel_name", channel_name(channel).to_owned()),
            ("user_id", person.id.clone()),
            ("user_name", person.name.clone()),
            ("command", command.to_owned()),
            ("text", text.to_owned()),
            ("api_app_id", workspace.app_id.clone()),
            ("is_enterprise_install", "false".to_owned()),
            ("response_url", self.new_response_url(&person.id, &channel.id, None)),
            ("trigger_id", self.new_trigger(&person.id, None)),
        ]);
        form
    }

    /// `block_actions`: a button was pressed or something was chosen.
    pub(crate) fn block_actions(&self, person: &Person, place: &Place, values: &Value, action: Value) -> Value {
        let mut payload = envelope(&self.workspace, "block_actions", person);
        payload.insert("trigger_id".to_owned(), json!(self.new_trigger(&person.id, view_id(place))));
        payload.insert("actions".to_owned(), json!([action]));
        match place {
            Place::Message(message) => {
                let response_url = self.new_response_url(&person.id, &message.channel, Some(message));
                payload.insert("response_url".to_owned(), json!(response_url));
                payload.insert("state".to_owned(), json!({"values": values}));
                self.put_message(&mut payload, message);
            }
            Place::View(view) => {
                payload.insert("container".to_owned(), json!({"type": "view", "view_id": view.id}));
                payload.insert("view".to_owned(), self.view_with(view, values));
            }
        }
        Value::Object(payload)
    }

    /// The container, channel and message of a payload that began at a message. An ephemeral message is not told.
    fn put_message(&self, payload: &mut Map<String, Value>, message: &Message) {
        let ephemeral = message.visible_to.is_some();
        let mut container = json!({"type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": ephemeral});
        if let (Some(fields), Some(thread)) = (container.as_object_mut(), &message.thread_ts) {
            fields.insert("thread_ts".to_owned(), json!(thread));
        }
        payload.insert("container".to_owned(), container);
        let channel = self.lock().state.channels.get(&message.channel).cloned();
        let name = channel.as_ref().map_or("", |channel| channel_name(channel)).to_owned();
        payload.insert("channel".to_owned(), json!({"id": message.channel, "name": name}));
        if !ephemeral {
            payload.insert("message".to_owned(), message.api(&self.workspace));
        }
    }

    fn view_with(&self, view: &View, values: &Value) -> Value {
        let view = View { state: values.clone(), ..view.clone() };
        view.api(&self.workspace)
    }

    /// `view_submission`.
    pub(crate) fn view_submission(&self, person: &Person, view: &View, values: &Value) -> Value {
        let mut payload = envelope(&self.workspace, "view_submission", person);
        payload.insert("trigger_id".to_owned(), json!(self.new_trigger(&person.id, Some(&view.id))));
        payload.insert("view".to_owned(), self.view_with(view, values));
        payload.insert("response_urls".to_owned(), self.response_urls(person, view, values));
        Value::Object(payload)
    }

    /// A response URL for each conversation chosen in an input that asks for one.
    fn response_urls(&self, person: &Person, view: &View, values: &Value) -> Value {
        let asks = |placed: &Placed<'_>| placed.element["response_url_enabled"] == true;
        let mut urls = Vec::new();
        for placed in inputs::elements(view.blocks()).iter().filter(|placed| asks(placed)) {
            let field = inputs::value_field(placed.kind()).unwrap_or_default();
            if let Some(channel) = values[placed.block_id()][placed.action_id()][field].as_str() {
                urls.push(json!({
                    "block_id": placed.block_id(), "action_id": placed.action_id(), "channel_id": channel,
                    "response_url": self.new_response_url(&person.id, channel, None),
                }));
            }
        }
        json!(urls)
    }

    /// `view_closed`.
    pub(crate) fn view_closed(&self, person: &Person, view: &View, cleared: bool) -> Value {
        let mut payload = envelope(&self.workspace, "view_closed", person);
        payload.insert("view".to_owned(), view.api(&self.workspace));
        payload.insert("is_cleared".to_owned(), json!(cleared));
        Value::Object(payload)
    }

    /// `block_suggestion`: somebody types into an external select.
    pub(crate) fn block_suggestion(&self, person: &Person, place: &Place, placed: &Placed<'_>, query: &str) -> Value {
        let mut payload = envelope(&self.workspace, "block_suggestion", person);
        payload.insert("action_id".to_owned(), json!(placed.action_id()));
        payload.insert("block_id".to_owned(), json!(placed.block_id()));
        payload.insert("value".to_owned(), json!(query));
        match place {
            Place::Message(message) => self.put_message(&mut payload, message),
            Place::View(view) => {
                payload.insert("container".to_owned(), json!({"type": "view", "view_id": view.id}));
                payload.insert("view".to_owned(), view.api(&self.workspace));
            }
        }
        Value::Object(payload)
    }

    /// `message_action`, or a global `shortcut` where there is no message.
    pub(crate) fn shortcut(&self, person: &Person, callback_id: &str, message: Option<&Message>) -> Value {
        let kind = if message.is_some() { "message_action" } else { "shortcut" };
        let mut payload = envelope(&self.workspace, kind, person);
        let action_ts = self.lock().state.next_ts(self.shared.clock.now());
        payload.insert("callback_id".to_owned(), json!(callback_id));
        payload.insert("trigger_id".to_owned(), json!(self.new_trigger(&person.id, None)));
        payload.insert("action_ts".to_owned(), json!(action_ts));
        if let Some(message) = message {
            let response_url = self.new_response_url(&person.id, &message.channel, Some(message));
            payload.insert("response_url".to_owned(), json!(response_url));
            payload.insert("message_ts".to_owned(), json!(message.ts));
            self.put_message(&mut payload, message);
            payload.remove("container");
        }
        Value::Object(payload)
    }

    /// An event in its envelope.
    pub(crate) fn event(&self, event: Value) -> Value {
        let workspace = &self.workspace;
        let now = self.shared.clock.now().as_second();
        json!({
            "token": workspace.verification_token, "team_id": workspace.team_id, "enterprise_id": workspace.enterprise_id,
            "api_app_id": workspace.app_id, "event": event, "type": "event_callback", "event_id": format!("Ev{}", ulid::Ulid::generate()),
            "event_time": now, "is_ext_shared_channel": false,
            "authorizations": [{
                "enterprise_id": workspace.enterprise_id, "team_id": workspace.team_id, "user_id": workspace.bot_user_id, "is_bot": true,
                "is_enterprise_install": false,
            }],
        })
    }

    /// `app_home_opened`.
    pub(crate) fn app_home_opened(&self, person: &Person, state: &State, channel: &str) -> Value {
        let now = self.shared.clock.now();
        let event_ts = format!("{}.{:06}", now.as_second(), now.subsec_microsecond());
        let mut event = json!({"type": "app_home_opened", "user": person.id, "channel": channel, "tab": "home", "event_ts": event_ts});
        if let (Some(fields), Some(home)) = (event.as_object_mut(), state.home(&person.id)) {
            fields.insert("view".to_owned(), home.api(&self.workspace));
        }
        self.event(event)
    }
}

fn view_id(place: &Place) -> Option<&str> {
    match place {
        Place::Message(_) => None,
        Place::View(view) => Some(&view.id),
    }
}
