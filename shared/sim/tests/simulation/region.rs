//! Two regions, one table: whichever is lost, the other goes on, and nothing is done twice.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mayday_core::{
    ident::RunId,
    port::{Key, Row},
    run::{Lock, Run, State},
    store::Record,
};
use mayday_sim::{
    Course, Dependency, Fate, Faults, Rates, Region, Schedule, Sim, Symptom, Troubles,
    fault::{HOUR, MINUTE, Millis, SECOND},
    trace::Port,
};

use crate::{paging, succeeded};

/// A restore that was approved, in two regions.
fn approved(seed: u64, skew: Millis) -> Sim {
    let mut sim = paging::sim(seed);
    sim.spreads(skew);
    let proposal = sim.as_("ana").asks_restore().expect("a proposal");
    sim.as_("ben").approves(&proposal);
    sim
}

#[test]
fn two_regions_make_one_run_of_a_decision() {
    for seed in 0..20 {
        let mut sim = approved(seed, 0);
        succeeded(&mut sim);
    }
}

/// Either region goes at any time of a restore, with everything in it, and comes back half an hour later.
#[test]
fn j7_a_region_that_is_lost_in_the_middle_of_a_run_costs_time_and_nothing_else() {
    let mut asked = 0;
    for place in 0..22 {
        for region in Region::ALL {
            let mut sim = approved(place, 0);
            sim.run_for(Millis::try_from(place).unwrap() * 2 * SECOND);
            sim.suffers(Dependency::Region(region), Symptom::TimesOut, 30 * MINUTE);
            // The database's region is silent for longer than its last steps may take: people are asked, and one of them says that it is over.
            let run = sim.until_run(HOUR, |run| run.state != State::Running).unwrap();
            if matches!(&run.state, State::Stuck { step, .. } if ["switch", "confirm"].contains(&step.as_str())) && region == Region::Home {
                asked += 1;
                sim.run_for(30 * MINUTE);
                sim.as_("ana").clicks("retry", run.id.as_str());
            }
            succeeded(&mut sim);
        }
    }
    assert!(asked <= 2, "asked {asked} times");
}

/// The run's execution is in the region that is lost; its databases are in the other one. The run goes on within six minutes.
#[test]
fn j7_the_other_region_takes_a_run_over_under_a_new_epoch() {
    // Whoever approved it did so through either region.
    let mut sim = (0..50).map(|seed| approved(seed, 0)).find(|sim| sim.executions_in(Region::Away) == 1).expect("one starts there");
    sim.run_for(20 * SECOND);
    let run = sim.run().unwrap();
    assert_eq!((run.state, run.epoch), (State::Running, 1));
    sim.suffers(Dependency::Region(Region::Away), Symptom::TimesOut, 12 * HOUR);
    sim.run_for(7 * MINUTE);
    assert_eq!((sim.run().unwrap().epoch, sim.executions_in(Region::Home)), (2, 1), "{:?}", sim.run().unwrap().log);
    let run = sim.until_run_ends(6 * HOUR).unwrap();
    assert_eq!(run.state, State::Succeeded);
    assert!(!sim.is_up(Region::Away), "it never came back");
    // When it does, what was asleep there finds another epoch, and does nothing.
    sim.run_for(12 * HOUR);
    sim.finish().unwrap();
    assert_eq!(sim.effects("restore"), 1);
}

/// Restores of many databases have come and gone before it, and hundreds of backups since: the run is found by the lock that it holds.
#[test]
fn j7_a_run_is_taken_over_however_many_locks_were_released_and_runs_have_begun_since() {
    let mut sim = (0..50).map(|seed| approved(seed, 0)).find(|sim| sim.executions_in(Region::Away) == 1).expect("one starts there");
    sim.run_for(20 * SECOND);
    let run = sim.run().unwrap();
    for number in 0..250 {
        // They are read before the lock of the database that is being restored.
        keep(&mut sim, &Lock { target: format!("car-{number:03}"), run: None, since: run.started_at, late_until: None, released_by: None });
        let ended = Run { id: RunId(format!("{}-{number:03}", run.id.as_str())), state: State::Succeeded, ..run.clone() };
        keep(&mut sim, &Run { told: ended.log.len(), ..ended });
    }
    // One of a newer release can't be read. It hides none of those after it.
    let newer = || serde_json::json!({"schema": 99, "record": {}});
    put(&mut sim, Lock::PARTITION, "car-100".to_owned(), newer());
    put(&mut sim, Run::PARTITION, format!("{}-200", run.id.as_str()), newer());
    sim.suffers(Dependency::Region(Region::Away), Symptom::TimesOut, 12 * HOUR);
    sim.run_for(7 * MINUTE);
    let now: Run = sim.see(|state| state.record(run.id.as_str())).unwrap();
    assert_eq!((now.epoch, sim.executions_in(Region::Home)), (2, 1), "{:?}", now.log);
}

