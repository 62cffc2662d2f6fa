//! How a function begins: its configuration from the environment, its keys from the vault, its world from both.
//!
//! What `worker`, `runner` and `scheduler` have in common; each of them adds one call. The door and the inspector begin
//! by themselves, since they must link as little as possible.

use std::sync::Arc;

use lambda_runtime::Diagnostic;
use mayday_aws::{
    settings::{Settings, optional},
    world::{Aws, ConfigurationError, Environment},
};
use mayday_core::{
    failure::{CallError, Fault},
    port::World,
};
use mayday_notify::AwsKeys;
use mayday_probe::{Prober, Reach};
use mayday_slack::{
    client::{Setup, SlackClient},
    response_url::Origin,
};
use secrecy::SecretString;

/// Everything that a function works with.
#[derive(Clone)]
pub struct Bot {
    /// The world.
    pub world: World,
    /// The origin of `SLACK_API_URL` where that is set: response URLs there are Slack's.
    pub slack_origin: Option<Origin>,
}

/// Why a function can't begin. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum CannotBegin {
    /// The environment lacks something.
    #[error("the environment is not complete")]
    Configuration(#[from] ConfigurationError),
    /// The keys can't be read.
    #[error("the keys can't be read")]
    Keys(#[source] CallError),
    /// There is no secret with the keys.
    #[error("there is no secret {name} in {region}: `aws secretsmanager create-secret`, as docs/deploy.md says")]
    NoKeys {
        /// What it would be called.
        name: String,
        /// Where it would be.
        region: String,
    },
    /// The secret with the keys has no bot token.
    #[error("the secret {0} is no JSON object with a slack_bot_token that is not empty: `aws secretsmanager put-secret-value` puts one in")]
    NoToken(String),
    /// The client for Slack can't be made.
    #[error("there can be no client for Slack")]
    Slack(#[from] Setup),
    /// The client for probes can't be made.
    #[error("there can be no client for probes")]
    Probes(#[from] mayday_probe::Setup),
    /// The clients of PagerDuty, telephone and email can't be made.
    #[error("there can be no client for the ways to wake people")]
    Ways(#[from] mayday_notify::Setup),
}

/// Reads the environment and the keys, and assembles the world. Calls the vault once; everything else connects when used.
///
/// # Errors
/// When something is missing: the function must not start.
pub async fn begin(lookup: impl Fn(&str) -> Option<String>) -> Result<Bot, CannotBegin> {
    // Whoever looks for why nobody answers looks into the log: there it stands as a sentence, with its causes.
    assembled(lookup).await.inspect_err(|error| {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(why = %error, cause, "the function can't start");
    })
}

async fn assembled(lookup: impl Fn(&str) -> Option<String>) -> Result<Bot, CannotBegin> {
    let environment = Environment::read(&lookup).map_err(ConfigurationError::from)?;
    let aws = Aws::connect(environment)?;
    let keys = aws.secrets().current(aws.region(), aws.keys()).await.map_err(CannotBegin::Keys)?;
    let missing = || CannotBegin::NoKeys { name: aws.keys().to_owned(), region: aws.region().to_owned() };
    let keys: serde_json::Value = serde_json::from_str(keys.ok_or_else(missing)?.value.expose()).unwrap_or_default();
    let key = |name: &str| {
        let text = keys.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty());
        text.map(|text| SecretString::from(text.to_owned()))
    };
    let token = key("slack_bot_token").ok_or_else(|| CannotBegin::NoToken(aws.keys().to_owned()))?;
    let ways = mayday_notify::ways(ways(&lookup, aws.settings(), key("pagerduty_routing_key")), aws.clock())?;
    let api_url = optional(&lookup, "SLACK_API_URL");
    let slack = Arc::new(SlackClient::new(token, api_url.as_deref())?);
    let probes = Prober::new(aws.resolver(), if aws.is_local() { Reach::Local } else { Reach::Outside })?;
    Ok(Bot { world: aws.world(slack, Arc::new(probes), ways), slack_origin: api_url.as_deref().and_then(Origin::of) })
}

/// What the environment says of the ways to wake people.
fn ways(lookup: &impl Fn(&str) -> Option<String>, aws: &Settings, pagerduty_key: Option<SecretString>) -> mayday_notify::Settings {
    let elsewhere = |variable: &str| optional(lookup, variable).or_else(|| aws.endpoint.clone());
    mayday_notify::Settings {
        pagerduty_url: optional(lookup, "PAGERDUTY_EVENTS_URL"),
        pagerduty_key,
        sms_sender: optional(lookup, "MAYDAY_SMS_SENDER"),
        sms_reports: optional(lookup, "MAYDAY_SMS_REPORTS"),
        email_sender: optional(lookup, "MAYDAY_EMAIL_SENDER"),
        sms_endpoint: elsewhere("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2"),
        ses_endpoint: elsewhere("AWS_ENDPOINT_URL_SESV2"),
        aws: AwsKeys {
            region: aws.region.clone(),
            access_key: aws.keys.access_key.clone(),
            secret_key: aws.keys.secret_key.clone(),
            session_token: aws.keys.session_token.clone(),
        },
    }
}

/// Starts the log: one JSON object a line, with the whole chain of causes in faults.
pub fn log() {
    tracing_subscriber::fmt().json().without_time().with_target(false).with_current_span(false).with_max_level(tracing::Level::INFO).init();
}

/// A fault as the service that invoked us sees it: typed, so that its Retry and Catch can match.
#[must_use]
pub fn retryable(fault: &Fault) -> Diagnostic {
    tracing::error!(fault = fault.chain(), "an invocation failed");
    Diagnostic { error_type: "Retryable".to_owned(), error_message: fault.to_string() }
}
