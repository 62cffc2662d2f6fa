//! The runbook engine: what runbooks are told, what one step says of another, services in waves, and commands of every area.

use std::collections::BTreeMap;

use mayday_core::{
    action::Act,
    desk::Request,
    page::Page,
    port::{RestoreFrom, ViewId},
    proposal::Proposal,
    run::{State, StepState},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE},
    setting,
};

use crate::ended;

/// A world whose plan has this runbook, as `mine`, with these arguments; people may run it, page and are on call.
fn world(seed: u64, faults: Faults, arguments: &str, text: &str) -> Sim {
    let mut sim = Sim::with(seed, faults, None);
    let grants = "verbs: [look, backup, restore, retire, failover]";
    let plan = setting::plan(1).replacen(grants, "verbs: [look, run, page, backup, restore, retire, failover]", 1);
    let plan = plan.replace("{ verbs: [look, approve, restore],", "{ verbs: [look, approve, restore, run],");
    sim.put_plan(&format!(
        "{plan}  api: {{ environment: production, databases: [orders], depends_on: [shop] }}
  web: {{ environment: production, depends_on: [api] }}
  jobs: {{ environment: production, databases: [orders], depends_on: [shop] }}
  desk: {{ environment: production, databases: [orders], depends_on: [web, jobs] }}
on_call: {{ escalation: [{{ name: Primary, notify: [ana], by: [slack], within: 5m }}] }}
runbooks:
  mine: {{ file: runbooks/mine.yaml, arguments: {{{arguments}}} }}
"
    ));
    sim.by_hand(|state, _| state.blobs.insert("runbooks/mine.yaml".to_owned(), vec![text.as_bytes().to_vec()]));
    sim.ticks();
    sim
}

fn proposal(sim: &Sim) -> Proposal {
    sim.see(|state| state.records::<Proposal>()).into_iter().next().expect("a proposal")
}

/// How often a step has said this in the channel.
fn heard(sim: &Sim, text: &str) -> usize {
    sim.see(|state| {
        state.chat.showing(text).filter(|said| said.versions.iter().any(|version| version.contains("Said by a step of"))).count()
    })
}

fn moment() -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(setting::BEGAN - setting::TROUBLE - 5 * MINUTE).unwrap()
}

const SAYS: &str = "
name: Says
steps:
  - {id: look, name: Look, commands: [db:status]}
  - {id: keep, name: Keep, commands: [backup:database], timeout: 4h}
  - {id: tell, name: Tell, commands: ['alert:update --message=\"Kept ${steps.keep.outputs.snapshot}, while it was ${steps.look.outputs.status}\"']}
  - {id: wake, name: Wake, commands: ['alert:send --severity=2 --message=\"Look at ${steps.keep.outputs.snapshot}\"']}
  - {id: report, name: Report, commands: [npm run alert:send-report]}
";

fn says(faults: Faults) -> Sim {
    let mut sim = world(501, faults, "", SAYS);
    for _ in 0..4 {
        if sim.run().is_none() {
            sim.as_("ana").types("runbook run mine --on orders");
        }
    }
    sim.until_run_ends(24 * HOUR);
    sim
}

#[test]
fn r60_what_one_step_finds_out_is_said_by_another_and_people_are_woken_with_it() {
    let mut sim = says(Faults::Never);
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    let snapshot = sim.see(|state| {
        state.databases.snapshots.keys().map(|(_, id)| id.clone()).find(|id| id.contains("-keep")).expect("the snapshot of the step")
    });
    // In the channel, and once more in the report of what came of each step.
    assert_eq!(heard(&sim, &format!("Kept {snapshot}, while it was available")), 2);
    assert_eq!(heard(&sim, "Keep: done: "), 1, "the report says what came of each step");
    let pages: Vec<Page> = sim.see(|state| state.records::<Page>());
    let page = pages.iter().find(|page| page.subject.starts_with("Look at ")).expect("a page");
    assert_eq!(page.subject, format!("Look at {snapshot}"));
    assert_eq!(page.run.as_deref(), Some(run.id.as_str()));
    // What was approved, or began by itself, is the rule: its words are in the digest.
    let told = proposal(&sim);
    let tell = told.steps.iter().find(|step| step.id.as_str() == "tell").unwrap();
    assert!(
        matches!(&tell.act, Act::Tell(tell) if tell.message.as_deref().is_some_and(|said| said.contains("${steps.keep.outputs.snapshot}")))
    );
}

