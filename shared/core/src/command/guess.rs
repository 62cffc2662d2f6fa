//! What somebody probably meant who typed something that is no command: other tools' words, natural language, slips of the thumb.
//!
//! It only ever suggests a line for the person to use: nothing here is carried out. Pure, and bounded in what it reads.

mod moment;
mod words;

use super::{Verb, nearest, parse, split::LONGEST_TEXT};

/// The names of the plan that a line can mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its databases.
    pub databases: Vec<&'a str>,
    /// Its services.
    pub services: Vec<&'a str>,
}

/// Longer sentences are stories, not commands.
const MOST_WORDS: usize = 24;

/// The line that was probably meant, without the slash command. It is one that parses; `None`: nobody knows.
#[must_use]
pub fn guess(text: &str, known: &Known<'_>) -> Option<String> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let mut typed = Typed::read(text, known)?;
    let verb = typed.verb(known)?;
    let line = typed.line(verb, known);
    parse(&line).is_ok_and(|command| command.verb() == verb).then_some(line)
}

/// What was typed, word by word.
#[derive(Debug)]
struct Typed {
    /// In lower case, without punctuation around them, flags without their dashes.
    words: Vec<String>,
    /// What stood behind “because”, as typed.
    reason: Option<String>,
}

impl Typed {
    fn read(text: &str, known: &Known<'_>) -> Option<Self> {
        let mut originals: Vec<&str> = text.split([' ', '\t', '\n', '\u{a0}', '=', ',', '"', '“', '”', '\'', '’', '‘']).collect();
        originals.retain(|word| !word.is_empty());
        if originals.len() > MOST_WORDS {
            return None;
        }
        let because = originals.iter().position(|word| words::GIVES_A_REASON.iter().any(|known| known.eq_ignore_ascii_case(word)));
        let (said, reason) = originals.split_at_checked(because.unwrap_or(originals.len()))?;
        let reason = Some(reason.iter().skip(1).copied().collect::<Vec<_>>().join(" ")).filter(|reason| !reason.is_empty());
        let plain = |word: &&str| {
            let word = word.to_lowercase();
            word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
        };
        let mut words: Vec<String> = said.iter().map(plain).filter(|word| !word.is_empty()).collect();
        while words.first().is_some_and(|word| matches!(word.as_str(), "dr" | "mayday")) {
            words.remove(0);
        }
        let words = words.into_iter().flat_map(|word| apart(&word, known)).collect();
        Some(Self { words, reason })
    }

    /// The verb that the words stand for, best first: how several words go together, one of its names, what looks like one.
    fn verb(&mut self, known: &Known<'_>) -> Option<Verb> {
        let spoken = |verb: &str| parse::verb(verb).map(|(verb, _)| verb);
        if let Some(verb) = words::spoken(&self.words, |word| is_name(word, known)) {
            return spoken(verb);
        }
        // A word that was split by a thumb: `rest ore`.
        let joined = self.words.windows(2).find_map(|pair| words::of(&pair.concat()));
        if let Some(verb) = joined {
            return spoken(verb);
        }
        let plain = |word: &&String| word.chars().count() > 2 && !words::is_filler(word) && !is_name(word, known);
        // Who commands begins with the verb, or nearly so.
        self.words.iter().filter(plain).take(2).find_map(|word| words::like(word)).and_then(spoken)
    }

    fn line(&self, verb: Verb, known: &Known<'_>) -> String {
        let name = verb.name();
        let target = self.target(name, known);
        let mut parts = vec![name.to_owned()];
        match name {
            "restore" => {
                parts.extend(target);
                parts.extend(self.source());
                parts.extend(self.reason.as_ref().map(|reason| format!("--reason \"{}\"", reason.replace(['"', '\\'], ""))));
            }
            "backups" => {
                parts.extend(target);
                let before = self.words.iter().any(|word| word == "before").then(|| moment::find(&self.words)).flatten();
                parts.extend(before.map(|moment| format!("--before {moment}")));
            }
            "backup" | "health" | "diagnose" | "failover" | "failback" => parts.extend(target),
            "why" | "cancel" => parts.extend(self.words.iter().find(|word| is_id(word)).cloned()),
            "help" => parts.extend(self.explained().map(str::to_owned)),
            _ => {}
        }
        parts.join(" ")
    }

