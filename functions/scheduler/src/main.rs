//! The minute tick, and the last resort of asynchronous invocations: tells a person whose request was lost.

use std::sync::{Mutex, PoisonError};

use lambda_runtime::{Diagnostic, LambdaEvent, run, service_fn};
use mayday_core::{
    desk,
    doctor::{Ticked, note_tick},
    store::Kept,
    sweep,
};
use mayday_entry::{Bot, retryable};
use mayday_slack::{door, envelope::Envelope, payload::Payload};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

/// What invokes this function.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// EventBridge Scheduler's tick.
    Tick {
        /// Which.
        tick: String,
    },
    /// What happened to databases, gathered by a queue. It says that it is time to look, and no more.
    Happened {
        /// One message each.
        #[serde(rename = "Records")]
        records: Vec<IgnoredAny>,
    },
    /// Lambda's record of an invocation of the worker that failed for good.
    #[serde(rename_all = "camelCase")]
    Lost {
        /// The worker's event.
        request_payload: Box<Envelope>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    mayday_entry::log();
    #[expect(clippy::disallowed_methods, reason = "the one place where this function's configuration is read")]
    let bot = mayday_entry::begin(|name| std::env::var(name).ok()).await?;
    let noted = Noted::default();
    run(service_fn(|event: LambdaEvent<Event>| handle(&bot, &noted, event.payload))).await
}

/// What this process noted last of its ticks.
#[derive(Default)]
struct Noted(Mutex<Option<Kept<Ticked>>>);

impl Noted {
    /// Notes that this region ticks; the next tick tries again what fails.
    async fn now(&self, bot: &Bot) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Err(fault) = note_tick(&bot.world, &mut known).await {
            tracing::warn!(fault = fault.chain(), "the tick could not be noted");
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// Looks for whatever is due. `why` is for the log.
async fn sweep(bot: &Bot, why: &str) -> Value {
    let swept = sweep::tick(&bot.world).await;
    tracing::info!(tick = why, swept = ?swept, "swept");
    json!(swept)
}

async fn handle(bot: &Bot, noted: &Noted, event: Event) -> Result<Value, Diagnostic> {
    match event {
        Event::Tick { tick } => {
            let swept = sweep(bot, &tick).await;
            noted.now(bot).await;
            Ok(swept)
        }
        Event::Happened { records } => Ok(sweep(bot, &format!("{} happenings", records.len())).await),
        Event::Lost { request_payload: envelope } => {
            let reference = door::reference(&envelope);
            tracing::error!(reference, "a request was lost");
            let payload = Payload::read(&envelope).ok();
            let request = payload.as_ref().and_then(|payload| door::request(payload, bot.slack_origin.as_ref()));
            if let Some((caller, request)) = request {
                desk::lost(&bot.world, &caller, &request, &reference).await.map_err(|fault| retryable(&fault))?;
            }
            Ok(Value::Null)
        }
    }
}
