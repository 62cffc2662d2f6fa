//! Pages: whoever should be woken is, once a level, whatever fails; and an acknowledgment ends it.

use std::sync::Arc;

use mayday_contract as contract;
use mayday_core::{
    ident::Actor,
    page::{self, Acked, AttemptOutcome, Hand, Page, PagerEvent, Raise, Raised, Replied, State, Undelivered, Way},
    plan::{Channel, Severity},
    run,
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE},
    state::Outgoing,
    trace::Port,
};
use serde_json::json;

use crate::{approval::move_secret, ended, nothing_done};

const PLAN: &str = include_str!("../../src/plan.yaml");
const SUBJECT: &str = "orders cannot be reached";

/// A world whose plan has two levels, five minutes each, climbed twice.
pub(crate) fn sim(seed: u64) -> Sim {
    let mut sim = Sim::new(seed);
    let plan = PLAN
        .replace("ana: { slack: U0ANA,", "ana: { slack: U0ANA, phone: +1-555-0001, email: ana@example.com,")
        .replace("ben: { slack: U0BEN,", "ben: { slack: U0BEN, phone: +1-555-0002, email: ben@example.com,")
        .replacen("verbs: [look, backup, restore", "verbs: [page, look, backup, restore", 1);
    assert!(plan.contains("verbs: [page,") && plan.contains("+1-555-0002"), "the simulation's plan is another");
    let on_call = "on_call:
  rounds: 2
  escalation:
    - { name: Primary, notify: [ana], by: [pagerduty, sms], within: 5m }
    - { name: Secondary, notify: [ben], by: [sms, slack], within: 5m }
";
    sim.put_plan(&format!("{plan}{on_call}"));
    sim
}

pub(crate) fn raise(sim: &Sim, key: &str) -> Raised {
    let since = sim.now();
    let by = Actor::System("test".to_owned());
    let (subject, why) = (SUBJECT.to_owned(), String::new());
    let asked = Raise { key: key.to_owned(), severity: Severity::Sev1, subject, why, by, since, run: None, to: Vec::new() };
    sim.at_once(page::raise(&sim.world(), asked)).expect("at once").expect("raised")
}

fn due(sim: &Sim) -> usize {
    sim.at_once(page::due(&sim.world())).expect("at once").expect("done")
}

/// The one page that is not an alert's.
fn the_page(sim: &Sim) -> Page {
    sim.see(|state| state.records::<Page>()).into_iter().rfind(|page| page.subject == SUBJECT).expect("a page")
}

fn sent(sim: &Sim, way: &str, to: &str) -> Vec<Outgoing> {
    sim.see(|state| state.sent.iter().filter(|sent| sent.way == way && sent.to == to).cloned().collect())
}

fn hand(name: &str) -> Hand {
    Hand { name: name.to_owned(), user: None, actor: Actor::System(name.to_owned()), how: Way::Button }
}

fn acknowledge(sim: &Sim, name: &str) -> Acked {
    let id = the_page(sim).id;
    sim.at_once(page::acknowledge(&sim.world(), &id, &hand(name))).expect("at once").expect("written").expect("a page")
}

#[test]
fn the_ways_hold_their_contract() {
    let sim = sim(1);
    let world = sim.world();
    let nobody = contract::ways::Nobody { number: "+0001234567", address: "suppressed@example.com" };
    sim.at_once(contract::ways::everything(world.pager.as_ref(), world.phone.as_ref(), world.mail.as_ref(), nobody)).unwrap();
}

#[test]
fn a_run_that_is_turned_away_before_it_did_anything_wakes_nobody() {
    let mut sim = sim(9);
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().unwrap();
    sim.as_("ben").approves(&proposal);
    move_secret(&mut sim);
    let run = ended(&mut sim);
    assert!(matches!(run.state, run::State::Failed { .. }), "{:?}", run.state);
    nothing_done(&sim);
    assert_eq!(sim.see(|state| state.records::<Page>()), []);
}

#[test]
fn i5_a_tick_that_is_half_an_hour_late_wakes_one_level_and_reckons_from_then() {
    let mut sim = sim(1);
    raise(&sim, "orders");
    sim.run_for(30 * MINUTE);
    assert_eq!((due(&sim), due(&sim), due(&sim)), (1, 0, 0));
    let page = the_page(&sim);
    assert_eq!((page.round, page.level), (1, 1));
    assert_eq!(page.next_at.unwrap(), sim.now() + jiff::SignedDuration::from_mins(5));
    assert_eq!(sent(&sim, "sms", "+15550002").len(), 1);
}

