//! Whatever text is put in, however long: every message and form stays within Slack's limits, nothing in it becomes markup, and what
//! must be whole is whole.

use proptest::prelude::*;

use super::{
    everything,
    limits::{fits, form_fits, one_message},
    pages::page,
    sample::*,
};
use crate::{
    action::{Act, Finding},
    alert::{Alert, Kind, Level, Standing},
    command::LONGEST_REASON,
    doctor::{Check, Verdict},
    failure::Refusal,
    ident::RunId,
    page::AttemptOutcome,
    plan::{Plan, load},
    proposal::Proposal,
    run::{Happened, Run, State, StepState},
    view::{
        Links, alert, alert_over, approval_card, approval_details, ask_form, backup_form, can_everybody, contacts, decision_counted,
        decision_reply, doctor, fault, page_acknowledged, page_card, page_email, page_raised, page_reply, page_sms, pages_list,
        phrase_form, proposed, refusal, run_headline, run_reply, run_report, run_unreadable, runbook_dry_run, runs_list, started,
        step_said, told_form, which_run,
    },
};

fn plan() -> Plan {
    load(include_str!("../../../../../plans/capliquify/plan.yaml")).unwrap()
}

/// What people, vendors and attackers write, from nothing to more than any limit.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z0-9-]{1,40}".prop_map(|word| format!("{word} ")),
        1 => "[^\u{202a}-\u{202e}]{1,20}",
        1 => Just("<!channel> <https://evil.example|Approve here> ".to_owned()),
        1 => Just("`code` *bold* _thin_ ~gone~ &amp; <@U0EVIL> ".to_owned()),
        1 => Just("\u{202e}\u{2066}\u{200b}\r\n\t".to_owned()),
        1 => Just("ÄÖ🦀é́".repeat(30)),
        1 => Just("x".repeat(700)),
    ];
    (prop::collection::vec(part, 0..12), 1_usize..12).prop_map(|(parts, times)| parts.concat().repeat(times))
}

/// A restore of which every text is this one: of a reason as much as is taken from anybody, of names and sentences more than any has.
fn proposal_of(text: &str) -> Proposal {
    let mut proposal = restore();
    proposal.reason = Some(text.chars().take(LONGEST_REASON).collect());
    let text = &text.chars().take(300).collect::<String>();
    proposal.title = format!("Restore {text}");
    proposal.consequences.warnings = vec![text.to_owned(); 3];
    proposal.consequences.source = Some(text.to_owned());
    proposal.consequences.cost = Some(text.to_owned());
    text.clone_into(&mut proposal.consequences.undo);
    for step in &mut proposal.steps {
        text.clone_into(&mut step.name);
        if let Act::Verify(verify) = &mut step.act {
            verify.checks.iter_mut().for_each(|check| text.clone_into(&mut check.sql));
        }
    }
    proposal
}

fn stuck(proposal: &Proposal, text: &str) -> Run {
    let mut run = halfway(proposal);
    let at_step = proposal.steps[3].id.clone();
    run.steps[3].state = StepState::Failed(Finding::said(text));
    run.state = State::Stuck { step: at_step, since: at("14:30:00") };
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn k2_a_card_of_any_text_fits_and_its_digest_target_and_phrase_are_whole(text in text()) {
        let proposal = proposal_of(&text);
        let approval = approval(&proposal);
        let card = approval_card(&proposal, &approval, at("14:11:00"));
        one_message(&card);
        let shown = everything(&card.blocks);
        for whole in [approval.digest.as_str(), "`inventory`", "`eu-west-1`", proposal.phrase.as_str(), proposal.id.as_str()] {
            prop_assert!(shown.contains(whole), "{} is cut", whole);
        }
        for message in [
            proposed(&proposal, "C0RECOVERY"),
            decision_counted(&approved(&proposal), &proposal),
            decision_reply(&approved(&proposal), &proposal),
            runbook_dry_run(&proposal),
            started(&run(&proposal), &proposal, "C0RECOVERY"),
        ].iter().chain(approval_details(&proposal, &approval, at("14:11:00")).iter()) {
            fits(message);
        }
        form_fits(&phrase_form(&proposal, &text, Some(&text)));
    }

    #[test]
    fn k2_a_run_of_any_text_fits(text in text()) {
        let proposal = proposal_of(&text);
        let stuck = stuck(&proposal, &text);
        let failed = Run { state: State::Failed { why: text.clone() }, ended_at: Some(at("14:31:00")), ..stuck.clone() };
        for run in [&stuck, &failed, &succeeded(&proposal)] {
            one_message(&run_headline(run, &proposal, at("14:32:00")));
            fits(&run_report(run, &proposal));
        }
        for what in [Happened::StepFailed(proposal.steps[3].id.clone()), Happened::Distressed(text.clone()), Happened::Ended] {
            fits(&run_reply(&failed, &proposal, &told("14:31:00", what)));
        }
        fits(&run_unreadable(&RunId("r-1".to_owned()), &text));
        fits(&runs_list(&vec![failed.clone(); 30], true, &Links::default(), at("14:32:00")));
        fits(&which_run(&vec![stuck; 30], &Links::default(), at("14:32:00")));
        fits(&step_said(&RunId("r-1".to_owned()), &vec![format!("Said: {text}"); 8]));
    }

    #[test]
    fn k2_a_page_of_any_text_fits_by_every_way(text in text()) {
        let plan = plan();
        let mut page = page();
        page.subject = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
        page.why = text.chars().take(LONGEST_REASON).collect();
        page.attempts.iter_mut().for_each(|made| made.outcome = AttemptOutcome::Undelivered(text.chars().take(120).collect()));
        one_message(&page_card(&plan, &page));
        for message in [page_raised(&plan, &page), page_acknowledged(&page), pages_list(&plan, &vec![page.clone(); 40])] {
            fits(&message);
        }
        fits(&page_reply(&plan, &page, &page.log[0]));
        let (subject, _, html) = page_email(&plan, &page, Some("4711"));
        prop_assert!(!subject.contains(['\r', '\n']) && !html.contains("<!channel>") && !html.contains("<https:"), "{}", html);
        // AWS End User Messaging takes 1,600 characters; the code comes whole, or nobody can answer.
        let sms = page_sms(&page, Some("4711"));
        prop_assert!(sms.chars().count() <= 1_600 && sms.contains("ACK 4711"), "{}", sms);
    }

    #[test]
    fn k2_an_answer_of_any_text_fits(text in text()) {
        let told = refusal(&Refusal::new(text.clone()).instead(text.clone()).suggesting(text.clone()));
        form_fits(&told_form(&text, &told));
        form_fits(&backup_form(&vec![text.clone(); 120], Some(&text), Some(&text)));
        form_fits(&ask_form(&text, Some(&text)));
        let checks = vec![Check { what: text.clone(), verdict: Verdict::Broken, found: text.clone(), fix: Some(text.clone()) }; 40];
        let wrong = Alert {
            kind: Kind::Health,
            subject: text.clone(),
            level: Level::Broken,
            sentence: text.clone(),
            way_out: Some(text.clone()),
        };
        let since = at("14:00:00");
        let standing = Standing { alert: wrong, since, told: None, resolved: Some(since), told_resolved: false, telling: None, posted: None };
        for message in [alert(&standing), alert_over(&standing)] {
            fits(&message);
        }
        for message in [told, fault(&text), can_everybody(&text), doctor(&checks), contacts(&plan(), at("14:00:00"))] {
            fits(&message);
        }
    }
}
