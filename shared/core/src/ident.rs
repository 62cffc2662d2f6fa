//! Names of things: who asked, which proposal, which run.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A person, as the workspace knows them: the organization (enterprise, or team without one) and the user id.
///
/// Names and addresses are never compared: anybody can take them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// `E…` on an Enterprise Grid, else `T…`.
    pub org: String,
    /// `U…` or `W…`.
    pub user: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.org, self.user)
    }
}

/// Who does something: a person, or the product on a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody in the workspace.
    Person(Identity),
    /// The product itself: `schedule`, `runner`, `sweep`.
    System(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(identity) => identity.fmt(f),
            Self::System(name) => write!(f, "system/{name}"),
        }
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A proposal: `p-` and a ULID in lower case. The approval of a proposal has the same id.
    ProposalId
}
id! {
    /// A run: `r-` and the ULID of its proposal, so that one approval can start one run only.
    RunId
}
id! {
    /// A page: `pg-` and a ULID in lower case.
    PageId
}
id! {
    /// A step's id in its runbook, unique there.
    StepId
}

impl ProposalId {
    /// A new id, sortable by time.
    #[must_use]
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(format!("p-{}", ulid_text(at, random)))
    }

    /// The one run that this proposal can become.
    #[must_use]
    pub fn run(&self) -> RunId {
        RunId(format!("r-{}", self.0.trim_start_matches("p-")))
    }

    /// Ten characters of the random part: short enough to read out, long enough to tell resources apart by name.
    #[must_use]
    pub fn short(&self) -> &str {
        short(&self.0)
    }
}

impl PageId {
    /// A new id, sortable by time.
    #[must_use]
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(format!("pg-{}", ulid_text(at, random)))
    }
}

impl RunId {
    /// The proposal that this run executes.
    #[must_use]
    pub fn proposal(&self) -> ProposalId {
        ProposalId(format!("p-{}", self.0.trim_start_matches("r-")))
    }

    /// As [`ProposalId::short`].
    #[must_use]
    pub fn short(&self) -> &str {
        short(&self.0)
    }
}

fn short(id: &str) -> &str {
    id.len().checked_sub(10).and_then(|from| id.get(from..)).unwrap_or(id)
}

/// A ULID in lower case: 26 characters that sort by time.
#[must_use]
pub fn ulid_text(at: Timestamp, random: u128) -> String {
    let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
    ulid::Ulid::from_parts(milliseconds, random).to_string().to_lowercase()
}

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
