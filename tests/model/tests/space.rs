//! The models are searched whole, and are able to fail.

use std::collections::BTreeSet;

use mayday_model::{Bug, catch, worlds};

#[test]
fn d2_f4_h5_no_interleaving_of_the_small_worlds_breaks_a_property() {
    for (name, world) in worlds() {
        let found = world.search(None);
        assert_eq!(found.broken, [], "{name}");
        assert_eq!(found.never, [""; 0], "{name}: it never happened");
        assert!(found.states > 500, "{name}: {} states are no space", found.states);
    }
}

#[test]
fn each_seeded_bug_has_a_counter_example() {
    let mut properties = BTreeSet::new();
    for bug in Bug::ALL {
        let caught = catch(bug);
        assert!(caught.is_some(), "{bug:?} breaks nothing");
        properties.extend(caught.map(|(property, _)| property));
    }
    assert!(properties.len() >= 8, "each property is broken by some bug: {properties:?}");
}
