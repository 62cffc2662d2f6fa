//! A method's arguments: form, query or JSON, with JSON inside of form fields where Slack takes it.

use serde_json::{Map, Value};

use super::Refusal;
use crate::service::Call;

/// What a caller sent.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    values: Map<String, Value>,
    /// From the `Authorization` header, else the field `token`.
    pub(super) token: Option<String>,
    /// The body said that it is JSON, and was not.
    pub(super) unreadable: bool,
    /// A JSON body without a charset: Slack warns.
    pub(super) charset_missing: bool,
}

impl Arguments {
    /// Reads the arguments of a call.
    pub(super) fn of(call: &Call) -> Self {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = header("content-type").to_ascii_lowercase();
        let mut arguments = Self::default();
        arguments.take_form(call.query.as_bytes());
        if content_type.starts_with("application/json") {
            arguments.charset_missing = !content_type.contains("charset");
            match serde_json::from_slice(&call.body) {
                Ok(Value::Object(fields)) => arguments.values.extend(fields),
                Ok(_) | Err(_) => arguments.unreadable = !call.body.is_empty(),
            }
        } else {
            arguments.take_form(&call.body);
        }
        let bearer = header("authorization").split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        arguments.token = bearer.map(|(_, token)| token.trim().to_owned()).or_else(|| arguments.text("token"));
        arguments
    }

    fn take_form(&mut self, bytes: &[u8]) {
        for (name, value) in form_urlencoded::parse(bytes) {
            self.values.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    /// What was given, without the token.
    pub(super) fn given(&self) -> Value {
        let mut given = self.values.clone();
        given.remove("token");
        Value::Object(given)
    }

    /// A text, if given and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A flag: true, "true" or "1".
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            _ => false,
        }
    }

    /// A count.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }

    /// A structure, as JSON or as a text of JSON.
    ///
    /// # Errors
    /// The given code, when it is neither.
    pub(crate) fn json(&self, name: &str, code: &'static str) -> Result<Option<Value>, Refusal> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| code.into()),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A list, as JSON, as a text of JSON.
    ///
    /// # Errors
    /// The given code, when it is something else.
    pub(crate) fn list(&self, name: &str, code: &'static str) -> Result<Option<Vec<Value>>, Refusal> {
        match self.json(name, code)? {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(code.into()),
        }
    }
}
