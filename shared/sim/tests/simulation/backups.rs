//! Scheduled backups over virtual days: taken once each, whatever dies, deleted in time, and in nobody's way.

use std::sync::atomic::{AtomicU64, Ordering};

use mayday_core::{
    backup::{self, Agenda, Outcome},
    port::{BACKING_UP, Phase},
    run::{Lock, Run, State, StepRecord, StepState},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    setting,
    trace::Port,
};

use crate::stuck_at;

/// The instance of `orders`.
fn orders() -> (String, String) {
    (setting::REGION.to_owned(), "orders-db".to_owned())
}

/// A world whose plan backs up `orders` every day, keeps that so long, and takes a full one on Mondays. It begins on a Sunday at noon.
pub(crate) fn scheduled(seed: u64, daily_kept: &str) -> Sim {
    let mut sim = Sim::new(seed);
    sim.put_plan(&plan(daily_kept, "0 3 * * 1"));
    sim.ticks();
    sim
}

fn plan(daily_kept: &str, full: &str) -> String {
    let backups = format!(
        "    traffic: secret\n    backups:\n      \
         - {{class: daily, cron: \"0 2 * * *\", timezone: UTC, keep: {daily_kept}}}\n      \
         - {{class: full, cron: \"{full}\", timezone: UTC, keep: 14d}}\n"
    );
    let plan = setting::plan(1).replacen("    traffic: secret\n", &backups, 1);
    assert!(plan.contains(daily_kept));
    plan
}

/// The same, with a backup of `orders` under way that takes many hours. RDS calls the instance `backing-up` all the while.
pub(crate) fn backing_up(seed: u64) -> (Sim, Run) {
    let mut sim = scheduled(seed, "3d");
    assert!(sim.run_until(24 * HOUR, |sim| sim.effects("create_snapshot") == 1), "{:?}", agenda(&sim));
    sim.by_hand(|state, now| {
        let made = state.databases.snapshots.values_mut().find(|found| found.complete > now).unwrap();
        made.complete = now + 20 * HOUR;
        let instance = state.databases.instances.get_mut(&orders()).unwrap();
        let over = instance.phases.last_mut().unwrap();
        assert_eq!((&over.1, over.0 > now), (&Phase::Available, true));
        over.0 = now + 20 * HOUR;
        assert_eq!(instance.phase(now), Phase::Underway(BACKING_UP.to_owned()));
    });
    let run = sim.run().unwrap();
    (sim, run)
}

fn ours(sim: &Sim) -> Vec<String> {
    sim.see(|state| state.databases.snapshots.keys().map(|(_, id)| id.clone()).filter(|id| id.starts_with("mayday-orders-")).collect())
}

fn agenda(sim: &Sim) -> Agenda {
    sim.see(|state| state.record::<Agenda>("orders")).expect("an agenda")
}

fn taken(sim: &Sim) -> usize {
    agenda(sim).past.iter().filter(|past| matches!(past.outcome, Outcome::Taken(_))).count()
}

fn state_of(sim: &Sim, run: &Run) -> State {
    sim.see(|state| state.record::<Run>(run.id.as_str())).unwrap().state
}

#[test]
fn r27_a_week_of_backups_each_taken_once_and_deleted_in_time() {
    let mut sim = scheduled(1, "3d");
    sim.run_for(24 * HOUR * 7);
    assert_eq!(sim.violation(), None);
    // Seven nights, and one Monday.
    assert_eq!((taken(&sim), sim.effects("create_snapshot")), (8, 8), "{:?}", agenda(&sim));
    assert_eq!(
        ours(&sim),
        [
            "mayday-orders-daily-20261127-0200",
            "mayday-orders-daily-20261128-0200",
            "mayday-orders-daily-20261129-0200",
            "mayday-orders-full-20261123-0300",
        ]
    );
    assert_eq!(sim.effects("delete_snapshot"), 4);
    assert!(!sim.shows("mayday-orders-daily"), "nobody is told of what goes well");
}

