//! Messages and forms.

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    picture::Picture,
    port::{Chat, Posted, ResponseUrl, TriggerId, ViewId},
    view::{Block, Form, Message},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Error, SlackClient};
use crate::layout::pages;

#[async_trait]
impl Chat for SlackClient {
    async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<Posted, CallError> {
        let mut first: Option<Posted> = None;
        for page in pages(&value(message)?) {
            // What does not fit goes on in the thread, so that the channel shows one message.
            let thread = thread.or(first.as_ref().map(|first| first.ts.as_str()));
            let posted = self.post_page(channel, thread, page).await;
            match (posted, &first) {
                (Ok(posted), None) => first = Some(posted),
                (Ok(_), Some(_)) => {}
                (Err(error), None) => return Err(error.into()),
                (Err(error), Some(_)) => return Err(CallError::Unknown { why: format!("posted in part: {error}") }),
            }
        }
        first.ok_or_else(|| CallError::refused("no_text", "there is nothing to say"))
    }

    async fn link(&self, posted: &Posted) -> Result<String, CallError> {
        let answer = self.ask("chat.getPermalink", &[("channel", &posted.channel), ("message_ts", &posted.ts)]).await?;
        text(&answer, "/permalink").ok_or_else(|| odd("chat.getPermalink"))
    }

    async fn update(&self, posted: &Posted, message: &Message) -> Result<(), CallError> {
        let mut pages = pages(&value(message)?).into_iter();
        let (Some(page), None) = (pages.next(), pages.next()) else {
            // An edit has no second message to go on in, and nothing is to be cut off.
            return Err(CallError::refused("msg_too_long", "an edited message has to fit into one"));
        };
        let address = json!({"channel": posted.channel, "ts": posted.ts, "blocks": []});
        self.call("chat.update", quiet([address, page])).await?;
        Ok(())
    }

    async fn whisper(&self, channel: &str, user: &str, message: &Message) -> Result<(), CallError> {
        for page in pages(&value(message)?) {
            self.call("chat.postEphemeral", quiet([json!({"channel": channel, "user": user}), page])).await?;
        }
        Ok(())
    }

    async fn picture(&self, channel: &str, thread: Option<&str>, picture: &Picture) -> Result<(), CallError> {
        Ok(self.upload(channel, thread, picture).await?)
    }

    async fn respond(&self, to: &ResponseUrl, message: &Message) -> Result<(), CallError> {
        for page in pages(&value(message)?) {
            self.reply(&to.0, quiet([json!({"response_type": "ephemeral", "replace_original": false}), page])).await?;
        }
        Ok(())
    }

    async fn open(&self, trigger: &TriggerId, form: &Form) -> Result<ViewId, CallError> {
        let answer = self.call("views.open", json!({"trigger_id": trigger.0, "view": value(form)?})).await?;
        text(&answer, "/view/id").map(ViewId).ok_or_else(|| odd("views.open"))
    }

    async fn publish(&self, user: &str, home: &Message) -> Result<(), CallError> {
        let blocks = if home.blocks.is_empty() { Block::paragraphs([home.text.clone()]) } else { home.blocks.clone() };
        let view = json!({"type": "home", "blocks": value(&blocks)?});
        self.call("views.publish", json!({"user_id": user, "view": view})).await?;
        Ok(())
    }

    async fn update_form(&self, view: &ViewId, form: &Form) -> Result<(), CallError> {
        self.call("views.update", json!({"view_id": view.0, "view": value(form)?})).await?;
        Ok(())
    }
}

impl SlackClient {
    async fn post_page(&self, channel: &str, thread: Option<&str>, page: Value) -> Result<Posted, Error> {
        let mut address = json!({"channel": channel});
        if let (Some(thread), Some(fields)) = (thread, address.as_object_mut()) {
            fields.insert("thread_ts".to_owned(), thread.into());
        }
        let answer = self.call("chat.postMessage", quiet([address, page])).await?;
        // A message to a person is posted in their direct channel: the answer names it, and edits need it.
        match (text(&answer, "/channel"), text(&answer, "/ts")) {
            (Some(channel), Some(ts)) => Ok(Posted { channel, ts }),
            _ => Err(Error::Unreachable { why: "chat.postMessage answered without a message".to_owned(), perhaps_done: true }),
        }
    }
}

/// The parts in one object, without previews of links: a preview fetches the link, and shows what somebody else wrote.
fn quiet(parts: [Value; 2]) -> Value {
    let fields = parts.into_iter().filter_map(|part| if let Value::Object(fields) = part { Some(fields) } else { None }).flatten();
    let quiet = [("unfurl_links", false), ("unfurl_media", false)].map(|(name, value)| (name.to_owned(), Value::Bool(value)));
    Value::Object(fields.chain(quiet).collect())
}

fn value(of: &impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(of).map_err(|error| CallError::refused("not_json", error.to_string()))
}

fn text(answer: &Value, at: &str) -> Option<String> {
    answer.pointer(at).and_then(Value::as_str).map(str::to_owned)
}

fn odd(method: &str) -> CallError {
    CallError::Unknown { why: format!("{method} answered without an id") }
}
