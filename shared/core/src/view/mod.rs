//! All of the bot's words: pure functions from state to messages and forms, one file for each thing that is shown.

mod approval;
mod block;
mod desk;
mod help;
mod mrkdwn;
mod run;
mod told;

pub use approval::{approval_card, decided_already, decision_counted, decision_reply, phrase_form, proposed};
pub use block::{Block, Choice, Element, Form, Message, Plain, Style};
pub use desk::{RestoreChoices, Standing, approvals_list, backup_form, backups_list, restore_form, runs_list, status_board, why_ledger};
pub use help::{help_overview, help_verb};
pub use mrkdwn::{At, Channel, Code, Mrkdwn, Show, Span, shown};
pub use run::{run_headline, run_reply, run_report};
pub use told::{fault, form_expired, intervention_noted, of_form, refusal, started, told_form};
