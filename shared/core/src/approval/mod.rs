//! Approvals: who decided what on which digest. The first decision stands.

mod decide;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use decide::{Answer, Decision, decide, expire};

use crate::{
    ident::{Identity, ProposalId, RunId},
    plan::Quorum,
    planted::{Bug, planted},
    port::Posted,
    proposal::Proposal,
    store::Record,
};

/// What has been decided on a proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// The proposal.
    pub proposal: ProposalId,
    /// The digest that people see and approve.
    pub digest: String,
    /// Who asked.
    pub requester: Identity,
    /// In which environment the approvers must have a say.
    pub environment: String,
    /// How many and who.
    pub quorum: Quorum,
    /// What an approver must type.
    pub phrase: String,
    /// Until when it can be approved.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// The votes for it so far.
    pub votes: Vec<Vote>,
    /// The messages that show it and must be edited when it is decided.
    pub cards: Vec<Posted>,
    /// The run whose rest it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_of: Option<RunId>,
    /// Whether whoever asked was told how it ended. Until then the sweep tells them.
    #[serde(default)]
    pub announced: bool,
    /// The channels and people that were told, while others were not: nobody is told again because somebody else can't be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<String>,
}

/// Where an approval stands. All but the first are final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Votes are awaited.
    Pending,
    /// Enough people approved it. It can become one run.
    Approved {
        /// When the last needed vote came.
        at: Timestamp,
    },
    /// Somebody said no.
    Denied {
        /// Who.
        by: Identity,
        /// When.
        at: Timestamp,
    },
    /// Whoever asked took it back.
    Cancelled {
        /// Who.
        by: Identity,
        /// When.
        at: Timestamp,
    },
    /// Nobody decided in time.
    Expired,
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub by: Identity,
    /// When.
    pub at: Timestamp,
}

impl Approval {
    /// The approval that a proposal waits for. `None` when it needs none.
    #[must_use]
    pub fn of(proposal: &Proposal, digest: String, requester: Identity) -> Option<Self> {
        Some(Self {
            proposal: proposal.id.clone(),
            digest,
            requester,
            environment: proposal.target.environment.clone(),
            quorum: proposal.quorum.clone()?,
            phrase: proposal.phrase.clone(),
            expires_at: proposal.expires_at,
            state: State::Pending,
            votes: Vec::new(),
            cards: Vec::new(),
            rest_of: proposal.gate.as_ref().map(|gate| gate.run.clone()),
            announced: false,
            told: BTreeSet::new(),
        })
    }

    /// Whether votes are still awaited at this time.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == State::Pending && (now < self.expires_at || planted(Bug::ExpiryIgnored))
    }

    /// When it was decided on, or its time was over; `None` while it is open.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Pending => None,
            State::Approved { at } | State::Denied { at, .. } | State::Cancelled { at, .. } => Some(*at),
            State::Expired => Some(self.expires_at),
        }
    }

    /// How many more people must approve.
    #[must_use]
    pub fn missing(&self) -> usize {
        usize::from(self.quorum.needed).saturating_sub(self.votes.len())
    }
}

impl Record for Approval {
    const PARTITION: &'static str = "approval";

    fn id(&self) -> String {
        self.proposal.0.clone()
    }

    /// Judged by the table in the write itself: a decision at the last millisecond lands, one at the expiry does not.
    fn live_until(&self) -> Option<Timestamp> {
        Some(if planted(Bug::ExpiryIgnored) { Timestamp::MAX } else { self.expires_at })
    }
}

/// Compares what was typed with the phrase. Case, spaces and dashes are forgiven, and so is nothing else.
///
/// # Errors
/// What was typed and the phrase, in the form in which they differ.
pub fn phrase_matches(phrase: &str, typed: &str) -> Result<(), String> {
    let plain = |text: &str| -> String {
        let dash = |character: char| matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        text.chars().filter(|character| !character.is_whitespace() && !dash(*character)).flat_map(char::to_lowercase).collect()
    };
    let (wanted, given) = (plain(phrase), plain(typed));
    if wanted == given {
        return Ok(());
    }
    if given.is_empty() {
        return Err(format!("Nothing was typed. Type: {phrase}"));
    }
    if wanted.starts_with(&given) {
        return Err(format!("That stops short. Type all of: {phrase}"));
    }
    let (words, typed): (Vec<&str>, Vec<&str>) = (phrase.split_whitespace().collect(), typed.split_whitespace().collect());
    let differ = words.iter().zip(&typed).filter(|(word, typed)| plain(word) != plain(typed));
    let said: Vec<String> = differ.map(|(word, typed)| format!("you typed “{typed}”, it is “{word}”")).collect();
    Err(if !said.is_empty() && said.len() < words.len().min(typed.len()) {
        format!("Not quite: {}. Type: {phrase}", said.join("; "))
    } else {
        format!("That is not the phrase. Type: {phrase}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_forgives_phones_but_not_meanings() {
        let phrase = "orders 14:02 eu-west-1";
        for typed in ["orders 14:02 eu-west-1", "Orders 14:02 EU—west–1 ", "orders14:02euwest1"] {
            assert_eq!(phrase_matches(phrase, typed), Ok(()), "{typed}");
        }
        assert_eq!(
            phrase_matches(phrase, "orders 14:03 eu-west-1").unwrap_err(),
            "Not quite: you typed “14:03”, it is “14:02”. Type: orders 14:02 eu-west-1"
        );
        assert_eq!(phrase_matches(phrase, "stock 15:30 us-east-1").unwrap_err(), "That is not the phrase. Type: orders 14:02 eu-west-1");
        assert_eq!(phrase_matches(phrase, "orders 14:02").unwrap_err(), "That stops short. Type all of: orders 14:02 eu-west-1");
        assert!(phrase_matches(phrase, "  ").is_err());
        assert!(phrase_matches(phrase, "orders 14:02 eu-west-1 now").is_err());
    }
}
