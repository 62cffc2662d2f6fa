//! Response URLs: five uses in thirty minutes, after which Slack does not know them any more.
//!
//! Source: <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>.

use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Slack,
    api::{Content, Refusal},
    json_reply,
    model::{Edited, ResponseUrl},
    store::Change,
};
use crate::service::{Call, Reply};

/// How often one can be used.
const USES: u32 = 5;

/// How long one can be used.
const LIFE: SignedDuration = SignedDuration::from_mins(30);

impl Slack {
    /// Answers a request to a response URL.
    pub(crate) fn answer_response_url(&self, id: &str, call: &Call) -> Reply {
        match self.respond(id, call) {
            Ok(()) => {
                let mut headers = HeaderMap::new();
                headers.insert("content-type", HeaderValue::from_static("text/html"));
                Reply { status: StatusCode::OK, headers, body: "ok".into() }
            }
            Err((status, code)) => json_reply(status, &json!({"ok": false, "error": code})),
        }
    }

    /// How often a response URL was used.
    #[must_use]
    pub fn answers_at(&self, url: &str) -> u32 {
        let id = url.rsplit('/').next().unwrap_or_default();
        self.lock().state.response_urls.get(id).map_or(0, |url| url.uses)
    }

    fn respond(&self, id: &str, call: &Call) -> Result<(), (StatusCode, String)> {
        if call.method != http::Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed".to_owned()));
        }
        let url = self.use_up(id).map_err(|code| (StatusCode::NOT_FOUND, code.to_owned()))?;
        let body = read(call).ok_or((StatusCode::BAD_REQUEST, "invalid_payload".to_owned()))?;
        let refused = |refusal: Refusal| (StatusCode::BAD_REQUEST, refusal.code().to_owned());
        let truthy = |name: &str| body[name] == true || body[name] == "true";
        if truthy("delete_original") {
            self.delete_original(&url);
            return Ok(());
        }
        if truthy("replace_original") && self.replace_original(&url, &body).map_err(refused)? {
            return Ok(());
        }
        if !["text", "blocks", "attachments"].iter().any(|name| body.get(*name).is_some()) {
            return Err((StatusCode::BAD_REQUEST, "no_text".to_owned()));
        }
        let ts = self.post_response(&url.user, &url.channel, url.thread_ts.as_deref(), &body).map_err(refused)?;
        if url.message_ts.is_none() {
            // A slash command has no message of its own: the first answer is the original that later ones replace.
            self.lock().change(Change::ResponseUrl(ResponseUrl { message_ts: Some(ts), ..url }));
        }
        Ok(())
    }

    fn use_up(&self, id: &str) -> Result<ResponseUrl, &'static str> {
        let mut store = self.lock();
        let mut url = store.state.response_urls.get(id).cloned().ok_or("no_such_url")?;
        if self.shared.clock.now().duration_since(url.issued) >= LIFE {
            return Err("expired_url");
        }
        if url.uses >= USES {
            return Err("used_url");
        }
        url.uses += 1;
        store.change(Change::ResponseUrl(url.clone()));
        Ok(url)
    }

    fn delete_original(&self, url: &ResponseUrl) {
        let mut store = self.lock();
        let original = url.message_ts.as_ref().and_then(|ts| store.state.message(Some(&url.channel), ts)).cloned();
        if let Some(mut original) = original {
            original.deleted = true;
            store.change(Change::Message(original));
        }
    }

    /// Puts the answer in the place of the message that was pressed; says whether there was one.
    fn replace_original(&self, url: &ResponseUrl, body: &Value) -> Result<bool, Refusal> {
        let mut content = Content::of_json(body)?;
        let mut store = self.lock();
        let original = url.message_ts.as_ref().and_then(|ts| store.state.message(Some(&url.channel), ts)).cloned();
        let Some(mut original) = original.filter(|original| !original.deleted) else { return Ok(false) };
        content.blocks = Some(content.blocks.unwrap_or_default());
        content.fill(&mut original, &mut store.state);
        let ts = store.state.next_ts(self.shared.clock.now());
        original.edited = original.visible_to.is_none().then(|| Edited { user: self.workspace.bot_user_id.clone(), ts });
        store.change(Change::Message(original));
        Ok(true)
    }
}

/// The body: JSON, or a form with JSON in `payload`.
fn read(call: &Call) -> Option<Value> {
    if let Ok(body @ Value::Object(_)) = serde_json::from_slice(&call.body) {
        return Some(body);
    }
    let (_, payload) = form_urlencoded::parse(&call.body).find(|(name, _)| name == "payload")?;
    serde_json::from_str(&payload).ok().filter(Value::is_object)
}
