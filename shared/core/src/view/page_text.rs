//! Pages beyond Slack: text messages, calls, emails, PagerDuty. Plain text: nothing in it is markup, and no link in it does anything.

use crate::{
    page::{Page, State},
    plan::Plan,
    run::{Run, State as RunState},
    when::utc,
};

/// A text message is paid for by the piece of 153 characters; two of them are read on a locked screen.
pub(super) const SMS: usize = 300;
/// What PagerDuty takes as a summary.
pub(super) const LINE: usize = 1_024;
/// What mail programs show of a subject.
const SUBJECT: usize = 150;

/// One line without anything that could end it, turn its direction or move a terminal's cursor.
pub(super) fn line(text: &str, most: usize) -> String {
    let clean = |character: char| match character {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => ' ',
        control if control.is_control() => ' ',
        plain => plain,
    };
    let words: String = text.chars().map(clean).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= most {
        return words;
    }
    let mut short: String = words.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// What PagerDuty shows and reads out.
#[must_use]
pub fn page_line(page: &Page) -> String {
    line(&format!("{}: {}", page.severity, page.subject), LINE)
}

/// A text message: what is wrong, and what to reply.
#[must_use]
pub fn page_sms(page: &Page, code: Option<&str>) -> String {
    let reply = code.map(|code| format!(" Reply ACK {code} to take it.")).unwrap_or_default();
    let what = line(&format!("MAYDAY {}: {}", page.severity, page.subject), SMS - reply.len() - 1);
    format!("{what}.{reply}")
}

/// What a call says. A call takes no answer, so it says how to give one.
#[must_use]
pub fn page_call(page: &Page, code: Option<&str>) -> String {
    let severity = page.severity.to_string();
    let number = severity.trim_start_matches("SEV");
    let code = code.map(|code| {
        let digits: Vec<String> = code.chars().map(String::from).collect();
        format!(", or reply by text message: ACK, then {}", digits.join(", "))
    });
    let what = line(&page.subject, SMS);
    format!("This is Mayday. Severity {number}. {what}. Acknowledge in Slack or PagerDuty{}.", code.unwrap_or_default())
}

/// An email: subject, text, HTML.
#[must_use]
pub fn page_email(plan: &Plan, page: &Page, code: Option<&str>) -> (String, String, String) {
    let subject = line(&format!("{}: {}", page.severity, page.subject), SUBJECT);
    let take = code.map_or_else(
        || "To take it: press Acknowledge in Slack.".to_owned(),
        |code| format!("To take it: press Acknowledge in Slack, or reply ACK {code} to the text message."),
    );
    let raised = utc(page.raised_at);
    let paragraphs = [
        format!("{}: {}", page.severity, line(&page.subject, LINE)),
        line(&page.why, LINE),
        take,
        format!("{} · raised at {raised} · {}", line(&plan.organization, SUBJECT), page.id),
    ];
    let html: String = paragraphs.iter().filter(|text| !text.is_empty()).map(|text| format!("<p>{}</p>\n", escaped(text))).collect();
    (subject, paragraphs.join("\n\n"), html)
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Asks, by text message, whoever has taken a page and went quiet.
#[must_use]
pub fn page_still_on_it_sms(page: &Page, code: Option<&str>) -> String {
    let reply = code.map(|code| format!(" Reply ACK {code} if you are.")).unwrap_or_default();
    let rest = format!("{reply} Else others are woken in 10 min.");
    format!("{}{rest}", line(&format!("MAYDAY: still on it? {}.", page.subject), SMS - rest.len()))
}

/// Answers an acknowledgment by text message.
#[must_use]
pub fn page_yours(page: &Page) -> String {
    line(&format!("MAYDAY: it is yours: {}. Nobody else is woken.", page.subject), SMS)
}

/// Answers an acknowledgment that came too late.
#[must_use]
pub fn page_late(page: &Page) -> String {
    let how = match &page.state {
        State::Acknowledged(by) => format!("{} has it", by.by),
        State::Resolved { .. } => "it is over".to_owned(),
        State::Open => "nobody has it".to_owned(),
    };
    line(&format!("MAYDAY: {how}: {}.", page.subject), SMS)
}

/// Answers a code that no open page has.
#[must_use]
pub fn page_no_such_code(code: &str) -> String {
    format!("MAYDAY: no open page has the code {code}. Nothing was done.")
}

/// Why a run wakes people: in one line, and what is known.
#[must_use]
pub fn page_for_run(run: &Run) -> (String, String) {
    match &run.state {
        RunState::Stuck { step, .. } => (
            format!("{}: a person must decide, the step {step} failed", run.title),
            "The run waits. Its buttons in the channel decide: try again, go on without the step, or stop.".to_owned(),
        ),
        RunState::Failed { why } => (
            format!("{}: given up half-way", run.title),
            format!("{why}. Look at what is there with `/dr status`, and at what was done with `/dr why`."),
        ),
        RunState::Running => (
            format!("{}: it can't be driven on", run.title),
            format!(
                "Whatever drives it fails again and again. It is tried anew every few minutes; `/dr why {}` and the log say more.",
                run.id
            ),
        ),
        RunState::Succeeded | RunState::Stopped { .. } => (run.title.clone(), String::new()),
    }
}

/// Why a run's page is over.
#[must_use]
pub fn page_run_goes_on(run: &Run) -> String {
    match &run.state {
        RunState::Succeeded => "the run has done all its steps.".to_owned(),
        RunState::Stopped { .. } => "the run was stopped.".to_owned(),
        _ => "the run goes on.".to_owned(),
    }
}
