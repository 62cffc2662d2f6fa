//! Text that is safe to show: what people and vendors wrote is escaped by its type, and can't be anything but text.

use std::fmt::{self, Write as _};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    ident::{Actor, Identity},
    planted::{Bug, planted},
};

/// Slack's `mrkdwn`, built so that nothing interpolated can become markup, a mention or a link.
///
/// There is no way from a `String` to this type but through [`mrkdwn!`](crate::mrkdwn), which escapes. What somebody wrote is no message:
///
/// ```compile_fail,E0308
/// let reason: String = std::env::args().collect();
/// mayday_core::view::Block::paragraph(reason);
/// ```
///
/// nor does it become one where a sentence of ours is wanted,
///
/// ```compile_fail
/// let reason: String = std::env::args().collect();
/// mayday_core::mrkdwn!(reason);
/// ```
///
/// by being named inside of a sentence, past the escaping,
///
/// ```compile_fail,E0080
/// let reason: String = std::env::args().collect();
/// mayday_core::mrkdwn!("Reason: {reason}");
/// ```
///
/// or through a door of its own:
///
/// ```compile_fail
/// let reason: String = std::env::args().collect();
/// mayday_core::view::Mrkdwn(reason);
/// ```
///
/// ```compile_fail
/// let reason: &str = &std::env::args().collect::<String>();
/// mayday_core::view::Mrkdwn::filled(reason, &[]);
/// ```
///
/// Nor is there a way to read one from a file or an answer:
///
/// ```compile_fail,E0277
/// let text = serde_json::json!("<!channel>");
/// let read: mayday_core::view::Mrkdwn = serde_json::from_value(text).unwrap();
/// ```
///
/// What is meant is this:
///
/// ```
/// let reason = String::from("<!channel>");
/// assert_eq!(mayday_core::mrkdwn!("Reason: {}", reason).as_str(), "Reason: &lt;!channel&gt;");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Mrkdwn(String);

impl Mrkdwn {
    /// The text as it goes over the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Joins parts, a separator between each two.
    pub fn join(parts: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let parts: Vec<String> = parts.into_iter().map(|part| part.0).collect();
        Self(parts.join(separator))
    }

    /// How many characters it has, as Slack counts them for its limits.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }

    /// Cuts into pieces of at most `limit` characters: between lines, else between words, and never within an identifier, a
    /// mention or an escape that fits into a piece.
    #[must_use]
    pub fn pieces(&self, limit: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut rest = self.0.clone();
        while rest.chars().count() > limit {
            // One character less: a code span that must be cut is closed, and opened again in the next piece.
            let (at, in_code) = cut(&rest, limit.saturating_sub(1).max(2));
            let (head, tail) = rest.split_at_checked(at).unwrap_or((&rest, ""));
            let mark = if in_code { "`" } else { "" };
            pieces.push(Self(format!("{head}{mark}")));
            rest = format!("{mark}{}", if in_code { tail } else { tail.trim_start_matches([' ', '\n']) });
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Self(rest));
        }
        pieces
    }

    /// At most so many characters of its beginning, with `…` for what is left out: where all of it is said elsewhere.
    #[must_use]
    pub fn beginning(&self, limit: usize) -> Self {
        let mut pieces = self.pieces(limit.saturating_sub(1)).into_iter();
        match (pieces.next(), pieces.next()) {
            (Some(first), Some(_)) => Self(format!("{first}…")),
            (first, _) => first.unwrap_or_default(),
        }
    }

    /// A sentence of ours with each `{}` replaced by what stands there. For [`mrkdwn!`](crate::mrkdwn), which sees to it at compile time
    /// that there are as many of the one as of the other.
    #[doc(hidden)]
    #[must_use]
    pub fn filled(sentence: &'static str, arguments: &[&dyn Show]) -> Self {
        let mut parts = sentence.split(PLACE);
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (argument, part) in arguments.iter().zip(parts) {
            argument.show(&mut text);
            text.push_str(part);
        }
        Self(text)
    }

    /// The same, as the beginning of a sentence: an ASCII letter that it begins with becomes a capital.
    #[must_use]
    pub fn capitalized(&self) -> Self {
        let mut text = self.0.clone();
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self(text)
    }
}

