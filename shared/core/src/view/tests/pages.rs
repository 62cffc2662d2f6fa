use std::collections::BTreeMap;

use super::{everything, plain, read, read_form, sample::at};
use crate::{
    ident::{Actor, PageId},
    page::{Acknowledgment, Attempt, AttemptOutcome, Happened, Page, State, Told, Way},
    plan::{Channel, Plan, Severity, load},
    view::{
        Message, contacts, page_call, page_card, page_email, page_form, page_late, page_reply, page_sms, page_still_on_it,
        page_still_on_it_sms, page_taken, pages_list,
    },
};

const PLAN: &str = include_str!("../../../../../plans/capliquify/plan.yaml");

fn plan() -> Plan {
    load(PLAN).unwrap()
}

fn attempt(person: &str, channel: Channel, outcome: AttemptOutcome, instead_of: Option<Channel>) -> Attempt {
    Attempt {
        at: at("14:00:00"),
        round: 1,
        level: 0,
        person: person.to_owned(),
        channel,
        instead_of,
        outcome,
        posted: None,
        reference: None,
    }
}

/// A page that has woken its first level.
pub(super) fn page() -> Page {
    let busy = AttemptOutcome::Undelivered("too many requests".to_owned());
    let people = vec!["john-smith".to_owned(), "jane-doe".to_owned()];
    Page {
        id: PageId("pg-01kb3m6v9d5x2y7z8a4c6e0f1g".to_owned()),
        key: "run/r-1".to_owned(),
        severity: Severity::Sev1,
        subject: "Restore orders: a person must decide".to_owned(),
        why: "The run waits. `/dr why r-1` has what happened.".to_owned(),
        raised_by: Actor::System("runner".to_owned()),
        raised_at: at("14:00:00"),
        since: at("13:59:30"),
        run: Some("r-1".to_owned()),
        to: Vec::new(),
        state: State::Open,
        round: 1,
        begun: 1,
        level: 0,
        next_at: Some(at("14:05:00")),
        attempts: vec![
            attempt("PagerDuty", Channel::Pagerduty, AttemptOutcome::Accepted, None),
            attempt("john-smith", Channel::Slack, busy, None),
            attempt("john-smith", Channel::Sms, AttemptOutcome::Accepted, Some(Channel::Slack)),
            attempt("jane-doe", Channel::Phone, AttemptOutcome::Unknown("no answer in time".to_owned()), None),
        ],
        codes: BTreeMap::from([("john-smith".to_owned(), "4711".to_owned())]),
        headline: None,
        shown: None,
        pagerduty: None,
        unanswered_at: None,
        log: vec![Told { at: at("14:00:00"), what: Happened::Woken { round: 1, level: "Primary".to_owned(), people } }],
        told: 0,
    }
}

fn acknowledged(asked: bool) -> Page {
    let asked_at = asked.then(|| at("14:32:00"));
    let by = Acknowledgment {
        by: "jane-doe".to_owned(),
        user: Some("U0JANE0001".to_owned()),
        at: at("14:02:00"),
        how: Way::Sms,
        heard_at: at("14:02:00"),
        asked_at,
        unasked: false,
    };
    Page { state: State::Acknowledged(by), next_at: None, ..page() }
}

