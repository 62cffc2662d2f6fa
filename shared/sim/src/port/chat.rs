use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    picture::Picture,
    port::{Chat, Posted, ResponseUrl, TriggerId, ViewId},
    view::{Form, Message},
};
use serde::Serialize;

use super::{change, look};
use crate::{executor::Inner, gate::Gate, invariant, state::Said, trace::Port};

/// A message or form as it goes over the wire.
fn wire(what: &impl Serialize) -> String {
    serde_json::to_string(what).unwrap_or_default()
}

fn said(inner: &mut Inner, text: &str) {
    invariant::on_said(inner, text);
}

/// A response URL answers five times.
const RESPONSES: u32 = 5;

#[async_trait]
impl Chat for Gate {
    async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<Posted, CallError> {
        let (place, thread, text) = (channel.to_owned(), thread.map(str::to_owned), wire(message));
        let post = self.change(change(Port::Chat, "post", message.text.as_str()), move |inner| {
            said(inner, &text);
            let number = inner.state.chat.messages.len();
            let ts = format!("{}.{number:06}", inner.now / 1_000);
            inner.state.chat.messages.insert(ts.clone(), Said { place: place.clone(), thread, versions: vec![text] });
            Ok(Posted { channel: place, ts })
        });
        post.await
    }

    async fn picture(&self, channel: &str, thread: Option<&str>, picture: &Picture) -> Result<(), CallError> {
        let (place, thread, text) = (channel.to_owned(), thread.map(str::to_owned), picture.alt.clone());
        let upload = self.change(change(Port::Chat, "picture", &picture.file), move |inner| {
            said(inner, &text);
            inner.state.chat.pictures.push((place, thread, text));
            Ok(())
        });
        upload.await
    }

    async fn link(&self, posted: &Posted) -> Result<String, CallError> {
        let looked = self.look(look(Port::Chat, "link", &posted.ts), |state, _| {
            let known = state.chat.messages.contains_key(&posted.ts);
            let url = format!("https://sim.slack.com/archives/{}/p{}", posted.channel, posted.ts.replace('.', ""));
            known.then_some(url).ok_or_else(|| CallError::refused("message_not_found", ""))
        });
        looked.await
    }

    async fn update(&self, posted: &Posted, message: &Message) -> Result<(), CallError> {
        let (ts, text) = (posted.ts.clone(), wire(message));
        let update = self.change(change(Port::Chat, "update", message.text.as_str()), move |inner| {
            said(inner, &text);
            let found = inner.state.chat.messages.get_mut(&ts).ok_or_else(|| CallError::refused("message_not_found", ""))?;
            if found.versions.last() != Some(&text) {
                found.versions.push(text);
            }
            Ok(())
        });
        update.await
    }

    async fn whisper(&self, _: &str, user: &str, message: &Message) -> Result<(), CallError> {
        let (user, text) = (user.to_owned(), wire(message));
        let whisper = self.change(change(Port::Chat, "whisper", message.text.as_str()), move |inner| {
            said(inner, &text);
            inner.state.chat.whispers.push((user, text));
            Ok(())
        });
        whisper.await
    }

    async fn respond(&self, to: &ResponseUrl, message: &Message) -> Result<(), CallError> {
        let (url, text) = (to.0.clone(), wire(message));
        let respond = self.change(change(Port::Chat, "respond", message.text.as_str()), move |inner| {
            let used = inner.state.chat.responses.entry(url.clone()).or_default();
            if *used == RESPONSES {
                return Err(CallError::refused("used_url", ""));
            }
            *used += 1;
            said(inner, &text);
            inner.hear(&url, text);
            Ok(())
        });
        respond.await
    }

    async fn open(&self, trigger: &TriggerId, form: &Form) -> Result<ViewId, CallError> {
        let (trigger, text) = (trigger.0.clone(), wire(form));
        let open = self.change(change(Port::Chat, "open", &form.callback), move |inner| {
            if inner.state.chat.used_triggers.contains(&trigger) {
                return Err(CallError::refused("exchanged_trigger_id", ""));
            }
            said(inner, &text);
            inner.state.chat.used_triggers.push(trigger.clone());
            let view = format!("V{:06}", inner.state.chat.forms.len());
            inner.state.chat.forms.insert(view.clone(), vec![text.clone()]);
            inner.hear(&trigger, text);
            Ok(ViewId(view))
        });
        open.await
    }

    async fn publish(&self, user: &str, home: &Message) -> Result<(), CallError> {
        let (user, text) = (user.to_owned(), wire(home));
        let publish = self.change(change(Port::Chat, "publish", home.text.as_str()), move |inner| {
            said(inner, &text);
            inner.state.chat.homes.insert(user, text);
            Ok(())
        });
        publish.await
    }

    async fn update_form(&self, view: &ViewId, form: &Form) -> Result<(), CallError> {
        let (view, text) = (view.0.clone(), wire(form));
        let update = self.change(change(Port::Chat, "update_form", &form.callback), move |inner| {
            said(inner, &text);
            inner.state.chat.forms.entry(view.clone()).or_default().push(text.clone());
            inner.hear(&view, text);
            Ok(())
        });
        update.await
    }
}
