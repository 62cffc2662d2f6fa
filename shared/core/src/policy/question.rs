//! What the policy is asked, and what it answers: without a word of the language that policies are written in.

use super::{Circumstances, Verb};
use crate::{plan::Person, port::Profile, proposal::Target};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Principal<'a> {
    /// A person of the plan. Without a profile the account is taken to be in order: that is what the plan alone says.
    Person { name: &'a str, person: &'a Person, profile: Option<(&'a Profile, bool)> },
    /// A standing order.
    Order(&'a OrderFacts<'a>),
}

/// What is known of a standing order.
#[derive(Debug, Clone)]
pub(super) struct OrderFacts<'a> {
    pub(super) name: &'a str,
    pub(super) verb: Verb,
    pub(super) services: &'a [String],
    pub(super) approved: bool,
    pub(super) expired: bool,
    pub(super) conditions_hold: bool,
}

/// On what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// Anything in an environment.
    Environment(&'a str),
    /// One database or service.
    Target(&'a Target),
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) principal: Principal<'a>,
    pub(super) verb: Verb,
    pub(super) on: On<'a>,
    pub(super) under: Circumstances,
    /// The roles whose approval is asked for, while one is counted.
    pub(super) quorum: Option<&'a [String]>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruling {
    /// By these policies.
    Allowed(Vec<String>),
    /// By these policies; by none where nothing permits it.
    Denied(Vec<Because>),
}

/// A policy that forbids, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Because {
    /// Its name.
    pub(super) policy: String,
    /// What is said after “Your Slack account”.
    pub(super) account: Option<String>,
    /// A sentence.
    pub(super) sentence: Option<String>,
}
