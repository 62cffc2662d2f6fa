use mayday_core::{approval::State as Decided, port::Profile};
use mayday_sim::{Fate, Faults, Sim, fault::MINUTE, setting, trace::Port};

use crate::{approved, asked, nothing_done, stuck_at};

#[test]
fn c1_without_people_in_a_plan_that_can_be_read_nobody_may() {
    let whole = setting::plan(1);
    let people = whole.find("people:").unwrap();
    let roles = whole.find("roles:").unwrap();
    let nobody = format!("{}people: {{}}\n{}", &whole[..people], &whole[roles..]);
    for plan in [nobody.as_str(), "", "schema: 1\npeople: *"] {
        let mut sim = Sim::new(1);
        sim.put_plan(plan);
        for (name, _) in setting::PEOPLE {
            let answer = sim.as_(name).types("restore orders --latest");
            assert!(sim.proposal().is_none(), "{answer}");
        }
        nothing_done(&sim);
    }
    let mut sim = Sim::new(1);
    sim.by_hand(|state, _| state.blobs.clear());
    let answer = sim.as_("ana").types("restore orders --latest");
    assert!(answer.contains("no plan"), "{answer}");
    assert!(sim.proposal().is_none());
}

#[test]
fn c1_a_wildcard_for_what_destroys_is_refused() {
    let wild = setting::plan(1).replace("environments: [production, staging] }]\n  approver", "environments: [\"*\"] }]\n  approver");
    assert!(mayday_core::plan::load(&wild).unwrap_err().to_string().contains("every environment"));
}

#[test]
fn c4_each_disqualifying_mark_of_an_account_alone_denies() {
    type Mark = (&'static str, fn(&mut Profile));
    let marks: [Mark; 6] = [
        ("deactivated", |profile| profile.deleted = true),
        ("a guest", |profile| profile.restricted = true),
        ("a single-channel guest", |profile| profile.ultra_restricted = true),
        ("a stranger", |profile| profile.stranger = true),
        ("a bot", |profile| profile.bot = true),
        ("unconfirmed", |profile| profile.email_unconfirmed = true),
    ];
    for (mark, set) in marks {
        let (mut sim, proposal) = asked(4);
        sim.profile("U0BEN", set);
        let answer = sim.as_("ben").approves(&proposal);
        let approval = sim.approval(&proposal).unwrap();
        assert_eq!((approval.state, approval.votes), (Decided::Pending, vec![]), "{mark}: {answer}");
        assert_eq!(sim.audited("form.refused"), 1, "{mark}");
        nothing_done(&sim);
    }
}

#[test]
fn c5_somebody_from_another_workspace_is_denied_and_it_is_written_down() {
    let (mut sim, proposal) = asked(5);
    let answer = sim.as_("ben").of("T0OTHER").approves(&proposal);
    assert!(answer.contains("not in this organization"), "{answer}");

    sim.profile("U0BEN", |profile| profile.team = "T0OTHER".to_owned());
    let answer = sim.as_("ben").approves(&proposal);
    assert!(answer.contains("another organization"), "{answer}");

    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Pending);
    assert_eq!(sim.audited("form.refused"), 2);
}

#[test]
fn c9_a_look_up_that_fails_is_neither_yes_nor_no() {
    let (mut sim, proposal) = asked(9);
    sim.set_faults(Faults::rule(|call| if call.port == Port::Directory { Fate::NotNow } else { Fate::Well }));
    let answer = sim.as_("ben").approves(&proposal);
    assert!(answer.contains("Something broke"), "an outage is not shown as a refusal: {answer}");
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Pending);

    sim.set_faults(Faults::Never);
    sim.as_("ben").approves(&proposal);
    assert!(matches!(sim.approval(&proposal).unwrap().state, Decided::Approved { .. }));
}

#[test]
fn c9_while_approvers_cannot_be_verified_a_run_waits_and_does_nothing() {
    let (mut sim, _) = approved(9);
    sim.set_faults(Faults::rule(|call| if call.port == Port::Directory { Fate::NotNow } else { Fate::Well }));
    sim.run_for(20 * MINUTE);
    nothing_done(&sim);
    assert!(sim.run().is_some_and(|run| !run.state.is_final()));
    sim.set_faults(Faults::Never);
    crate::succeeded(&mut sim);
}

#[test]
fn c10_an_approver_who_is_removed_before_the_execution_stops_it() {
    let (mut sim, _) = approved(10);
    sim.profile("U0BEN", |profile| profile.deleted = true);
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
    assert!(sim.shows("no longer counts"), "people are told why");
}

#[test]
fn c12_who_may_approve_for_staging_may_not_for_production() {
    let (mut sim, orders) = asked(12);
    let answer = sim.as_("dora").approves(&orders);
    assert!(answer.contains("production"), "{answer}");
    assert_eq!(sim.approval(&orders).unwrap().state, Decided::Pending);

    sim.as_("ana").types("restore inventory --at 2026-11-22T11:49:30Z");
    let inventory = sim.proposal().unwrap();
    sim.as_("dora").approves(&inventory);
    assert!(matches!(sim.approval(&inventory).unwrap().state, Decided::Approved { .. }));
}