#[test]
fn f1_a_crash_at_any_call_of_a_runbook_that_tells_and_wakes_is_survived_and_wakes_once() {
    let calls = says(Faults::Never).calls();
    for call in (0..calls).step_by(17) {
        let fate = if call % 2 == 0 { Fate::CrashBefore } else { Fate::CrashAfter };
        let sim = says(Faults::Script(BTreeMap::from([(call, fate)])));
        assert_eq!(sim.run().map(|run| run.state), Some(State::Succeeded), "call {call}\n{}", sim.trace().join("\n"));
        let woken = sim.see(|state| state.records::<Page>()).iter().filter(|page| page.subject.starts_with("Look at ")).count();
        assert_eq!(woken, 1, "call {call}: a step pages once");
        assert!(heard(&sim, "Kept mayday-orders-") >= 1, "call {call}: told at least once");
        assert_eq!(sim.effects("create_snapshot"), 1, "call {call}");
    }
}

const TOLD: &str = "
name: Told
steps:
  - {id: back, name: Back, commands: ['db:restore --timestamp=${arguments.at}']}
  - {id: tell, name: Tell, commands: ['alert:update --message=\"${arguments.note}: back to ${arguments.at}\"']}
";
const DECLARED: &str = "at: {title: Back to which moment?, kind: moment}, note: {title: What to say, default: It was wrong}";

#[test]
fn r60_a_runbook_is_told_what_it_needs_and_that_is_what_is_approved() {
    let mut sim = world(502, Faults::Never, DECLARED, TOLD);
    let at = moment();
    sim.as_("ana").types(&format!("runbook run mine at={at} --on orders"));
    let asked = proposal(&sim);
    let restore = asked.steps.iter().find_map(|step| if let Act::Restore(restore) = &step.act { Some(restore) } else { None }).unwrap();
    assert!(matches!(&restore.restoration.from, RestoreFrom::Time { at: wanted, .. } if *wanted == at), "{restore:?}");
    assert!(asked.title.contains(&format!("with at = {at}, note = It was wrong")), "{}", asked.title);
    sim.as_("ben").approves(&asked);
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    assert_eq!(heard(&sim, &format!("It was wrong: back to {at}")), 1);
    assert!(sim.rows_served("orders") >= Some(setting::ROWS));
}

#[test]
fn r60_what_a_runbook_is_told_wrong_is_refused_and_what_is_missing_is_asked_in_a_form() {
    let mut sim = world(503, Faults::Never, DECLARED, TOLD);
    for (typed, wanted) in [
        ("runbook run mine at=soon --on orders", "soon"),
        ("runbook run mine at=${steps.look.outputs.status} --on orders", "status"),
        ("runbook run mine at=2026-11-22T11:00:00Z size=3 --on orders", "no such argument; it takes at, note"),
        ("runbook run mine at=2026-11-22T11:00:00Z at=2026-11-22T11:00:00Z --on orders", "given twice"),
        ("runbook run mine orders", "NAME=VALUE"),
        ("runbook run mine at=2026-11-22T11:00:00Z note=${steps.back.outputs.x} --on orders", "only a runbook can have one"),
    ] {
        let answer = sim.as_("ana").types(typed);
        assert!(answer.contains(wanted), "{typed}: {answer}");
    }
    assert_eq!(sim.see(|state| state.records::<Proposal>()), []);
    sim.as_("ana").types("runbook run mine");
    let form = sim.see(|state| state.chat.forms.values().flatten().last().cloned()).expect("a form");
    for wanted in ["Back to which moment?", "argument-at", "argument-note", "It was wrong", "On what"] {
        assert!(form.contains(wanted), "{wanted} in {form}");
    }
    let submit = |at: &str| Request::Submit {
        callback: "runbook".to_owned(),
        reference: "mine".to_owned(),
        values: [("target", "orders"), ("argument-at", at)].map(|(handle, value)| (handle.to_owned(), value.to_owned())).into(),
        view: ViewId(sim_view(&sim)),
    };
    let (wrong, right) = (submit("yesterday-ish"), submit(&moment().to_string()));
    sim.as_("ana").says(wrong);
    let form = sim.see(|state| state.chat.forms.values().flatten().last().cloned()).expect("a form");
    assert!(form.contains("yesterday-ish") && form.contains("⚠️"), "what was typed stays, and what is wrong is said: {form}");
    // Whoever may not run it may not by a form either.
    sim.as_("dora").says(right.clone());
    assert_eq!(sim.see(|state| state.records::<Proposal>()), []);
    let answer = sim.as_("ana").says(right);
    sim.run_for(MINUTE);
    assert_eq!(sim.see(|state| state.records::<Proposal>()).len(), 1, "{answer}\n{:?}", sim.see(|state| state.chat.forms.clone()));
    assert!(proposal(&sim).title.contains("note = It was wrong"));
}