/// Where an argument stands in a sentence.
const PLACE: &str = "{}";

/// How many arguments a sentence has a place for, where there is nothing else in braces: whatever is named in them would not be escaped.
#[doc(hidden)]
#[must_use]
pub const fn places(sentence: &str) -> Option<usize> {
    let mut rest = sentence.as_bytes();
    let mut places = 0;
    loop {
        rest = match rest {
            [] => return Some(places),
            [b'{', b'}', rest @ ..] => {
                places += 1;
                rest
            }
            [b'{' | b'}', ..] => return None,
            [_, rest @ ..] => rest,
        };
    }
}

/// Where a text is best cut, in bytes, and whether that is inside a code span.
fn cut(text: &str, limit: usize) -> (usize, bool) {
    let (mut line, mut space, mut safe, mut end) = (0, 0, 0, 0);
    let (mut code, mut link, mut escape) = (false, false, false);
    let mut in_code = false;
    for (at, character) in text.char_indices().take(limit + 1) {
        (end, in_code) = (at, code);
        if !code && !link && !escape && at > 0 {
            safe = at;
            match character {
                '\n' => line = at,
                ' ' => space = at,
                _ => {}
            }
        }
        match character {
            '`' => code = !code,
            '<' => link = true,
            '>' => link = false,
            '&' => escape = true,
            other if !other.is_ascii_alphanumeric() => escape = false,
            _ => {}
        }
    }
    match [line, space, safe].into_iter().find(|at| *at > 0) {
        Some(at) => (at, false),
        None => (end, in_code),
    }
}

impl fmt::Display for Mrkdwn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can stand in a message. Text is escaped; [`Mrkdwn`] and the types of this module are not, since they are safe.
pub trait Show {
    /// Appends itself.
    fn show(&self, out: &mut String);
}

impl Show for str {
    fn show(&self, out: &mut String) {
        if planted(Bug::Unescaped) {
            return out.push_str(self);
        }
        // Slack's own three; and a zero-width space before a character that could open or close a format, so that a name
        // like `*_x_*` or a backtick can't change how what follows is read. Inside a word (`orders_db`) none can.
        let mut before = ' ';
        let mut rest = self.chars().peekable();
        while let Some(character) = rest.next() {
            let inside_word = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '*' | '_' | '~' if inside_word => out.push(character),
                '*' | '_' | '~' | '`' => out.extend(['\u{200b}', character, '\u{200b}']),
                control if control.is_control() && control != '\n' => out.push('\u{fffd}'),
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
                plain => out.push(plain),
            }
            before = character;
        }
    }
}

impl Show for String {
    fn show(&self, out: &mut String) {
        self.as_str().show(out);
    }
}

impl Show for Mrkdwn {
    fn show(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self, out: &mut String) {
        (**self).show(out);
    }
}

macro_rules! show_number {
    ($($number:ty),*) => {$(
        impl Show for $number {
            fn show(&self, out: &mut String) {
                // Writing to a string can't fail.
                let _ = write!(out, "{self}");
            }
        }
    )*};
}
show_number!(u8, u16, u32, u64, usize, i32, i64);

/// Something to be read letter by letter: an identifier, a command, a phrase to type.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a>(pub &'a str);

impl Show for Code<'_> {
    fn show(&self, out: &mut String) {
        out.push('`');
        for character in self.0.chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                // A code span has no escape for its own mark.
                '`' => out.push('\u{02cb}'),
                control if control.is_control() => out.push('\u{fffd}'),
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
                plain => out.push(plain),
            }
        }
        out.push('`');
    }
}

