//! What the bot's answers do: to a slash command, to a form, to a search field.

use serde_json::{Map, Value, json};

use super::{
    Slack,
    api::Refusal,
    bot::BotAnswer,
    limits,
    model::{Message, View},
    store::Change,
};

/// What Slack's client says when a form's answer can't be used.
const TROUBLE: &str = "We had some trouble connecting. Try again?";

impl Slack {
    /// The bot answered a slash command: nothing, a text, or a message. Slack tells the person where it failed.
    pub(crate) fn apply_command_answer(&self, user: &str, channel: &str, command: &str, answer: &BotAnswer) {
        if let Some(failure) = answer.failure {
            let reason = if matches!(failure, "connection_failed" | "no_signing_secret") { "dispatch_failed" } else { failure };
            self.tell(user, channel, &format!("{command} failed with the error \"{reason}\""));
            return;
        }
        let text = answer.text.trim();
        if text.is_empty() {
            return;
        }
        let body = match answer.json() {
            Value::Object(fields) => Value::Object(fields),
            _ => json!({"text": text}),
        };
        let says_something = ["text", "blocks", "attachments"].iter().any(|name| body.get(*name).is_some());
        if says_something && self.post_response(user, channel, None, &body).is_err() {
            self.tell(user, channel, &format!("{command} failed with the error \"invalid_blocks\""));
        }
    }

    /// A message that the bot sends by an answer or a response URL; ephemeral unless it says `in_channel`.
    pub(crate) fn post_response(&self, user: &str, channel: &str, thread: Option<&str>, body: &Value) -> Result<String, Refusal> {
        let content = super::api::Content::of_json(body)?;
        let mut store = self.lock();
        let ts = store.state.next_ts(self.shared.clock.now());
        let mut message = Message::new(channel, &ts, &self.workspace.bot_user_id, "");
        content.fill(&mut message, &mut store.state);
        message.thread_ts = body["thread_ts"].as_str().or(thread).map(str::to_owned);
        if body["response_type"] != "in_channel" {
            message.visible_to = Some(user.to_owned());
        }
        store.change(Change::Message(message));
        Ok(ts)
    }

    /// A sentence of Slack's own that only one person sees.
    pub(crate) fn tell(&self, user: &str, channel: &str, text: &str) {
        let mut store = self.lock();
        let ts = store.state.next_ts(self.shared.clock.now());
        let mut message = Message::new(channel, &ts, "USLACKBOT", text);
        message.visible_to = Some(user.to_owned());
        store.change(Change::Message(message));
    }

    /// The bot answered a form: `response_action`, or nothing, which closes it.
    pub(crate) fn apply_submission_answer(&self, view: &View, answer: &BotAnswer) {
        let body = answer.json();
        let worked = match (answer.failure, body["response_action"].as_str()) {
            (Some(_), _) => false,
            (None, None) => {
                // Unless it was replaced meanwhile by another hand, the form goes and the one below shows.
                self.close(std::slice::from_ref(&view.id));
                true
            }
            (None, Some("clear")) => {
                let all: Vec<_> = self.lock().state.open_modals(&view.user).iter().map(|view| view.id.clone()).collect();
                self.close(&all);
                true
            }
            (None, Some("errors")) => body["errors"].as_object().is_some_and(|errors| self.show_errors(&view.id, errors.clone())),
            (None, Some("update")) => self.answer_view(&body["view"]).is_ok_and(|next| {
                let mut store = self.lock();
                let current = store.state.views.get(&view.id).cloned();
                current.is_some_and(|current| self.replace_view(&mut store, &current, next).is_ok())
            }),
            (None, Some("push")) => {
                self.answer_view(&body["view"]).is_ok_and(|next| self.push_on(&mut self.lock(), &view.user, next).is_ok())
            }
            (None, Some(_)) => false,
        };
        if !worked {
            let mut errors = Map::new();
            errors.insert("_".to_owned(), json!(TROUBLE));
            self.show_errors(&view.id, errors);
        }
    }

    fn answer_view(&self, view: &Value) -> Result<Value, Refusal> {
        Self::view_checked(view, "modal").map(|()| view.clone())
    }

    /// Shows errors at a form's inputs; an error for a block that is not there can't be shown, and Slack refuses it.
    pub(crate) fn show_errors(&self, id: &str, errors: Map<String, Value>) -> bool {
        let mut store = self.lock();
        let Some(mut view) = store.state.views.get(id).cloned() else { return false };
        let known = |block_id: &String| block_id == "_" || view.blocks().iter().any(|block| block["block_id"].as_str() == Some(block_id));
        if !errors.keys().all(known) {
            return false;
        }
        view.errors = errors;
        store.change(Change::View(view));
        true
    }

    /// Closes views.
    pub(crate) fn close(&self, ids: &[String]) {
        let mut store = self.lock();
        for id in ids {
            if let Some(mut view) = store.state.views.get(id).filter(|view| view.open).cloned() {
                view.open = false;
                store.change(Change::View(view));
            }
        }
    }
}

/// The options that a bot offers in answer to `block_suggestion`; none where it did not answer well.
pub(crate) fn options_offered(answer: &BotAnswer) -> Vec<Value> {
    let body = answer.json();
    let groups = body["option_groups"].as_array().map_or(&[][..], Vec::as_slice);
    let grouped = groups.iter().flat_map(|group| group["options"].as_array().map_or(&[][..], Vec::as_slice));
    let plain = body["options"].as_array().map_or(&[][..], Vec::as_slice).iter();
    let options: Vec<Value> = plain.chain(grouped).cloned().collect();
    let mut findings = limits::Findings::default();
    for (index, option) in options.iter().enumerate() {
        limits::check_option(option, &format!("/options/{index}"), &mut findings);
    }
    if answer.failure.is_some() || options.len() > 100 || !findings.0.is_empty() { Vec::new() } else { options }
}
