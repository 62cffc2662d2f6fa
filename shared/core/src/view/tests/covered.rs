//! What the approver sees is what runs: every leaf of a proposal stands on its card.

use serde_json::Value;

use super::{
    everything,
    failover::{failback, failover, switched},
    runbook::{rest, runbook},
    sample::*,
};
use crate::{
    action::Act,
    approval::Approval,
    port::RestoreFrom,
    proposal::Proposal,
    view::{Span, approval_card, approval_details},
};

/// Leaves that the card says in other words, and which.
fn said_otherwise(path: &str, value: &Value) -> Option<String> {
    let number = value.as_u64().unwrap_or_default();
    let span = || Span(jiff::SignedDuration::from_secs(i64::try_from(number).unwrap())).to_string();
    Some(match path {
        // The workspace is the same for all; the user id is what tells people apart.
        "requester.person.org" => "<@U0ANA00001>".to_owned(),
        "consequences.lost_seconds" => format!("you lose about {}", span()),
        "consequences.usual_seconds" => format!("usually {}", span()),
        "consequences.rto_seconds" if number == 0 => "*Time* no past run to go by.".to_owned(),
        "consequences.rto_seconds" => format!("(RTO) is {}", span()),
        _ if path.ends_with("answers") => match (path.ends_with("source_answers"), value.as_bool()?) {
            (true, true) => "which answers".to_owned(),
            (true, false) => "which does not answer".to_owned(),
            (false, true) => "a write is seen to fail".to_owned(),
            (false, false) => "it does not answer".to_owned(),
        },
        _ if is_span(path) => {
            let written: crate::plan::Span = serde_json::from_value(value.clone()).unwrap();
            Span(written.0).to_string()
        }
        _ if path.ends_with(".usual_seconds") => format!("usually {}", span()),
        _ if path.ends_with(".retries") => format!("tried again {number} times at most"),
        _ if path.ends_with(".through") => match value.as_str()? {
            "endpoint" => "by its own endpoint".to_owned(),
            _ => "by the host in the secret".to_owned(),
        },
        _ if path.ends_with(".only_reports") && value == &Value::Bool(true) => "does not stop the run".to_owned(),
        // Of a CNAME's value, the final dot is left out.
        _ if path.contains(".values.") => format!("`{}`", value.as_str()?.trim_end_matches('.')),
        _ => return None,
    })
}

fn is_span(path: &str) -> bool {
    [".timeout", ".within", ".every", ".watch"].iter().any(|end| path.ends_with(end))
}

fn leaves(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| leaves(&below(&index.to_string()), item, found)),
        Value::Object(members) => members.iter().for_each(|(key, member)| leaves(&below(key), member, found)),
        leaf => found.push((path.to_owned(), leaf.clone())),
    }
}

/// Everything that is posted for a proposal, without the buttons.
fn posted(proposal: &Proposal) -> String {
    posted_as(proposal, &approval(proposal))
}

fn posted_as(proposal: &Proposal, approval: &Approval) -> String {
    let now = at("14:11:00");
    let mut text = everything(&approval_card(proposal, approval, now).blocks);
    if let Some(details) = approval_details(proposal, approval, now) {
        text.push_str(&everything(&details.blocks));
    }
    text
}

