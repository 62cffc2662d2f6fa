use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use mayday_core::{
    approval::{self, Answer, Decision, State as Decided},
    ident::Identity,
    plan,
    port::{Clock, World},
    proposal::Proposal,
    run,
    run::State,
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    setting,
    story::{click, phrase},
    trace::Port,
};

use crate::{approved, asked, ended, no_run_begins, nothing_done, stuck_at, succeeded};

fn ben() -> Identity {
    Identity { org: setting::ORG.to_owned(), user: "U0BEN".to_owned() }
}

#[test]
fn d1_whoever_asked_cannot_approve() {
    let mut sim = Sim::new(1);
    sim.ticks();
    let proposal = sim.as_("ben").asks_restore().unwrap();
    let answer = sim.as_("ben").approves(&proposal);
    assert!(answer.contains("You asked for this"), "{answer}");
    assert_eq!(sim.audited("form.refused"), 1);
    assert_eq!(sim.approval(&proposal).unwrap().votes, []);
    nothing_done(&sim);
}

#[test]
fn d2_ten_approvals_at_once_are_one_decision_and_one_execution() {
    for seed in 0..20 {
        let (mut sim, proposal) = asked(seed);
        let sent: Vec<_> = (0..10)
            .map(|number| {
                let mut person = sim.as_(if number % 2 == 0 { "ben" } else { "cleo" });
                let view = person.view();
                person.sends(phrase(&proposal, &view))
            })
            .collect();
        succeeded(&mut sim);
        assert_eq!(sim.executions(proposal.id.run().as_str()), 1);
        assert_eq!(sim.approval(&proposal).unwrap().votes.len(), 1);
        for one in sent {
            assert!(sim.answer(&one).is_some(), "everybody is answered");
        }
    }
}

#[test]
fn d3_a_double_click_is_one_execution_and_no_error() {
    let (mut sim, proposal) = asked(3);
    let first = sim.as_("ben").sends(phrase(&proposal, "V-1"));
    sim.run_for(SECOND);
    let second = sim.as_("ben").sends(phrase(&proposal, "V-2"));
    succeeded(&mut sim);
    assert_eq!(sim.executions(proposal.id.run().as_str()), 1);
    for one in [first, second] {
        let answer = sim.answer(&one).unwrap();
        assert!(!answer.contains("Not done") && !answer.contains("broke"), "{answer}");
    }
}

#[test]
fn d4_two_clicks_schedule_one_execution() {
    for seed in 0..20 {
        let (mut sim, proposal) = asked(seed);
        sim.as_("ben").sends(phrase(&proposal, "V-1"));
        sim.as_("cleo").sends(phrase(&proposal, "V-2"));
        succeeded(&mut sim);
        assert_eq!(sim.executions(proposal.id.run().as_str()), 1);
    }
}

#[test]
fn d5_the_first_decision_stands() {
    let (mut sim, proposal) = asked(5);
    sim.as_("ben").clicks("deny", proposal.id.as_str());
    let denied = sim.approval(&proposal).unwrap();
    let answer = sim.as_("cleo").approves(&proposal);
    assert!(answer.contains("enied"), "they are told how it stands: {answer}");
    assert_eq!(sim.approval(&proposal).unwrap().state, denied.state);
    sim.run_for(10 * MINUTE);
    nothing_done(&sim);

    let (mut sim, proposal) = approved(6);
    sim.as_("cleo").clicks("deny", proposal.id.as_str());
    sim.as_("ana").clicks("cancel", proposal.id.as_str());
    succeeded(&mut sim);

    let (mut sim, proposal) = asked(7);
    sim.as_("ana").clicks("cancel", proposal.id.as_str());
    sim.as_("ben").approves(&proposal);
    assert!(matches!(sim.approval(&proposal).unwrap().state, Decided::Cancelled { .. }));
    sim.run_for(10 * MINUTE);
    nothing_done(&sim);
}

