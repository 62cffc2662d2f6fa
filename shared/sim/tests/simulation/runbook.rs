//! Runbooks of the organization's own: steps at the same time, conditions, gates, undo. Under crashes too.

use std::collections::BTreeMap;

use mayday_core::{
    approval::State as Decided,
    proposal::Proposal,
    run::{Happened, Run, State, StepState},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE},
    setting,
};

use crate::ended;

/// Two things at once, a check, and a restore that people must approve when the check fails.
const MEND: &str = "
name: Mend
steps:
  - parallel:
      - {name: Look, commands: [npm run db:status, npm run db:connection-test]}
      - {name: Keep, commands: [npm run backup:emergency], timeout: 4h}
  - {name: Check, commands: [npm run db:verify-integrity], retries: 1}
  - {name: Ask, condition: check_failed, gate: {message: Restore what was there before the rows went?}}
  - {name: Mend, condition: check_failed, commands: [npm run db:restore --timestamp=MOMENT]}
  - {name: Rest, condition: '!check_failed', commands: [npm run backup:database]}
  - {name: After, commands: [npm run db:health-check]}
";

/// A world whose plan has this runbook, as `mine`.
fn world(seed: u64, faults: Faults, text: &str) -> Sim {
    let mut sim = Sim::with(seed, faults, None);
    let grants = "verbs: [look, backup, restore, retire, failover]";
    let plan = setting::plan(1).replace(grants, "verbs: [look, run, backup, restore, retire, failover]");
    sim.put_plan(&format!("{plan}runbooks:\n  mine: {{ file: runbooks/mine.yaml }}\n"));
    let moment = jiff::Timestamp::from_millisecond(setting::BEGAN - setting::TROUBLE - 5 * MINUTE).unwrap();
    let text = text.replace("MOMENT", &moment.to_string());
    sim.by_hand(|state, _| state.blobs.insert("runbooks/mine.yaml".to_owned(), vec![text.into_bytes()]));
    sim.ticks();
    sim
}

/// A proposal that people can decide on. One whose maker died before asking for approval is none.
fn runs(sim: &mut Sim) -> Option<Proposal> {
    sim.as_("ana").types("runbook run mine --on orders");
    let made = sim.see(|state| state.records::<Proposal>());
    made.into_iter().find(|proposal| proposal.gate.is_none() && sim.approval(proposal).is_some())
}

fn at_the_gate(sim: &Sim) -> Option<Proposal> {
    sim.see(|state| state.records::<Proposal>()).into_iter().rfind(|proposal| proposal.gate.is_some())
}

/// Whoever gets trouble for an answer presses the button again.
fn approves(sim: &mut Sim, who: &str, proposal: &Proposal) {
    for _ in 0..4 {
        if sim.approval(proposal).is_some_and(|approval| approval.state == Decided::Pending) {
            sim.as_(who).approves(proposal);
        }
    }
}

fn asked(run: &Run) -> bool {
    run.steps.iter().any(|step| matches!(step.state, StepState::Asked { .. }))
}

fn state<'a>(run: &'a Run, id: &str) -> &'a StepState {
    &run.steps.iter().find(|step| step.id.as_str() == id).unwrap_or_else(|| panic!("no step {id}")).state
}

fn mend(faults: Faults) -> Sim {
    let mut sim = world(91, faults, MEND);
    let mut proposal = runs(&mut sim);
    while proposal.is_none() {
        proposal = runs(&mut sim);
    }
    approves(&mut sim, "ben", &proposal.expect("a proposal"));
    sim.until_run(6 * HOUR, asked);
    let rest = at_the_gate(&sim).expect("people are asked about the rest");
    approves(&mut sim, "cleo", &rest);
    sim.until_run_ends(12 * HOUR);
    sim
}

#[test]
fn r60_parallel_steps_a_condition_and_a_gate_lead_to_the_end() {
    let mut sim = mend(Faults::Never);
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    assert!(matches!(state(&run, "check"), StepState::Failed(_)));
    assert!(matches!(state(&run, "rest"), StepState::NotNeeded { .. }));
    assert!(matches!(state(&run, "after"), StepState::Done(_)));
    assert!(run.log.iter().any(|told| matches!(&told.what, Happened::Again(id) if id.as_str() == "check")), "retries repeat the step");
    assert_eq!((sim.effects("create_snapshot"), sim.effects("restore"), sim.effects("secret_put")), (1, 1, 1));
    assert!(sim.rows_served("orders") >= Some(setting::ROWS));
    let began = |id: &str| run.steps.iter().find(|step| step.id.as_str() == id).unwrap();
    assert!(began("look-1").started_at < began("keep").ended_at && began("keep").started_at < began("check").started_at);
    assert!(began("look-2").ended_at < began("keep").ended_at, "the look does not wait for the snapshot");
}

