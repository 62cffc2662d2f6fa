use jiff::Timestamp;
use serde_saphyr::{Error as YamlError, Options};

use super::{Finding, Findings, Path, Plan, Position, Weight, check, coverage, locate::Places};
use crate::command::nearest;

/// A plan file may have this many bytes: ten times what a thousand services need.
const LARGEST: usize = 4_000_000;
/// A file is read no further than this many nodes: a thousand services have a tenth of it.
const MOST_NODES: usize = 400_000;
/// Nor deeper than this: a plan has eight.
const DEEPEST: usize = 24;
/// What aliases may add. A plan needs none.
const MOST_REPLAYED: usize = 50_000;
/// The most bytes that can be given a name by an anchor.
const MOST_ANCHORED: usize = 64_000;

/// Why a plan was not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanError {
    /// The first thing that is wrong, in one sentence, with line and column; and how many more there are.
    pub message: String,
    /// All that is wrong.
    pub findings: Vec<Finding>,
}

impl PlanError {
    fn new(findings: Vec<Finding>) -> Self {
        let mut errors = findings.iter().filter(|finding| finding.weight == Weight::Error);
        let first = errors.next().map(ToString::to_string).unwrap_or_default();
        let message = match errors.count() {
            0 => first,
            more => format!("{first} (and {more} more)"),
        };
        Self { message, findings }
    }
}

/// Reads a plan.
///
/// # Errors
/// All that is wrong with it, each with its line. What is only a warning does not stop it.
pub fn load(text: &str) -> Result<Plan, PlanError> {
    let plan = read(text)?;
    let findings = check::quick(&plan);
    if findings.iter().any(|finding| finding.weight == Weight::Error) {
        return Err(PlanError::new(located(text, findings)));
    }
    Ok(plan)
}

/// Reads a plan and says everything about it that its author should know: what is wrong, and what it leaves open at this
/// time. `file` reads one of its runbooks by its name beside the plan.
///
/// # Errors
/// When it can't even be read.
pub fn examine(text: &str, file: &dyn Fn(&str) -> Option<String>, now: Timestamp) -> Result<(Plan, Vec<Finding>), PlanError> {
    let plan = read(text)?;
    let mut findings = check::all(&plan);
    findings.extend(coverage::runbook_findings(&plan, file));
    findings.extend(coverage::uncovered(&plan, now));
    Ok((plan, located(text, findings)))
}

/// Looks up where in the text each finding is, and puts the heavy ones first.
pub(super) fn located(text: &str, mut findings: Vec<Finding>) -> Vec<Finding> {
    if !findings.is_empty() {
        let places = Places::of(text);
        for finding in findings.iter_mut().filter(|finding| !finding.path.0.is_empty()) {
            finding.at = places.find(&finding.path);
        }
    }
    findings.sort_by_key(|finding| (finding.weight, finding.at.is_none(), finding.at));
    findings
}

pub(super) fn read(text: &str) -> Result<Plan, PlanError> {
    let told = |sentence: String| {
        let mut findings = Findings::default();
        findings.error(&Path::default(), sentence).instead("Start from plans/demo.yaml; docs/plan.md explains every key");
        PlanError::new(findings.list())
    };
    if text.len() > LARGEST {
        return Err(told(format!("the plan has {} bytes; {LARGEST} are the most that is read", text.len())));
    }
    if let Some(finding) = hidden(text) {
        return Err(PlanError::new(vec![finding]));
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Err(told("the plan is empty".to_owned()));
    }
    serde_saphyr::from_str_with_options(text, options(true)).map_err(|error| PlanError::new(vec![finding(text, &error)]))
}

/// The first character that would make the file read other than it is: one that steers a terminal, or the direction of text.
fn hidden(text: &str) -> Option<Finding> {
    let hides = |character: char| {
        (character.is_control() && !matches!(character, '\t' | '\n' | '\r'))
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let (byte, hidden) = text.char_indices().find(|(_, character)| hides(*character))?;
    let before = text.get(..byte).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Finding {
        weight: Weight::Error,
        path: Path::default(),
        at: Some(Position { line, column }),
        sentence: format!("there is a character here that nobody sees, U+{:04X}", u32::from(hidden)),
        way_out: Some("Take it out: it makes the file look other than it is".to_owned()),
    })
}

