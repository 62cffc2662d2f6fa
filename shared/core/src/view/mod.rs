//! All of the bot's words: pure functions from state to messages and forms, one file for each thing that is shown.

mod alert;
mod approval;
mod block;
mod card;
mod decision;
mod forms;
mod health;
mod help;
mod lists;
mod mrkdwn;
mod page;
mod page_text;
mod plan;
mod progress;
mod run;
mod run_reply;
mod run_report;
#[cfg(test)]
mod tests;
mod told;
mod why;

pub use alert::{alert, alert_over};
pub use approval::{approval_card, approval_details};
pub use block::{Block, Choice, Element, Form, Message, Plain, Style};
pub(crate) use card::place;
pub use decision::{decided_already, decision_counted, decision_reply, phrase_form, proposed};
pub use forms::{RestoreChoices, backup_form, restore_form};
pub use health::{Checked, health};
pub use help::{help_overview, help_verb};
pub use lists::{Standing, approvals_list, backups_list, runs_list, status_board};
pub use mrkdwn::{At, Channel, Code, Moment, Mrkdwn, Prose, Show, Span, shown};
pub use page::{
    page_acknowledged, page_card, page_raised, page_reply, page_stands, page_still_on_it, page_taken, pages_list,
};
pub use page_text::{
    page_call, page_email, page_for_run, page_late, page_line, page_no_such_code, page_run_goes_on, page_sms, page_still_on_it_sms, page_yours,
};
pub use plan::plan_refused;
pub use run::{run_headline, run_unreadable};
pub use run_reply::run_reply;
pub use run_report::run_report;
pub use told::{fault, form_expired, intervention_noted, of_form, refusal, started, told_form};
pub use why::why_ledger;
