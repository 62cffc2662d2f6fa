//! A command as the plans write it: `npm run scale:up --instances=2`.

use super::Call;

/// How the plans begin every command.
const PREFIX: &str = "npm run ";

/// Reads a command.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(super) fn parse(text: &str) -> Result<Call, String> {
    let rest = text.trim();
    let rest = rest.strip_prefix(PREFIX).unwrap_or(rest);
    let mut words = split(rest)?.into_iter();
    let verb = words.next().unwrap_or_default();
    if !is_verb(&verb) {
        return Err(format!("“{text}” is no command: write `npm run AREA:VERB` or `AREA:VERB`"));
    }
    let mut call = Call { verb, arguments: Default::default() };
    for word in words {
        // What `npm run` wants before flags that are not its own.
        if word == "--" {
            continue;
        }
        let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) else {
            return Err(format!("“{word}” is not understood: an argument of a command is `--NAME=VALUE` or `--NAME`"));
        };
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        if value.is_empty() {
            return Err(format!("`--{name}=` has no value"));
        }
        if call.arguments.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("`--{name}` is given twice"));
        }
    }
    Ok(call)
}

/// The words of a command: what is in quotation marks is one, and loses them.
fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in text.chars() {
        match quote {
            Some(end) if character == end => quote = None,
            None if matches!(character, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err(format!("“{text}” has a quotation mark without its other one"));
    }
    words.extend(word);
    Ok(words)
}

/// `area:verb`, each part in small letters, digits and hyphens.
pub(super) fn is_verb(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    text.contains(':') && text.split(':').all(plain)
}

/// The longest id that is made of a name.
const LONGEST: usize = 40;

/// An id made of a name: `Restore from Backup` → `restore-from-backup`.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Whether resources may be named after it: small letters, digits, single hyphens.
pub(super) fn is_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && id.len() <= LONGEST && id.starts_with(|first: char| first.is_ascii_lowercase()) && !id.contains("--") && !id.ends_with('-')
}
