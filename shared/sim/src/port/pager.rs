use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{Alert, Letter, Mail, Pager, Phone, Sent},
};

use super::change;
use crate::{gate::Gate, invariant, state::Outgoing, trace::Port};

impl Gate {
    /// Hands something to a way. A number or address that begins with `+000` or `suppressed` never gets it.
    async fn wake(&self, port: Port, way: &'static str, to: &str, text: &str) -> Result<Sent, CallError> {
        let (to, text) = (to.to_owned(), text.to_owned());
        let wake = self.change(change(port, way, &to.clone()), move |inner| {
            invariant::on_said(inner, &text);
            if to.starts_with("+000") || to.starts_with("suppressed") {
                return Ok(Sent::Undelivered { why: "suppressed".to_owned() });
            }
            let reference = format!("sent-{}", inner.state.sent.len());
            inner.state.sent.push(Outgoing { at: inner.now, way, to, text });
            Ok(Sent::Accepted { reference })
        });
        wake.await
    }
}

#[async_trait]
impl Pager for Gate {
    async fn trigger(&self, alert: &Alert) -> Result<Sent, CallError> {
        self.wake(Port::Pager, "trigger", &alert.dedup_key, &alert.summary).await
    }

    async fn acknowledge(&self, dedup_key: &str) -> Result<Sent, CallError> {
        self.wake(Port::Pager, "acknowledge", dedup_key, "").await
    }

    async fn resolve(&self, dedup_key: &str) -> Result<Sent, CallError> {
        self.wake(Port::Pager, "resolve", dedup_key, "").await
    }
}

#[async_trait]
impl Phone for Gate {
    async fn sms(&self, to: &str, text: &str) -> Result<Sent, CallError> {
        self.wake(Port::Phone, "sms", to, text).await
    }

    async fn call(&self, to: &str, text: &str) -> Result<Sent, CallError> {
        self.wake(Port::Phone, "call", to, text).await
    }
}

#[async_trait]
impl Mail for Gate {
    async fn send(&self, letter: &Letter) -> Result<Sent, CallError> {
        if letter.subject.contains(['\r', '\n']) {
            return Err(CallError::refused("header_injection", "the subject has more than one line"));
        }
        self.wake(Port::Mail, "email", &letter.to.join(","), &letter.text).await
    }
}
