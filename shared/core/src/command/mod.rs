//! What people type: from Slack's text to a typed command, or one sentence that says what to type instead.

mod escape;
mod name;
mod split;

pub use escape::Mention;
pub use name::{is_mixed, shown};
pub use split::{LONGEST_TEXT, MOST_TOKENS, Token, split};
