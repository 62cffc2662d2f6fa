//! Does what people ask: parses, authorizes, proposes, decides, replies. Invoked by the door, asynchronously: Lambda
//! tries twice more when it fails, and hands what still failed to the scheduler, which tells the person.

mod terminal;

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, run, service_fn};
use mayday_chart::Painter;
use mayday_core::{
    audit,
    desk::{self, Request},
    failure::Fault,
    ident::Actor,
    page,
};
use mayday_entry::{Bot, retryable};
use mayday_notify::{report, webhook};
use mayday_proof::SignedIntent;
use mayday_slack::{
    door,
    envelope::{Door, Envelope},
    payload::Payload,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    mayday_entry::log();
    #[expect(clippy::disallowed_methods, reason = "the one place where this function's configuration is read")]
    let mut bot = mayday_entry::begin(|name| std::env::var(name).ok()).await?;
    bot.world.charts = Arc::new(Painter);
    run(service_fn(|event: LambdaEvent<Event>| handle(&bot, event))).await
}

/// What invokes this function.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// A text message to our number, or word that something was not delivered, by SNS. The function's policy lets no other topic in.
    Notified {
        /// What was published; one message.
        #[serde(rename = "Records")]
        records: Vec<Notified>,
    },
    /// The door.
    Envelope(Box<Envelope>),
    /// Somebody at a terminal.
    Terminal {
        /// What they want, and the proof of who they are.
        terminal: SignedIntent,
    },
}

/// One message of a topic.
#[derive(Deserialize)]
struct Notified {
    #[serde(rename = "Sns")]
    sns: Sns,
}

#[derive(Deserialize)]
struct Sns {
    /// AWS End User Messaging's JSON.
    #[serde(rename = "Message")]
    message: String,
}

/// A reply by text message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inbound {
    origination_number: String,
    message_body: String,
}

/// Two ways in, and what comes by the one is never taken by the other: whoever may invoke the alias at a terminal could else say what
/// only Slack's door may.
async fn handle(bot: &Bot, event: LambdaEvent<Event>) -> Result<Value, Diagnostic> {
    let invoked = &event.context.invoked_function_arn;
    match (event.payload, terminal::installation(invoked)) {
        (Event::Terminal { terminal }, Some(installation)) => terminal::answer(bot, &installation, &terminal).await,
        (Event::Terminal { .. }, None) | (_, Some(_)) => {
            tracing::error!(invoked, "this way in does not take that kind of event");
            let message = format!("proofs are taken through the alias {}, and nothing else is", mayday_proof::ALIAS);
            Err(Diagnostic { error_type: "Refused".to_owned(), error_message: message })
        }
        (Event::Notified { records }, None) => {
            for record in records {
                notified(bot, &record.sns.message).await?;
            }
            Ok(Value::Null)
        }
        (Event::Envelope(envelope), None) if envelope.door == Door::Pagerduty => paged(bot, &envelope).await,
        (Event::Envelope(envelope), None) => answer(bot, *envelope).await,
    }
}

/// What AWS has to say: somebody's reply, or that a text message, call or letter did not arrive.
async fn notified(bot: &Bot, message: &str) -> Result<(), Diagnostic> {
    let done = if let Ok(reply) = serde_json::from_str::<Inbound>(message) {
        page::from_sms(&bot.world, &reply.origination_number, &reply.message_body).await.map(drop)
    } else if let Some(report) = report::read(message) {
        page::undelivered(&bot.world, &report).await.map(drop)
    } else {
        // What was delivered is said as well.
        tracing::info!("a notification that is neither a reply nor of something lost");
        Ok(())
    };
    done.map_err(|fault| retryable(&fault))
}

/// What a human did in PagerDuty.
async fn paged(bot: &Bot, envelope: &Envelope) -> Result<Value, Diagnostic> {
    let bytes = envelope.body.bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
    if let Some(event) = webhook::read(&bytes) {
        page::from_pagerduty(&bot.world, &event).await.map_err(|fault| retryable(&fault))?;
    }
    Ok(Value::Null)
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
