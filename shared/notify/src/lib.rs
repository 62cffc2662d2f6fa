//! The ways to wake people beyond Slack: PagerDuty, text messages and calls, email. One vendor, one file.
//!
//! The two AWS services are called by hand-signed requests: their SDK crates are among the largest, and the product makes four calls.
//! One request, one try: whoever calls knows what is tried instead. Everything that goes out passes [`redact`].

mod http;
mod mail;
mod pagerduty;
mod phone;
pub mod report;
mod signed;
pub mod webhook;

use std::sync::Arc;

use mayday_core::port::{Clock, Ways};
use mayday_slack::redact::redact;
use secrecy::SecretString;

pub use http::{Setup, client};
pub use mail::Ses;
pub use pagerduty::{PAGERDUTY_EVENTS_URL, PagerDuty};
pub use phone::EndUserMessaging;
pub use signed::{AwsKeys, NotSigned, signed};

/// What the ways are made of. What is absent makes its way undeliverable, never silent.
#[derive(Clone)]
pub struct Settings {
    /// `PAGERDUTY_EVENTS_URL`.
    pub pagerduty_url: Option<String>,
    /// The routing key of the integration.
    pub pagerduty_key: Option<SecretString>,
    /// `MAYDAY_SMS_SENDER`: a telephone number, sender id or pool of ours.
    pub sms_sender: Option<String>,
    /// `MAYDAY_EMAIL_SENDER`: an address that SES has verified.
    pub email_sender: Option<String>,
    /// `MAYDAY_SMS_REPORTS`: the configuration set by which the SMS service says what was not delivered.
    pub sms_reports: Option<String>,
    /// Where the SMS service is, if not at AWS.
    pub sms_endpoint: Option<String>,
    /// Where SES is, if not at AWS.
    pub ses_endpoint: Option<String>,
    /// The function's own region and keys.
    pub aws: AwsKeys,
}

/// Makes all ways. No call is made.
///
/// # Errors
/// When there can be no HTTP client.
pub fn ways(settings: Settings, clock: &Arc<dyn Clock>) -> Result<Ways, Setup> {
    let http = http::client()?;
    let signed = |service, endpoint: Option<String>| signed::Signed::new(&http, &settings.aws, (service, endpoint), clock.clone());
    Ok(Ways {
        phone: Arc::new(EndUserMessaging::new(
            signed("sms-voice", settings.sms_endpoint.clone()),
            settings.sms_sender.clone(),
            settings.sms_reports.clone(),
        )),
        mail: Arc::new(Ses::new(signed("ses", settings.ses_endpoint.clone()), settings.email_sender.clone())),
        pager: Arc::new(PagerDuty::new(http, settings.pagerduty_url.as_deref(), settings.pagerduty_key)),
    })
}

/// The text without secrets.
fn clean(text: &str) -> String {
    redact(text).into_owned()
}