/// A person, by mention.
impl Show for Identity {
    fn show(&self, out: &mut String) {
        out.push_str("<@");
        out.extend(self.user.chars().filter(char::is_ascii_alphanumeric));
        out.push('>');
    }
}

/// Whoever acts: a person by mention, the product by its part.
impl Show for Actor {
    fn show(&self, out: &mut String) {
        match self {
            Self::Person(identity) => identity.show(out),
            Self::System(part) => {
                out.push_str("Mayday (");
                part.show(out);
                out.push(')');
            }
        }
    }
}

/// A channel, by its id.
#[derive(Debug, Clone, Copy)]
pub struct Channel<'a>(pub &'a str);

impl Show for Channel<'_> {
    fn show(&self, out: &mut String) {
        out.push_str("<#");
        out.extend(self.0.chars().filter(char::is_ascii_alphanumeric));
        out.push('>');
    }
}

/// A moment: in the reader's zone, with UTC as what phones and screen readers fall back to.
#[derive(Debug, Clone, Copy)]
pub struct At(pub Timestamp);

impl Show for At {
    fn show(&self, out: &mut String) {
        let utc = self.0.strftime("%Y-%m-%d %H:%M:%S UTC");
        let _ = write!(out, "<!date^{}^{{time_secs}} {{date_short_pretty}}|{utc}>", self.0.as_second());
    }
}

/// A moment in both zones: the reader's own, and UTC, which is the same for all who are on the call.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

impl Show for Moment {
    fn show(&self, out: &mut String) {
        // Phones that can't render a date show the day; the time of day stands behind it anyway.
        let (day, time) = (self.0.strftime("%Y-%m-%d"), self.0.strftime("%H:%M:%S"));
        let _ = write!(out, "<!date^{}^{{time_secs}} {{date_short_pretty}}|{day}> ({time} UTC)", self.0.as_second());
    }
}

/// Our own sentences, in which commands stand between backticks: those become code, and all else is text.
#[derive(Debug, Clone, Copy)]
pub struct Prose<'a>(pub &'a str);

impl Show for Prose<'_> {
    fn show(&self, out: &mut String) {
        // Whatever a quoted name holds, it ends up as text or as code, and both are escaped.
        let mut rest = self.0;
        while let Some((before, behind)) = rest.split_once('`') {
            before.show(out);
            match behind.split_once('`').filter(|(inside, _)| is_typed(inside)) {
                Some((inside, after)) => {
                    Code(inside).show(out);
                    rest = after;
                }
                None => {
                    "`".show(out);
                    rest = behind;
                }
            }
        }
        rest.show(out);
    }
}

/// Whether this is something to type, not what stands between a stray mark and the next one.
fn is_typed(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '/' | '-')) && !text.ends_with(char::is_whitespace)
}

/// A span, as people say it: `6 min 40 s`, `2 h 05 min`, `3 d 4 h`.
#[derive(Debug, Clone, Copy)]
pub struct Span(pub SignedDuration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs().unsigned_abs();
        let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{rest} s"),
            (0, 0, _) if rest == 0 => write!(f, "{minutes} min"),
            (0, 0, _) => write!(f, "{minutes} min {rest:02} s"),
            (0, _, 0) => write!(f, "{hours} h"),
            (0, _, _) => write!(f, "{hours} h {minutes:02} min"),
            (_, 0, _) => write!(f, "{days} d"),
            _ => write!(f, "{days} d {hours} h"),
        }
    }
}