    /// The name of the plan that is meant: as it stands there, or the one that looks most like a word.
    fn target(&self, verb: &str, known: &Known<'_>) -> Option<String> {
        let names: Vec<&str> = match verb {
            "failover" | "failback" => known.services.clone(),
            "health" | "diagnose" => known.services.iter().chain(&known.databases).copied().collect(),
            _ => known.databases.clone(),
        };
        let same = |word: &str| names.iter().find(|name| name.eq_ignore_ascii_case(word)).copied();
        let pair = |pair: &[String]| same(&pair.join("-")).or_else(|| same(&pair.concat()));
        let exact = self.words.iter().find_map(|word| same(word)).or_else(|| self.words.windows(2).find_map(pair));
        let own = |word: &&String| {
            !words::is_filler(word) && words::of(word).is_none() && !is_id(word) && !is_point(word) && !moment::is_part(word)
        };
        // What looks like the verb is the verb.
        let like = |word: &String| nearest(word, &names).filter(|_| words::like(word) != Some(verb));
        exact.or_else(|| self.words.iter().filter(own).find_map(like)).map(str::to_owned)
    }

    /// What a database is to go back to, as flags.
    fn source(&self) -> Option<String> {
        let has = |any: &[&str]| self.words.iter().any(|word| any.contains(&word.as_str()));
        let moment = moment::find(&self.words);
        if let Some(id) = self.words.iter().find(|word| is_point(word)) {
            return Some(format!("--id {id}"));
        }
        if has(&words::GOOD) {
            let before = moment.filter(|_| has(&["before"])).map(|moment| format!(" --before {moment}"));
            return Some(format!("--last-known-good{}", before.unwrap_or_default()));
        }
        if let Some(moment) = moment {
            return Some(format!("--at {moment}"));
        }
        let latest = |word: &String| word.contains("latest") || nearest(word, &["latest"]).is_some_and(|_| word.starts_with("la"));
        (has(&words::LATEST) || self.words.iter().any(latest)).then(|| "--latest".to_owned())
    }

    /// The verb that help is wanted for.
    fn explained(&self) -> Option<&'static str> {
        let other = |verb: &'static str| (verb != "help").then_some(verb);
        let spoken = self.words.windows(2).find_map(|pair| words::of(&pair.concat())).and_then(other);
        spoken.or_else(|| self.words.iter().filter(|word| !words::is_filler(word)).find_map(|word| words::of(word).and_then(other)))
    }
}

/// A word that is a verb and a name run together: `restoreinventory`.
fn apart(word: &str, known: &Known<'_>) -> Vec<String> {
    let names = known.databases.iter().chain(&known.services);
    let split = names.filter(|name| word.len() > name.len()).find_map(|name| {
        let verb = word.strip_suffix(name.to_lowercase().as_str())?;
        words::of(verb).map(|_| vec![verb.to_owned(), (*name).to_owned()])
    });
    split.unwrap_or_else(|| vec![word.to_owned()])
}

fn is_name(word: &str, known: &Known<'_>) -> bool {
    known.databases.iter().chain(&known.services).any(|name| name.eq_ignore_ascii_case(word))
}

/// The id of a run or a proposal.
fn is_id(word: &str) -> bool {
    let of = word.strip_prefix("r-").or_else(|| word.strip_prefix("p-"));
    of.is_some_and(|rest| rest.len() > 8 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The id of a recovery point, by how the product and the vendor name theirs.
fn is_point(word: &str) -> bool {
    ["mayday-", "rds:", "awsbackup:", "arn:"].iter().any(|prefix| word.starts_with(prefix))
}
