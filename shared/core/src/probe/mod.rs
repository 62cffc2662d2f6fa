//! Whether services are well, as those who use them would find out.
//!
//! Each probe of the plan is asked by the minute tick ([`tick`]) and has one record ([`Watch`]): a verdict takes so many
//! answers of a kind in a row, and what we could not see is neither well nor ill. People ask for themselves at once
//! ([`ask`]); their questions do not count for the verdict.

mod ask;
mod diagnosis;
mod question;
mod state;
mod tell;
mod tick;
mod watch;

pub(crate) use ask::postgres;
pub use ask::{Heard, ask, ask_all};
pub use diagnosis::{Aspect, Diagnosis, Fact, Found, Match, Patient, gather};
pub use question::{Place, Question, database_question, questions, questions_of};
pub use state::{State, state_of};
pub use tick::tick;
pub use watch::{Bucket, Outcome, Sample, Verdict, Watch, watches};