/// Puts a record into the table.
pub(crate) fn keep<T: Record>(sim: &mut Sim, record: &T) {
    put(sim, T::PARTITION, record.id(), serde_json::json!({"schema": T::SCHEMA, "record": record}));
}

fn put(sim: &mut Sim, partition: &str, id: String, body: serde_json::Value) {
    let key = Key { partition: partition.to_owned(), id };
    sim.by_hand(|state, _| state.rows.set(Row { key, version: 1, live_until: None, body: Arc::new(body.into()) }));
}

/// A decision that is made through one region reaches a run that waits in the other, though no token of that one is known here.
#[test]
fn j7_a_decision_reaches_a_run_whose_region_is_lost() {
    let mut sim = (0..50).map(|seed| approved(seed, 0)).find(|sim| sim.executions_in(Region::Away) == 1).expect("one starts there");
    sim.set_faults(Faults::first(1, Port::Databases, "restore", Fate::Refused));
    let run = sim.until_run(HOUR, |run| matches!(run.state, State::Stuck { .. }) && run.wake_token.is_some()).unwrap();
    sim.suffers(Dependency::Region(Region::Away), Symptom::TimesOut, 12 * HOUR);
    sim.as_("ana").clicks("retry", run.id.as_str());
    assert!(sim.run_until(MINUTE, |sim| sim.effects("restore") == 1), "{}", sim.trace().join("\n"));
    succeeded(&mut sim);
}

/// A start is slow, and both regions' ticks find the run that nobody has visited. It is driven by one execution all the same, and whoever
/// decides in the middle is heard at once, whichever region they come through.
#[test]
fn j8_a_run_that_both_regions_would_begin_has_one_execution_and_hears_every_decision() {
    for seed in 0..12 {
        let mut sim = paging::sim(seed);
        sim.spreads(0);
        let proposal = sim.as_("ana").asks_restore().expect("a proposal");
        let refused = AtomicBool::new(false);
        sim.set_faults(Faults::rule(move |call| match (call.port, call.method) {
            (Port::Workflow, "start") => Fate::Slow(45 * SECOND),
            (Port::Databases, "restore") if !refused.swap(true, Ordering::Relaxed) => Fate::Refused,
            _ => Fate::Well,
        }));
        sim.as_("ben").approves(&proposal);
        sim.until_run(HOUR, |run| matches!(run.state, State::Stuck { .. }) && run.wake_token.is_some()).unwrap();
        sim.run_for(2 * MINUTE);
        assert_eq!(Region::ALL.map(|region| sim.executions_in(region)).iter().sum::<usize>(), 1, "{seed}");
        sim.set_faults(Faults::Never);
        sim.as_("ana").clicks("retry", proposal.id.run().as_str());
        assert!(sim.run_until(MINUTE, |sim| sim.effects("restore") == 1), "{seed}: {}", sim.trace().join("\n"));
        succeeded(&mut sim);
    }
}

/// Each region sees the table, and one of them neither Slack nor RDS.
#[test]
fn j8_two_regions_that_both_drive_a_run_do_each_step_once() {
    for seed in 0..20 {
        let mut sim = approved(seed, 0);
        sim.is_cut_off(Region::Away, Dependency::Slack, 40 * MINUTE);
        sim.is_cut_off(Region::Away, Dependency::Databases(Region::Home), 40 * MINUTE);
        sim.run_for(2 * HOUR);
        succeeded(&mut sim);
    }
}