#[test]
fn d5_whoever_decided_so_is_told_that_it_stands_and_everybody_else_that_it_is_too_late() {
    let both = [("ben", "cleo", Decision::Approve), ("ben", "cleo", Decision::Deny), ("ana", "ben", Decision::Cancel)];
    for (first, other, decision) in both {
        let mut sim = Sim::new(5);
        sim.ticks();
        let proposal = sim.as_("ana").asks_restore().unwrap();
        let (world, plan) = (sim.world(), plan::load(&setting::plan(1)).unwrap());
        let decide = |who: &str, decision| {
            let by = Identity { user: format!("U0{}", who.to_uppercase()), ..ben() };
            sim.at_once(approval::decide(&world, &plan, &proposal.id, &by, decision)).unwrap().unwrap()
        };
        assert!(matches!(decide(first, decision), Answer::Counted(_)));
        assert!(matches!(decide(first, decision), Answer::Already(_)), "{decision:?} again");
        assert!(matches!(decide(other, decision), Answer::TooLate(_)), "{decision:?} by somebody else");
        let opposite = if decision == Decision::Deny { Decision::Approve } else { Decision::Deny };
        assert!(matches!(decide(first, opposite), Answer::TooLate(_)), "{opposite:?} after {decision:?}");
    }
}

#[test]
fn d6_the_same_person_twice_counts_once() {
    let mut sim = Sim::new(6);
    sim.put_plan(&setting::plan(2));
    sim.ticks();
    let proposal = sim.as_("ana").asks_restore().unwrap();
    sim.as_("ben").approves(&proposal);
    sim.as_("ben").approves(&proposal);
    let approval = sim.approval(&proposal).unwrap();
    assert_eq!((approval.state, approval.votes.len()), (Decided::Pending, 1));
    sim.run_for(2 * MINUTE);
    nothing_done(&sim);
    sim.as_("cleo").approves(&proposal);
    succeeded(&mut sim);
}

#[test]
fn d7_the_last_millisecond_counts_and_the_expiry_does_not() {
    for (late, wanted) in [(-1, true), (0, false)] {
        let mut sim = Sim::new(7);
        let proposal = sim.as_("ana").asks_restore().unwrap();
        let expiry = sim.approval(&proposal).unwrap().expires_at.as_millisecond();
        sim.run_for(expiry + late - sim.now().as_millisecond());
        let world = sim.world();
        let plan = plan::load(&setting::plan(1)).unwrap();
        let decided = sim.at_once(approval::decide(&world, &plan, &proposal.id, &ben(), Decision::Approve)).unwrap().unwrap();
        assert_eq!(matches!(decided, Answer::Counted(_)), wanted, "{late} ms: {decided:?}");
        assert_eq!(matches!(sim.approval(&proposal).unwrap().state, Decided::Approved { .. }), wanted);
    }
}

/// A clock that jumps after it was first read: whoever asks it is frozen in between.
struct Jumps {
    asked: AtomicBool,
    before: Timestamp,
    after: Timestamp,
}

impl Clock for Jumps {
    fn now(&self) -> Timestamp {
        if self.asked.swap(true, Ordering::Relaxed) { self.after } else { self.before }
    }
}

#[test]
fn d7_a_worker_that_wakes_when_the_time_is_over_decides_nothing() {
    let mut sim = Sim::new(7);
    let proposal = sim.as_("ana").asks_restore().unwrap();
    let after = sim.approval(&proposal).unwrap().expires_at;
    let before = after - SignedDuration::from_millis(1);
    let clock = Jumps { asked: AtomicBool::new(false), before, after };
    let world = World { clock: Arc::new(clock), ..sim.world() };
    let plan = plan::load(&setting::plan(1)).unwrap();
    let decided = sim.at_once(approval::decide(&world, &plan, &proposal.id, &ben(), Decision::Approve)).unwrap().unwrap();
    assert!(matches!(decided, Answer::TooLate(_)), "{decided:?}");
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Pending);
}

#[test]
fn d7_a_proposal_that_nobody_decides_on_expires_and_whoever_asked_is_told() {
    let (mut sim, proposal) = asked(8);
    sim.run_for(17 * MINUTE);
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Expired);
    let answer = sim.as_("ben").approves(&proposal);
    assert!(answer.contains("xpired"), "{answer}");
    sim.finish().unwrap();
    nothing_done(&sim);
}

