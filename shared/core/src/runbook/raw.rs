//! The shape of a runbook's file.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{ForEach, Gate, On};
use crate::{plan::Span, proposal::OnFailure};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runbook {
    pub(super) name: Spanned<String>,
    pub(super) summary: Option<String>,
    pub(super) trigger: Option<String>,
    pub(super) steps: Spanned<Vec<Spanned<Step>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) id: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) action: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, Scalar>,
    pub(super) commands: Option<Vec<Spanned<String>>>,
    pub(super) parallel: Option<Vec<Spanned<Step>>>,
    pub(super) gate: Option<Gate>,
    pub(super) for_each: Option<ForEach>,
    #[serde(default)]
    pub(super) on: On,
    pub(super) timeout: Option<Span>,
    pub(super) retries: Option<u32>,
    pub(super) condition: Option<Spanned<String>>,
    pub(super) needs: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) undo: Vec<Spanned<String>>,
    pub(super) on_failure: Option<OnFailure>,
    pub(super) fact: Option<Spanned<String>>,
}

/// A value without structure.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Truth(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(truth) => truth.fmt(f),
            Self::Whole(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