#[test]
fn i6_what_was_resolved_before_it_was_raised_is_not_opened() {
    let mut sim = sim(2);
    let since = sim.now();
    sim.run_for(MINUTE);
    sim.at_once(page::resolve(&sim.world(), "orders", "test", "over")).unwrap().unwrap();
    let by = Actor::System("test".to_owned());
    let (subject, why) = (SUBJECT.to_owned(), String::new());
    let late = Raise { key: "orders".to_owned(), severity: Severity::Sev1, subject, why, by, since, run: None, to: Vec::new() };
    assert_eq!(sim.at_once(page::raise(&sim.world(), late)).unwrap().unwrap(), Raised::Over);
    assert_eq!(sim.see(|state| state.sent.len()), 0);

    // What goes wrong later is new; and what PagerDuty says of the time before it does nothing to it.
    sim.run_for(MINUTE);
    assert!(matches!(raise(&sim, "orders"), Raised::New(_)));
    let event =
        PagerEvent { kind: "incident.resolved".to_owned(), dedup_key: "orders".to_owned(), human: Some("Ana".to_owned()), at: since };
    assert_eq!(sim.at_once(page::from_pagerduty(&sim.world(), &event)).unwrap().unwrap(), None);
    assert!(the_page(&sim).is_open());
    let event = PagerEvent { at: sim.now(), ..event };
    assert!(sim.at_once(page::from_pagerduty(&sim.world(), &event)).unwrap().unwrap().is_some_and(|page| page.is_resolved()));
}

#[test]
fn j4_what_a_machine_did_in_pagerduty_is_no_acknowledgment() {
    let sim = sim(3);
    raise(&sim, "orders");
    let event = PagerEvent { kind: "incident.acknowledged".to_owned(), dedup_key: "orders".to_owned(), human: None, at: sim.now() };
    assert_eq!(sim.at_once(page::from_pagerduty(&sim.world(), &event)).unwrap().unwrap(), None);
    assert!(the_page(&sim).is_open());
}

#[test]
fn j5_what_was_paged_is_not_paged_again_and_what_is_over_stays_over() {
    let mut sim = sim(4);
    let Raised::New(first) = raise(&sim, "orders") else { panic!("not new") };
    sim.run_for(MINUTE);
    assert_eq!(raise(&sim, "orders"), Raised::Already(first));
    assert_eq!((sent(&sim, "trigger", "orders").len(), sent(&sim, "sms", "+15550001").len()), (1, 1));
    sim.at_once(page::resolve(&sim.world(), "orders", "test", "over")).unwrap().unwrap();
    assert_eq!(sent(&sim, "resolve", "orders").len(), 1, "PagerDuty is told");
    for _ in 0..20 {
        sim.run_for(5 * MINUTE);
        due(&sim);
    }
    assert_eq!(sim.see(|state| state.sent.len()), 3, "nobody is woken for what is over");
}

#[test]
fn r08_the_ladder_is_climbed_round_after_round_and_then_everybody_is_told_that_nobody_answers() {
    let mut sim = sim(5);
    sim.ticks();
    raise(&sim, "orders");
    sim.run_for(HOUR);
    let page = the_page(&sim);
    let woken: Vec<(u8, String)> = page
        .log
        .iter()
        .filter_map(|told| match &told.what {
            page::Happened::Woken { round, level, .. } => Some((*round, level.clone())),
            _ => None,
        })
        .collect();
    let [primary, secondary] = ["Primary", "Secondary"].map(str::to_owned);
    assert_eq!(woken, [(1, primary.clone()), (1, secondary.clone()), (2, primary), (2, secondary)]);
    assert!(page.is_open() && page.unanswered_at.is_some() && page.next_at.is_none());
    // In the second round by every way, and at the end once more.
    assert_eq!(sent(&sim, "call", "+15550001").len(), 3, "when the next level was woken, in the second round, and at the end");
    assert!(!sent(&sim, "email", "ana@example.com").is_empty() && !sent(&sim, "email", "ben@example.com").is_empty());
    // It can still be taken.
    assert!(matches!(acknowledge(&sim, "ben"), Acked::Theirs(_)));
    sim.finish().unwrap();
}

#[test]
fn r08_whoever_took_it_and_went_quiet_is_asked_and_then_others_are_woken_again() {
    let mut sim = sim(6);
    sim.ticks();
    raise(&sim, "orders");
    acknowledge(&sim, "ana");
    sim.run_for(29 * MINUTE);
    assert_eq!(sent(&sim, "sms", "+15550001").len(), 1);
    sim.run_for(3 * MINUTE);
    let asked = sent(&sim, "sms", "+15550001");
    assert!(asked.len() == 2 && asked[1].text.contains("still on it?"), "{asked:?}");
    // An answer buys another half hour.
    let code = asked[1].text.split("ACK ").nth(1).unwrap()[..4].to_owned();
    let replied = sim.at_once(page::from_sms(&sim.world(), "+1 555 0001", &format!("ACK {code}"))).unwrap().unwrap();
    assert!(matches!(replied, Replied::Acknowledged(_)), "{replied:?}");
    sim.run_for(29 * MINUTE);
    assert!(!the_page(&sim).is_open());
    // No answer to the second question.
    sim.run_for(15 * MINUTE);
    let page = the_page(&sim);
    assert!(page.is_open() && page.log.iter().any(|told| matches!(told.what, page::Happened::Reopened { .. })), "{:?}", page.log);
}

