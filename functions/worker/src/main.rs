//! Does what people ask: parses, authorizes, proposes, decides, replies. Invoked by the door, asynchronously: Lambda
//! tries twice more when it fails, and hands what still failed to the scheduler, which tells the person.

use lambda_runtime::{Diagnostic, LambdaEvent, run, service_fn};
use mayday_core::{
    audit,
    desk::{self, Request},
    failure::Fault,
    ident::Actor,
};
use mayday_entry::{Bot, retryable};
use mayday_slack::{door, envelope::Envelope, payload::Payload};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    mayday_entry::log();
    #[expect(clippy::disallowed_methods, reason = "the one place where this function's configuration is read")]
    let bot = mayday_entry::begin(|name| std::env::var(name).ok()).await?;
    run(service_fn(|event: LambdaEvent<Envelope>| answer(&bot, event.payload))).await
}

async fn answer(bot: &Bot, envelope: Envelope) -> Result<Value, Diagnostic> {
    let reference = door::reference(&envelope);
    let payload = match Payload::read(&envelope) {
        Ok(payload) => payload,
        Err(malformed) => return note(bot, "request.malformed", &reference, &malformed.to_string()).await,
    };
    if let Some(refused) = envelope.refused {
        return note(bot, "request.foreign", &reference, &format!("{refused:?}")).await;
    }
    if let Payload::BlockSuggestion(_) = payload {
        return Ok(json!({"options": []}));
    }
    let Some((caller, request)) = door::request(&payload, bot.slack_origin.as_ref()) else { return Ok(Value::Null) };
    if let Request::Unknown(what) = &request {
        tracing::info!(reference, what, "a request of an unknown kind");
    }
    let delivery = door::delivery(&envelope, &payload);
    desk::handle(&bot.world, &delivery, &caller, &request).await.map_err(|fault| retryable(&fault))?;
    Ok(Value::Null)
}

/// Writes to the audit what was turned away, and does nothing else.
async fn note(bot: &Bot, what: &str, about: &str, why: &str) -> Result<Value, Diagnostic> {
    let event = audit::Event {
        at: bot.world.clock.now(),
        actor: Actor::System("door".to_owned()),
        what: what.to_owned(),
        about: about.to_owned(),
        digest: None,
        detail: json!({"why": why}),
    };
    audit::append(&bot.world, event).await.map_err(|fault: Fault| retryable(&fault))?;
    Ok(Value::Null)
}
