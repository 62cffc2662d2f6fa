//! Times as people say them, turned into times as [`crate::when`] reads them.

use crate::when;

/// Numbers that are written as words.
const NUMBERS: [(&str, u32); 14] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("ten", 10),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("sixty", 60),
];

/// The first moment among words, as one would type it behind `--at`.
pub(super) fn find(words: &[String]) -> Option<String> {
    (0..words.len())
        .find_map(|at| words.get(at..).and_then(|rest| ago(rest).or_else(|| of_day(rest, at.checked_sub(1).and_then(|at| words.get(at))))))
}

/// Whether a word can be part of a moment.
pub(super) fn is_part(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || unit(word).is_some()
        || matches!(word, "noon" | "midnight" | "utc" | "today" | "yesterday")
}

fn unit(word: &str) -> Option<&'static str> {
    match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "m" | "min" | "mins" | "minute" | "minutes" => Some("m"),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "d" | "day" | "days" => Some("d"),
        _ => None,
    }
}

/// `10 minutes ago`, `an hour`, `half an hour`, `10m`.
fn ago(words: &[String]) -> Option<String> {
    let word = |at: usize| words.get(at).map(String::as_str);
    if let (Some("half"), Some("an" | "a"), Some(hour)) = (word(0), word(1), word(2))
        && unit(hour) == Some("h")
    {
        return Some("30m ago".to_owned());
    }
    let first = word(0)?;
    let named = || NUMBERS.iter().find(|(name, _)| *name == first).map(|(_, number)| *number);
    if let (Some(number), Some(unit)) = (first.parse::<u32>().ok().or_else(named), word(1).and_then(unit)) {
        return Some(format!("{number}{unit} ago"));
    }
    let digits = first.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = first.split_at_checked(digits)?;
    let number: u32 = number.parse().ok()?;
    Some(format!("{number}{} ago", unit(rest)?))
}

/// A time of day, with its date before it and its zone behind it, if they are there. `before` is the word in front.
fn of_day(words: &[String], before: Option<&String>) -> Option<String> {
    let first = words.first()?.as_str();
    let is_date =
        |word: &str| word.len() == 10 && word.split('-').count() == 3 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_date(first) {
        let rest = words.get(1..)?;
        return of_day(rest, None).map(|time| format!("{first} {time}"));
    }
    if first.get(..10).is_some_and(is_date) && first.contains('t') {
        return Some(first.to_uppercase());
    }
    let half = |word: Option<&String>| word.and_then(|word| matches!(word.as_str(), "am" | "pm").then(|| word.clone()));
    let asked = before.is_some_and(|word| matches!(word.as_str(), "at" | "to" | "time"));
    let apart = half(words.get(1));
    let time = clock(first, apart.as_deref(), asked)?;
    let behind = words.get(1 + usize::from(apart.is_some())..).unwrap_or_default();
    let all: Vec<&str> = std::iter::once(time.as_str()).chain(behind.iter().map(String::as_str)).collect();
    let zone = all
        .get(1..when::extent(&all))
        .unwrap_or_default()
        .iter()
        .map(|word| if word.len() < 4 { word.to_uppercase() } else { (*word).to_owned() });
    Some(std::iter::once(time.clone()).chain(zone).collect::<Vec<_>>().join(" "))
}

/// One word as a time of day: `14:05`, `14.05`, `14h05`, `2pm`, `2:30pm`, `noon`; `1405` where a time is expected.
fn clock(word: &str, half: Option<&str>, expected: bool) -> Option<String> {
    match word {
        "noon" | "midday" => return Some("12:00".to_owned()),
        "midnight" => return Some("0:00".to_owned()),
        _ => {}
    }
    let (digits, attached) =
        match word.strip_suffix("am").map(|rest| (rest, "am")).or_else(|| word.strip_suffix("pm").map(|rest| (rest, "pm"))) {
            Some((digits, attached)) => (digits, Some(attached)),
            None => (word, half),
        };
    let parts: Vec<&str> = digits.split([':', '.', 'h']).collect();
    let (hour, minute, second): (u8, &str, &str) = match parts.as_slice() {
        [hour] if attached.is_some() => (hour.parse().ok()?, "00", ""),
        [four] if expected && four.len() == 4 => (four.get(..2)?.parse().ok()?, four.get(2..)?, ""),
        [hour, minute] if minute.len() == 2 => (hour.parse().ok()?, minute, ""),
        [hour, minute, second] if minute.len() == 2 && second.len() == 2 => (hour.parse().ok()?, minute, second),
        _ => return None,
    };
    if !minute.bytes().chain(second.bytes()).all(|byte| byte.is_ascii_digit()) || hour > 23 {
        return None;
    }
    let hour = match (attached, hour) {
        (Some("pm"), 1..=11) => hour + 12,
        (Some("am"), 12) => 0,
        _ => hour,
    };
    let second = if second.is_empty() { String::new() } else { format!(":{second}") };
    Some(format!("{hour}:{minute}{second}"))
}
