//! The part of Block Kit that our messages and forms are made of. Serializes to Slack's JSON as it is.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::Mrkdwn;

/// A whole message. The text is what phones, notifications and screen readers show; it is never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Message {
    /// The fallback.
    pub text: Mrkdwn,
    /// The layout; empty: the text alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
}

impl Message {
    /// One sentence.
    #[must_use]
    pub fn sentence(text: Mrkdwn) -> Self {
        Self { text, blocks: Vec::new() }
    }
}

/// A block of a message or a form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// A title; plain text, 150 characters at most.
    Header {
        /// The title.
        text: Plain,
    },
    /// A paragraph; 3,000 characters at most.
    Section {
        /// The paragraph.
        #[serde(serialize_with = "mrkdwn_object")]
        text: Mrkdwn,
        /// A button at its side.
        #[serde(skip_serializing_if = "Option::is_none")]
        accessory: Option<Element>,
    },
    /// Short facts in two columns; ten at most.
    #[serde(rename = "section")]
    Fields {
        /// The facts.
        #[serde(serialize_with = "mrkdwn_objects")]
        fields: Vec<Mrkdwn>,
    },
    /// Small print.
    Context {
        /// Its parts; ten at most.
        #[serde(serialize_with = "mrkdwn_objects")]
        elements: Vec<Mrkdwn>,
    },
    /// A rule.
    Divider {},
    /// Buttons.
    Actions {
        /// Unique in the message.
        block_id: String,
        /// The buttons; 25 at most.
        elements: Vec<Element>,
    },
    /// A question in a form.
    Input {
        /// The handle that the answer comes back under; unique in the form.
        block_id: String,
        /// The question.
        label: Plain,
        /// The field.
        element: Element,
        /// A hint below the field.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<Plain>,
        /// Whether it may be left empty.
        optional: bool,
    },
}

/// Blocks of a message.
const MAX_BLOCKS: usize = 50;
/// Characters of a message. Slack refuses more than about 13,200; the client makes a second message beyond 12,000.
const MAX_MESSAGE: usize = 11_500;
/// Characters of a header.
const MAX_TITLE: usize = 150;
/// Characters of a button's text.
const MAX_BUTTON: usize = 75;
/// Characters of a paragraph; Slack takes 3,000.
const MAX_PARAGRAPH: usize = 2_900;

/// Lines put together into texts that fit a block each.
fn packed(lines: impl IntoIterator<Item = Mrkdwn>) -> Vec<Mrkdwn> {
    let mut texts: Vec<Mrkdwn> = Vec::new();
    for piece in lines.into_iter().flat_map(|line| line.pieces(MAX_PARAGRAPH)).filter(|piece| !piece.as_str().is_empty()) {
        match texts.last_mut() {
            Some(last) if last.length() + 1 + piece.length() <= MAX_PARAGRAPH => *last = Mrkdwn::join([last.clone(), piece], "\n"),
            _ => texts.push(piece),
        }
    }
    texts
}

impl Block {
    /// A paragraph.
    #[must_use]
    pub fn paragraph(text: Mrkdwn) -> Self {
        Self::Section { text, accessory: None }
    }

    /// A title. What is longer than Slack takes is cut: whatever must be read in full stands in a paragraph too.
    #[must_use]
    pub fn title(text: impl Into<String>) -> Self {
        Self::Header { text: Plain::short(&text.into(), MAX_TITLE) }
    }

    /// Lines as paragraphs, as few as hold them. A line that is too long for one goes on in the next.
    #[must_use]
    pub fn paragraphs(lines: impl IntoIterator<Item = Mrkdwn>) -> Vec<Self> {
        packed(lines).into_iter().map(Self::paragraph).collect()
    }

    /// Lines as small print, as few blocks as hold them.
    #[must_use]
    pub fn small_prints(lines: impl IntoIterator<Item = Mrkdwn>) -> Vec<Self> {
        packed(lines).into_iter().map(Self::small_print).collect()
    }

    /// Whether all of these go into one message: an edited one has no second to go on in.
    pub(super) fn fit(blocks: &[Self]) -> bool {
        blocks.len() <= MAX_BLOCKS && blocks.iter().map(Self::length).sum::<usize>() <= MAX_MESSAGE
    }

