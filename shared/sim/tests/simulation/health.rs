//! Probes by the minute, in virtual time: verdicts, blindness, and a scheduler that dies.

use mayday_contract as contract;
use mayday_core::probe::{Verdict, Watch};
use mayday_sim::{Fate, Faults, Sim, fault::MINUTE, setting, state::Service, trace::Port};

const URL: &str = "http://counter.example/health";
const ID: &str = "counter/service/front page";

/// A world whose plan has a service with a probe, a minute before the first tick.
fn watched(seed: u64) -> Sim {
    let mut sim = Sim::new(seed);
    let service = format!(
        "services:\n  counter:\n    environment: production\n    databases: [orders]\n    probes: [{{name: front page, http: {{url: \"{URL}\"}}}}]\n"
    );
    let plan = setting::plan(1).replacen("services:\n", &service, 1);
    assert!(plan.contains(URL), "the plan has services");
    sim.put_plan(&plan);
    answers(&mut sim, 200);
    sim.ticks();
    sim
}

fn answers(sim: &mut Sim, status: u16) {
    sim.by_hand(|state, _| state.outside.services.insert(URL.to_owned(), Service { status, body: "ready".to_owned() }));
}

fn watch(sim: &Sim) -> Watch {
    sim.see(|state| state.record::<Watch>(ID)).expect("the probe was asked")
}

/// How many messages of their own say this in the channel.
fn said(sim: &Sim, text: &str) -> usize {
    sim.see(|state| state.chat.showing(text).filter(|said| said.thread.is_none()).count())
}

#[test]
fn probes_hold_their_contract() {
    let mut sim = Sim::new(1);
    let service = |status, body: &str| Service { status, body: body.to_owned() };
    sim.by_hand(|state, _| {
        let services = [
            ("http://app.contract.internal/well", service(200, "all systems ready")),
            ("http://app.contract.internal/broken", service(503, "")),
            ("app.contract.internal:443", Service::well("")),
        ];
        state.outside.services.extend(services.map(|(at, service)| (at.to_owned(), service)));
        let record = mayday_core::port::RecordSet {
            name: "alias.contract.internal".to_owned(),
            kind: "CNAME".to_owned(),
            ttl: 60,
            values: vec!["old.example.com".to_owned()],
        };
        state.zones.records.insert(("contract.internal".to_owned(), record.name.clone()), record);
    });
    let world = sim.world();
    let outside = contract::probes::Outside {
        well: "http://app.contract.internal/well",
        broken: "http://app.contract.internal/broken",
        closed: "http://127.0.0.1:1/",
        open: "app.contract.internal:443",
        shut: "app.contract.internal:80",
        alias: "alias.contract.internal",
        nowhere: "nowhere.contract.internal",
    };
    sim.at_once(contract::probes::everything(world.probes.as_ref(), &outside)).unwrap();
}

#[test]
fn r01_a_scheduler_that_dies_anywhere_delays_a_verdict_and_swallows_none() {
    for (method, fate) in [("post", Fate::CrashBefore), ("post", Fate::CrashAfter), ("post", Fate::NotNow), ("post", Fate::LostAnswer)] {
        let mut sim = watched(3);
        sim.run_for(5 * MINUTE);
        assert_eq!(watch(&sim).verdict, Verdict::Well, "{fate:?}");
        answers(&mut sim, 500);
        sim.set_faults(Faults::first(1, Port::Chat, method, fate));
        sim.run_for(8 * MINUTE);
        assert_eq!(watch(&sim).verdict, Verdict::Ill, "{fate:?}");
        assert!((1..=2).contains(&said(&sim, "counter is not well")), "{fate:?}: {}", said(&sim, "counter is not well"));
        answers(&mut sim, 200);
        sim.run_for(6 * MINUTE);
        assert_eq!(watch(&sim).verdict, Verdict::Well, "{fate:?}");
        let over = sim.see(|state| state.chat.showing("over since").count());
        assert!(over >= 1, "{fate:?}: people are told that it is over");
    }
}

#[test]
fn h9_one_bad_minute_in_three_is_no_verdict() {
    let mut sim = watched(9);
    sim.run_for(5 * MINUTE);
    for _ in 0..6 {
        answers(&mut sim, 500);
        sim.run_for(MINUTE);
        answers(&mut sim, 200);
        sim.run_for(2 * MINUTE);
    }
    assert_eq!((watch(&sim).verdict, said(&sim, "not well")), (Verdict::Well, 0));
    assert!(watch(&sim).recent.iter().any(|sample| sample.outcome == mayday_core::probe::Outcome::Ill), "it did flap");
}

#[test]
fn h10_a_blind_hour_says_nothing_about_the_service() {
    let mut sim = watched(10);
    sim.run_for(5 * MINUTE);
    sim.by_hand(|state, _| state.outside.blind = Some("no name server answers".to_owned()));
    sim.run_for(60 * MINUTE);
    assert_eq!((watch(&sim).verdict, said(&sim, "counter is not well")), (Verdict::Unknown, 0));
    assert_eq!(said(&sim, "by a trouble of our own"), 1, "we say once that we see nothing");
    sim.by_hand(|state, _| state.outside.blind = None);
    sim.run_for(5 * MINUTE);
    assert_eq!(watch(&sim).verdict, Verdict::Well);
}

#[test]
fn h10_our_own_failing_calls_are_blindness() {
    let mut sim = watched(11);
    sim.run_for(5 * MINUTE);
    sim.set_faults(Faults::rule(|call| if call.port == Port::Probes { Fate::LostRequest } else { Fate::Well }));
    sim.run_for(10 * MINUTE);
    assert_eq!((watch(&sim).verdict, said(&sim, "counter is not well")), (Verdict::Unknown, 0));
}