#[test]
fn a_page_that_nobody_has_taken_says_who_was_reached_how_and_who_is_next() {
    insta::assert_snapshot!(read(&page_card(&plan(), &page())), @r"
    (🚨 SEV1: Restore orders: a person must decide. *Nobody has acknowledged it.* Primary was woken. Secondary is woken at 2026-11-22 (14:05:00 UTC), unless somebody acknowledges.)
    # 🚨 SEV1: Restore orders: a person must decide
    *Nobody has acknowledged it.* Primary was woken. Secondary is woken at 2026-11-22 (14:05:00 UTC), unless somebody acknowledges.
    The run waits. `/dr why r-1` has what happened.

    • PagerDuty: PagerDuty sent
    • <@U0JOHN0001>: ❌ Slack not delivered (too many requests), text message instead of Slack sent
    • <@U0JANE0001>: ⚠️ call perhaps sent (no answer in time)

    ~ Raised by Mayday (runner) at 2026-11-22 (14:00:00 UTC) · `pg-01kb3m6v9d5x2y7z8a4c6e0f1g` · about `r-1`
    [Acknowledge](ack pg-01kb3m6v9d5x2y7z8a4c6e0f1g) [Escalate now](escalate pg-01kb3m6v9d5x2y7z8a4c6e0f1g) [Resolve](resolve pg-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ");
}

#[test]
fn a_page_that_somebody_has_says_who_and_loses_its_button() {
    insta::assert_snapshot!(read(&page_card(&plan(), &acknowledged(false))), @r"
    (👀 SEV1: Restore orders: a person must decide. *<@U0JANE0001> has it*, since 2026-11-22 (14:02:00 UTC), by text message.)
    # 👀 SEV1: Restore orders: a person must decide
    *<@U0JANE0001> has it*, since 2026-11-22 (14:02:00 UTC), by text message.
    The run waits. `/dr why r-1` has what happened.

    • PagerDuty: PagerDuty sent
    • <@U0JOHN0001>: ❌ Slack not delivered (too many requests), text message instead of Slack sent
    • <@U0JANE0001>: ⚠️ call perhaps sent (no answer in time)

    ~ Raised by Mayday (runner) at 2026-11-22 (14:00:00 UTC) · `pg-01kb3m6v9d5x2y7z8a4c6e0f1g` · about `r-1`
    [Resolve](resolve pg-01kb3m6v9d5x2y7z8a4c6e0f1g) [Escalate now](escalate pg-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ");
    insta::assert_snapshot!(read(&page_taken(&plan(), &acknowledged(false))), @"(👀 SEV1: Restore orders: a person must decide. *<@U0JANE0001> has it*, since 2026-11-22 (14:02:00 UTC), by text message.)");
    insta::assert_snapshot!(read(&page_still_on_it(&acknowledged(true))), @r"
    (⏳ Are you still on *Restore orders: a person must decide*? You took it, and nothing was heard of it for half an hour. Without an answer within 10 min others are woken.)
    ⏳ Are you still on *Restore orders: a person must decide*? You took it, and nothing was heard of it for half an hour. Without an answer within 10 min others are woken.

    [Still on it](ack pg-01kb3m6v9d5x2y7z8a4c6e0f1g) [Resolve](resolve pg-01kb3m6v9d5x2y7z8a4c6e0f1g) [Escalate now](escalate pg-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ");
}

#[test]
fn everything_that_happens_to_a_page_is_said_in_one_line() {
    let by = || "jane-doe".to_owned();
    let people = vec!["bob-wilson".to_owned()];
    let all = [
        Happened::Woken { round: 2, level: "Secondary".to_owned(), people },
        Happened::Woken { round: 1, level: "Secondary".to_owned(), people: Vec::new() },
        Happened::Acknowledged { by: by(), how: Way::Pagerduty },
        Happened::Asked { by: by() },
        Happened::StillOnIt { by: by() },
        Happened::Reopened { by: by() },
        Happened::Escalated { by: by() },
        Happened::Unanswered,
        Happened::Resolved { by: by(), why: String::new() },
        Happened::Resolved { by: "Mayday".to_owned(), why: "the run goes on.".to_owned() },
    ];
    let said = all.map(|what| read(&page_reply(&plan(), &page(), &Told { at: at("14:40:00"), what })));
    insta::assert_snapshot!(said.join("\n"), @r"
    (🔔 Round 2: Secondary was woken: <@U0BOBW0001>.)
    (⚠️ Secondary has nobody on call now: the next level is woken.)
    (👀 <@U0JANE0001> has it, in PagerDuty.)
    (⏳ <@U0JANE0001> was quiet for half an hour, and was asked whether they are still on it.)
    (👀 <@U0JANE0001> is still on it.)
    (🚨 <@U0JANE0001> did not answer. The escalation begins again.)
    (⏫ <@U0JANE0001> wants the next level to be woken at once.)
    (🚨 Nobody answers. Everybody in the plan was told now, and nobody is woken any more.)
    (✅ <@U0JANE0001> resolved it. It was open for 40 min.)
    (✅ It is over: the run goes on. It was open for 40 min.)
    ");
}

#[test]
fn what_goes_out_beyond_slack_is_short_and_says_how_to_answer() {
    insta::assert_snapshot!(page_sms(&page(), Some("4711")), @"MAYDAY SEV1: Restore orders: a person must decide. Reply ACK 4711 to take it.");
    insta::assert_snapshot!(page_call(&page(), Some("4711")), @"This is Mayday. Severity 1. Restore orders: a person must decide. Acknowledge in Slack or PagerDuty, or reply by text message: ACK, then 4, 7, 1, 1.");
    insta::assert_snapshot!(page_still_on_it_sms(&page(), Some("4711")), @"MAYDAY: still on it? Restore orders: a person must decide. Reply ACK 4711 if you are. Else others are woken in 10 min.");
    insta::assert_snapshot!(page_late(&acknowledged(false)), @"MAYDAY: jane-doe has it: Restore orders: a person must decide.");
    let (subject, text, html) = page_email(&plan(), &page(), Some("4711"));
    insta::assert_snapshot!(format!("{subject}\n---\n{text}\n---\n{html}"), @r"
    SEV1: Restore orders: a person must decide
    ---
    SEV1: Restore orders: a person must decide

    The run waits. `/dr why r-1` has what happened.

    To take it: press Acknowledge in Slack, or reply ACK 4711 to the text message.

    CapLiquify Manufacturing Platform · raised at 2026-11-22 14:00:00 UTC · pg-01kb3m6v9d5x2y7z8a4c6e0f1g
    ---
    <p>SEV1: Restore orders: a person must decide</p>
    <p>The run waits. `/dr why r-1` has what happened.</p>
    <p>To take it: press Acknowledge in Slack, or reply ACK 4711 to the text message.</p>
    <p>CapLiquify Manufacturing Platform · raised at 2026-11-22 14:00:00 UTC · pg-01kb3m6v9d5x2y7z8a4c6e0f1g</p>
    ");
}

#[test]
fn r15_contacts_have_people_and_support_as_the_plan_has_them() {
    insta::assert_snapshot!(read(&contacts(&plan(), at("14:00:00"))), @r#"
    (On call now (Primary): <@U0JOHN0001>, <@U0JANE0001>.)
    # Contacts
    On call now (Primary): <@U0JOHN0001>, <@U0JANE0001>.

    • *Primary*: <@U0JOHN0001>, <@U0JANE0001>; waited for 5 min
    • *Secondary*: <@U0BOBW0001>, <@U0ALICE001>; waited for 10 min

    *People*

    • *Alice Brown* (<@U0ALICE001>), Security Lead, `alice-brown`: ☎ `+1-555-0004` · ✉ `security@sentia.com`
    • *Bob Wilson* (<@U0BOBW0001>), Database Admin, `bob-wilson`: ☎ `+1-555-0003` · ✉ `dba@sentia.com`
    • *Jane Doe* (<@U0JANE0001>), DevOps Lead, `jane-doe`: ☎ `+1-555-0002` · ✉ `devops@sentia.com`
    • *John Smith* (<@U0JOHN0001>), CTO, `john-smith`: ☎ `+1-555-0001` · ✉ `cto@sentia.com`

    *Help from outside*

    • *CDN Support*: `support@cloudflare.com` · account `ENT-11111` · priority P2
    • *Database Support*: `support@neon.tech` · account `PRO-67890` · priority P1
    • *Render Support*: `support@render.com` · account `ENT-12345` · priority P1 · status `https://status.render.com`

    ~ Only you see this. To wake somebody: `/dr page NAME "what is wrong"`
    "#);
}

#[test]
fn a_page_is_asked_for_in_a_form() {
    insta::assert_snapshot!(read_form(&page_form(&plan(), Some("bob-wilson"), &BTreeMap::new(), Some("Say what is wrong."))), @r"
    [[ Wake people ]] page
    ⚠️ Say what is wrong.

    Whoever is woken has to acknowledge; until somebody does, the next level of the plan is woken.

    What is wrong: ________
       One line: it is read on a locked screen.
    Wake first: 
       ( ) Whoever is on call = on-call-levels
       ( ) Alice Brown, Security Lead = alice-brown
       (•) Bob Wilson, Database Admin = bob-wilson
       ( ) Jane Doe, DevOps Lead = jane-doe
       ( ) John Smith, CTO = john-smith
    How bad it is: 
       (•) SEV1, Critical: Complete outage, data loss = 1
       ( ) SEV2, Major: Partial outage, performance degradation = 2
       ( ) SEV3, Minor: Feature unavailable, non-critical issue = 3
    [Close] [Wake them]
    ");
}

/// A page whose every text is hostile.
fn hostile() -> Page {
    let evil = "<!channel> *x* `y` <https://evil.example|Approve here>\r\nBcc: all@example.com \u{202e}\u{1b}[2J";
    Page { subject: evil.to_owned(), why: evil.repeat(30), key: evil.to_owned(), ..page() }
}

#[test]
fn k1_k6_hostile_text_is_inert_by_every_way() {
    for message in [page_card(&plan(), &hostile()), page_taken(&plan(), &hostile()), pages_list(&plan(), &[hostile()])] {
        let Message { text, blocks } = message;
        for said in [text.to_string(), super::markup(&blocks)] {
            assert!(!said.contains("<!channel>") && !said.contains("<https"), "{said}");
        }
        assert!(!everything(&blocks).contains('\u{202e}'));
    }
    for said in [page_sms(&hostile(), Some("4711")), page_call(&hostile(), None), page_still_on_it_sms(&hostile(), None)] {
        assert!(!said.contains(|character: char| character.is_control() || character == '\u{202e}'), "{said:?}");
        assert!(said.chars().count() <= 460, "{said}");
    }
    assert!(page_sms(&hostile(), Some("4711")).ends_with("Reply ACK 4711 to take it."), "the code is never cut off");
}

#[test]
fn k5_a_subject_has_one_line_and_html_is_escaped() {
    let (subject, text, html) = page_email(&plan(), &hostile(), None);
    assert!(!subject.contains(['\r', '\n']) && subject.chars().count() <= 150);
    assert!(!html.contains("<!channel>") && !html.contains("<https") && html.contains("&lt;!channel&gt;"), "{html}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn k2_a_page_that_climbs_for_hours_still_fits_into_one_message() {
    let mut long = page();
    for round in 0..60 {
        for person in ["john-smith", "jane-doe", "bob-wilson"] {
            let why = AttemptOutcome::Undelivered("x".repeat(120));
            long.attempts.push(Attempt { round, ..attempt(person, Channel::Sms, why, Some(Channel::Slack)) });
        }
    }
    let card = page_card(&plan(), &long);
    let json = serde_json::to_value(&card).unwrap();
    let blocks = json["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50 && plain(&everything(&card.blocks)).chars().count() < 11_500);
    assert!(everything(&card.blocks).contains("are in the audit"));
}