#[test]
fn r08_whoever_went_quiet_is_asked_though_the_one_who_was_to_ask_has_died() {
    let mut sim = sim(14);
    sim.ticks();
    raise(&sim, "orders");
    acknowledge(&sim, "ana");
    sim.run_for(28 * MINUTE);
    sim.set_faults(Faults::rule(|call| if (call.port, call.method) == (Port::Phone, "sms") { Fate::CrashBefore } else { Fate::Well }));
    sim.run_for(4 * MINUTE);
    assert_eq!(sent(&sim, "sms", "+15550001").len(), 1, "nobody has asked");
    sim.set_faults(Faults::Never);
    sim.run_for(4 * MINUTE);
    let asked = sent(&sim, "sms", "+15550001");
    assert!(asked.len() == 2 && asked[1].text.contains("still on it?"), "{asked:?}");
    assert!(!the_page(&sim).is_open());
}

#[test]
fn a_reply_counts_from_the_persons_own_number_with_their_own_code_only() {
    let sim = sim(7);
    raise(&sim, "orders");
    let code = the_page(&sim).codes["ana"].clone();
    let reply = |from: &str, text: String| sim.at_once(page::from_sms(&sim.world(), from, &text)).unwrap().unwrap();
    assert_eq!(reply("+15550009", format!("ACK {code}")), Replied::Ignored);
    assert_eq!(reply("+15550002", format!("ACK {code}")), Replied::NoSuchCode);
    for text in [format!("ACK {code} please"), format!("ACK{code}"), code.clone(), "ACK 12345".to_owned(), String::new()] {
        assert_eq!(reply("+15550001", text), Replied::Ignored);
    }
    assert!(the_page(&sim).is_open());
    assert!(matches!(reply("+15550001", format!(" ack\t{code}\n")), Replied::Acknowledged(_)));
    assert!(matches!(reply("+15550001", format!("ACK {code}")), Replied::Acknowledged(_)), "said twice is said once");
    assert_eq!(the_page(&sim).log.len(), 2);
}

#[test]
fn d3_of_two_who_acknowledge_the_first_has_it() {
    let sim = sim(8);
    raise(&sim, "orders");
    assert!(matches!(acknowledge(&sim, "ben"), Acked::Theirs(_)));
    let Acked::Late(page) = acknowledge(&sim, "ana") else { panic!("both have it") };
    assert!(matches!(page.state, State::Acknowledged(by) if by.by == "ben"));
}

#[test]
fn f1_whatever_call_of_a_page_its_process_dies_at_everybody_is_woken() {
    for fate in [Fate::CrashBefore, Fate::CrashAfter] {
        for number in (0..70).step_by(5) {
            let mut sim = sim(number);
            sim.ticks();
            sim.set_faults(Faults::at(number, fate));
            let answer = sim.as_("ana").types("page \"orders cannot be reached\"");
            sim.run_for(HOUR);
            let mut pages = sim.see(|state| state.records::<Page>());
            pages.retain(|page| page.subject == SUBJECT);
            assert_eq!(pages.len(), 1, "one page, {fate:?} at {number}: {answer}\n{}", sim.trace().join("\n"));
            for phone in ["+15550001", "+15550002"] {
                assert!(!sent(&sim, "sms", phone).is_empty(), "{phone} was not woken, {fate:?} at {number}\n{}", sim.trace().join("\n"));
            }
            assert!(pages[0].unanswered_at.is_some() && pages[0].told == pages[0].log.len(), "{fate:?} at {number}: {:?}", pages[0].log);
        }
    }
}

