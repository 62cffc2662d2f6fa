//! Small grammars that values of a plan are written in.

use std::{collections::BTreeMap, str::FromStr as _};

use croner::Cron;

/// Schedules as they were read, by their text: a thousand databases have the same few, and reading one is work.
#[derive(Default)]
pub(super) struct Crons<'a>(BTreeMap<&'a str, Result<(), String>>);

impl<'a> Crons<'a> {
    /// More than any plan has, and no more than are read in a moment.
    const MOST: usize = 2_000;

    /// Reads one, or says why it is none.
    pub(super) fn read(&mut self, text: &'a str) -> Result<(), String> {
        if self.0.len() >= Self::MOST && !self.0.contains_key(text) {
            return Err(format!("a plan has at most {} different schedules", Self::MOST));
        }
        self.0.entry(text).or_insert_with(|| cron(text).map(drop)).clone()
    }
}

/// Reads a cron of exactly five fields that falls due at some time.
pub(in crate::plan) fn cron(text: &str) -> Result<Cron, String> {
    let fields = text.split_whitespace().count();
    if fields != 5 {
        return Err(format!("it has {fields} fields instead of 5"));
    }
    let cron = Cron::from_str(text).map_err(|error| error.to_string())?;
    let start = jiff::civil::date(2026, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    cron.find_next_occurrence(&start, true).map_err(|_| "it never falls due".to_owned())?;
    Ok(cron)
}

/// The longest time between two moments at which any of these falls due, within a bit more than a year.
pub(in crate::plan) fn longest_gap(crons: &[Cron]) -> Option<jiff::SignedDuration> {
    /// Enough to see a year of days; what is due every minute has no long gap in its first hours either.
    const LOOKED_AT: usize = 400;
    let mut now = jiff::civil::date(2026, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let mut longest = None;
    for index in 0..LOOKED_AT {
        let next = crons.iter().filter_map(|cron| cron.find_next_occurrence(&now, false).ok()).min()?;
        if index > 0 {
            longest = longest.max(Some(next.duration_since(&now)));
        }
        now = next;
    }
    longest
}

/// An AWS region as it is spelled: `eu-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| part.len() >= 2 && part.chars().all(|character| character.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => (2..=3).contains(&words.len()) && words.iter().all(letters) && matches!(number.parse::<u8>(), Ok(1..=9)),
        None => false,
    }
}

/// A telephone number with its country's code.
pub(super) fn is_phone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    // E.164 has at most 15 digits; nobody's has fewer than 7 with the country's code.
    (7..=15).contains(&digits) && rest.chars().all(|character| character.is_ascii_digit() || matches!(character, ' ' | '-' | '(' | ')'))
}

/// An email address, as far as its shape tells.
pub(super) fn is_email(text: &str) -> bool {
    let plain = |character: char| character.is_ascii_graphic() && !matches!(character, '<' | '>' | ',' | ';' | '"');
    let Some((name, domain)) = text.split_once('@') else { return false };
    !name.is_empty() && text.chars().all(plain) && is_host(domain) && domain.contains('.')
}

/// A host's name or address.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
    };
    text.len() <= 253 && text.trim_end_matches('.').split('.').all(label)
}

/// A name that people type: databases, services, apps.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    !text.is_empty() && text.len() <= 40 && text.chars().all(plain)
}

/// A bucket's name; dots are none that a health check's certificate would fit.
pub(super) fn is_bucket(text: &str) -> bool {
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    (3..=63).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

/// An id as the vendor gives it: a capital letter of its kind, then capitals and digits. Anything else would be matched
/// by accident or never.
pub(super) fn is_id(text: &str, kinds: &[char]) -> bool {
    text.starts_with(kinds) && text.len() > 2 && text.chars().all(|character| character.is_ascii_uppercase() || character.is_ascii_digit())
}
