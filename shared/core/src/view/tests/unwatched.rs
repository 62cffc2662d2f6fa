use super::{read, sample::at};
use crate::{
    plan::load,
    view::{Dark, unwatched, unwatched_call, unwatched_email, unwatched_line, unwatched_sms, watched_again},
};

fn dark() -> Dark<'static> {
    Dark { since: at("14:05:00"), why: "the table did not answer: no answer within 10 s" }
}

#[test]
fn nobody_watches() {
    let said = [
        unwatched_line(&dark()),
        unwatched_sms(&dark()),
        unwatched_call(&dark()),
        read(&unwatched(&dark())),
        read(&watched_again(at("14:05:00"), at("14:25:00"))),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    SEV1: Mayday can't read its own records since 2026-11-22 14:05:00 UTC: nobody is paged for anything else
    MAYDAY SEV1: Mayday can't read its own records since 2026-11-22 14:05:00 UTC. Nobody is paged for anything else. Look after open runs by hand.
    This is Mayday. Severity 1. The bot can't read its own records, and nobody is paged for anything else. Look after open runs by hand.
    (🚨 SEV1: Mayday can't read its own records since 2026-11-22 (14:05:00 UTC): the table did not answer: no answer within 10 s. Runs may stand still, and nobody is paged for anything else meanwhile. Look after open runs by hand, with the plan's document (mayday plan render), and mend the table or its region.)
    (✅ Mayday can read its records again, after 20 min. What was due meanwhile is done now.)
    ");
}

#[test]
fn nobody_watches_by_email() {
    let plan = load(include_str!("../../../../../plans/demo.yaml")).unwrap();
    let (subject, text, html) = unwatched_email(&plan, &dark());
    insta::assert_snapshot!(format!("{subject}\n\n{text}"), @r"
    SEV1: Mayday can't read its own records

    Mayday can't read its own records since 2026-11-22 14:05:00 UTC: the table did not answer: no answer within 10 s.

    Runs may stand still, and nobody is paged for anything else meanwhile. Look after open runs by hand, with the plan's document (mayday plan render), and mend the table or its region.

    It can't be acknowledged here: the next level is woken until the records can be read again.

    Enterprise Inventory System
    ");
    assert_eq!(html.matches("<p>").count(), text.split("\n\n").count());
}

/// What AWS says stands in the cause: it stays text, and takes its measure.
#[test]
fn k6_a_cause_stays_text_and_is_cut_before_what_must_be_read() {
    let why = format!("<!channel> *bold* \u{202e}{}", "x".repeat(5_000));
    let dark = Dark { since: at("14:05:00"), why: &why };
    let message = unwatched(&dark);
    assert!(!message.text.as_str().contains("<!channel>") && message.text.as_str().ends_with("its region."), "{}", message.text.as_str());
    assert!(message.text.as_str().chars().count() < 1_000);
    let plan = load(include_str!("../../../../../plans/demo.yaml")).unwrap();
    let (subject, text, html) = unwatched_email(&plan, &dark);
    assert!(!subject.contains('\n') && !html.contains("<!channel>") && text.len() < 1_000 && !text.contains('\u{202e}'));
}