    /// How many characters its texts have together.
    fn length(&self) -> usize {
        match self {
            Self::Header { text } => text.0.chars().count(),
            Self::Section { text, .. } => text.length(),
            Self::Fields { fields } => fields.iter().map(Mrkdwn::length).sum(),
            Self::Context { elements } => elements.iter().map(Mrkdwn::length).sum(),
            Self::Divider {} | Self::Input { .. } => 0,
            Self::Actions { elements, .. } => elements.len() * MAX_BUTTON,
        }
    }

    /// One line of small print.
    #[must_use]
    pub fn small_print(text: Mrkdwn) -> Self {
        Self::Context { elements: vec![text] }
    }
}

/// Something to press or to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Element {
    /// A button.
    Button {
        /// The stable handle: `approve`, `deny`, `cancel`, `retry`, `skip`, `open`, …
        action_id: String,
        /// What it says; 75 characters at most.
        text: Plain,
        /// An opaque id of ours, looked up again when it comes back. Never a parameter.
        value: String,
        /// How it stands out.
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<Style>,
    },
    /// A line to type.
    PlainTextInput {
        /// The handle.
        action_id: String,
        /// What stands there at first.
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_value: Option<String>,
        /// A gray example.
        #[serde(skip_serializing_if = "Option::is_none")]
        placeholder: Option<Plain>,
        /// Several lines.
        multiline: bool,
    },
    /// One of up to 100 choices.
    StaticSelect {
        /// The handle.
        action_id: String,
        /// The choices.
        options: Vec<Choice>,
        /// The one chosen at first.
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_option: Option<Choice>,
    },
}

impl Element {
    /// A button with one of the stable handles; `value` is an id of ours.
    #[must_use]
    pub fn button(action_id: &str, text: &str, value: &str, style: Option<Style>) -> Self {
        Self::Button { action_id: action_id.to_owned(), text: Plain::short(text, MAX_BUTTON), value: value.to_owned(), style }
    }
}

/// How a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Green.
    Primary,
    /// Red.
    Danger,
}

/// A choice of a select.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Choice {
    /// What it says; 75 characters at most.
    pub text: Plain,
    /// What comes back; 150 characters at most.
    pub value: String,
}

/// Plain text: nothing in it is markup.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plain(pub String);

impl Plain {
    /// Text of at most `most` characters, with `…` for what is left out; control characters and those that turn the writing
    /// direction are marked.
    #[must_use]
    pub fn short(text: &str, most: usize) -> Self {
        let clean = |character: char| match character {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            control if control.is_control() => '\u{fffd}',
            plain => plain,
        };
        let mut short: String = text.chars().take(most).map(clean).collect();
        if text.chars().count() > most {
            short.pop();
            short.push('…');
        }
        Self(short)
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(3))?;
        object.serialize_entry("type", "plain_text")?;
        object.serialize_entry("text", &self.0)?;
        object.serialize_entry("emoji", &true)?;
        object.end()
    }
}

/// A form in a window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Form {
    /// Which form it is: `restore`, `approval_phrase`, …
    pub callback: String,
    /// Its title; 24 characters at most.
    pub title: String,
    /// The name of the deed on the submit button; absent: nothing to submit.
    pub submit: Option<String>,
    /// An opaque id of ours that comes back with it. Never a parameter.
    pub reference: String,
    /// The questions.
    pub blocks: Vec<Block>,
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("type", "modal")?;
        object.serialize_entry("callback_id", &self.callback)?;
        object.serialize_entry("title", &Plain(self.title.clone()))?;
        if let Some(submit) = &self.submit {
            object.serialize_entry("submit", &Plain(submit.clone()))?;
        }
        object.serialize_entry("close", &Plain("Close".to_owned()))?;
        object.serialize_entry("private_metadata", &self.reference)?;
        object.serialize_entry("blocks", &self.blocks)?;
        object.end()
    }
}

#[derive(Serialize)]
struct MrkdwnObject<'a> {
    r#type: &'static str,
    text: &'a Mrkdwn,
    /// Host names and channel names in the text stay text.
    verbatim: bool,
}

impl<'a> MrkdwnObject<'a> {
    fn new(text: &'a Mrkdwn) -> Self {
        Self { r#type: "mrkdwn", text, verbatim: true }
    }
}

fn mrkdwn_object<S: Serializer>(text: &Mrkdwn, serializer: S) -> Result<S::Ok, S::Error> {
    MrkdwnObject::new(text).serialize(serializer)
}

fn mrkdwn_objects<S: Serializer>(texts: &[Mrkdwn], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(MrkdwnObject::new))
}