#[test]
fn d9_a_button_with_a_made_up_or_foreign_id_does_nothing() {
    let (mut sim, proposal) = asked(9);
    let run = proposal.id.run();
    for value in ["p-01aaaaaaaaaaaaaaaaaaaaaaaa", run.as_str(), "orders", "", "p-", "../../plan.yaml"] {
        for action in ["approve", "deny", "cancel", "retry", "skip", "retire", "restore", "backup", "delete"] {
            sim.as_("ben").clicks(action, value);
        }
    }
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Pending);
    assert!(sim.run().is_none());
    nothing_done(&sim);
}

#[test]
fn d11_a_plan_that_was_edited_after_the_approval_stops_the_run() {
    let (mut sim, _) = approved(11);
    sim.put_plan(&setting::plan(1).replace("at_least: 100000", "at_least: 1"));
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
    assert!(sim.shows("plan says something else"));
}

#[test]
fn d13_a_world_that_changed_before_the_approval_wants_a_new_proposal() {
    let (mut sim, proposal) = asked(13);
    move_secret(&mut sim);
    let answer = sim.as_("ben").approves(&proposal);
    assert!(answer.contains("world has changed"), "{answer}");
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Pending);
    nothing_done(&sim);
}

/// Somebody else changes the secret.
pub(crate) fn move_secret(sim: &mut Sim) {
    sim.by_hand(|state, _| {
        let secret = state.secrets.get_mut(&(setting::REGION.to_owned(), "prod/orders".to_owned())).unwrap();
        let (_, value) = secret.versions.last().cloned().unwrap();
        secret.versions.push(("changed-by-somebody-else".to_owned(), value));
    });
}

#[test]
fn d14_an_approval_starts_one_run_and_no_other() {
    let (mut sim, proposal) = approved(14);
    succeeded(&mut sim);
    let world = sim.world();
    for _ in 0..3 {
        let begun = sim.at_once(run::begin(&world, &proposal, sim.now())).unwrap().unwrap();
        assert_eq!(begun.value.id, proposal.id.run());
    }
    sim.run_for(HOUR);
    succeeded(&mut sim);
    assert_eq!(sim.see(|state| state.rows.all("run").count()), 1);
}

#[test]
fn d14_the_approval_of_one_run_does_not_serve_another() {
    let (mut sim, first) = asked(15);
    sim.as_("ana").types("restore inventory --at 2026-11-22T11:49:30Z");
    let other = sim.proposal().unwrap();
    // Somebody puts another proposal's content under the id that people are asked to approve.
    sim.by_hand(|state, _| {
        let mut row = state.rows.get("proposal", other.id.as_str()).cloned().unwrap();
        Arc::make_mut(&mut row.body)["record"]["id"] = first.id.as_str().into();
        row.key.id = first.id.0.clone();
        state.rows.set(row);
    });
    sim.as_("ben").approves(&Proposal { phrase: first.phrase.clone(), ..first });
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
    assert!(sim.shows("this was not approved"));
}

#[test]
fn d16_approving_for_ever_cannot_be_written_in_a_plan() {
    for line in ["standing_orders: []", "auto_approve: true"] {
        assert!(plan::load(&format!("{}{line}\n", setting::plan(1))).is_err(), "{line}");
    }
    assert!(plan::load(&setting::plan(0)).unwrap_err().to_string().contains("needed is 0"));
}

#[test]
fn d17_taking_back_and_approving_at_once_has_one_winner_whom_both_learn_of() {
    let mut winners = [0, 0];
    for seed in 0..60 {
        let (mut sim, proposal) = asked(seed);
        let approves = sim.as_("ben").sends(phrase(&proposal, "V-1"));
        let cancels = sim.as_("ana").sends(click("cancel", proposal.id.as_str(), None));
        sim.run_for(MINUTE);
        let approval = sim.approval(&proposal).unwrap();
        let (said_to_ben, said_to_ana) = (sim.answer(&approves).unwrap(), sim.answer(&cancels).unwrap());
        if let Decided::Approved { .. } = approval.state {
            winners[0] += 1;
            assert!(said_to_ana.contains("pproved"), "{said_to_ana}");
            succeeded(&mut sim);
        } else {
            winners[1] += 1;
            assert!(
                said_to_ben.contains("ithdrawn") || said_to_ben.contains("aken back") || said_to_ben.contains("ancel"),
                "{said_to_ben}"
            );
            sim.run_for(10 * MINUTE);
            nothing_done(&sim);
        }
    }
    assert!(winners[0] > 0 && winners[1] > 0, "both can win: {winners:?}");
}

