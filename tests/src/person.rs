use mayday_local::slack::{Act, Impossible};
use serde_json::{Map, Value, json};

use crate::{Card, Form, Message, Stage, Told, stage::CHANNEL};

/// Somebody in front of Slack.
#[derive(Clone)]
pub struct Person<'a> {
    stage: &'a Stage,
    /// The Slack user id.
    pub id: String,
    /// The name in the plan.
    pub name: String,
}

impl<'a> Person<'a> {
    pub(crate) fn new(stage: &'a Stage, id: &str, name: &str) -> Self {
        Self { stage, id: id.to_owned(), name: name.to_owned() }
    }

    /// Types a command into the recovery channel.
    pub async fn types(&self, text: &str) -> Told {
        self.types_in(CHANNEL, text).await
    }

    /// Types a command somewhere else: `dm` is the conversation with the bot.
    pub async fn types_in(&self, channel: &str, text: &str) -> Told {
        self.does(json!({"do": "command", "channel": channel, "text": text})).await
    }

    /// Presses a button of a message.
    pub async fn presses(&self, action: &str, on: &Message) -> Told {
        self.does(json!({"do": "click", "channel": on.channel(), "message_ts": on.ts(), "action_id": action})).await
    }

    /// Presses a button that the message had when this person's screen last showed it.
    pub async fn presses_what_was(&self, action: &str, on: &Message) -> Told {
        self.does(json!({"do": "click", "channel": on.channel(), "message_ts": on.ts(), "action_id": action, "stale": true})).await
    }

    /// Sends a form.
    pub async fn submits(&self, form: &Form, values: &[(&str, &str)]) -> Told {
        let values: Map<String, Value> = values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        self.does(json!({"do": "submit", "view_id": form.id(), "values": values})).await
    }

    /// Approves: presses the button, types the phrase.
    pub async fn approves(&self, card: &Card) -> Told {
        let form = self.opens_approval(&card.message).await;
        self.types_phrase(&form).await
    }

    /// Presses the button that shows the form: again, where a bot that had to begin let the trigger's three seconds go by.
    pub async fn opens_approval(&self, on: &Message) -> Form {
        let mut told = self.presses("approve", on).await;
        for _ in 0..3 {
            if told.forms.is_empty() {
                told = self.presses("approve", on).await;
            }
        }
        told.form()
    }

    /// Sends the form with its phrase: again, where a door that had to begin could not read its keys in time.
    pub async fn types_phrase(&self, form: &Form) -> Told {
        let phrase = form.phrase();
        let mut told = self.submits(form, &[("phrase", &phrase)]).await;
        for _ in 0..3 {
            if told.status == Some(503) {
                told = self.submits(form, &[("phrase", &phrase)]).await;
            }
        }
        told
    }

    /// Uses a shortcut, on a message or from anywhere.
    pub async fn uses(&self, shortcut: &str, on: Option<&Message>) -> Told {
        let mut what = json!({"do": "shortcut", "callback_id": shortcut});
        if let Some(on) = on {
            what["channel"] = json!(on.channel());
            what["message_ts"] = json!(on.ts());
        }
        self.does(what).await
    }

    /// Opens the app's home tab.
    pub async fn opens_home(&self) -> Told {
        self.does(json!({"do": "open_home"})).await
    }

    async fn does(&self, mut what: Value) -> Told {
        what["as"] = json!(self.id);
        // It is over as soon as all is quiet; on a slow machine that takes long.
        what["settle_ms"] = json!(60_000);
        let act: Act = serde_json::from_value(what.clone()).unwrap();
        let outcome = match self.stage.stack.slack().act(act).await {
            Ok(outcome) => outcome,
            Err(Impossible(why)) => panic!("{} can't do {what}: {why}\n{}", self.name, self.stage.picture()),
        };
        let of_mine = |view: &Value| view["user"] == self.id.as_str() || view["user"].is_null();
        Told {
            status: outcome.status,
            error: outcome.error,
            messages: outcome.messages.into_iter().map(Message).collect(),
            forms: outcome.views.into_iter().filter(of_mine).map(Form).collect(),
        }
    }
}
