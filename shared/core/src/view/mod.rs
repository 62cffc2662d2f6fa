//! All of the bot's words: pure functions from state to messages and forms, one file for each thing that is shown.

mod block;
mod mrkdwn;
mod run;

pub use block::{Block, Choice, Element, Form, Message, Plain, Style};
pub use mrkdwn::{At, Code, Mrkdwn, Show, Span, shown};
pub use run::{run_headline, run_reply, run_report};
