use serde_json::Value;

/// A message as Slack has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message(pub Value);

impl Message {
    /// Its channel.
    #[must_use]
    pub fn channel(&self) -> &str {
        self.0["channel"].as_str().unwrap_or_default()
    }

    /// Its timestamp, which is its id.
    #[must_use]
    pub fn ts(&self) -> &str {
        self.0["ts"].as_str().unwrap_or_default()
    }

    /// The thread that it stands in, if it is a reply.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.0["thread_ts"].as_str().filter(|thread| *thread != self.ts())
    }

    /// The only person who sees it.
    #[must_use]
    pub fn only_for(&self) -> Option<&str> {
        self.0["visible_to"].as_str()
    }

    /// Whether it was taken away.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.0["deleted"] == true
    }

    /// Everything that can be read in it.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = self.0["text"].as_str().unwrap_or_default().to_owned();
        texts(&self.0["blocks"], &mut words);
        words
    }

    /// Whether it says all of these.
    #[must_use]
    pub fn says(&self, wanted: &[&str]) -> bool {
        let words = self.words();
        wanted.iter().all(|wanted| words.contains(wanted))
    }

    /// Whether it has a button.
    #[must_use]
    pub fn has_button(&self, action: &str) -> bool {
        self.value_of(action).is_some()
    }

    /// The opaque id that a button carries.
    #[must_use]
    pub fn value_of(&self, action: &str) -> Option<String> {
        button(&self.0["blocks"], action)
    }
}

/// A form as Slack shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Form(pub Value);

impl Form {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// Everything that can be read in it.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = self.0["title"]["text"].as_str().unwrap_or_default().to_owned();
        texts(&self.0["blocks"], &mut words);
        words
    }

    /// The phrase to type: it stands alone in a code span.
    #[must_use]
    pub fn phrase(&self) -> String {
        let blocks = self.0["blocks"].as_array().cloned().unwrap_or_default();
        let alone = |block: &Value| {
            let text = block["text"]["text"].as_str()?.trim();
            let inner = text.strip_prefix('`')?.strip_suffix('`')?;
            (!inner.contains('`')).then(|| inner.to_owned())
        };
        blocks.iter().find_map(alone).unwrap_or_else(|| panic!("no phrase stands alone in {}", self.words()))
    }

    /// Whether it has a field.
    #[must_use]
    pub fn asks_for(&self, field: &str) -> bool {
        self.0["blocks"].as_array().is_some_and(|blocks| blocks.iter().any(|block| block["element"]["action_id"] == field))
    }
}

/// The message on which people decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The message as it was when it was found.
    pub message: Message,
    /// The proposal's id.
    pub proposal: String,
}

impl Card {
    /// The id of the run that it becomes.
    #[must_use]
    pub fn run(&self) -> String {
        self.proposal.replacen("p-", "r-", 1)
    }
}

/// What came of what a person did.
#[derive(Debug, Clone)]
pub struct Told {
    /// The bot's HTTP status.
    pub status: Option<u16>,
    /// What Slack would show as an error of its own.
    pub error: Option<String>,
    /// The messages that changed.
    pub messages: Vec<Message>,
    /// The forms that changed.
    pub forms: Vec<Form>,
}

impl Told {
    /// The card that was posted.
    #[must_use]
    pub fn card(&self) -> Card {
        self.find_card().unwrap_or_else(|| panic!("no card was posted: {}", self.words()))
    }

    /// The card, if one was posted.
    #[must_use]
    pub fn find_card(&self) -> Option<Card> {
        self.messages.iter().find_map(|message| {
            let proposal = message.value_of("approve")?;
            Some(Card { message: message.clone(), proposal })
        })
    }

    /// The form that is open now.
    #[must_use]
    pub fn form(&self) -> Form {
        self.forms.last().cloned().unwrap_or_else(|| panic!("no form: {}", self.words()))
    }

    /// What was said to the person alone: ephemeral messages, forms, and direct messages of the bot.
    #[must_use]
    pub fn whispered(&self) -> String {
        let alone = self.messages.iter().filter(|message| message.only_for().is_some()).map(Message::words);
        let forms = self.forms.iter().map(Form::words);
        alone.chain(forms).collect::<Vec<_>>().join("\n")
    }

    /// Everything that was said.
    #[must_use]
    pub fn words(&self) -> String {
        let words = self.messages.iter().map(Message::words).chain(self.forms.iter().map(Form::words));
        words.chain(self.error.clone()).collect::<Vec<_>>().join("\n")
    }

    /// The run that this person is told of.
    #[must_use]
    pub fn run(&self) -> String {
        let words = self.whispered();
        // `r-` and a ULID.
        let starts = words.match_indices("r-").map(|(at, _)| words[at..].chars().take(28).collect::<String>());
        let mut ids = starts.filter(|id| id.len() == 28 && id[2..].chars().all(|letter| letter.is_ascii_alphanumeric()));
        ids.next().unwrap_or_else(|| panic!("no run is named: {words}"))
    }
}

fn texts(value: &Value, words: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "text" => {
                        words.push('\n');
                        words.push_str(text);
                    }
                    _ => texts(value, words),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, words)),
        _ => {}
    }
}

fn button(blocks: &Value, action: &str) -> Option<String> {
    match blocks {
        Value::Object(fields) if fields.get("action_id").is_some_and(|id| id == action) => Some(fields.get("value")?.as_str()?.to_owned()),
        Value::Object(fields) => fields.values().find_map(|value| button(value, action)),
        Value::Array(values) => values.iter().find_map(|value| button(value, action)),
        _ => None,
    }
}
