//! Names that people type: what may stand in one, and how one is shown that may hold anything.

use std::fmt;

use super::LONGEST_REASON;
use crate::failure::Refusal;

/// The longest name, in characters: an ARN of a snapshot fits.
const LONGEST: usize = 255;

/// How much of a text is quoted back, in characters as shown.
const QUOTED: usize = 60;

/// Checks a name as typed. It is neither mended nor folded: resource names are exact.
///
/// # Errors
/// A character that can't be seen or that looks like another one, with its name; something picked from a list of people.
pub(super) fn checked(text: &str) -> Result<String, Refusal> {
    if text.starts_with(['@', '#']) || text.contains(['<', '>']) {
        return Err(Refusal::new(format!("{} is a person, a group or a channel, not a name.", shown(text)))
            .instead("Type the name as it stands in the plan."));
    }
    if text.starts_with('-') {
        return Err(Refusal::new(format!("{} is no name: it begins with a dash.", shown(text))));
    }
    if text.chars().count() > LONGEST {
        return Err(Refusal::new(format!("{} is too long for a name: {LONGEST} characters are the most.", shown(text))));
    }
    match text.chars().find_map(|character| trap(character).map(|what| (character, what))) {
        None => Ok(text.to_owned()),
        Some((character, what)) => Err(Refusal::new(format!("There is {what} (U+{:04X}) in {}.", u32::from(character), shown(text)))
            .instead("Type the name by hand, with plain characters.")),
    }
}

/// For clap: a value that has to be a name.
pub(super) fn value(text: &str) -> Result<String, Refused> {
    checked(text).map_err(Refused)
}

/// For clap: a reason, which may say anything that a card has room for.
pub(super) fn reason(text: &str) -> Result<String, Refused> {
    if text.chars().count() > LONGEST_REASON {
        let refusal = Refusal::new(format!("The reason is too long: {LONGEST_REASON} characters are the most."));
        return Err(Refused(refusal.instead("Shorten it; the whole story goes into the thread.")));
    }
    Ok(text.to_owned())
}

/// A refusal on its way through clap.
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) Refusal);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

/// What is wrong with a character in a name.
fn trap(character: char) -> Option<&'static str> {
    match character {
        _ if is_invisible(character) => Some("an invisible character"),
        _ if character.is_control() => Some("a control character"),
        _ if character != '-' && is_dash(character) => Some("a long dash"),
        '`' => Some("a backtick"),
        '"' | '\u{201c}'..='\u{201f}' | '«' | '»' => Some("a quotation mark"),
        _ => None,
    }
}

/// Whether a character is any of the dashes that keyboards put for `-` and `--`.
pub(super) fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2e3a}' | '\u{2e3b}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// Whether a character takes no room or turns the direction of what follows: zero-width, bidirectional, soft hyphen, fillers, tags.
///
/// Source: Unicode's `Default_Ignorable_Code_Point`, and the interlinear annotations.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A text in quotation marks, cut to a readable length, in which nothing can hide: what can't be seen, and in mixed scripts all that
/// is not ASCII, is written as its code point.
#[must_use]
pub fn shown(text: &str) -> String {
    let spell = is_mixed(text);
    let mut out = String::from("“");
    let mut room = QUOTED;
    for character in text.chars() {
        let hidden = is_invisible(character) || character.is_control() || (character.is_whitespace() && character != ' ');
        let part =
            if hidden || (spell && !character.is_ascii()) { format!("\\u{{{:04x}}}", u32::from(character)) } else { character.to_string() };
        let Some(left) = room.checked_sub(part.chars().count()) else {
            out.push('…');
            break;
        };
        room = left;
        out.push_str(&part);
    }
    out.push('”');
    out
}

/// Whether any word has letters of ASCII beside letters that are not Latin: `prоd` with a Cyrillic о.
#[must_use]
pub fn is_mixed(text: &str) -> bool {
    // Latin letters with accents end at U+024F, and go on in the additions at U+1E00.
    let foreign = |c: char| c.is_alphabetic() && u32::from(c) > 0x24f && !matches!(c, '\u{1e00}'..='\u{1eff}');
    text.split_whitespace().any(|word| word.contains(|letter: char| letter.is_ascii_alphabetic()) && word.contains(foreign))
}