#[test]
fn j1_a_stuck_run_wakes_people_though_slack_is_silent_and_lets_them_sleep_when_it_goes_on() {
    let mut sim = sim(9);
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    // The vendor refuses the restore, and Slack answers nothing.
    sim.set_faults(Faults::rule(|call| match (call.port, call.method) {
        (Port::Databases, "restore") => Fate::Refused,
        (Port::Chat, _) => Fate::NotNow,
        _ => Fate::Well,
    }));
    let key = format!("run/{}", proposal.id.run());
    let is_woken = |sim: &Sim| !sent(sim, "sms", "+15550001").is_empty() && !sent(sim, "trigger", &key).is_empty();
    assert!(sim.run_until(HOUR, is_woken), "{}", sim.trace().join("\n"));
    assert_eq!(sent(&sim, "trigger", &key).len(), 1);
    let text = sent(&sim, "sms", "+15550001")[0].text.clone();
    assert!(text.contains("a person must decide"), "{text}");

    sim.set_faults(Faults::Never);
    // Alerts may have woken people too.
    let run = proposal.id.run();
    let about =
        |sim: &Sim| sim.see(|state| state.records::<Page>()).into_iter().find(|page| page.run.as_deref() == Some(run.as_str())).unwrap();
    sim.as_("ana").types(&format!("cancel {run}"));
    assert!(sim.run_until(HOUR, |sim| about(sim).is_resolved()), "{:?}", about(&sim));
    sim.run_for(2 * MINUTE);
    assert_eq!(sent(&sim, "resolve", &key).len(), 1);
}

/// The ids under which the ways took what a page sent, by channel.
fn references(sim: &Sim) -> Vec<(Channel, String)> {
    the_page(sim).attempts.into_iter().filter_map(|made| Some((made.channel, made.reference?))).collect()
}

fn report(sim: &Sim, reference: &str) -> Option<Page> {
    let report = Undelivered { reference: reference.to_owned(), why: "it bounced".to_owned() };
    sim.at_once(page::undelivered(&sim.world(), &report)).unwrap().unwrap()
}

/// Each way of the level comes back, one after the other: the next way is tried at once, and after the last one the next level.
#[test]
fn g16_when_all_ways_of_a_level_come_back_the_next_level_is_woken_at_once() {
    let mut sim = sim(16);
    // No PagerDuty: what remains can all come back.
    let plan = sim.see(|state| String::from_utf8(state.blobs["plan.yaml"].last().unwrap().clone()).unwrap());
    sim.put_plan(&plan.replace("by: [pagerduty, sms]", "by: [sms]"));
    raise(&sim, "orders");
    for way in [Channel::Sms, Channel::Phone, Channel::Email] {
        let (_, reference) = references(&sim).into_iter().rfind(|(channel, _)| *channel == way).expect("it was tried");
        assert!(report(&sim, &reference).is_some());
        assert_eq!(the_page(&sim).level, 0, "{way:?}: there is another way");
    }
    // Slack is the last way, and no vendor reports on it: it failed when it was tried. The letter, too, takes its time to come back.
    let (_, letter) = references(&sim).pop().unwrap();
    sim.by_hand(|state, _| {
        let id = state.rows.newest("page").unwrap().to_owned();
        let mut row = state.rows.get("page", &id).cloned().unwrap();
        let attempts = &mut Arc::make_mut(&mut row.body)["record"]["attempts"];
        let attempts = attempts.as_array_mut().unwrap();
        attempts[2]["outcome"] = json!("accepted");
        attempts[3]["outcome"] = json!({"undelivered": "no answer"});
        state.rows.set(row);
    });
    report(&sim, &letter);
    let page = the_page(&sim);
    assert_eq!((page.round, page.level), (1, 1), "{:?}", page.attempts);
    assert_eq!(sent(&sim, "sms", "+15550002").len(), 1);
    assert_eq!(sim.audited("page.undelivered"), 4);

    // What is repeated, what nobody sent, and what is over already do nothing.
    let (_, first) = references(&sim).remove(0);
    let before = the_page(&sim).attempts;
    report(&sim, &first);
    assert_eq!(report(&sim, "never sent"), None);
    assert_eq!(the_page(&sim).attempts, before);
    acknowledge(&sim, "Ben");
    let (_, last) = references(&sim).pop().unwrap();
    report(&sim, &last);
    assert_eq!(the_page(&sim).level, 1, "whoever has it is not passed over");
}

/// The report can overtake the answer to what was sent: then nobody knows yet what it is about, and it is to come again.
#[test]
fn g16_a_report_that_is_faster_than_the_answer_comes_again() {
    let mut sim = sim(17);
    sim.set_faults(Faults::first(1, Port::Phone, "sms", Fate::CrashBefore));
    let answer = sim.as_("ana").types(&format!("page \"{SUBJECT}\""));
    let page = the_page(&sim);
    if page.attempts.iter().any(|made| made.outcome == AttemptOutcome::Intended) {
        let report = Undelivered { reference: "sent-0".to_owned(), why: "unreachable".to_owned() };
        assert!(sim.at_once(page::undelivered(&sim.world(), &report)).unwrap().is_err(), "{answer}");
    } else {
        panic!("the sender did not die: {answer}");
    }
}
