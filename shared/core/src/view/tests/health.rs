use jiff::{SignedDuration, Timestamp};

use super::{markup, read, sample::at};
use crate::{
    alert::{Alert, Kind, Level, Standing},
    plan::{Probe, ProbeKind, Sign, Span},
    port::Answer,
    probe::{Aspect, Diagnosis, Fact, Found, Match, Place, Question, Watch},
    view::{Checked, alert, diagnosis, health},
};

fn question(name: &str, place: Place) -> Question {
    let span = |seconds| Span(SignedDuration::from_secs(seconds));
    let how = ProbeKind::Tcp { address: "app.example:443".to_owned() };
    let probe = Probe { name: name.to_owned(), how, every: span(60), within: span(5), in_a_row: 3 };
    Question { owner: "orders".to_owned(), place, probe }
}

/// A probe that was answered alike for some minutes until 14:05.
fn checked(name: &str, place: Place, answer: Answer, times: i64) -> Checked {
    let question = question(name, place);
    let minute = |back: i64| at("14:05:00").saturating_sub(SignedDuration::from_mins(back)).unwrap();
    let fresh = Watch::new(&question, minute(times)).unwrap();
    let watch = (0..times).rev().fold(fresh, |watch, back| watch.heard(&answer, minute(back)));
    Checked { question, answer, watch: (times > 0).then_some(watch) }
}

fn now() -> Timestamp {
    at("14:05:30")
}

fn well() -> Answer {
    Answer::Well { took_ms: 34, note: "200".to_owned() }
}

fn ill(why: &str) -> Answer {
    Answer::Ill { why: why.to_owned(), took_ms: 12 }
}

