//! Slack's door: verify, hand over, answer. It parses no command, decides nothing, and can reach two things only: the
//! secret that it verifies with and the worker that it hands over to.

mod answer;
mod aws;
mod clock;
mod config;
mod door;
mod event;
mod keys;
mod log;
mod message;
mod pagerduty;
mod port;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::{aws::Aws, config::Config, door::Door, keys::KeyCache, log::Log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_environment()?;
    let aws = Aws::new(&config)?;
    let door = Door {
        identity: config.identity,
        keys: KeyCache::new(aws.vault(config.keys_secret)),
        worker: aws.worker(&config.worker),
        replies: aws.replies(),
        slack_api_url: config.slack_api_url,
        clock: clock::clock(config.clock_file),
        log: Log::to_stdout(),
    };
    // INIT has a whole CPU and nobody waiting: the handshake and the secret are done here.
    door.warm().await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let door = &door;
        async move { Ok::<_, Infallible>(door.handle(event.payload.get(), &event.context.request_id).await) }
    }))
    .await
}