#[test]
fn f1_a_crash_at_any_call_of_a_runbook_with_parallel_steps_a_condition_and_a_gate_is_survived() {
    let calls = mend(Faults::Never).calls();
    for call in (0..calls).step_by(23) {
        let fate = if call % 2 == 0 { Fate::CrashBefore } else { Fate::CrashAfter };
        let sim = mend(Faults::Script(BTreeMap::from([(call, fate)])));
        let run = sim.run().map(|run| run.state);
        assert_eq!(run, Some(State::Succeeded), "call {call}\n{}", sim.trace().join("\n"));
        if let Err(failing) = sim.finish() {
            panic!("call {call}\n{failing:?}");
        }
        let effects = (sim.effects("create_snapshot"), sim.effects("restore"), sim.effects("secret_put"));
        assert_eq!(effects, (1, 1, 1), "call {call}");
    }
}

#[test]
fn r60_a_failure_that_no_condition_reads_waits_for_people() {
    let mut sim = world(
        92,
        Faults::Never,
        "
name: Unread
steps:
  - {name: Check, commands: [npm run db:verify-integrity]}
  - {name: Keep, commands: [npm run backup:database]}
",
    );
    sim.as_("ana").types("runbook run mine --on orders");
    let run = sim.until_run(2 * HOUR, |run| matches!(run.state, State::Stuck { .. })).expect("it is stuck");
    assert_eq!(*state(&run, "keep"), StepState::Waiting);
    assert_eq!(sim.effects("create_snapshot"), 0);
    sim.until_run(HOUR, |run| run.wake_token.is_some()).expect("its execution can be woken by a decision");
    sim.run_for(HOUR / 2);
    assert_eq!(sim.executions(run.id.as_str()), 1, "nobody begins it anew while people think");
}

#[test]
fn r60_what_was_done_is_undone_last_things_first() {
    let mut sim = world(
        93,
        Faults::Never,
        "
name: Undone
steps:
  - {name: One, commands: [npm run db:status], undo: ['alert:update --message=\"All is as it was\"']}
  - {name: Two, commands: [npm run backup:database], undo: [npm run backup:emergency], timeout: 2h}
  - {name: Check, commands: [npm run db:verify-integrity], on_failure: undo, undo: [npm run db:connection-test]}
  - {name: Never, commands: [npm run backup:database]}
",
    );
    sim.as_("ana").types("runbook run mine --on orders");
    sim.until_run_ends(12 * HOUR);
    let run = ended(&mut sim);
    assert!(matches!(&run.state, State::Failed { why } if why.contains("undone")), "{:?}", run.state);
    assert_eq!(*state(&run, "never"), StepState::Waiting);
    let undone: Vec<&str> = run
        .log
        .iter()
        .filter_map(|told| match &told.what {
            Happened::StepDone(id) if id.as_str().starts_with("undo-") => Some(id.as_str()),
            _ => None,
        })
        .collect();
    assert!(undone.len() == 2 && undone[0].ends_with("two") && undone[1].ends_with("one"), "{undone:?}");
    assert_eq!(sim.effects("create_snapshot"), 2, "the step, and what undoes it; nothing else");
    assert!(sim.shows("All is as it was"), "an undoing command has its own arguments");
}

#[test]
fn c10_whoever_passed_a_gate_and_does_not_count_any_more_stops_what_comes_after_it() {
    let mut sim = world(91, Faults::Never, MEND);
    let proposal = runs(&mut sim).expect("a proposal");
    approves(&mut sim, "ben", &proposal);
    sim.until_run(6 * HOUR, asked).expect("people are asked about the rest");
    let rest = at_the_gate(&sim).unwrap();
    approves(&mut sim, "cleo", &rest);
    sim.profile("U0CLEO", |profile| profile.deleted = true);
    let run = sim.until_run(2 * HOUR, |run| run.state != State::Running).unwrap();
    assert!(matches!(run.state, State::Stuck { .. }), "{:?}", run.log);
    assert!(sim.shows("no longer counts"), "people are told why");
    assert_eq!((sim.effects("restore"), sim.effects("secret_put")), (0, 0));
}