#[test]
fn e6_f1_a_scheduler_or_runner_that_dies_takes_no_backup_twice_and_loses_none() {
    for method in ["create_snapshot", "delete_snapshot", "snapshots_in", "instances_in"] {
        for fate in [Fate::CrashBefore, Fate::CrashAfter, Fate::LostAnswer, Fate::NotNow] {
            let mut sim = scheduled(2, "1d");
            sim.run_for(HOUR);
            sim.set_faults(Faults::first(1, Port::Databases, method, fate));
            sim.run_for(24 * HOUR * 2);
            assert_eq!(sim.violation(), None, "{method} {fate:?}");
            // Two nights and a Monday; the first night's goes when the second one's is there.
            let done = (taken(&sim), sim.effects("create_snapshot"), sim.effects("delete_snapshot"));
            assert_eq!(done, (3, 3, 1), "{method} {fate:?}: {:?}", agenda(&sim));
        }
    }
}

#[test]
fn r27_a_backup_and_a_deletion_do_not_begin_beside_each_other() {
    let mut sim = scheduled(9, "1d");
    assert!(sim.run_until(48 * HOUR, |sim| sim.run().is_some_and(|run| run.title.starts_with("Delete"))), "{:?}", agenda(&sim));
    // Whoever takes a lock next falls asleep just before, and all at once a backup is due every three minutes.
    let asleep = AtomicU64::new(0);
    sim.set_faults(Faults::rule(move |call| {
        let locks = call.port == Port::Table && call.method == "put" && call.about.starts_with("lock/");
        if locks && asleep.fetch_add(1, Ordering::Relaxed) == 0 { Fate::FreezeBefore(4 * MINUTE) } else { Fate::Well }
    }));
    sim.put_plan(&plan("1d", "*/3 * * * *"));
    sim.run_for(30 * MINUTE);
    let runs = sim.see(|state| state.records::<Run>());
    let refused: Vec<_> = runs.iter().filter(|run| matches!(run.state, State::Failed { .. })).map(|run| (&run.title, &run.state)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert_eq!((sim.effects("create_snapshot") > 3, sim.effects("delete_snapshot"), sim.violation()), (true, 1, None));
}

#[test]
fn e6_nights_without_a_chance_are_made_up_by_one_backup() {
    let mut sim = scheduled(3, "3d");
    sim.run_for(2 * MINUTE);
    // Somebody changes the instance for two days, so that nothing can be begun.
    let change = |sim: &mut Sim, phase: Phase| {
        sim.by_hand(|state, now| state.databases.instances.get_mut(&orders()).unwrap().phases.push((now, phase)));
    };
    change(&mut sim, Phase::Underway("modifying".to_owned()));
    sim.run_for(24 * HOUR * 2);
    assert_eq!((taken(&sim), sim.effects("create_snapshot")), (0, 0));
    assert!(sim.shows("late"), "people are told that it waits");
    change(&mut sim, Phase::Available);
    sim.run_for(HOUR);
    assert_eq!((taken(&sim), sim.effects("create_snapshot")), (1, 1), "{:?}", agenda(&sim));
    assert!(ours(&sim).iter().all(|id| id.contains("-full-")), "the longest kept class serves: {:?}", ours(&sim));
}

#[test]
fn h5_a_database_is_restored_while_a_scheduled_backup_of_it_is_running() {
    let (mut sim, backup) = backing_up(4);
    let proposal = sim.as_("ana").asks_restore().filter(|proposal| proposal.id != backup.proposal).expect("a proposal");
    sim.as_("ben").approves(&proposal);
    let restore = sim.until_run_ends(3 * HOUR).unwrap();
    assert_eq!((restore.proposal, restore.state), (proposal.id, State::Succeeded), "{}", sim.trace().join("\n"));
    assert_eq!(state_of(&sim, &backup), State::Running);

    // Backups of one database still exclude each other.
    let told = sim.as_("ana").types("backup orders");
    assert!(told.contains(&format!("backup of orders is held by {}", backup.id)), "{told}");
    sim.run_for(20 * HOUR);
    assert_eq!((state_of(&sim, &backup), taken(&sim)), (State::Succeeded, 1), "{:?}", agenda(&sim));
    let holders = sim.see(|state| state.records::<Lock>()).into_iter().filter_map(|lock| lock.run);
    assert_eq!((holders.count(), sim.violation()), (0, None));
}

#[test]
fn r27_what_a_proposal_or_a_run_restores_from_is_not_let_go() {
    const POINT: &str = "rds-orders-db-nightly";
    let mut sim = Sim::new(5);
    sim.ticks();
    let held = |sim: &Sim| sim.at_once(backup::held(&sim.world())).unwrap().unwrap().contains(POINT);
    assert!(!held(&sim));
    sim.as_("ana").types(&format!("restore orders --id {POINT}"));
    let proposal = sim.proposal().unwrap();
    assert!(held(&sim), "it may be approved");

    let no_run = |port: Port, about: &str| port == Port::Table && about.starts_with("run/");
    sim.set_faults(Faults::rule(move |call| if no_run(call.port, &call.about) { Fate::NotNow } else { Fate::Well }));
    sim.as_("ben").approves(&proposal);
    assert!(sim.run().is_none() && sim.approval(&proposal).is_some_and(|approval| !approval.is_open(proposal.asked_at)));
    assert!(held(&sim), "its run is about to begin");

    sim.set_faults(Faults::rule(|call| if call.method == "restore" { Fate::Refused } else { Fate::Well }));
    assert_eq!(stuck_at(&mut sim), "restore");
    sim.run_for(5 * HOUR);
    assert!(held(&sim), "its run may go on");
    let run = sim.run().unwrap();
    sim.as_("ana").clicks("cancel", run.id.as_str());
    sim.until_run_ends(HOUR);
    assert!(!held(&sim));
}

/// The first night's backup, whose time is over when the second one is there.
const OVER: &str = "mayday-orders-daily-20261123-0200";

#[test]
fn r27_a_point_whose_deletion_is_on_its_way_is_not_restored_from() {
    let mut sim = scheduled(6, "1d");
    // The request is on its way for four minutes: whoever sent it was frozen.
    sim.set_faults(Faults::first(1, Port::Databases, "delete_snapshot", Fate::FreezeBefore(4 * MINUTE)));
    let intends = |run: &Run| run.steps.iter().any(|step| matches!(step.state, StepState::Intended { .. }));
    let deletes = |sim: &Sim| sim.run().is_some_and(|run| run.title.starts_with("Delete") && intends(&run));
    assert!(sim.run_until(48 * HOUR, deletes), "{:?}", agenda(&sim));
    sim.as_("ana").types(&format!("restore orders --id {OVER}"));
    let proposal = sim.proposal().filter(|proposal| proposal.title.starts_with("Restore")).expect("a proposal");
    let told = sim.as_("ben").approves(&proposal);
    assert!(told.contains("is being deleted"), "{told}");
    sim.run_for(HOUR);
    assert_eq!((sim.effects("delete_snapshot"), sim.effects("restore"), sim.violation()), (1, 0, None));
}

#[test]
fn r27_a_point_that_somebody_asks_for_just_before_its_deletion_stays() {
    let mut sim = scheduled(7, "1d");
    assert!(sim.run_until(48 * HOUR, |sim| sim.run().is_some_and(|run| run.title.starts_with("Delete"))), "{:?}", agenda(&sim));
    // Its first look is before it begins, its second for what it would do. After the third, which is the last thing that a permit
    // asks, it is frozen: retention's rules have let the point go by then.
    let looks = AtomicU64::new(0);
    sim.set_faults(Faults::rule(move |call| {
        let looks_at = call.port == Port::Databases && call.method == "snapshot" && call.about == OVER;
        if looks_at && looks.fetch_add(1, Ordering::Relaxed) == 2 { Fate::FreezeAfter(30 * SECOND) } else { Fate::Well }
    }));
    sim.run_for(10 * SECOND);
    let told = sim.as_("ana").types(&format!("restore orders --id {OVER}"));
    assert!(sim.proposal().is_some_and(|proposal| proposal.title.starts_with("Restore")), "{told}");
    sim.run_for(10 * MINUTE);
    let runs = sim.see(|state| state.records::<Run>());
    let refused = |step: &StepRecord| matches!(&step.state, StepState::Failed(finding) if finding.summary.contains("to be restored from"));
    assert!(runs.iter().flat_map(|run| &run.steps).any(refused), "{}", sim.trace().join("\n"));
    assert_eq!((sim.effects("delete_snapshot"), sim.violation()), (0, None));
}
