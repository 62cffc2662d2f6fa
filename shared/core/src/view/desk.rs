//! Lists and forms that a person asks for.

use jiff::Timestamp;

use super::{Block, Choice, Code, Element, Form, Message, Mrkdwn, Plain, Span};
use crate::{approval::Approval, audit::Entry, backup::RecoveryPoint, database::Live, mrkdwn, proposal::Proposal, run::Run};

/// How one database of the plan stands; `Err` says why it can't be seen.
pub type Standing = (String, Result<(Live, Option<RecoveryPoint>), String>);

/// Everything at one glance: databases with their newest recovery points, open approvals, open runs.
#[must_use]
pub fn status_board(standings: &[Standing], approvals: &[(Approval, Proposal)], runs: &[Run], now: Timestamp) -> Message {
    let lines = standings.iter().map(|(name, standing)| match standing {
        Ok((live, point)) => {
            let age = point
                .as_ref()
                .and_then(RecoveryPoint::taken_at)
                .map(|at| mrkdwn!("{} ago", Span(now.duration_since(at))))
                .unwrap_or_default();
            mrkdwn!("{}: {} ({}) newest recovery point {}", name, Code(&live.instance.id), format!("{:?}", live.instance.status), age)
        }
        Err(why) => mrkdwn!("{}: {}", name, why),
    });
    let text = Mrkdwn::join(lines, "\n");
    Message {
        text: mrkdwn!("{} databases, {} approvals, {} runs", standings.len(), approvals.len(), runs.len()),
        blocks: vec![Block::paragraph(text)],
    }
}

/// The recovery points of a database, newest first, of which the given one would be picked.
#[must_use]
pub fn backups_list(live: &Live, points: &[RecoveryPoint], picked: Option<&str>, before: Option<Timestamp>, now: Timestamp) -> Message {
    let _ = (before, now);
    let lines = points.iter().map(|point| mrkdwn!("{}{}", Code(point.id()), if picked == Some(point.id()) { " ←" } else { "" }));
    Message {
        text: mrkdwn!("{} recovery points of {}", points.len(), live.name),
        blocks: vec![Block::paragraph(Mrkdwn::join(lines, "\n"))],
    }
}

/// What waits for a decision.
#[must_use]
pub fn approvals_list(open: &[(Approval, Proposal)], now: Timestamp) -> Message {
    let _ = now;
    let lines =
        open.iter().map(|(approval, proposal)| mrkdwn!("{} {}: {} more", Code(proposal.id.as_str()), proposal.title, approval.missing()));
    Message::sentence(if open.is_empty() { mrkdwn!("Nothing waits for approval.") } else { Mrkdwn::join(lines, "\n") })
}

/// Runs, newest first.
#[must_use]
pub fn runs_list(runs: &[Run], all: bool, now: Timestamp) -> Message {
    let _ = (all, now);
    let lines = runs.iter().map(|run| mrkdwn!("{} {}: {}", Code(run.id.as_str()), run.title, format!("{:?}", run.state)));
    Message::sentence(if runs.is_empty() { mrkdwn!("No run is going on.") } else { Mrkdwn::join(lines, "\n") })
}

/// The ledger of a run: who asked, who decided, what was done and what came of it, from the audit chain.
#[must_use]
pub fn why_ledger(run: &Run, proposal: &Proposal, approval: Option<&Approval>, entries: &[Entry]) -> Message {
    let _ = (proposal, approval);
    let lines = entries.iter().map(|entry| mrkdwn!("{} {} {}", entry.seq, entry.event.at.to_string(), entry.event.what));
    Message { text: mrkdwn!("{}", run.title), blocks: vec![Block::paragraph(Mrkdwn::join(lines, "\n"))] }
}

/// What a restore form shows at first: what was given on the line, and what can be picked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RestoreChoices {
    /// The databases of the plan.
    pub databases: Vec<String>,
    /// The one that was named.
    pub database: Option<String>,
    /// Its recovery points, once they are known.
    pub points: Option<Vec<RecoveryPoint>>,
    /// What was typed before, by handle, where the form is shown again.
    pub typed: std::collections::BTreeMap<String, String>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The form for a restore. Handles: `database`, `source` (`latest`, `at`, `last-known-good`, `id`), `at`, `point`, `reason`.
#[must_use]
pub fn restore_form(choices: &RestoreChoices) -> Form {
    let option = |text: &str| Choice { text: Plain(text.to_owned()), value: text.to_owned() };
    let input = |id: &str, label: &str, element| Block::Input {
        block_id: id.to_owned(),
        label: Plain(label.to_owned()),
        element,
        hint: None,
        optional: id != "database" && id != "source",
    };
    let text = |id: &str| Element::PlainTextInput {
        action_id: id.to_owned(),
        initial_value: choices.typed.get(id).cloned(),
        placeholder: None,
        multiline: false,
    };
    let mut blocks: Vec<Block> = choices.problem.iter().map(|problem| Block::paragraph(mrkdwn!(":warning: {}", problem))).collect();
    blocks.push(input(
        "database",
        "Database",
        Element::StaticSelect {
            action_id: "database".to_owned(),
            options: choices.databases.iter().map(|name| option(name)).collect(),
            initial_option: choices.database.as_deref().map(option),
        },
    ));
    blocks.push(input(
        "source",
        "Back to",
        Element::RadioButtons {
            action_id: "source".to_owned(),
            options: ["latest", "at", "last-known-good", "id"].map(option).to_vec(),
            initial_option: choices.typed.get("source").map(|source| option(source)),
        },
    ));
    blocks.push(input("at", "Moment", text("at")));
    blocks.push(input("point", "Recovery point", text("point")));
    blocks.push(input("reason", "Reason", text("reason")));
    Form {
        callback: "restore".to_owned(),
        title: "Restore".to_owned(),
        submit: Some("Propose".to_owned()),
        reference: String::new(),
        blocks,
    }
}

/// The form for a backup. Handles: `database`, `reason`.
#[must_use]
pub fn backup_form(databases: &[String], problem: Option<&str>) -> Form {
    let option = |text: &String| Choice { text: Plain(text.clone()), value: text.clone() };
    let mut blocks: Vec<Block> = problem.iter().map(|problem| Block::paragraph(mrkdwn!(":warning: {}", *problem))).collect();
    blocks.push(Block::Input {
        block_id: "database".to_owned(),
        label: Plain("Database".to_owned()),
        element: Element::StaticSelect {
            action_id: "database".to_owned(),
            options: databases.iter().map(option).collect(),
            initial_option: None,
        },
        hint: None,
        optional: false,
    });
    Form {
        callback: "backup".to_owned(),
        title: "Back up now".to_owned(),
        submit: Some("Back up".to_owned()),
        reference: String::new(),
        blocks,
    }
}
