//! How long a tick waits for a chat that does not answer. Each call of it may take seconds, and what people were not told is told
//! again and again: a tick that waited for all of that would have no time left for approvals, backups and probes.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::{
    failure::CallError,
    picture::Picture,
    port::{Chat, Clock, Posted, ResponseUrl, TriggerId, ViewId, World},
    view::{Form, Message},
};

/// For those who must be woken: five calls that run into their limit.
pub(super) const TO_WAKE: SignedDuration = SignedDuration::from_secs(25);
/// For all else.
pub(super) const TO_TELL: SignedDuration = SignedDuration::from_secs(10);

/// The world as a duty of a tick sees it: once the chat has kept it waiting for so long, it is not asked any more.
pub(super) fn limited(world: &World, patience: SignedDuration) -> World {
    let limited = Limited { chat: world.chat.clone(), clock: world.clock.clone(), patience, waited: AtomicI64::new(0) };
    World { chat: Arc::new(limited), ..world.clone() }
}

struct Limited {
    chat: Arc<dyn Chat>,
    clock: Arc<dyn Clock>,
    patience: SignedDuration,
    /// Milliseconds that went by without an answer.
    waited: AtomicI64,
}

impl Limited {
    async fn ask<T>(&self, call: impl Future<Output = Result<T, CallError>> + Send) -> Result<T, CallError> {
        if SignedDuration::from_millis(self.waited.load(Ordering::Relaxed)) >= self.patience {
            return Err(CallError::NotNow { code: "NoAnswer".to_owned(), why: "it did not answer this tick's earlier calls".to_owned() });
        }
        let asked = self.clock.now();
        let answer = call.await;
        if answer.as_ref().is_err_and(CallError::is_silence) {
            let took = i64::try_from(self.clock.now().duration_since(asked).as_millis()).unwrap_or(0);
            self.waited.fetch_add(took, Ordering::Relaxed);
        }
        answer
    }
}

#[async_trait]
impl Chat for Limited {
    async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<Posted, CallError> {
        self.ask(self.chat.post(channel, thread, message)).await
    }

    async fn link(&self, posted: &Posted) -> Result<String, CallError> {
        self.ask(self.chat.link(posted)).await
    }

    async fn update(&self, posted: &Posted, message: &Message) -> Result<(), CallError> {
        self.ask(self.chat.update(posted, message)).await
    }

    async fn whisper(&self, channel: &str, user: &str, message: &Message) -> Result<(), CallError> {
        self.ask(self.chat.whisper(channel, user, message)).await
    }

    async fn picture(&self, channel: &str, thread: Option<&str>, picture: &Picture) -> Result<(), CallError> {
        self.ask(self.chat.picture(channel, thread, picture)).await
    }

    async fn respond(&self, to: &ResponseUrl, message: &Message) -> Result<(), CallError> {
        self.ask(self.chat.respond(to, message)).await
    }

    async fn open(&self, trigger: &TriggerId, form: &Form) -> Result<ViewId, CallError> {
        self.ask(self.chat.open(trigger, form)).await
    }

    async fn publish(&self, user: &str, home: &Message) -> Result<(), CallError> {
        self.ask(self.chat.publish(user, home)).await
    }

    async fn update_form(&self, view: &ViewId, form: &Form) -> Result<(), CallError> {
        self.ask(self.chat.update_form(view, form)).await
    }
}
