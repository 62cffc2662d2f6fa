//! Slack's limits hold, and hostile text stays text, whatever is put in.

use serde_json::Value;

use super::{everything, markup, sample::*};
use crate::{
    action::{Act, Finding},
    ident::StepId,
    probe,
    proposal::Proposal,
    run::{Happened, Run, State, StepState},
    view::{
        Board, Form, Links, Message, RestoreChoices, ServiceGlance, approval_card, approval_details, approvals_list, backup_form,
        backups_list, decision_reply, phrase_form, refusal, restore_form, run_headline, run_reply, run_report, runs_list, shown,
        status_board, told_form,
    },
};

const HOSTILE: &str = "<!channel> <https://evil.example|Approve here> `rm -rf` *bold* ~gone~ \u{202e}evil\u{2066} &lt; <@U0EVIL> ";

/// The numbers of <https://docs.slack.dev/reference/block-kit/blocks>.
fn within_limits(blocks: &Value, most_blocks: usize) {
    let blocks = blocks.as_array().unwrap();
    assert!(blocks.len() <= most_blocks, "{} blocks", blocks.len());
    for block in blocks {
        let texts: Vec<&Value> = match block["type"].as_str().unwrap() {
            "section" => vec![&block["text"]["text"]],
            "context" => block["elements"].as_array().unwrap().iter().map(|part| &part["text"]).collect(),
            "header" => {
                assert!(length(&block["text"]["text"]) <= 150);
                continue;
            }
            "actions" => {
                for button in block["elements"].as_array().unwrap() {
                    assert!(length(&button["text"]["text"]) <= 75 && length(&button["value"]) <= 2_000, "{button}");
                }
                continue;
            }
            "input" => {
                for option in block["element"]["options"].as_array().into_iter().flatten() {
                    assert!(length(&option["text"]["text"]) <= 75 && (1..=150).contains(&length(&option["value"])), "{option}");
                }
                assert!(block["element"]["options"].as_array().is_none_or(|options| (1..=100).contains(&options.len())));
                assert!(length(&block["element"]["initial_value"]) <= 3_000);
                continue;
            }
            _ => continue,
        };
        for text in texts {
            assert!((1..=3_000).contains(&length(text)), "{} characters", length(text));
        }
    }
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

/// Nothing in it but what we mean: dates, mentions of people and channels, in the form that Slack knows.
fn inert(text: &str) {
    for (_, inside) in text.match_indices('<').map(|(at, _)| (at, &text[at + 1..])) {
        let mention = inside.starts_with("@U0") && !inside.starts_with("@U0EVIL");
        let ours = mention || inside.starts_with("!date^") || inside.starts_with("#C0RECOVERY>");
        assert!(ours, "<{}", inside.chars().take(40).collect::<String>());
    }
    assert!(!text.contains("evil.example|Approve here>"));
    assert!(text.chars().all(|character| !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
    for name in ["*bold*", "~gone~"] {
        // Nothing stands between a mark and its word but for a zero-width space, outside of code.
        assert!(text.match_indices(name).all(|(at, _)| text[..at].rsplit('\n').next().unwrap().matches('`').count() % 2 == 1), "{name}");
    }
}

pub(super) fn one_message(message: &Message) {
    fits(message);
    let blocks = serde_json::to_value(&message.blocks).unwrap();
    within_limits(&blocks, 50);
    let all: usize = everything(&message.blocks).chars().count();
    assert!(all <= 12_000, "{all} characters do not go into one message");
}

pub(super) fn fits(message: &Message) {
    assert!(!message.text.as_str().trim().is_empty(), "phones and screen readers get nothing");
    inert(message.text.as_str());
    inert(&markup(&message.blocks));
    // The client makes several messages of many blocks, but none of a block that is too long.
    within_limits(&serde_json::to_value(&message.blocks).unwrap(), usize::MAX);
}

pub(super) fn form_fits(form: &Form) {
    let form = serde_json::to_value(form).unwrap();
    assert!(length(&form["title"]["text"]) <= 24 && length(&form["submit"]["text"]) <= 24, "{form}");
    within_limits(&form["blocks"], 100);
}

/// A proposal in which everything that can be long and hostile is both.
fn absurd() -> Proposal {
    let mut proposal = restore();
    let long = HOSTILE.repeat(10);
    proposal.reason = Some(long.clone());
    proposal.title = format!("Restore {}", HOSTILE.repeat(3));
    proposal.consequences.warnings = vec![HOSTILE.to_owned(); 3];
    proposal.consequences.source = Some(long.clone());
    proposal.plan_version = HOSTILE.to_owned();
    let (verify, switch) = (proposal.steps[4].clone(), proposal.steps[5].clone());
    while proposal.steps.len() < 60 {
        let mut step = if proposal.steps.len() == 59 { switch.clone() } else { verify.clone() };
        step.id = StepId(format!("step-{}", proposal.steps.len()));
        step.name = HOSTILE.to_owned();
        if let Act::Verify(verify) = &mut step.act {
            verify.database = HOSTILE.to_owned();
            verify.checks[0].sql = format!("select '{}'", "x".repeat(4_000));
        }
        proposal.steps.push(step);
    }
    proposal
}

fn absurd_runs(proposal: &Proposal) -> Vec<Run> {
    let mut run = run(proposal);
    for step in 0..59 {
        finish(&mut run, step, "14:11:52", "14:12:30", Finding::said(HOSTILE.repeat(20)));
    }
    let failed = Finding::said(HOSTILE.repeat(30));
    let mut stuck = run.clone();
    stuck.steps[58].state = StepState::Failed(failed);
    stuck.state = State::Stuck { step: proposal.steps[58].id.clone(), since: at("14:30:00") };
    let mut first = run.clone();
    first.steps.iter_mut().for_each(|step| step.state = StepState::Failed(Finding::said(HOSTILE.repeat(30))));
    let failed = Run { state: State::Failed { why: HOSTILE.repeat(5) }, ended_at: Some(at("14:31:00")), ..first };
    vec![run, stuck, failed]
}

#[test]
fn k2_an_absurd_proposal_still_fits_and_its_target_and_digest_are_whole() {
    let proposal = absurd();
    let approval = approval(&proposal);
    let card = approval_card(&proposal, &approval, at("14:11:00"));
    one_message(&card);
    let text = everything(&card.blocks);
    let title = shown(&proposal.title);
    for whole in [title.as_str(), approval.digest.as_str(), "`inventory`", "`eu-west-1`", proposal.phrase.as_str(), proposal.id.as_str()] {
        assert!(text.contains(whole), "{whole} is cut");
    }
    fits(&approval_details(&proposal, &approval, at("14:11:00")).unwrap());
    form_fits(&phrase_form(&proposal, &HOSTILE.repeat(50), Some(&HOSTILE.repeat(50))));
    fits(&decision_reply(&approved(&proposal), &proposal));
    fits(&approvals_list(&vec![(approval, proposal); 60], &Links::default(), at("14:11:00")));
}

#[test]
fn k2_an_absurd_run_still_fits_into_the_message_that_is_edited() {
    let proposal = absurd();
    for run in absurd_runs(&proposal) {
        one_message(&run_headline(&run, &proposal, at("14:31:00")));
        fits(&run_report(&run, &proposal));
        let id = proposal.steps[58].id.clone();
        for what in
            [Happened::Began, Happened::StepDone(id.clone()), Happened::StepFailed(id.clone()), Happened::StillStuck(id), Happened::Ended]
        {
            fits(&run_reply(&run, &proposal, &told("14:31:00", what)));
        }
        fits(&runs_list(&vec![run; 60], true, &Links::default(), at("14:31:00")));
    }
}

#[test]
fn k2_absurd_lists_and_forms_fit() {
    let mut live = live();
    live.name = HOSTILE.to_owned();
    let points: Vec<_> = (0..300).map(|number| point(&format!("{HOSTILE}{number}"), Some(at("02:00:00")), None)).collect();
    fits(&backups_list(&live, &points, Some(HOSTILE), None, at("14:00:00")));
    let standings = [(HOSTILE.to_owned(), Ok((live, points.first().cloned()))), (HOSTILE.to_owned(), Err(HOSTILE.repeat(40)))];
    let databases = standings.into_iter().cycle().take(120).collect();
    let glance = ServiceGlance { name: HOSTILE.repeat(4), environment: HOSTILE.to_owned(), probed: true, state: probe::State::Well };
    fits(&status_board(&Board { databases, services: vec![glance; 120], ..Board::default() }, at("14:00:00")));
    let choices = RestoreChoices {
        databases: (0..100).map(|number| format!("{HOSTILE}{number}")).collect(),
        points: Some(points),
        typed: [("at", HOSTILE.repeat(60)), ("reason", HOSTILE.repeat(60))].map(|(handle, text)| (handle.to_owned(), text)).into(),
        problem: Some(("at".to_owned(), HOSTILE.repeat(60))),
        ..RestoreChoices::default()
    };
    form_fits(&restore_form(&choices));
    form_fits(&backup_form(&choices.databases, None, Some(&HOSTILE.repeat(60))));
    let refused = refusal(&crate::failure::Refusal::new(HOSTILE.repeat(60)));
    fits(&refused);
    form_fits(&told_form(HOSTILE, &refused));
}