#[test]
fn i3_clocks_that_are_off_by_ten_minutes_lead_to_no_wrong_effect() {
    for seed in 0..20 {
        let mut sim = paging::sim(seed);
        sim.spreads(10 * MINUTE);
        sim.as_("ana").asks_restore();
        let Some(proposal) = sim.proposal() else { continue };
        sim.as_("ben").approves(&proposal);
        sim.until_run_ends(40 * MINUTE);
        if let Err(failing) = sim.finish() {
            panic!("{failing:?}");
        }
        assert!(sim.effects("restore") <= 1 && sim.effects("secret_put") <= 1);
    }
}

fn batch(name: &str, rates: Rates, troubles: Troubles, seeds: Range<u64>) -> Course {
    let schedule = Schedule { rates, troubles: Some(troubles), ..Schedule::default() };
    let mut sum = Course::default();
    for seed in seeds {
        match schedule.run(seed) {
            Ok(course) => sum.add(&course),
            Err(failing) => panic!("{name}: {failing:?}"),
        }
    }
    println!("{name}: {sum:?}");
    sum
}

#[test]
fn schedules_with_outages_in_two_regions_keep_all_invariants() {
    let sum = batch("outages", Rates::CALM, Troubles::OUTAGES, 0..200);
    assert!(sum.succeeded > 80, "{sum:?}");
    let sum = batch("outages and faults", Rates::ROUGH, Troubles::OUTAGES, 0..200);
    assert!(sum.succeeded > 60, "{sum:?}");
}

#[test]
fn i3_schedules_with_clocks_that_are_off_keep_all_invariants() {
    let sum = batch("skew", Rates::CALM, Troubles::SKEWED, 0..200);
    assert!(sum.succeeded > 40, "{sum:?}");
}

/// A region is lost whole, and a service is led out of it: its databases' control plane, its secrets and its servers answer nothing, from
/// the proposal to the report.
#[test]
fn j7_a_service_is_led_out_of_a_region_that_answers_nothing() {
    for symptom in [Symptom::TimesOut, Symptom::Fails] {
        let mut sim = Sim::new(11);
        sim.spreads(0);
        // The tick sees the databases once while they are there.
        sim.run_for(3 * MINUTE);
        sim.suffers(Dependency::Region(Region::Home), symptom, 12 * HOUR);
        let told = sim.as_("ana").types("failover shop");
        let proposal = sim.proposal().unwrap_or_else(|| panic!("{told}\n{}", sim.trace().join("\n")));
        assert!(proposal.consequences.warnings.iter().any(|warning| warning.contains("can't be asked")), "{:?}", proposal.consequences);
        sim.as_("ben").approves(&proposal);
        let run = sim.until_run_ends(2 * HOUR).unwrap();
        assert_eq!((run.state, sim.violation()), (State::Succeeded, None), "{}", sim.trace().join("\n"));
        moved(&sim);
        // Nothing there was changed, and it is said what nobody knows.
        assert_eq!(sim.effects("freeze"), 0);
        assert!(sim.shows("nobody knows whether orders-db takes writes"), "{:?}", run.steps);
    }
}

/// The standby serves, and both zones lead to it.
fn moved(sim: &Sim) {
    let led: Vec<String> = sim.see(|state| state.zones.records.values().filter_map(|record| record.values.first().cloned()).collect());
    assert!(led.contains(&"there.shop.example.com".to_owned()) && led.contains(&"198.51.100.10".to_owned()), "{led:?}");
    assert_eq!((sim.effects("promote"), sim.effects("dns_replace")), (1, 2));
}

/// The old primary answers again before anybody has approved: that is another world, and whoever would approve is told.
#[test]
fn h2_a_region_that_heals_during_the_approval_is_said_and_nothing_moves() {
    let mut sim = Sim::new(12);
    sim.spreads(0);
    sim.run_for(3 * MINUTE);
    sim.suffers(Dependency::Region(Region::Home), Symptom::TimesOut, 5 * MINUTE);
    sim.as_("ana").types("failover shop");
    let proposal = sim.proposal().unwrap();
    sim.run_for(6 * MINUTE);
    let told = sim.as_("ben").approves(&proposal);
    assert!(told.contains("orders-db answers again"), "{told}");
    sim.run_for(HOUR);
    assert_eq!(sim.see(|state| state.effects.len()), 0);
}

