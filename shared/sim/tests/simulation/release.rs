//! Releases that change under a run: what an older one wrote is read, what a newer one wrote is left alone.

use std::sync::Arc;

use mayday_core::run::State;
use mayday_sim::{
    Sim,
    fault::{HOUR, MINUTE},
};
use serde_json::{Value, json};

use crate::{approved, succeeded};

/// Edits a record as it stands in the table.
fn rewrite(sim: &mut Sim, partition: &str, edit: impl FnOnce(&mut Value)) {
    sim.by_hand(|state, _| {
        let mut row = state.rows.newest(partition).map(str::to_owned).and_then(|id| state.rows.get(partition, &id).cloned()).unwrap();
        edit(&mut Arc::make_mut(&mut row.body)["record"]);
        state.rows.set(row);
    });
}

/// A run that began under the release that knew one lock, no conditions and no undoing.
#[test]
fn f8_a_run_that_began_under_an_older_release_goes_on() {
    let (mut sim, _) = approved(8);
    sim.until_run(HOUR, |run| run.visits > 1).unwrap();
    rewrite(&mut sim, "run", |run| {
        let fields = run.as_object_mut().unwrap();
        let locks = fields.remove("locks").unwrap();
        fields.insert("target".to_owned(), locks[0].clone());
        fields.remove("undoing");
        fields.remove("again");
        fields["steps"].as_array_mut().unwrap().iter_mut().for_each(|step| drop(step.as_object_mut().unwrap().remove("tolerated")));
    });
    succeeded(&mut sim);
}

/// A step that this release does not know stops the run, and people are told: it is not skipped.
#[test]
fn f8_a_step_that_this_release_does_not_know_halts_the_run_and_people_are_told() {
    let (mut sim, _) = approved(8);
    sim.until_run(HOUR, |run| run.visits > 0).unwrap();
    rewrite(&mut sim, "proposal", |proposal| proposal["steps"][1]["act"] = json!({"rewind_the_sun": {"by": "1h"}}));
    let before = sim.see(|state| state.effects.clone());
    sim.run_for(30 * MINUTE);
    assert_eq!(sim.see(|state| state.effects.clone()), before);
    assert!(!sim.run().unwrap().state.is_final() || matches!(sim.run().unwrap().state, State::Failed { .. }));
    assert!(sim.shows("can't be read"), "{}", sim.trace().join("\n"));
}

/// A newer release has told of something that this one has no word for, and was taken back. The run goes on, and what was told stays.
#[test]
fn f8_a_run_in_which_something_happened_that_this_release_does_not_know_goes_on() {
    let (mut sim, _) = approved(8);
    sim.until_run(HOUR, |run| run.visits > 1).unwrap();
    let told = json!({"at": sim.now(), "what": {"rewound_the_sun": {"by": "1h"}}});
    rewrite(&mut sim, "run", |run| run["log"].as_array_mut().unwrap().push(told.clone()));
    succeeded(&mut sim);
    assert!(serde_json::to_value(&sim.run().unwrap().log).unwrap().as_array().unwrap().contains(&told));
    assert!(sim.shows("no word for"), "{}", sim.trace().join("\n"));
}
