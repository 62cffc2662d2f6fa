use mayday_local::slack::signature;
use serde_json::{Value, json};

use crate::{Stage, stage::CHANNEL};

/// Fewer invocations than this leave a machine of few cores time to begin another.
const FEW: usize = 8;

/// What the bot's door answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// A request to the bot, signed by the tester's own hand.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The path.
    pub path: &'static str,
    /// The body, byte for byte.
    pub body: String,
    /// The signature's time, in seconds since 1970.
    pub timestamp: String,
    /// The signature.
    pub signature: String,
}

impl Signed {
    /// The payload of an interaction.
    #[must_use]
    pub fn payload(&self) -> Value {
        let payload = form_urlencoded::parse(self.body.as_bytes()).find(|(name, _)| name == "payload").expect("a payload");
        serde_json::from_str(&payload.1).unwrap()
    }
}

impl Stage {
    /// Signs a body as Slack would now.
    #[must_use]
    pub fn sign(&self, path: &'static str, body: String) -> Signed {
        let timestamp = self.now().as_second().to_string();
        let keys = self.stack.data().secrets.current("eu-west-1", "mayday/keys").unwrap();
        let keys: Value = serde_json::from_str(&keys).unwrap();
        let signature = signature(keys["slack_signing_secret"].as_str().unwrap(), &timestamp, body.as_bytes());
        Signed { path, body, timestamp, signature }
    }

    /// Sends it; as often as wanted.
    pub async fn send(&self, signed: &Signed) -> Answer {
        self.send_again(signed, 0).await
    }

    /// Sends it with the headers of Slack's nth repetition; zero is the first time.
    pub async fn send_again(&self, signed: &Signed, retry: u32) -> Answer {
        let kind = if signed.path == "/slack/events" { "application/json" } else { "application/x-www-form-urlencoded" };
        let request = self.http.post(format!("{}{}", self.stack.url(), signed.path)).header("content-type", kind);
        let request = request.header("x-slack-request-timestamp", &signed.timestamp).header("x-slack-signature", &signed.signature);
        let request = match retry {
            0 => request,
            retry => request.header("x-slack-retry-num", retry).header("x-slack-retry-reason", "http_timeout"),
        };
        let answer = request.body(signed.body.clone()).send().await.unwrap();
        Answer { status: answer.status().as_u16(), body: answer.text().await.unwrap() }
    }

    /// Sends it until the door takes it, as Slack would: doors that all begin at once can't read their keys in time.
    pub async fn send_until_taken(&self, signed: &Signed) -> Answer {
        let mut attempt = 0;
        self.until("the door takes it", async || {
            let answer = self.send_again(signed, attempt).await;
            if answer.status != 503 {
                return Some(answer);
            }
            attempt += 1;
            self.until("few are at work", async || (self.stack.lambda().running() < FEW).then_some(())).await;
            None
        })
        .await
    }

    /// A slash command's request, with a live trigger and response URL. `edit` changes its fields before it is signed.
    pub fn command_request(&self, user: &str, text: &str, edit: impl FnOnce(&mut Vec<(&'static str, String)>)) -> Signed {
        let (trigger, respond) = self.stack.slack().mint(user, CHANNEL);
        let workspace = self.stack.slack().workspace();
        let mut fields = vec![
            ("team_id", workspace.team_id.clone()),
            ("channel_id", CHANNEL.to_owned()),
            ("channel_name", "recovery".to_owned()),
            ("user_id", user.to_owned()),
            ("user_name", "somebody".to_owned()),
            ("command", "/dr".to_owned()),
            ("text", text.to_owned()),
            ("api_app_id", workspace.app_id.clone()),
            ("is_enterprise_install", "false".to_owned()),
            ("response_url", respond),
            ("trigger_id", trigger),
        ];
        edit(&mut fields);
        self.sign("/slack/commands", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    /// An interaction's request. `payload` gets the fields that all have, unless it has them.
    #[must_use]
    pub fn interaction_request(&self, user: &str, mut payload: Value) -> Signed {
        let (trigger, respond) = self.stack.slack().mint(user, CHANNEL);
        let workspace = self.stack.slack().workspace();
        let common = json!({
            "user": {"id": user, "username": "somebody", "name": "somebody", "team_id": workspace.team_id},
            "api_app_id": workspace.app_id, "team": {"id": workspace.team_id, "domain": "x"}, "enterprise": null,
            "is_enterprise_install": false, "trigger_id": trigger, "response_url": respond,
        });
        for (name, value) in common.as_object().unwrap() {
            if payload.get(name).is_none() {
                payload[name] = value.clone();
            }
        }
        let fields = [("payload", payload.to_string())];
        self.sign("/slack/interactions", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    /// A press of a button.
    #[must_use]
    pub fn click_request(&self, user: &str, ts: &str, action: &str, value: &str) -> Signed {
        self.interaction_request(
            user,
            json!({
                "type": "block_actions",
                "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": false},
                "channel": {"id": CHANNEL, "name": "recovery"},
                "message": {"type": "message", "ts": ts, "text": ""},
                "actions": [{"type": "button", "action_id": action, "block_id": "decide", "value": value, "action_ts": "1.1",
                             "text": {"type": "plain_text", "text": "x"}}],
            }),
        )
    }

    /// A phrase sent in its form.
    #[must_use]
    pub fn phrase_request(&self, user: &str, proposal: &str, phrase: &str) -> Signed {
        let workspace = self.stack.slack().workspace();
        self.interaction_request(
            user,
            json!({
                "type": "view_submission",
                "view": {
                    "id": "V0FORGED01", "team_id": workspace.team_id, "type": "modal", "callback_id": "approval_phrase",
                    "private_metadata": proposal, "hash": "1.x", "app_id": workspace.app_id, "bot_id": "B0",
                    "title": {"type": "plain_text", "text": "Approve"}, "blocks": [],
                    "state": {"values": {"phrase": {"phrase": {"type": "plain_text_input", "value": phrase}}}},
                },
                "response_urls": [],
            }),
        )
    }

    /// Waits until every accepted request was worked off, but for those that wait for another try.
    pub async fn settle(&self) {
        let mut quiet = 0;
        self.until("the functions come to rest", async || {
            quiet = if self.stack.regions().idle() { quiet + 1 } else { 0 };
            (quiet > 4).then_some(())
        })
        .await;
    }
}