impl Show for Span {
    fn show(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

/// Shows a value; for the macro.
#[doc(hidden)]
pub fn shown(value: &(impl Show + ?Sized)) -> String {
    let mut out = String::new();
    value.show(&mut out);
    out
}

/// Builds a [`Mrkdwn`] as `format!` builds a string: the literal is trusted, every argument is shown by its type. In braces stands nothing.
#[macro_export]
macro_rules! mrkdwn {
    ($literal:literal $(, $argument:expr)* $(,)?) => {{
        const {
            let arguments: &[&str] = &[$(stringify!($argument)),*];
            assert!(
                matches!($crate::view::places($literal), Some(places) if places == arguments.len()),
                "nothing stands in braces (what is named in them is not escaped), and there are as many of them as arguments"
            );
        }
        $crate::view::Mrkdwn::filled($literal, &[$(&$argument as &dyn $crate::view::Show),*])
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_what_people_wrote_stays_text() {
        let reason = "<!channel> & <https://evil.example|Approve here> `rm` *now*";
        let shown = mrkdwn!("Reason: {}", reason);
        assert!(!shown.as_str().contains('<') && !shown.as_str().contains('>'));
        assert!(shown.as_str().starts_with("Reason: &lt;!channel&gt; &amp; &lt;https"));
        // No format mark stands next to a letter any more, so none opens or closes.
        assert!(!shown.as_str().contains("`rm") && !shown.as_str().contains("*now"));
    }

    #[test]
    fn k1_a_sentence_has_places_and_nothing_else_in_braces() {
        assert_eq!(["", "a {} b {}", "{}{}"].map(places), [Some(0), Some(2), Some(2)]);
        assert_eq!(["{x}", "{:?}", "{0}", "{{}}", "{", "}", "{} {x}"].map(places), [None; 7]);
        // What an argument holds is no place: it is not filled again.
        assert_eq!(mrkdwn!("{} and {}", "{}", 7_u32).as_str(), "{} and 7");
    }

    #[test]
    fn k1_an_identifier_can_not_leave_its_code_span() {
        let shown = mrkdwn!("{}", Code("a`b\u{202e}c\nd"));
        assert_eq!(shown.as_str(), "`aˋb\u{fffd}c\u{fffd}d`");
    }

    #[test]
    fn k1_commands_in_our_sentences_are_code_and_names_in_them_stay_text() {
        let shown = mrkdwn!("{}", Prose("No “<!here>”. `/dr backups a<b` lists them, or `not closed"));
        assert_eq!(shown.as_str(), "No “&lt;!here&gt;”. `/dr backups a&lt;b` lists them, or \u{200b}`\u{200b}not closed");
        let shown = mrkdwn!("{}", Prose("No “x`”. `/dr runs` lists them."));
        assert_eq!(shown.as_str(), "No “x\u{200b}`\u{200b}”. `/dr runs` lists them.");
    }

    #[test]
    fn k2_pieces_hold_everything_and_tear_no_identifier() {
        let digest = "0123456789abcdef".repeat(4);
        for filler in 1..90 {
            let person = Identity { org: "T1".to_owned(), user: "U123".to_owned() };
            let text = mrkdwn!("{} {} {} {}", "word ".repeat(filler), Code(&digest), person, "&");
            let pieces = text.pieces(100);
            assert!(pieces.iter().all(|piece| piece.length() <= 100), "{pieces:?}");
            for token in [format!("`{digest}`"), "<@U123>".to_owned(), "&amp;".to_owned()] {
                assert!(pieces.iter().any(|piece| piece.as_str().contains(&token)), "{token} is torn: {pieces:?}");
            }
        }
        let long = mrkdwn!("{}", Code(&"x".repeat(250)));
        let pieces = long.pieces(100);
        assert!(pieces.iter().all(|piece| piece.length() <= 100 && piece.as_str().starts_with('`') && piece.as_str().ends_with('`')));
        assert_eq!(pieces.iter().map(|piece| piece.length() - 2).sum::<usize>(), 250);
    }

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |seconds| Span(SignedDuration::from_secs(seconds)).to_string();
        assert_eq!([said(7), said(400), said(120), said(7_500), said(273_600)], ["7 s", "6 min 40 s", "2 min", "2 h 05 min", "3 d 4 h"]);
    }
}
