//! From the text after the slash command to tokens. The text is hostile, or typed on a phone at three in the morning.
//!
//! Only whitespace, quotation marks and dashes at the beginning of a word mean anything: `#` and the apostrophe of `it's` are
//! ordinary, and there is no escape character.

use super::{
    escape::{self, Glyph, Mention},
    name,
};
use crate::failure::Refusal;

/// The longest text, in characters. Slack's own advice for a message.
pub const LONGEST_TEXT: usize = 4_000;

/// The most tokens of one text.
pub const MOST_TOKENS: usize = 400;

/// A part of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A word without whitespace.
    Word(String),
    /// What stood in quotation marks, without them. Never a flag, never a verb.
    Quoted(String),
    /// `--name`, `--name=value` or `-n`; the dashes as they should have been typed.
    Flag {
        /// With its one or two dashes.
        name: String,
        /// A word, something quoted or something picked; `None`: no `=` was typed.
        value: Option<Box<Self>>,
    },
    /// Something picked from one of Slack's lists, by its id.
    Picked(Mention, String),
}

impl Token {
    /// The token as a value: the text, or Slack's escape for something picked.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Word(text) | Self::Quoted(text) => text.clone(),
            Self::Flag { name, value: None } => name.clone(),
            Self::Flag { name, value: Some(value) } => format!("{name}={}", value.text()),
            Self::Picked(mention, id) => mention.escape(id),
        }
    }

    /// The id of a person, if one was picked.
    ///
    /// # Errors
    /// A name was typed instead: anybody can take a name, so it is never looked up.
    pub fn person(&self) -> Result<&str, Refusal> {
        match self {
            Self::Picked(Mention::Person, id) => Ok(id),
            other => Err(Refusal::new(format!("{} is no person that was picked from the list.", name::shown(&other.text())))
                .instead("Type @ and pick the person from the list that opens.")),
        }
    }

    /// The token as somebody would type it.
    #[must_use]
    pub fn typed(&self) -> String {
        match self {
            Self::Word(text) => text.clone(),
            Self::Quoted(text) => quoted(text),
            Self::Flag { name, value: None } => name.clone(),
            Self::Flag { name, value: Some(value) } => format!("{name}={}", value.typed()),
            Self::Picked(mention, id) => mention.escape(id),
        }
    }
}

/// Puts a text into the first quotation marks that it does not hold itself.
fn quoted(text: &str) -> String {
    let free = Marks::ALL.into_iter().find(|marks| *marks != Marks::Single && !text.contains(|c| Marks::of(c) == Some(*marks)));
    let (open, close) = free.unwrap_or(Marks::Single).pair();
    format!("{open}{text}{close}")
}

/// Splits the text after the slash command, as Slack sends it.
///
/// # Errors
/// Quotation marks that are unclosed, empty or inside a word; a pasted quote or code block; a link whose label is not its address;
/// control characters; too long.
pub fn split(text: &str) -> Result<Vec<Token>, Refusal> {
    if text.chars().take(LONGEST_TEXT + 1).count() > LONGEST_TEXT {
        return Err(Refusal::new(format!("That is too long for a command: {LONGEST_TEXT} characters are the most.")));
    }
    Ok(Splitter::over(text)?.tokens)
}

struct Splitter {
    glyphs: Vec<Glyph>,
    position: usize,
    steps: usize,
    tokens: Vec<Token>,
}

impl Splitter {
    fn over(text: &str) -> Result<Self, Refusal> {
        let decoded = escape::decode(text)?;
        let mut splitter = Self { glyphs: decoded.glyphs, position: 0, steps: decoded.steps, tokens: Vec::new() };
        splitter.run()?;
        Ok(splitter)
    }

    fn run(&mut self) -> Result<(), Refusal> {
        let mut line_begins = true;
        while let Some(glyph) = self.peek().cloned() {
            match glyph {
                Glyph::Char(blank) if is_blank(blank) => {
                    line_begins |= blank == '\n';
                    self.advance();
                }
                Glyph::Char('>') if line_begins => return Err(pasted("a quote")),
                Glyph::Char('`') => return Err(pasted("code")),
                _ if self.tokens.len() == MOST_TOKENS => {
                    return Err(Refusal::new(format!("That is too much for one command: {MOST_TOKENS} words are the most.")));
                }
                _ => {
                    let token = self.token()?;
                    self.tokens.push(token);
                    line_begins = false;
                }
            }
        }
        Ok(())
    }

    fn token(&mut self) -> Result<Token, Refusal> {
        let dashes = self.dashes();
        let named = matches!(self.ahead(dashes), Some(Glyph::Char(letter)) if letter.is_alphabetic());
        if dashes == 0 || !named {
            return self.value();
        }
        self.position += dashes;
        let mut name = self.word('=')?;
        name.insert_str(0, if name.chars().count() == 1 { "-" } else { "--" });
        if !matches!(self.peek(), Some(Glyph::Char('='))) {
            return Ok(Token::Flag { name, value: None });
        }
        self.advance();
        if self.at_end_of_token() {
            return Err(Refusal::new(format!("There is nothing after {}.", name::shown(&format!("{name}="))))
                .instead(format!("Put a value behind it, or leave {name} out.")));
        }
        Ok(Token::Flag { value: Some(Box::new(self.value()?)), name })
    }

    /// How many dashes of any kind stand here.
    fn dashes(&mut self) -> usize {
        let mut count = 0;
        while matches!(self.ahead(count), Some(Glyph::Char(dash)) if name::is_dash(*dash)) {
            count += 1;
        }
        count
    }

