//! All of the bot's words: pure functions from state to messages and forms, one file for each thing that is shown.

mod alert;
mod approval;
mod block;
mod card;
mod contacts;
mod decision;
mod diagnose;
mod doctor;
mod failover;
mod forms;
mod health;
mod help;
mod hold;
mod home;
mod link;
mod lists;
mod mrkdwn;
mod orders;
mod page;
mod page_text;
mod plain;
mod plan;
mod policy;
mod progress;
mod run;
mod run_reply;
mod run_report;
mod runbook;
mod runbook_form;
mod safety;
mod terminal;
#[cfg(test)]
pub(crate) mod tests;
mod told;
mod unwatched;
mod why;

pub use alert::{alert, alert_over};
pub use approval::{approval_card, approval_details};
pub use block::{Block, Choice, Element, Form, Message, Plain, Style};
pub(crate) use card::{one_of, place};
pub use contacts::{PAGE_LADDER, contacts, page_form};
pub use decision::{decided_already, decision_counted, decision_reply, phrase_form, proposed};
pub use diagnose::diagnosis;
pub use doctor::{doctor, doctor_was_here};
pub use failover::{FailoverChoices, failover_auto, failover_form, failover_verified, fence_means, old_primary_writes};
pub use forms::{BY_MOMENT, LAST_KNOWN_GOOD, RestoreChoices, ask_form, backup_form, restore_form};
pub use health::{Checked, health};
pub use help::{Rights, help_overview, help_verb};
pub use hold::{backup_held, backup_released, with_holds};
pub use home::{DatabaseGlance, Glance, OnCall, ServiceGlance, Situation, situation};
pub use link::Links;
pub use lists::{Board, Standing, approvals_list, backups_list, runs_list, status_board, which_run};
pub use mrkdwn::{At, Channel, Code, Moment, Mrkdwn, Prose, Show, Span, places, shown};
pub use orders::{order_asked, order_form, order_put, order_stands, orders_list};
pub use page::{page_acknowledged, page_card, page_raised, page_reply, page_stands, page_still_on_it, page_taken, pages_list};
pub use page_text::{
    page_call, page_email, page_for_run, page_late, page_line, page_no_such_code, page_run_goes_on, page_sms, page_still_on_it_sms,
    page_yours,
};
pub use plain::{plain, plain_form};
pub use plan::{plan_check, plan_objectives, plan_overview, plan_refused, plan_section, with_objectives};
pub use policy::{Myself, WHO_MAY_WHAT, can_answer, can_everybody, glass_broken, who_may_what, whoami, whoami_stranger};
pub use run::{run_headline, run_unreadable};
pub use run_reply::run_reply;
pub use run_report::run_report;
pub use runbook::{ListedRunbook, runbook_dry_run, runbook_list, runbook_shown, step_said};
pub use runbook_form::{RunbookChoices, argument_handle, runbook_form};
pub use safety::{Safety, database_status};
pub use terminal::{answered_before, decide_at_terminal, nothing_to_watch, principal_unknown};
pub use told::{fault, form_expired, intervention_noted, looking, of_form, refusal, started, told_form};
pub use unwatched::{Dark, unwatched, unwatched_call, unwatched_email, unwatched_line, unwatched_sms, watched_again};
pub use why::why_ledger;