/// How YAML is read: no further, no deeper and with no more aliases than a plan has. `strict` wants one spelling of each key.
pub(super) fn options(strict: bool) -> Options {
    let budget = serde_saphyr::budget! {
        max_nodes: MOST_NODES,
        max_events: MOST_NODES * 3,
        max_depth: DEEPEST,
        flow_nesting_limit: DEEPEST,
        max_documents: 2,
        max_aliases: 1_000,
        max_anchors: 1_000,
        max_recorded_anchor_events: MOST_REPLAYED,
        max_recorded_anchor_bytes: MOST_ANCHORED,
        max_total_scalar_bytes: LARGEST,
        max_merge_keys: 1_000,
    };
    let alias_limits = serde_saphyr::alias_limits! {
        max_total_replayed_events: MOST_REPLAYED,
        max_replay_stack_depth: 8,
    };
    serde_saphyr::options! {
        budget: budget,
        alias_limits: alias_limits,
        with_snippet: false,
        strict_booleans: true,
        reject_unsupported_tags: strict,
    }
}

/// What the reader of YAML found, in our words.
fn finding(text: &str, error: &YamlError) -> Finding {
    let error = error.without_snippet();
    let at = error.location().map(|location| Position {
        line: usize::try_from(location.line()).unwrap_or(usize::MAX),
        column: usize::try_from(location.column()).unwrap_or(usize::MAX),
    });
    let (sentence, way_out) = match error {
        YamlError::SerdeUnknownField { field, expected, .. } => {
            (format!("there is no key “{field}” here"), Some(suggestion(field, expected)))
        }
        YamlError::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("“{variant}” is not known here"), Some(suggestion(variant, expected)))
        }
        YamlError::SerdeMissingField { field, .. } => {
            (format!("the key “{field}” is missing here"), Some(format!("Add “{field}:” to what begins at this line")))
        }
        YamlError::DuplicateMappingKey { key, .. } => (
            format!("the key {} stands twice", key.as_ref().map_or("here".to_owned(), |key| format!("“{key}”"))),
            Some("Keep one of the two: nobody could tell which is meant".to_owned()),
        ),
        YamlError::MultipleDocuments { .. } => {
            ("the file has more than one document".to_owned(), Some("A plan is one document: take the line with --- out".to_owned()))
        }
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. } => (
            format!("the file is larger, deeper or has more aliases (&, *) than a plan may have: {}", plain(error)),
            Some(format!("At most {MOST_NODES} values and {DEEPEST} levels are read; write out what an alias stands for")),
        ),
        _ if begins_with_tab(text, at) => {
            ("the line is indented by a tab".to_owned(), Some("YAML is indented by spaces: write two for each level".to_owned()))
        }
        other => (plain(other), None),
    };
    Finding { weight: Weight::Error, path: Path::default(), at, sentence, way_out }
}

fn suggestion(wrong: &str, expected: &[&str]) -> String {
    match nearest(wrong, expected) {
        Some(meant) => format!("Did you mean “{meant}”? Expected one of: {}", expected.join(", ")),
        None => format!("Expected one of: {}", expected.join(", ")),
    }
}

/// The reader's own words without the line, which is said elsewhere.
fn plain(error: &YamlError) -> String {
    let rendered = error.render_with_options(serde_saphyr::render_options! {
        formatter: &serde_saphyr::UserMessageFormatter,
        snippets: serde_saphyr::SnippetMode::Off,
    });
    let words = rendered.split(" at line ").next().unwrap_or_default();
    words.chars().filter(|character| !character.is_control()).take(400).collect()
}

/// A tab in the indentation of this line or one beside it, which is where readers of YAML notice it.
fn begins_with_tab(text: &str, at: Option<Position>) -> bool {
    let Some(Position { line, .. }) = at else { return false };
    let indented = |line: &str| line.chars().take_while(|character| character.is_whitespace()).any(|character| character == '\t');
    text.lines().skip(line.saturating_sub(2)).take(3).any(indented)
}
