//! What a runbook of one's own is told when it is run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::{is_invisible, shown};

/// What a runbook is told when it is run: `${arguments.NAME}` in its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// What is asked, as a person would say it: `Back to which moment?`.
    pub title: String,
    /// What it must be; default text.
    #[serde(default)]
    pub kind: ValueKind,
    /// What it is where nobody says; absent: it must be given.
    #[serde(default)]
    pub default: Option<String>,
    /// All that it may be; empty: anything of its kind.
    #[serde(default)]
    pub choices: Vec<String>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Words.
    #[default]
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Truth,
    /// A moment with its zone: `2026-11-22T14:05:00Z`.
    Moment,
}

impl ValueKind {
    /// How messages name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Truth => "yes or no",
            Self::Moment => "a moment",
        }
    }

    /// Reads a value, in the one form that it is kept in.
    ///
    /// # Errors
    /// Why it is none of this kind, in a sentence without its end.
    pub fn read(self, text: &str) -> Result<String, String> {
        /// The longest value, in characters: it stands on the card.
        const LONGEST: usize = 300;
        let text = text.trim();
        let none = |example: &str| format!("{} is not {}: write {example}", shown(text), self.word());
        if text.is_empty() || text.chars().count() > LONGEST {
            return Err(format!("a value has 1 to {LONGEST} characters"));
        }
        if text.chars().any(|character| character.is_control() || is_invisible(character)) {
            return Err(format!("{} has a character that nobody sees", shown(text)));
        }
        // What is filled in is not read again: nobody brings a reference of their own.
        if text.contains("${") {
            return Err(format!("{} has a reference in it, and only a runbook can have one", shown(text)));
        }
        match self {
            Self::Text => Ok(text.to_owned()),
            Self::Number => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(whole), _) => Ok(whole.to_string()),
                (_, Ok(number)) if number.is_finite() => Ok(number.to_string()),
                _ => Err(none("3 or 0.5")),
            },
            Self::Truth => match text.to_lowercase().as_str() {
                "yes" | "true" | "on" => Ok("true".to_owned()),
                "no" | "false" | "off" => Ok("false".to_owned()),
                _ => Err(none("yes or no")),
            },
            Self::Moment => text.parse::<Timestamp>().map(|at| at.to_string()).map_err(|_| none("2026-11-22T14:05:00Z")),
        }
    }
}

impl Argument {
    /// Reads a value of it.
    ///
    /// # Errors
    /// Why it can't be, in a sentence without its end.
    pub fn read(&self, text: &str) -> Result<String, String> {
        let value = self.kind.read(text)?;
        if self.choices.is_empty() || self.choices.iter().any(|choice| self.kind.read(choice).as_ref() == Ok(&value)) {
            return Ok(value);
        }
        Err(format!("{} is none of: {}", shown(text), self.choices.join(", ")))
    }

    /// Whether it must be given.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.default.is_none()
    }
}

/// The arguments of a runbook that has been run with these values: each read, the others by default. What is missing is named.
///
/// # Errors
/// By the name of each argument, why it can't be that.
pub fn filled(
    declared: &BTreeMap<String, Argument>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, BTreeMap<String, String>> {
    let (mut values, mut wrong) = (BTreeMap::new(), BTreeMap::new());
    for (name, argument) in declared {
        let text = given.get(name).or(argument.default.as_ref());
        match text.map_or_else(|| Err("it must be given".to_owned()), |text| argument.read(text)) {
            Ok(value) => drop(values.insert(name.clone(), value)),
            Err(why) => drop(wrong.insert(name.clone(), why)),
        }
    }
    for name in given.keys().filter(|name| !declared.contains_key(*name)) {
        let names: Vec<&str> = declared.keys().map(String::as_str).collect();
        let takes = if names.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", names.join(", ")) };
        wrong.insert(name.clone(), format!("the runbook takes no such argument; {takes}"));
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_kept_in_one_form_or_refused_with_the_way_out() {
        for (kind, text, kept) in [
            (ValueKind::Text, " orders db ", "orders db"),
            (ValueKind::Number, "007", "7"),
            (ValueKind::Number, "0.50", "0.5"),
            (ValueKind::Truth, "Yes", "true"),
            (ValueKind::Moment, "2026-11-22T15:05:00+01:00", "2026-11-22T14:05:00Z"),
        ] {
            assert_eq!(kind.read(text).as_deref(), Ok(kept));
        }
        for (kind, text) in [
            (ValueKind::Text, ""),
            (ValueKind::Text, "a\u{202e}b"),
            (ValueKind::Text, "${steps.look.outputs.status}"),
            (ValueKind::Number, "three"),
            (ValueKind::Number, "1e999"),
            (ValueKind::Truth, "maybe"),
            (ValueKind::Moment, "14:05"),
        ] {
            assert!(kind.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_missing_wrong_or_unheard_of_is_named_and_defaults_stand_in() {
        let argument = |kind, default: Option<&str>, choices: &[&str]| Argument {
            title: "T".to_owned(),
            kind,
            default: default.map(str::to_owned),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        };
        let declared = BTreeMap::from([
            ("at".to_owned(), argument(ValueKind::Moment, None, &[])),
            ("count".to_owned(), argument(ValueKind::Number, Some("2"), &[])),
            ("site".to_owned(), argument(ValueKind::Text, Some("a"), &["a", "b"])),
        ]);
        let given = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let good: BTreeMap<String, String> = filled(&declared, &given(&[("at", "2026-11-22T14:05:00Z"), ("site", "b")])).unwrap();
        assert_eq!(good, given(&[("at", "2026-11-22T14:05:00Z"), ("count", "2"), ("site", "b")]));
        let wrong = filled(&declared, &given(&[("site", "c"), ("size", "1")])).unwrap_err();
        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["at", "site", "size"]);
        assert!(
            wrong["size"].contains("it takes at, count, site") && wrong["site"].contains("a, b") && wrong["at"].contains("must be given")
        );
    }
}
