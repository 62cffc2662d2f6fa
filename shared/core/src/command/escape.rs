//! Slack's own escapes: three entities, and what stands between angle brackets.
//!
//! Slack writes what a person picked or what it recognized as `<…>`, and a `<` that the person typed as `&lt;`: a raw
//! bracket is Slack's, a decoded one is only text. Source: <https://docs.slack.dev/messaging/formatting-message-text>.

use super::name;
use crate::failure::Refusal;

/// What a person picked from one of Slack's lists. The id counts; the label beside it is anybody's to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// A person: `U…` or `W…`.
    Person,
    /// A channel: `C…`.
    Channel,
    /// A user group: `S…`.
    Group,
}

impl Mention {
    /// The escape that Slack writes for it, without the label.
    #[must_use]
    pub fn escape(self, id: &str) -> String {
        match self {
            Self::Person => format!("<@{id}>"),
            Self::Channel => format!("<#{id}>"),
            Self::Group => format!("<!subteam^{id}>"),
        }
    }

    /// The id in such an escape.
    #[must_use]
    pub fn id_of(self, escape: &str) -> Option<&str> {
        let open = match self {
            Self::Person => "<@",
            Self::Channel => "<#",
            Self::Group => "<!subteam^",
        };
        escape.strip_prefix(open)?.strip_suffix('>')
    }
}

/// One character as it was typed, or something picked from a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Glyph {
    Char(char),
    Mention(Mention, String),
}

/// The decoded text, and in how many looks at a character it was decoded: tests hold it to a multiple of the length.
pub(super) struct Decoded {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) steps: usize,
}

/// Decodes entities once and Slack's brackets; links become what the person typed.
pub(super) fn decode(text: &str) -> Result<Decoded, Refusal> {
    let mut decoded = Decoded { glyphs: Vec::with_capacity(text.len()), steps: 0 };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '&' => entity(rest, &mut decoded),
            '<' => bracket(rest, &mut decoded)?,
            _ => None,
        };
        let taken = taken.unwrap_or_else(|| {
            decoded.glyphs.push(Glyph::Char(first));
            first.len_utf8()
        });
        decoded.steps += 1;
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(decoded)
}

const ENTITIES: [(&str, char); 3] = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];

/// Takes an entity and says how many bytes it was long. What it decodes to isn't looked at again: `&amp;lt;` is `&lt;`.
fn entity(rest: &str, decoded: &mut Decoded) -> Option<usize> {
    let (entity, character) = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity))?;
    decoded.glyphs.push(Glyph::Char(*character));
    Some(entity.len())
}

/// Takes a bracket of Slack's and says how many bytes it was long; `None`: this one is only a character.
fn bracket(rest: &str, decoded: &mut Decoded) -> Result<Option<usize>, Refusal> {
    let inside = rest.get(1..).unwrap_or_default();
    // The next opening bracket ends the search, so that no character is looked at by more than one search.
    let end = inside.find(['>', '<', '\n']);
    decoded.steps += end.unwrap_or(inside.len());
    let Some((content, _)) = end.and_then(|end| inside.split_at_checked(end)).filter(|(_, after)| after.starts_with('>')) else {
        return Ok(None);
    };
    let (target, label) = match content.split_once('|') {
        Some((target, label)) => (target, Some(unescape(label))),
        None => (content, None),
    };
    let Some(glyphs) = meaning(&unescape(target), label.as_deref())? else { return Ok(None) };
    decoded.glyphs.extend(glyphs);
    Ok(Some(content.len() + 2))
}

/// What a bracket means; `None`: nothing that Slack writes.
fn meaning(target: &str, label: Option<&str>) -> Result<Option<Vec<Glyph>>, Refusal> {
    let mention = |kind, id: &str| is_id(id).then(|| vec![Glyph::Mention(kind, id.to_owned())]);
    if let Some(id) = target.strip_prefix('@') {
        return Ok(mention(Mention::Person, id));
    }
    if let Some(id) = target.strip_prefix('#') {
        return Ok(mention(Mention::Channel, id));
    }
    if let Some(id) = target.strip_prefix("!subteam^") {
        return Ok(mention(Mention::Group, id));
    }
    if let Some(special) = target.strip_prefix('!') {
        // `<!channel>` and its kin: inert text from here on, since only our own messages may call anybody.
        let word = special.split('^').next().unwrap_or_default();
        return Ok(Some(characters(&format!("@{word}"))));
    }
    if let Some(address) = target.strip_prefix("mailto:") {
        return if label.is_none_or(|label| label == address) { Ok(Some(characters(address))) } else { Err(disguised(label, address)) };
    }
    if let Some(number) = target.strip_prefix("tel:") {
        let digits = dialed(number);
        return if label.is_none_or(|label| dialed(label) == digits) {
            Ok(Some(characters(&digits)))
        } else {
            Err(disguised(label, number))
        };
    }
    let Some((scheme, bare)) = target.split_once("://").filter(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric())) else {
        return Ok(None);
    };
    if scheme.is_empty() || bare.is_empty() {
        return Ok(None);
    }
    match label {
        None => Ok(Some(characters(target))),
        Some(label) if label == target || same_address(label, bare) => Ok(Some(characters(label))),
        Some(_) => Err(disguised(label, target)),
    }
}

/// Whether a label is the address itself, as it is when Slack made the link from what was typed: host in any case, the rest exact.
fn same_address(label: &str, bare: &str) -> bool {
    let halves = |address: &str| {
        let address = address.strip_suffix('/').unwrap_or(address);
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        (host.to_ascii_lowercase(), path.to_owned())
    };
    halves(label) == halves(bare)
}

fn disguised(label: Option<&str>, target: &str) -> Refusal {
    let shown = name::shown(label.unwrap_or_default());
    Refusal::new(format!("A link says {shown}, but leads to {}.", name::shown(target))).instead("Type it as plain text.")
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 32 && id.chars().all(|character| character.is_ascii_alphanumeric())
}

fn dialed(number: &str) -> String {
    number.chars().filter(|character| character.is_ascii_digit() || *character == '+').collect()
}

fn characters(text: &str) -> Vec<Glyph> {
    text.chars().map(Glyph::Char).collect()
}

/// Decodes the three entities once.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
