//! The Web API: who calls, what with, and one function for each method.

mod arguments;
mod chat;
mod conversations;
mod files;
mod people;
mod views;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

pub(crate) use arguments::Arguments;
pub(crate) use chat::Content;
pub(crate) use files::mimetype;

use super::{Slack, json_reply, limits};
use crate::service::{Call, Reply};

/// Why Slack refuses a call.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    /// What is wrong in detail, each with its JSON pointer.
    findings: Vec<String>,
}

impl Refusal {
    /// Invalid blocks or views, with what is wrong with them.
    pub(crate) fn with(code: &'static str, findings: limits::Findings) -> Self {
        Self { code, findings: findings.0 }
    }

    /// Slack's word for it.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    fn body(&self) -> Value {
        if self.findings.is_empty() {
            return json!({"ok": false, "error": self.code});
        }
        let messages: Vec<_> = self.findings.iter().map(|finding| format!("[ERROR] {finding}")).collect();
        json!({"ok": false, "error": self.code, "errors": self.findings, "response_metadata": {"messages": messages}})
    }
}

impl From<&'static str> for Refusal {
    fn from(code: &'static str) -> Self {
        Self { code, findings: Vec::new() }
    }
}

/// A method's answer without its `ok`.
pub(crate) type Answer = Result<Value, Refusal>;

impl Slack {
    /// Answers one call of the Web API.
    pub(crate) fn answer(&self, call: &Call) -> Reply {
        let arguments = Arguments::of(call);
        let mut body = match self.method(&call.operation, &arguments) {
            Ok(mut body) => {
                if let Some(fields) = body.as_object_mut() {
                    fields.insert("ok".to_owned(), json!(true));
                }
                body
            }
            Err(refusal) => refusal.body(),
        };
        if arguments.charset_missing
            && let Some(fields) = body.as_object_mut()
        {
            fields.insert("warning".to_owned(), json!("missing_charset"));
        }
        let mut reply = json_reply(StatusCode::OK, &body);
        // What every answer of Slack's says: what the token may, and what time it is there.
        let now = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.shared.clock.now());
        for (name, text) in [("x-oauth-scopes", self.workspace.scopes.join(",")), ("date", now.unwrap_or_default())] {
            reply.headers.extend(HeaderValue::from_str(&text).ok().map(|value| (HeaderName::from_static(name), value)));
        }
        reply
    }

    fn method(&self, name: &str, arguments: &Arguments) -> Answer {
        if name == "api.test" {
            return api_test(arguments);
        }
        if arguments.unreadable {
            return Err("invalid_json".into());
        }
        match arguments.token.as_deref() {
            None | Some("") => return Err("not_authed".into()),
            Some(token) if token != self.workspace.bot_token => return Err("invalid_auth".into()),
            Some(_) => {}
        }
        match name {
            "auth.test" => Ok(self.auth_test()),
            "bots.info" => self.bots_info(arguments),
            "team.info" => Ok(self.team_info()),
            "chat.postMessage" => self.post_message(arguments),
            "chat.postEphemeral" => self.post_ephemeral(arguments),
            "chat.update" => self.update_message(arguments),
            "chat.delete" => self.delete_message(arguments),
            "chat.getPermalink" => self.permalink(arguments),
            "reactions.add" => self.add_reaction(arguments),
            "conversations.list" => self.list_conversations(arguments),
            "conversations.info" => self.conversation_info(arguments),
            "conversations.history" => self.history(arguments),
            "conversations.replies" => self.replies(arguments),
            "conversations.open" => self.open_conversation(arguments),
            "conversations.members" => self.members(arguments),
            "conversations.join" => self.join(arguments),
            "conversations.create" => self.create_conversation(arguments),
            "conversations.invite" => self.invite(arguments),
            "conversations.archive" => self.archive(arguments),
            "users.info" => self.user_info(arguments),
            "users.list" => Ok(self.user_list()),
            "users.lookupByEmail" => self.lookup_by_email(arguments),
            "usergroups.list" => Ok(self.group_list()),
            "usergroups.users.list" => self.group_members(arguments),
            "views.open" => self.open_view(arguments),
            "views.push" => self.push_view(arguments),
            "views.update" => self.update_view(arguments),
            "views.publish" => self.publish_view(arguments),
            "files.getUploadURLExternal" => self.upload_url(arguments),
            "files.completeUploadExternal" => self.complete_upload(arguments),
            _ => Err("unknown_method".into()),
        }
    }
}

fn api_test(arguments: &Arguments) -> Answer {
    if arguments.text("error").is_some() {
        return Err("from_your_request".into());
    }
    Ok(json!({"args": arguments.given()}))
}