fn stands(text: &str, path: &str, value: &Value) -> bool {
    if let Some(wanted) = said_otherwise(path, value) {
        return text.contains(&wanted);
    }
    match value {
        Value::String(leaf) => match leaf.parse::<jiff::Timestamp>() {
            Ok(at) => text.contains(&format!("<!date^{}^", at.as_second())),
            Err(_) => text.contains(&leaf.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
        },
        // A switch stands by its name among those that are on, or off.
        Value::Bool(on) => {
            let name = format!("`{}`", path.rsplit('.').next().unwrap());
            text.lines().any(|line| line.starts_with(if *on { "On: " } else { "Off: " }) && line.contains(&name))
        }
        other => text.contains(&other.to_string()),
    }
}

/// The leaves that can't be found.
fn missing(proposal: &Proposal) -> Vec<(String, Value)> {
    let text = posted(proposal);
    let mut found = Vec::new();
    leaves("", &serde_json::to_value(proposal).unwrap(), &mut found);
    assert!(found.len() > 20, "the walk finds leaves");
    found.retain(|(path, value)| !stands(&text, path, value));
    found
}

#[test]
fn d15_every_leaf_that_the_digest_covers_stands_on_the_card() {
    for proposal in [restore(), retire(), runbook(), rest(), failover(), switched(), failback()] {
        assert_eq!(missing(&proposal), [], "{}", proposal.title);
    }
    for from in [RestoreFrom::Snapshot("rds:inventory-db-2026-11-22-02-00".to_owned()), RestoreFrom::Latest { instance: OLD.to_owned() }] {
        let mut proposal = restore();
        let Act::Restore(restore) = &mut proposal.steps[1].act else { panic!("the second step restores") };
        restore.restoration.from = from;
        assert_eq!(missing(&proposal), []);
    }
}

/// The same with one leaf changed; nothing, where no other value would be a proposal.
fn changed(proposal: &Proposal, path: &str, value: &Value) -> Option<Proposal> {
    let other = match value {
        Value::Bool(on) => Value::Bool(!on),
        // A span of more than an hour is read in minutes.
        Value::Number(number) if path.ends_with("_seconds") => Value::from(number.as_i64()? + 60),
        Value::Number(number) => Value::from(number.as_i64()? + 1),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => Value::String((at + jiff::SignedDuration::from_secs(1)).to_string()),
            Err(_) if is_span(path) || path.ends_with(".newer_than") => Value::from("77s"),
            Err(_) => Value::String(format!("{text}x")),
        },
        _ => return None,
    };
    let mut whole = serde_json::to_value(proposal).unwrap();
    *whole.pointer_mut(&format!("/{}", path.replace('.', "/"))).unwrap() = other;
    serde_json::from_value(whole).ok()
}

#[test]
fn d15_no_leaf_can_change_without_the_card_showing_it() {
    // The digest on the card would show every change; here it is held, so that the words must.
    let held = |proposal: &Proposal| Approval { digest: "held".to_owned(), ..approval(proposal) };
    let mut silent = Vec::new();
    for proposal in [restore(), retire(), runbook(), rest(), failover(), switched(), failback()] {
        let text = posted_as(&proposal, &held(&proposal));
        let mut found = Vec::new();
        leaves("", &serde_json::to_value(&proposal).unwrap(), &mut found);
        let mut tried = 0;
        for (path, value) in &found {
            // The names of verbs and actions have no other value.
            let Some(other) = changed(&proposal, path, value) else { continue };
            tried += 1;
            if posted_as(&other, &held(&other)) == text {
                silent.push(path.clone());
            }
        }
        assert!(tried + 16 > found.len(), "only {tried} of {} leaves could be changed", found.len());
    }
    silent.sort();
    silent.dedup();
    // The workspace is the same for all; the user id tells people apart.
    assert_eq!(silent, ["requester.person.org"]);
}

#[test]
fn d15_settings_that_differ_between_steps_are_shown_for_each() {
    let mut proposal = restore();
    let Act::Align(align) = &mut proposal.steps[2].act else { panic!("the third step aligns") };
    align.settings.parameter_group = Some("somebody-elses-group".to_owned());
    assert_eq!(missing(&proposal), []);
    let text = posted(&proposal);
    assert!(text.contains("*Settings below* (steps 2, 4)") && text.contains("*Settings below* (step 3)"), "{text}");
}

#[test]
fn d15_what_does_not_fit_on_the_card_goes_into_its_thread_in_full() {
    let mut proposal = restore();
    let Act::Verify(verify) = &mut proposal.steps[4].act else { panic!("the fifth step verifies") };
    verify.checks = (0..60)
        .map(|number| {
            let sql = format!("select count(*) from table_{number} where {}", "a = b and ".repeat(30));
            check(&format!("check number {number}"), sql.trim_end(), crate::plan::Expectation::AtLeast(number))
        })
        .collect();
    let (approval, now) = (approval(&proposal), at("14:11:00"));
    let card = everything(&approval_card(&proposal, &approval, now).blocks);
    assert!(card.contains("is in this message's thread") && card.contains(&approval.digest) && card.contains("6. Lead traffic"), "{card}");
    assert_eq!(missing(&proposal), []);
    assert!(approval_details(&restore(), &approval, now).is_none(), "a card that holds it all needs no thread");
}
