//! The three shapes in which AWS delivers an HTTP request: a function URL's and an HTTP API's (version 2.0), and a REST API's.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::answer::Answer;

/// The largest body that is taken, in bytes: an asynchronous invocation carries 256 KB, and base64 adds a third.
pub(crate) const MAX_BODY: usize = 180 * 1024;

/// Where requests may be posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Slack's slash commands.
    Commands,
    /// Slack's buttons, forms, menus and shortcuts.
    Interactions,
    /// Slack's Events API.
    Events,
    /// PagerDuty's webhooks.
    Pagerduty,
}

impl Route {
    /// All of them: there is no other door.
    pub(crate) const ALL: [Self; 4] = [Self::Commands, Self::Interactions, Self::Events, Self::Pagerduty];

    /// The route's path, which has to match exactly.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Commands => "/slack/commands",
            Self::Interactions => "/slack/interactions",
            Self::Events => "/slack/events",
            Self::Pagerduty => "/pagerduty/events",
        }
    }
}

/// An HTTP request, whichever way it came.
#[derive(Debug)]
pub(crate) struct Request {
    /// Where it was posted to.
    pub(crate) route: Route,
    /// Header names as sent, each value on its own.
    pub(crate) headers: Vec<(String, String)>,
    /// The raw bytes.
    pub(crate) body: Vec<u8>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    raw_path: Option<String>,
    request_context: Option<Context>,
    http_method: Option<String>,
    path: Option<String>,
    headers: Option<BTreeMap<String, Option<String>>>,
    multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    http: Option<Http>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Http {
    method: Option<String>,
}

impl Request {
    /// Reads an event, and turns away whatever no route takes: path first, then method, then size.
    pub(crate) fn read(event: &str) -> Result<Self, Answer> {
        let event: Event = serde_json::from_str(event).map_err(|_| Answer::bad_request())?;
        let path = event.raw_path.as_deref().or(event.path.as_deref()).unwrap_or_default();
        let route = Route::ALL.into_iter().find(|route| route.path() == path).ok_or_else(Answer::not_found)?;
        let version_2 = event.request_context.as_ref().and_then(|context| context.http.as_ref()).and_then(|http| http.method.as_deref());
        if version_2.or(event.http_method.as_deref()) != Some("POST") {
            return Err(Answer::method_not_allowed());
        }
        Ok(Self { route, headers: event.headers(), body: event.body()? })
    }

    /// A header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Event {
    /// A REST API's `headers` keep the last of several values: only the multi-value ones show a header that was sent twice.
    fn headers(&self) -> Vec<(String, String)> {
        if let Some(headers) = &self.multi_value_headers {
            let pairs = headers.iter().flat_map(|(name, values)| values.iter().flatten().map(move |value| (name.clone(), value.clone())));
            return pairs.collect();
        }
        let pairs = self.headers.iter().flatten().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        pairs.collect()
    }

    fn body(self) -> Result<Vec<u8>, Answer> {
        let text = self.body.unwrap_or_default();
        if !self.is_base64_encoded {
            return if text.len() > MAX_BODY { Err(Answer::too_large()) } else { Ok(text.into_bytes()) };
        }
        if text.len() > MAX_BODY.div_ceil(3) * 4 {
            return Err(Answer::too_large());
        }
        let body = STANDARD.decode(text).map_err(|_| Answer::bad_request())?;
        if body.len() > MAX_BODY { Err(Answer::too_large()) } else { Ok(body) }
    }
}
