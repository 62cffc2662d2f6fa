//! One visit to a run: takes it as far as it goes without waiting, and says what whoever drives it must do next.

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, run, service_fn};
use mayday_chart::Painter;
use mayday_core::{
    failure::Fault,
    ident::RunId,
    run::{self, Next},
};
use mayday_entry::{Bot, retryable};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the state machine passes.
#[derive(Deserialize)]
struct Visit {
    run: RunId,
    epoch: u64,
    /// Set when the execution is about to wait for a person.
    token: Option<String>,
    /// Set when the execution can't go on.
    distress: Option<Value>,
}

/// What the state machine reads; `seconds` is always there.
#[derive(Serialize)]
struct Answer {
    next: &'static str,
    seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    mayday_entry::log();
    #[expect(clippy::disallowed_methods, reason = "the one place where this function's configuration is read")]
    let mut bot = mayday_entry::begin(|name| std::env::var(name).ok()).await?;
    bot.world.charts = Arc::new(Painter);
    run(service_fn(|event: LambdaEvent<Visit>| visit(&bot, event.payload))).await
}

async fn visit(bot: &Bot, visit: Visit) -> Result<Answer, Diagnostic> {
    let Visit { run, epoch, token, distress } = visit;
    let result = match distress {
        Some(error) => run::distress(&bot.world, &run, epoch, &error.to_string()).await.map(|()| Next::Failed),
        None => run::visit(&bot.world, &run, epoch, token).await,
    };
    let next = result.map_err(|fault: Fault| retryable(&fault))?;
    Ok(match next {
        Next::Wait { seconds } => Answer { next: "wait", seconds: seconds.max(1) },
        Next::Decision { seconds } => Answer { next: "decision", seconds: seconds.max(1) },
        Next::Done => Answer { next: "done", seconds: 0 },
        Next::Failed => Answer { next: "failed", seconds: 0 },
        Next::Superseded => Answer { next: "superseded", seconds: 0 },
    })
}
