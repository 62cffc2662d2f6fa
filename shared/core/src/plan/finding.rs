use std::fmt;

use serde::{Deserialize, Serialize};

use crate::command::is_invisible;

/// Where in a plan something stands: keys, and numbers in lists, from the outside in.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Path(pub Vec<String>);

impl Path {
    /// The path of these steps.
    #[must_use]
    pub fn of(steps: &[&str]) -> Self {
        Self(steps.iter().map(|step| (*step).to_owned()).collect())
    }

    /// One step further in.
    #[must_use]
    pub fn then(&self, step: impl fmt::Display) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.to_string());
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The plan can't be used.
    Error,
    /// It can be used, and something should be done about it.
    Warning,
}

/// A line and a column of the file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Something about a plan that its author should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// Where in the plan.
    pub path: Path,
    /// Where in the file, once it was looked up.
    pub at: Option<Position>,
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// What to do instead.
    pub way_out: Option<String>,
}

impl Finding {
    /// Adds the way out.
    pub fn instead(&mut self, way_out: impl Into<String>) {
        self.way_out = Some(way_out.into());
    }

    /// With the lines around it, as a compiler would show it.
    fn shown(&self, file: &str, text: &[&str]) -> String {
        let weight = match self.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        let sentence = format!("{weight}: {}\n", self.sentence);
        let way_out = self.way_out.as_ref().map(|way_out| format!("  = {way_out}\n")).unwrap_or_default();
        let Some(Position { line, column }) = self.at else { return format!("{sentence}{way_out}") };
        let gutter = line.to_string().len();
        let first = line.saturating_sub(2).max(1);
        let lines: String = (first..=line)
            .filter_map(|number| Some((number, text.get(number - 1)?)))
            .map(|(number, text)| format!(" {number:>gutter$} | {}\n", clipped(text)))
            .collect();
        let under = format!(" {:>gutter$} | {:>column$}\n", "", "^", column = column.min(LONGEST_LINE));
        format!("{sentence} {:>gutter$}--> {file}:{line}:{column}\n{lines}{under}{way_out}", "")
    }
}

/// Findings with the lines around them, each as a compiler would show it; `file` is the name to show.
#[must_use]
pub fn shown(findings: &[Finding], file: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    findings.iter().map(|finding| finding.shown(file, &lines) + "\n").collect()
}

/// So much of a line is shown: a hostile file may have but one.
const LONGEST_LINE: usize = 160;

fn clipped(text: &str) -> String {
    // Control characters could move a terminal's cursor, and others the direction of what is read.
    let hides = |character: char| character.is_control() || is_invisible(character);
    text.chars().take(LONGEST_LINE).map(|character| if hides(character) { ' ' } else { character }).collect()
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.sentence)?;
        self.way_out.iter().try_for_each(|way_out| write!(f, ". {way_out}"))
    }
}

/// So many findings of each weight are kept: nobody reads more, and a hostile file must not fill the memory.
const MOST: usize = 1_000;
/// So long are sentences, in characters: a hostile file may have but one name.
const LONGEST: usize = 600;

/// Collects findings.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    errors: usize,
    warnings: usize,
    /// One that is not kept.
    spare: Option<Finding>,
}

impl Findings {
    pub(super) fn error(&mut self, path: &Path, sentence: impl Into<String>) -> &mut Finding {
        self.add(Weight::Error, path, sentence.into())
    }

    pub(super) fn warn(&mut self, path: &Path, sentence: impl Into<String>) -> &mut Finding {
        self.add(Weight::Warning, path, sentence.into())
    }

    /// How many were found.
    pub(super) fn len(&self) -> usize {
        self.errors + self.warnings
    }

    /// All that were kept, and how many were not.
    pub(super) fn list(mut self) -> Vec<Finding> {
        for (weight, count, word) in [(Weight::Error, self.errors, "errors"), (Weight::Warning, self.warnings, "warnings")] {
            if let Some(more) = count.checked_sub(MOST).filter(|more| *more > 0) {
                let sentence = format!("{more} more {word} are not listed");
                self.kept.push(Finding { weight, path: Path::default(), at: None, sentence, way_out: None });
            }
        }
        self.kept
    }

    fn add(&mut self, weight: Weight, path: &Path, sentence: String) -> &mut Finding {
        let count = match weight {
            Weight::Error => &mut self.errors,
            Weight::Warning => &mut self.warnings,
        };
        *count += 1;
        let is_kept = *count <= MOST;
        let sentence = match sentence.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default()),
            None => sentence,
        };
        let path = if is_kept { path.clone() } else { Path::default() };
        let finding = Finding { weight, path, at: None, sentence, way_out: None };
        if !is_kept {
            return self.spare.insert(finding);
        }
        let at = self.kept.len();
        self.kept.push(finding);
        #[expect(clippy::indexing_slicing, reason = "it was pushed the line before")]
        &mut self.kept[at]
    }
}
