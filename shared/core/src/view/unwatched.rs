//! What people are told when the bot can't read its own records, and so can't tell who must be woken for what.

use jiff::Timestamp;

use super::{
    Message, Moment, Span,
    page_text::{LINE, SMS, escaped, line},
};
use crate::{mrkdwn, plan::Plan, when::utc};

/// Since when the records can't be read, and why, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dark<'a> {
    /// Since when.
    pub since: Timestamp,
    /// The fault and its causes.
    pub why: &'a str,
}

/// So much of the cause is said: the log has all of it.
const CAUSE: usize = 200;
/// What is wrong, in the same words by every way.
const WRONG: &str = "Mayday can't read its own records";
/// What that means, and the way out.
const MEANS: &str = "Runs may stand still, and nobody is paged for anything else meanwhile. Look after open runs by hand, with the plan's \
                     document (mayday plan render), and mend the table or its region.";

fn cause(dark: &Dark<'_>) -> String {
    line(dark.why, CAUSE).trim_end_matches('.').to_owned()
}

/// What PagerDuty shows and reads out.
#[must_use]
pub fn unwatched_line(dark: &Dark<'_>) -> String {
    line(&format!("SEV1: {WRONG} since {}: nobody is paged for anything else", utc(dark.since)), LINE)
}

/// A text message.
#[must_use]
pub fn unwatched_sms(dark: &Dark<'_>) -> String {
    line(&format!("MAYDAY SEV1: {WRONG} since {}. Nobody is paged for anything else. Look after open runs by hand.", utc(dark.since)), SMS)
}

/// What a call says.
#[must_use]
pub fn unwatched_call(_: &Dark<'_>) -> String {
    "This is Mayday. Severity 1. The bot can't read its own records, and nobody is paged for anything else. Look after open runs by hand."
        .to_owned()
}

/// An email: subject, text, HTML.
#[must_use]
pub fn unwatched_email(plan: &Plan, dark: &Dark<'_>) -> (String, String, String) {
    let paragraphs = [
        format!("{WRONG} since {}: {}.", utc(dark.since), cause(dark)),
        MEANS.to_owned(),
        "It can't be acknowledged here: the next level is woken until the records can be read again.".to_owned(),
        line(&plan.organization, LINE),
    ];
    let html = paragraphs.iter().map(|text| format!("<p>{}</p>\n", escaped(text))).collect();
    (format!("SEV1: {WRONG}"), paragraphs.join("\n\n"), html)
}

/// In Slack, to whoever is woken and in the channel.
#[must_use]
pub fn unwatched(dark: &Dark<'_>) -> Message {
    Message::sentence(mrkdwn!("🚨 SEV1: {} since {}: {}. {}", WRONG, Moment(dark.since), cause(dark), MEANS))
}

/// In the channel, when it is over.
#[must_use]
pub fn watched_again(since: Timestamp, now: Timestamp) -> Message {
    let span = Span(now.duration_since(since));
    Message::sentence(mrkdwn!("✅ Mayday can read its records again, after {}. What was due meanwhile is done now.", span))
}
