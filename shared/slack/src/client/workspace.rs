//! What the workspace says of the app itself.

use async_trait::async_trait;
use jiff::{Timestamp, fmt::rfc2822};
use mayday_core::{
    failure::CallError,
    port::{App, Workspace},
};
use reqwest::header::{DATE, HeaderMap};

use super::{Error, SlackClient, answer, unreachable};

/// The header in which Slack says what a token may. Source: <https://docs.slack.dev/reference/methods/auth.test>.
const SCOPES: &str = "x-oauth-scopes";

#[async_trait]
impl Workspace for SlackClient {
    async fn app(&self) -> Result<App, CallError> {
        let sent = self.to("auth.test").send().await.map_err(|error| unreachable(&error))?;
        let headers = sent.headers().clone();
        answer(Ok(sent)).await?;
        let Some(scopes) = text(&headers, SCOPES) else {
            return Err(Error::Refused { code: "no_scopes".to_owned(), messages: Vec::new() }.into());
        };
        Ok(App { scopes: listed(scopes), at: text(&headers, DATE.as_str()).and_then(moment) })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn listed(scopes: &str) -> Vec<String> {
    scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// A date as HTTP writes it: `Sun, 22 Nov 2026 12:00:00 GMT`.
fn moment(date: &str) -> Option<Timestamp> {
    rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}