#[test]
fn d18_a_decision_whose_start_was_lost_is_started_by_the_sweep_within_a_minute() {
    for method in ["start", "put"] {
        let mut sim = Sim::new(18);
        let proposal = sim.as_("ana").asks_restore().unwrap();
        // The worker dies after the decision is written, and so does every further attempt of it.
        sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
            (Port::Workflow, "start") if method == "start" => Fate::CrashBefore,
            (Port::Table, "put") if method == "put" && call.about.starts_with("run/") => Fate::CrashBefore,
            _ => Fate::Well,
        }));
        sim.as_("ben").sends(phrase(&proposal, "V-1"));
        sim.run_for(10 * SECOND);
        assert!(matches!(sim.approval(&proposal).unwrap().state, Decided::Approved { .. }));
        assert_eq!(sim.executions(proposal.id.run().as_str()), 0);

        sim.set_faults(Faults::Never);
        sim.ticks();
        sim.run_for(61 * SECOND);
        assert_eq!(sim.executions(proposal.id.run().as_str()), 1, "{}", sim.trace().join("\n"));
        succeeded(&mut sim);
    }
}

#[test]
fn d18_a_decision_is_started_though_the_card_of_something_newer_can_not_be_shown() {
    let mut sim = Sim::new(20);
    let first = sim.as_("ana").asks_restore().unwrap();
    sim.set_faults(no_run_begins());
    sim.as_("ben").sends(phrase(&first, "V-1"));
    // Every further attempt of it dies too.
    sim.run_for(10 * MINUTE);
    sim.set_faults(Faults::rule(|call| if (call.port, call.method) == (Port::Chat, "post") { Fate::NotNow } else { Fate::Well }));
    sim.as_("ana").types("failover shop");
    let second = sim.proposal().filter(|second| second.id != first.id).expect("another proposal");
    assert!(sim.approval(&second).is_some_and(|approval| approval.cards.is_empty()));
    sim.run_for(MINUTE);
    sim.ticks();
    sim.run_for(61 * SECOND);
    assert_eq!(sim.executions(first.id.run().as_str()), 1, "{}", sim.trace().join("\n"));
}

#[test]
fn e9_nobody_is_told_again_because_somebody_else_can_not_be() {
    let mut sim = Sim::new(21);
    let proposal = sim.as_("ana").asks_restore().unwrap();
    sim.ticks();
    // Those in the thread are told and whoever asked is not, for a while.
    let said = AtomicU64::new(0);
    sim.set_faults(Faults::rule(move |call| {
        let tells = (call.port, call.method) == (Port::Chat, "post") && call.about.contains("enied");
        if tells && !said.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { Fate::Refused } else { Fate::Well }
    }));
    sim.as_("ben").clicks("deny", proposal.id.as_str());
    sim.run_for(30 * MINUTE);
    let told = |thread: bool| sim.see(|state| state.chat.showing("enied").filter(|said| said.thread.is_some() == thread).count());
    assert_eq!(told(true), 1, "in the thread");
    assert!(
        sim.approval(&proposal).is_some_and(|approval| approval.announced && approval.told.len() == 2),
        "{:?}",
        sim.approval(&proposal)
    );
}

#[test]
fn d18_a_decision_that_is_found_too_late_starts_nothing() {
    let mut sim = Sim::new(19);
    let proposal = sim.as_("ana").asks_restore().unwrap();
    sim.set_faults(no_run_begins());
    sim.as_("ben").sends(phrase(&proposal, "V-1"));
    sim.run_for(6 * HOUR);
    sim.set_faults(Faults::Never);
    sim.ticks();
    let run = ended(&mut sim);
    assert!(matches!(run.state, State::Failed { .. }), "{run:?}");
    nothing_done(&sim);
}
