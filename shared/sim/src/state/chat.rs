use std::collections::BTreeMap;

/// Something that the bot said, with all that it said in its place later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The channel, or the person.
    pub place: String,
    /// The message that it answers, in a thread.
    pub thread: Option<String>,
    /// Every version of the message as JSON; the last is what people see.
    pub versions: Vec<String>,
}

/// Everything that was said. Nothing is lost.
#[derive(Debug, Default)]
pub struct ChatLog {
    /// Messages by their timestamp.
    pub messages: BTreeMap<String, Said>,
    /// Pictures: channel, thread, and what each says to those who can't see it.
    pub pictures: Vec<(String, Option<String>, String)>,
    /// What was shown to one person only: user, text.
    pub whispers: Vec<(String, String)>,
    /// Open forms, by their id; each with all its versions.
    pub forms: BTreeMap<String, Vec<String>>,
    /// What the home tab shows, by user.
    pub homes: BTreeMap<String, String>,
    /// Triggers that opened a form.
    pub used_triggers: Vec<String>,
    /// How often each response URL was used.
    pub responses: BTreeMap<String, u32>,
}

impl ChatLog {
    /// What people see of the messages that contain a text.
    pub fn showing<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Said> {
        self.messages.values().filter(move |said| said.versions.last().is_some_and(|version| version.contains(text)))
    }
}