/// A failover that was approved, in two regions.
fn leads_over(seed: u64) -> Sim {
    let mut sim = Sim::new(seed);
    sim.spreads(0);
    sim.run_for(3 * MINUTE);
    sim.as_("ana").types("failover shop");
    let proposal = sim.proposal().unwrap();
    sim.as_("ben").approves(&proposal);
    sim
}

/// What answered when it was proposed must be seen to refuse writes. Where its region falls silent before that, nobody is led anywhere; where
/// it does so after this run has frozen it, its successor has the mark that shows it.
#[test]
fn h3_a_region_that_falls_silent_is_taken_for_fenced_only_after_it_was_frozen() {
    for (reached, state) in [("promote", "moved"), ("", "stuck")] {
        let mut sim = leads_over(13);
        assert!(reached.is_empty() || sim.run_until(HOUR, |sim| sim.effects(reached) == 1), "{}", sim.trace().join("\n"));
        sim.suffers(Dependency::Region(Region::Home), Symptom::TimesOut, 12 * HOUR);
        let run = sim.until_run(2 * HOUR, |run| run.state != State::Running).unwrap();
        if state == "moved" {
            assert_eq!((&run.state, sim.violation()), (&State::Succeeded, None), "{reached}: {:?}", run.steps);
            moved(&sim);
        } else {
            // People decide, and nothing was touched.
            assert!(matches!(&run.state, State::Stuck { step, .. } if step.as_str() == "freeze"), "{:?} {:?}", run.state, run.log);
            assert_eq!((sim.effects("freeze"), sim.effects("promote"), sim.effects("dns_replace")), (0, 0, 0));
        }
    }
}

/// A region falls silent right after the approval, and somebody has moved the names by hand: what is seen to be otherwise ends the run, though
/// not all can be seen.
#[test]
fn d13_a_record_that_was_moved_ends_the_run_though_a_region_is_silent() {
    let mut sim = leads_over(13);
    sim.suffers(Dependency::Region(Region::Home), Symptom::TimesOut, 12 * HOUR);
    sim.by_hand(|state, _| state.zones.records.values_mut().for_each(|record| record.values = vec!["elsewhere.example".to_owned()]));
    let run = sim.until_run(2 * HOUR, |run| run.state != State::Running).unwrap();
    assert!(matches!(&run.state, State::Failed { why } if why.contains("the world has changed")), "{:?} {:?}", run.state, run.log);
    assert_eq!((sim.effects("freeze"), sim.effects("promote"), sim.effects("dns_replace")), (0, 0, 0));
}

/// The region is back, and with it the old primary, which nobody has frozen: people are told, a fence is proposed, and nothing is done to it
/// before somebody approves.
#[test]
fn j7_an_old_primary_that_comes_back_writable_is_fenced_when_people_approve() {
    let mut sim = Sim::new(11);
    sim.spreads(0);
    sim.run_for(3 * MINUTE);
    sim.suffers(Dependency::Region(Region::Home), Symptom::TimesOut, 30 * MINUTE);
    sim.as_("ana").types("failover shop");
    let first = sim.proposal().unwrap();
    sim.as_("ben").approves(&first);
    assert_eq!(sim.until_run_ends(25 * MINUTE).unwrap().state, State::Succeeded);
    // Even if a call of the failover may arrive for an hour yet: nobody waits for it while two primaries are written.
    sim.by_hand(|state, now| {
        let until = jiff::Timestamp::from_millisecond(now + 2 * HOUR).unwrap();
        let locks: Vec<Row> = state.rows.all(Lock::PARTITION).cloned().collect();
        assert!(!locks.is_empty());
        for mut row in locks {
            Arc::make_mut(&mut row.body)["record"]["late_until"] = serde_json::json!(until);
            state.rows.set(row);
        }
    });
    sim.run_for(40 * MINUTE);
    let fence = sim.proposal().unwrap();
    assert!(fence.title.starts_with("Fence orders-db"), "{}", fence.title);
    assert_eq!(sim.effects("freeze"), 0);
    sim.as_("ben").approves(&fence);
    assert!(sim.run_until(20 * MINUTE, |sim| sim.effects("freeze") == 1), "{}", sim.trace().join("\n"));
}
