//! Everything that the door says.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::message::View;

/// An HTTP answer in the one shape that all three event sources understand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status_code: u16,
    /// Headers, by name in lower case.
    pub(crate) headers: BTreeMap<&'static str, &'static str>,
    /// The body's text.
    pub(crate) body: String,
    /// Never: all our answers are text.
    pub(crate) is_base64_encoded: bool,
}

impl Answer {
    fn text(status_code: u16, body: impl Into<String>) -> Self {
        // What we echo is not to be taken for a page, whoever is looking.
        let headers = BTreeMap::from([
            ("cache-control", "no-store"),
            ("content-type", "text/plain; charset=utf-8"),
            ("x-content-type-options", "nosniff"),
        ]);
        Self { status_code, headers, body: body.into(), is_base64_encoded: false }
    }

    /// Taken; nothing to show.
    pub(crate) fn taken() -> Self {
        Self::text(200, "")
    }

    /// A challenge, echoed.
    pub(crate) fn challenge(text: &str) -> Self {
        Self::text(200, text)
    }

    /// JSON for Slack to act on.
    pub(crate) fn json(body: &Value) -> Self {
        let mut answer = Self::text(200, body.to_string());
        answer.headers.insert("content-type", "application/json; charset=utf-8");
        answer
    }

    /// A signed request that makes no sense.
    pub(crate) fn bad_request() -> Self {
        Self::text(400, "bad request\n")
    }

    /// Not signed, whatever the reason.
    pub(crate) fn unauthorized() -> Self {
        Self::text(401, "unauthorized\n")
    }

    /// Signed, and not for us.
    pub(crate) fn foreign() -> Self {
        Self::text(403, "forbidden\n")
    }

    /// No such path.
    pub(crate) fn not_found() -> Self {
        Self::text(404, "not found\n")
    }

    /// Not by this method.
    pub(crate) fn method_not_allowed() -> Self {
        let mut answer = Self::text(405, "method not allowed\n");
        answer.headers.insert("allow", "POST");
        answer
    }

    /// Larger than what can be handed over.
    pub(crate) fn too_large() -> Self {
        Self::text(413, "too large\n")
    }

    /// There is no key to verify with.
    pub(crate) fn not_configured() -> Self {
        Self::text(503, "not configured\n")
    }

    /// It was signed, and did not reach the worker: the sender may send it again.
    pub(crate) fn unavailable() -> Self {
        Self::text(503, "not now\n")
    }

    /// No options for a search field.
    pub(crate) fn no_options() -> Self {
        Self::json(&json!({"options": []}))
    }

    /// The form while the worker looks: what was typed travels with the payload, and comes back with the worker's answer.
    pub(crate) fn checking(view: &View) -> Self {
        Self::json(&json!({"response_action": "update", "view": view.with_text("Checking…")}))
    }

    /// The sentence below the form's first field, so that what was typed stays; or instead of a form without a field.
    pub(crate) fn lost_form(view: &View, sentence: &str) -> Self {
        match view.first_input() {
            Some(block) => Self::json(&json!({"response_action": "errors", "errors": {block: sentence}})),
            None => Self::json(&json!({"response_action": "update", "view": view.with_text(sentence)})),
        }
    }

    /// The sentence, to whoever typed the command.
    pub(crate) fn lost_command(sentence: &str) -> Self {
        Self::json(&ephemeral(sentence))
    }
}

/// A message that only the person concerned sees.
pub(crate) fn ephemeral(sentence: &str) -> Value {
    json!({"response_type": "ephemeral", "replace_original": false, "text": sentence})
}

/// What a person reads when a command surely was lost.
pub(crate) fn lost(what: &str, reference: &str) -> String {
    format!("Mayday could not take this {what}: nothing was done. Type it again, or use the CLI. (ref {reference})")
}

/// What a person reads when nobody can tell whether it was lost.
pub(crate) fn doubtful(what: &str, reference: &str) -> String {
    format!("Mayday may not have taken this {what}. Look before you repeat it: `/dr runs` shows what is under way. (ref {reference})")
}
