//! The approval in a few bytes, and as the product's own type when something is asked of it.

use jiff::Timestamp;
use mayday_core::{
    approval::{Approval, Decision, State, Vote},
    ident::{Identity, ProposalId},
    plan::{Quorum, Span},
};

use super::Click;

/// Whoever asked.
pub(super) const REQUESTER: u8 = 0;
/// The first tick at which nobody may decide any more.
pub(super) const EXPIRY: u8 = 1;
/// Seconds in a tick.
const TICK: i64 = 600;

/// What somebody wants of the approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Says {
    /// Yes.
    Approve,
    /// No.
    Deny,
    /// Take it back.
    Cancel,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Votes are awaited.
    Pending,
    /// Enough have approved.
    Approved,
    /// Somebody said no.
    Denied,
    /// It was taken back.
    Cancelled,
    /// Nobody decided in time.
    Expired,
}

/// An approval's row in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ballot {
    /// Where it stands.
    pub standing: Standing,
    /// Who has voted for it, a bit for each person.
    pub votes: u8,
    /// How often it was written.
    pub version: u8,
}

/// The moment at which a tick begins.
pub(super) fn at(tick: u8) -> Timestamp {
    Timestamp::from_second(i64::from(tick) * TICK).unwrap_or(Timestamp::MAX)
}

/// The tick that begins at a moment.
pub(super) fn tick(at: Timestamp) -> u8 {
    u8::try_from(at.as_second() / TICK).unwrap_or(u8::MAX)
}

fn person(number: u8) -> Identity {
    Identity { org: String::new(), user: char::from(b'A' + number).to_string() }
}

impl Says {
    fn decision(self) -> Decision {
        match self {
            Self::Approve => Decision::Approve,
            Self::Deny => Decision::Deny,
            Self::Cancel => Decision::Cancel,
        }
    }
}

impl Ballot {
    /// As it is posted.
    pub(super) fn open() -> Self {
        Self { standing: Standing::Pending, votes: 0, version: 1 }
    }

    pub(super) fn has_vote_of(&self, by: u8) -> bool {
        self.votes >> by & 1 == 1
    }

    /// `Approval::is_open`.
    pub(super) fn accepts(&self, now: u8) -> bool {
        self.approval(1).is_open(at(now))
    }

    /// `Approval::excludes`.
    pub(super) fn excludes(&self, by: u8, says: Says) -> bool {
        self.approval(1).excludes(&person(by), says.decision())
    }

    /// `Approval::after`.
    pub(super) fn after(&self, click: Click, needed: u8, now: u8) -> Option<Self> {
        let next = self.approval(needed).after(&person(click.by), click.says.decision(), at(now))?;
        let standing = match next.state {
            State::Pending => Standing::Pending,
            State::Approved { .. } => Standing::Approved,
            State::Denied { .. } => Standing::Denied,
            State::Cancelled { .. } => Standing::Cancelled,
            State::Expired => Standing::Expired,
        };
        let votes = (0..8).filter(|number| next.votes.iter().any(|vote| vote.by == person(*number)));
        Some(Self { standing, votes: votes.fold(0, |mask, number| mask | 1 << number), version: self.version })
    }

    fn approval(&self, needed: u8) -> Approval {
        let at_first = at(0);
        let decided = || (person(7), at_first);
        let state = match self.standing {
            Standing::Pending => State::Pending,
            Standing::Approved => State::Approved { at: at_first },
            Standing::Denied => State::Denied { by: decided().0, at: at_first },
            Standing::Cancelled => State::Cancelled { by: decided().0, at: at_first },
            Standing::Expired => State::Expired,
        };
        let voters = (0..8).filter(|number| self.has_vote_of(*number));
        Approval {
            proposal: ProposalId(String::new()),
            digest: String::new(),
            requester: person(REQUESTER),
            environment: String::new(),
            quorum: Quorum { needed, roles: Vec::new(), within: Span(jiff::SignedDuration::ZERO) },
            phrase: String::new(),
            expires_at: at(EXPIRY),
            state,
            votes: voters.map(|number| Vote { by: person(number), at: at_first }).collect(),
            cards: Vec::new(),
            rest_of: None,
            announced: false,
            told: std::collections::BTreeSet::new(),
        }
    }
}