    /// A word, something quoted or something picked.
    fn value(&mut self) -> Result<Token, Refusal> {
        // What can't be seen in front of a value does not keep a quotation mark from being one.
        while matches!(self.peek(), Some(Glyph::Char(character)) if name::is_invisible(*character)) {
            self.advance();
        }
        match self.peek().cloned() {
            Some(Glyph::Mention(mention, id)) => {
                self.advance();
                if self.at_end_of_token() {
                    return Ok(Token::Picked(mention, id));
                }
                let rest = self.word(' ')?;
                Ok(Token::Word(mention.escape(&id) + &rest))
            }
            Some(Glyph::Char(first)) => match Marks::of(first) {
                Some(marks) => self.in_marks(marks),
                // A negative span, `−10m`, and the minus sign alone.
                None if name::is_dash(first) && matches!(self.ahead(1), Some(Glyph::Char(digit)) if digit.is_ascii_digit()) => {
                    self.advance();
                    Ok(Token::Word(format!("-{}", self.word(' ')?)))
                }
                None => Ok(Token::Word(self.word(' ')?)),
            },
            None => Ok(Token::Word(String::new())),
        }
    }

    /// A word up to whitespace or a stop character.
    fn word(&mut self, stop: char) -> Result<String, Refusal> {
        let mut word = String::new();
        while let Some(glyph) = self.peek() {
            match glyph {
                Glyph::Char(character) if *character == stop || character.is_whitespace() => break,
                Glyph::Char(character) if character.is_control() => return Err(control(*character)),
                Glyph::Char(mark) if Marks::of(*mark).is_some_and(|marks| marks != Marks::Single) => return Err(inside(&word, *mark)),
                Glyph::Char(character) => word.push(*character),
                Glyph::Mention(mention, id) => word.push_str(&mention.escape(id)),
            }
            self.advance();
        }
        Ok(word.trim_matches(name::is_invisible).to_owned())
    }

    /// What stands in quotation marks, from the opening one on.
    fn in_marks(&mut self, marks: Marks) -> Result<Token, Refusal> {
        self.advance();
        let mut text = String::new();
        loop {
            let Some(glyph) = self.peek().cloned() else { return Err(unclosed(&text)) };
            self.advance();
            match glyph {
                Glyph::Char(mark) if Marks::of(mark) == Some(marks) => {
                    if self.at_end_of_token() {
                        break;
                    }
                    if marks != Marks::Single {
                        return Err(inside(&text, mark));
                    }
                    text.push(mark);
                }
                Glyph::Char(blank) if blank.is_whitespace() => text.push(' '),
                Glyph::Char(character) if character.is_control() => return Err(control(character)),
                Glyph::Char(character) => text.push(character),
                Glyph::Mention(mention, id) => text.push_str(&mention.escape(&id)),
            }
        }
        let text = text.trim_matches(is_blank).to_owned();
        if text.is_empty() {
            return Err(Refusal::new("There is nothing between two quotation marks.").instead("Put something there, or leave them out."));
        }
        Ok(Token::Quoted(text))
    }

    /// Whether nothing but invisible characters stands between here and whitespace or the end; skips them.
    fn at_end_of_token(&mut self) -> bool {
        let mut ahead = 0;
        while matches!(self.ahead(ahead), Some(Glyph::Char(character)) if name::is_invisible(*character)) {
            ahead += 1;
        }
        let ends = matches!(self.ahead(ahead), None | Some(Glyph::Char(' ')))
            || matches!(self.ahead(ahead), Some(Glyph::Char(character)) if character.is_whitespace());
        if ends {
            self.position += ahead;
        }
        ends
    }

    fn peek(&mut self) -> Option<&Glyph> {
        self.ahead(0)
    }

    fn ahead(&mut self, by: usize) -> Option<&Glyph> {
        self.steps += 1;
        self.glyphs.get(self.position + by)
    }

    fn advance(&mut self) {
        self.position += 1;
    }
}

/// Quotation marks that close each other, in whatever shape a keyboard made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    Double,
    Angle,
    SingleAngle,
    /// Also apostrophes, so one closes only at the end of a word.
    Single,
}

impl Marks {
    const ALL: [Self; 4] = [Self::Double, Self::Angle, Self::SingleAngle, Self::Single];

    fn of(character: char) -> Option<Self> {
        match character {
            '"' | '\u{201c}'..='\u{201f}' | '\u{ff02}' => Some(Self::Double),
            '«' | '»' => Some(Self::Angle),
            '‹' | '›' => Some(Self::SingleAngle),
            '\'' | '\u{2018}'..='\u{201b}' | '\u{ff07}' => Some(Self::Single),
            _ => None,
        }
    }

    fn pair(self) -> (char, char) {
        match self {
            Self::Double => ('"', '"'),
            Self::Angle => ('«', '»'),
            Self::SingleAngle => ('‹', '›'),
            Self::Single => ('\'', '\''),
        }
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || name::is_invisible(character)
}

fn pasted(what: &str) -> Refusal {
    Refusal::new(format!("That is {what}, not a command, so nothing was done."))
        .instead("Type the command itself, with quotation marks around text of several words.")
}

fn unclosed(text: &str) -> Refusal {
    Refusal::new(format!("A quotation mark was opened before {} and never closed.", name::shown(text.trim())))
        .instead("Close it, or leave it out.")
}

fn inside(before: &str, mark: char) -> Refusal {
    Refusal::new(format!("There is a quotation mark ({mark}) right behind {}, inside a word.", name::shown(before)))
        .instead("Put the marks around the whole text.")
}

fn control(character: char) -> Refusal {
    Refusal::new(format!("There is a control character (U+{:04X}) in the text.", u32::from(character))).instead("Type it by hand.")
}

#[cfg(test)]
mod tests;