#[test]
fn r60_a_gate_that_nobody_decides_on_asks_again_when_people_want_it() {
    let mut sim = world(
        94,
        Faults::Never,
        "
name: Asks
steps:
  - {name: Ask, gate: {message: Go on?}}
  - {name: Keep, commands: [npm run backup:database], timeout: 2h}
",
    );
    sim.as_("ana").types("runbook run mine --on orders");
    sim.until_run(HOUR, asked).expect("people are asked");
    let first = at_the_gate(&sim).unwrap();
    let run = sim.until_run(2 * HOUR, |run| matches!(run.state, State::Stuck { .. })).expect("the time is over");
    assert_eq!(sim.effects("create_snapshot"), 0);
    sim.as_("ana").clicks("retry", run.id.as_str());
    sim.until_run(HOUR, asked).expect("people are asked again");
    let second = at_the_gate(&sim).unwrap();
    assert_ne!(first.id, second.id);
    // A late yes to the first question is none to the second.
    sim.as_("ben").approves(&first);
    sim.run_for(5 * MINUTE);
    assert_eq!(sim.effects("create_snapshot"), 0);
    approves(&mut sim, "ben", &second);
    assert_eq!(ended(&mut sim).state, State::Succeeded);
    assert_eq!(sim.effects("create_snapshot"), 1);
}

#[test]
fn h5_a_run_on_a_service_keeps_others_off_its_databases() {
    let mut sim = world(
        95,
        Faults::Never,
        "
name: Holds
steps:
  - {name: Ask, gate: {message: Go on?}}
  - {name: Keep, commands: [npm run backup:database], timeout: 2h}
",
    );
    sim.as_("ana").types("runbook run mine --on shop");
    sim.until_run(HOUR, asked).expect("people are asked");
    let run = sim.run().unwrap();
    assert_eq!(run.locks, ["orders", "service shop"]);
    let answer = sim.as_("ana").types("restore orders --latest");
    assert!(answer.contains(&format!("orders is held by {}", run.id)), "{answer}");
}

#[test]
fn d11_a_plan_that_was_edited_for_another_service_of_the_run_stops_it() {
    let two = "
name: Both
steps:
  - {name: Ask, gate: {message: Go on?}}
  - {name: Keep, for_each: [shop, store], commands: [npm run backup:database], timeout: 2h}
";
    let began = |edit: &dyn Fn(&str) -> String| {
        let mut sim = world(96, Faults::Never, two);
        let blobs = sim.see(|state| state.blobs["plan.yaml"].clone());
        let store = "services:\n  store: { environment: production, databases: [inventory] }\n";
        let plan = String::from_utf8(blobs.last().unwrap().clone()).unwrap().replace("services:\n", store);
        let plan = plan.replace("[production, staging]", "[production]").replace("staging", "production");
        sim.put_plan(&plan);
        let answer = sim.as_("ana").types("runbook run mine --on shop");
        sim.until_run(HOUR, asked).unwrap_or_else(|| panic!("nobody is asked: {answer}"));
        assert_eq!(sim.run().unwrap().locks, ["inventory", "orders", "service shop", "service store"]);
        sim.put_plan(&edit(&plan));
        let gate = at_the_gate(&sim).unwrap();
        approves(&mut sim, "ben", &gate);
        sim.until_run(4 * HOUR, |run| !matches!(run.state, State::Running) || run.state.is_final());
        sim
    };
    let sim = began(&|plan| plan.replace("name: inventory.db.internal", "name: stock.db.internal"));
    assert!(matches!(sim.run().unwrap().state, State::Stuck { .. }), "{:?}", sim.run().unwrap().state);
    assert!(sim.shows("plan says something else"));
    assert_eq!(sim.effects("create_snapshot"), 0);
    let sim = began(&|plan| plan.replace("organization: Example", "organization: Other"));
    assert_eq!(sim.run().unwrap().state, State::Succeeded);
    assert_eq!(sim.effects("create_snapshot"), 2);
}

/// A step that could ask or say nothing would be done at once, and look as if all were well.
#[test]
fn r60_a_step_that_could_ask_or_say_nothing_is_refused_before_anything_runs() {
    for (command, why) in [("health:check", "has no probe of shop"), ("alert:update", "has nothing to say")] {
        let mut sim = world(97, Faults::Never, &format!("\nname: Empty\nsteps:\n  - {{name: One, commands: [npm run {command}]}}\n"));
        let told = sim.as_("ana").types("runbook run mine --on shop");
        assert!(told.contains(why), "{command}: {told}");
        assert!(sim.proposal().is_none() && sim.run().is_none(), "{command}");
    }
    // A report has its words from the run.
    let mut sim = world(98, Faults::Never, "\nname: Told\nsteps:\n  - {name: One, commands: [npm run alert:send-report]}\n");
    sim.as_("ana").types("runbook run mine --on shop");
    sim.until_run_ends(HOUR);
    assert_eq!(ended(&mut sim).state, State::Succeeded);
}