fn sim_view(sim: &Sim) -> String {
    sim.see(|state| state.chat.forms.keys().next_back().cloned()).expect("a view")
}

#[test]
fn r60_services_are_gone_through_in_waves_those_that_others_need_first() {
    let text = "
name: Waves
steps:
  - {id: look, name: Look, for_each: dependencies, commands: [db:status]}
  - {id: after, name: After, commands: [db:status]}
";
    let mut sim = world(504, Faults::Never, "", text);
    sim.as_("ana").types("runbook run mine --on desk");
    let asked = proposal(&sim);
    let wired: Vec<(String, Option<Vec<String>>)> = asked
        .steps
        .iter()
        .map(|step| (step.id.0.clone(), step.flow.after.as_ref().map(|after| after.iter().map(|id| id.0.clone()).collect())))
        .collect();
    let after = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<String>>());
    assert_eq!(
        wired,
        [
            ("look-shop".to_owned(), None),
            ("look-api".to_owned(), None),
            ("look-jobs".to_owned(), after(&["look-shop"])),
            // `web` has no database, so nothing is done for it, and what needs it waits for what it would have waited for.
            ("look-desk".to_owned(), after(&["look-api", "look-jobs"])),
            ("after".to_owned(), None),
        ]
    );
    assert_eq!(asked.held(), ["orders", "service api", "service desk", "service jobs", "service shop", "service web"]);
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    let of = |id: &str| run.steps.iter().find(|step| step.id.as_str() == id).unwrap();
    assert!(of("look-shop").ended_at <= of("look-api").started_at && of("look-jobs").ended_at <= of("look-desk").started_at);
    let mut other = world(505, Faults::Never, "", &text.replace("for_each: dependencies", "for_each: [web]"));
    let answer = other.as_("ana").types("runbook run mine --on desk");
    assert!(answer.contains("None of the services that the step look goes through has a database"), "{answer}");
    let answer = other.as_("ana").types("runbook run mine --on database:orders");
    assert!(answer.contains("None of the services"), "{answer}");
}

#[test]
fn r54_a_runbook_leads_a_service_to_its_other_site_with_the_rights_and_the_approval_that_takes() {
    let text = "
name: Lead away
steps:
  - {id: go, name: Go, commands: ['failover:execute --target=secondary'], timeout: 2h}
  - {id: after, name: After, commands: ['alert:update --message=\"It is away\"']}
";
    let mut sim = world(506, Faults::Never, "", text);
    // Cleo may run runbooks, and may not fail over: a runbook gives nobody more than they have.
    let answer = sim.as_("cleo").types("runbook run mine --on shop");
    assert!(answer.contains("failover"), "{answer}");
    assert_eq!(sim.see(|state| state.records::<Proposal>()), []);
    let answer = sim.as_("ana").types("runbook run mine --on database:orders");
    assert!(answer.contains("needs a service"), "{answer}");
    sim.as_("ana").types("runbook run mine --on shop");
    let asked = proposal(&sim);
    assert!(asked.quorum.is_some(), "what moves traffic waits for approval");
    sim.run_for(10 * MINUTE);
    assert_eq!((sim.effects("promote"), sim.effects("dns_replace")), (0, 0), "nothing moves before");
    sim.as_("ben").approves(&asked);
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    assert!(run.steps.iter().all(|step| matches!(step.state, StepState::Done(_))), "{run:?}");
    assert_eq!((sim.effects("promote"), sim.effects("dns_replace")), (1, 2));
    assert_eq!(heard(&sim, "It is away"), 1);
    let again = sim.as_("ana").types("runbook run mine --on shop");
    assert!(again.contains("already") || again.contains("nothing would move"), "{again}");
}

#[test]
fn r60_commands_that_could_only_pretend_are_refused() {
    for (command, wanted) in [
        ("health:check", "The plan has no probe of shop"),
        ("dns:failover", "the database orders of shop would have to move too"),
        ("alert:update", "has nothing to say"),
        ("page:raise --to=nobody --message=x", "neither a person nor a rotation"),
        ("page:raise --severity=9 --message=x", "none of 1, 2 and 3"),
        ("failover:execute --target=primary", "leads shop to"),
        ("dns:check --site=moon", "neither primary nor secondary"),
    ] {
        let mut sim = world(507, Faults::Never, "", &format!("name: Pretend\nsteps:\n  - {{id: do, name: Do, commands: ['{command}']}}\n"));
        let answer = sim.as_("ana").types("runbook run mine --on shop");
        assert!(answer.contains(wanted), "{command}: {answer}");
        assert_eq!(sim.see(|state| state.records::<Proposal>()), [], "{command}");
    }
}