#[test]
fn r01_what_is_ill_comes_with_since_when_and_what_we_did_not_see_is_not_down() {
    let all = [
        checked("front page", Place::Service, ill("it answered 503, not 200"), 4),
        checked("standby", Place::Secondary, Answer::blind("no name server answered"), 3),
        checked("name", Place::Service, well(), 1),
        checked("orders takes connections", Place::Database, well(), 0),
    ];
    insta::assert_snapshot!(read(&health(Some("orders"), &all, 0, now())), @r"
    (❌ orders: 1 of 4 answers is not as it should be, and 1 could not be seen.)
    # Health of orders
    ❌ orders: 1 of 4 answers is not as it should be, and 1 could not be seen.

    ❌ *orders*, front page: it answered 503, not 200
    • by the minute: ill since 2026-11-22 (14:02:00 UTC); the last 3 of 3 in a row ill
    ❔ *orders at its secondary site*, standby: could not be seen: no name server answered
    • by the minute: not known; asked last at 2026-11-22 (14:05:00 UTC), the last 3 of 3 in a row not seen
    ✅ *orders*, name: 200, in 34 ms
    • by the minute: not known; asked last at 2026-11-22 (14:05:00 UTC), the last 1 of 3 in a row well
    ✅ *the database orders*, orders takes connections: 200, in 34 ms
    • asked only now: nobody asks this by the minute

    [Diagnose](open_diagnose diagnose orders) [Ask again](open_health health orders)
    ");
}

#[test]
fn r01_all_well_is_one_line_and_nothing_to_ask_is_said() {
    let one = [checked("front page", Place::Service, well(), 3)];
    let said = [health(None, &one, 2, now()), health(None, &[], 0, now())].map(|message| read(&message));
    insta::assert_snapshot!(said.join("\n====\n"), @r"
    (✅ the one answer is as it should be.)
    # Health
    ✅ the one answer is as it should be.

    ✅ *orders*, front page: 200, in 34 ms
    • by the minute: well since 2026-11-22 (14:03:00 UTC); the last 3 of 3 in a row well

    ~ 2 more are not shown: `/dr health SERVICE` asks about one.
    [Ask again](open_health health)
    ====
    (The plan has no probe and no database: there is nothing to ask.)
    # Health
    The plan has no probe and no database: there is nothing to ask.
    ");
}

#[test]
fn k1_what_a_service_answers_stays_text() {
    let hostile = [checked("<!channel>", Place::Service, ill("*<https://evil.example|click>* `x`"), 3)];
    let said = markup(&health(Some("orders"), &hostile, 0, now()).blocks);
    assert!(!said.contains("<!channel>") && !said.contains("<https"), "{said}");
}

#[test]
fn k2_two_hundred_answers_fit_into_a_message() {
    let many: Vec<Checked> = (0..200).map(|number| checked(&format!("probe {number}"), Place::Service, ill(&"x".repeat(300)), 3)).collect();
    let message = health(None, &many, 0, now());
    assert!(message.blocks.len() <= 50, "{}", message.blocks.len());
    assert!(read(&message).contains("160 more are not shown"));
}

fn fact(aspect: Aspect, found: Found) -> Fact {
    Fact { aspect, about: "orders".to_owned(), found }
}

#[test]
fn r04_a_diagnosis_names_the_scenario_what_to_type_and_what_was_not_seen() {
    let found = |title: &str, command: Option<&str>, runbook: Option<&str>| Match {
        name: title.to_lowercase().replace(' ', "-"),
        title: title.to_owned(),
        recovery: Some("Restore from latest backup.".to_owned()),
        runbook: runbook.map(str::to_owned),
        command: command.map(str::to_owned),
    };
    let facts = vec![
        fact(Aspect::Database, Found::Ill(Sign::DatabaseGone, "the instance orders-db is gone".to_owned())),
        fact(Aspect::Data, Found::Unseen("there is no instance to ask".to_owned())),
        fact(Aspect::Backups, Found::Well("the newest moment that can be restored is 4 min old".to_owned())),
    ];
    let diagnosed = Diagnosis {
        facts,
        signs: [Sign::DatabaseGone].into(),
        scenarios: vec![
            found("Complete Database Loss", Some("restore orders --latest"), Some("restore")),
            found("Something Else", None, None),
        ],
    };
    insta::assert_snapshot!(read(&diagnosis("orders", &diagnosed)), @r"
    (❌ orders: the database is gone. That looks like *Complete Database Loss*.)
    # Diagnosis of orders
    ❌ orders: the database is gone. That looks like *Complete Database Loss*.

    *Is the database accessible?*
    ❌ orders: the instance orders-db is gone
    *Is the data as it should be?*
    ❔ orders: there is no instance to ask
    *Are the backups fresh?*
    ✅ orders: the newest moment that can be restored is 4 min old

    *What the plan has for it*
    • *Complete Database Loss*: Restore from latest backup. Type `/dr restore orders --latest`.
    • *Something Else*: Restore from latest backup. It has no runbook.

    ~ Not seen, so not ruled out: Is the data as it should be? (orders)
    [Restore…](open_restore restore orders --latest) [Look again](open_diagnose diagnose orders)
    ");
}

#[test]
fn r04_nothing_wrong_and_nothing_known_are_told_apart() {
    let said = |facts: Vec<Fact>, signs: &[Sign]| {
        let signs = signs.iter().copied().collect();
        read(&diagnosis("orders", &Diagnosis { facts, signs, scenarios: Vec::new() })).lines().next().unwrap_or_default().to_owned()
    };
    let fine = || fact(Aspect::Database, Found::Well("signed in".to_owned()));
    let unseen = || fact(Aspect::Names, Found::Unseen("no name server answers".to_owned()));
    let lines = [
        said(vec![fine()], &[]),
        said(vec![fine(), unseen()], &[]),
        said(vec![fact(Aspect::Data, Found::Ill(Sign::DataWrong, "1 of 3 checks failed".to_owned()))], &[Sign::DataWrong]),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    (✅ Nothing is wrong with orders that could be seen from here.)
    (❔ Nothing wrong was seen with orders, but not every question has an answer.)
    (❌ orders: the data is not as it should be.)
    ");
}

#[test]
fn r01_an_alert_of_a_service_has_its_next_moves_as_buttons_until_it_is_over() {
    let said = Alert {
        kind: Kind::Health,
        subject: "orders".to_owned(),
        level: Level::Broken,
        sentence: "orders is not well. front page: it answered 503, not 200.".to_owned(),
        way_out: Some("`/dr diagnose orders` says what can be seen. `/dr failover orders` proposes to move it.".to_owned()),
    };
    let mut standing =
        Standing { alert: said, since: at("14:02:00"), told: None, resolved: None, told_resolved: false, telling: None, posted: None };
    let open = read(&alert(&standing));
    standing.resolved = Some(at("14:12:00"));
    insta::assert_snapshot!([open, read(&alert(&standing))].join("\n====\n"), @r"
    (❌ orders is not well. front page: it answered 503, not 200.)
    ❌ orders is not well. front page: it answered 503, not 200.
    `/dr diagnose orders` says what can be seen. `/dr failover orders` proposes to move it.

    [Diagnose](open_diagnose diagnose orders) [Fail over…](open_failover failover orders) [Page…](open_page page)
    ~ since 2026-11-22 (14:02:00 UTC)
    ====
    (✅ orders is not well. front page: it answered 503, not 200.)
    ✅ orders is not well. front page: it answered 503, not 200.

    ~ over since 2026-11-22 (14:12:00 UTC), after 10 min
    ");
}
