//! The two kinds of failure: a refusal is ours to explain, a fault is ours to mend. They are never mixed.

use std::{error::Error, fmt};

use crate::command::SLASH;

/// A sentence for the person, and what to do instead. It is shown as it is.
///
/// Built where the reason is known; no layer above rewords it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// The way out: what to type or whom to ask.
    pub way_out: Option<String>,
    /// The line that was probably meant, without the slash command. It is offered, and never carried out by itself.
    pub suggestion: Option<String>,
}

impl Refusal {
    /// A refusal that explains itself.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), way_out: None, suggestion: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn instead(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into());
        self
    }
}

impl Refusal {
    /// Adds the line that was probably meant. It is the way out.
    #[must_use]
    pub fn suggesting(mut self, line: String) -> Self {
        self.way_out = Some(format!("Did you mean `{SLASH} {line}`? Nothing was done."));
        self.suggestion = Some(line);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        self.way_out.iter().try_for_each(|way_out| write!(f, " {way_out}"))
    }
}

/// Something that should not have happened. The person sees a reference id; the log has the whole chain.
#[derive(Debug)]
pub struct Fault {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault without a deeper cause.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// A fault with its cause.
    pub fn because(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }

    /// Our own records could not be read, where the outside is looked at: nothing happened, and it works later.
    #[must_use]
    pub fn unread(self) -> CallError {
        CallError::NotNow { code: "Unread".to_owned(), why: self.chain() }
    }

    /// Whether all that is wrong is a call that failed: it may be answered the next time.
    #[must_use]
    pub fn is_of_a_call(&self) -> bool {
        self.source.as_deref().is_some_and(|source| source.is::<CallError>())
    }

    /// The fault and all its causes, outermost first, for one log line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut line = self.what.clone();
        let mut next = self.source.as_deref().map(|source| source as &dyn Error);
        while let Some(error) = next {
            line.push_str(": ");
            line.push_str(&error.to_string());
            next = error.source();
        }
        line
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Why something was not done.
#[derive(Debug)]
pub enum Failure {
    /// Our sentence for the person.
    Refusal(Refusal),
    /// A fault with a reference id.
    Fault(Fault),
}

impl Failure {
    /// Where nobody has asked, a refusal is a fault too: there is no person who could do otherwise.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::Refusal(refusal) => Fault::new(refusal.to_string()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Fault(Fault::because("a call failed", error))
    }
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        Self::because("a call failed", error)
    }
}

/// The result of work asked for by a person.
pub type Outcome<T> = Result<T, Failure>;

/// How a call to the outside failed, by what the caller may conclude from it.
///
/// Every adapter classifies its vendor's errors into these three; `shared/aws/src/classify.rs` and
/// `shared/slack/src/client.rs` hold the tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing happened, and the same call may work later: throttled, connection refused, service unavailable before the request was read.
    #[error("not now ({code}): {why}")]
    NotNow {
        /// The vendor's error code.
        code: String,
        /// The vendor's words.
        why: String,
    },
    /// Nothing happened, and the same call won't work: wrong state, bad parameter, denied, quota.
    #[error("refused ({code}): {why}")]
    Refused {
        /// The vendor's error code.
        code: String,
        /// The vendor's words.
        why: String,
    },
    /// Nobody knows whether it happened: time-out, connection lost after the request was sent, a server's error.
    #[error("no telling whether it happened: {why}")]
    Unknown {
        /// What was seen.
        why: String,
    },
}

/// What a look comes to where nobody answered it, or a server that is not well itself: throttling is none of these.
const SILENCE: [&str; 9] = [
    "ConnectionFailed",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "NoAnswer",
    "ServiceUnavailable",
    "UnknownError",
    "UnreadableAnswer",
];

impl CallError {
    /// Whether whoever was asked is silent: not busy, and no refusal.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::NotNow { code, .. } => SILENCE.contains(&code.as_str()),
            Self::Refused { .. } => false,
        }
    }

    /// A definite refusal.
    pub fn refused(code: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), why: why.into() }
    }

    /// Whether it is a refusal with this code.
    #[must_use]
    pub fn is_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } | Self::NotNow { code, .. } if code == wanted)
    }

    /// The vendor's words, without our classification.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::NotNow { why, .. } | Self::Refused { why, .. } | Self::Unknown { why } => why,
        }
    }
}
