//! The table that people read is what the policies say.

use crate::{plan::load, view};

const PLANS: [&str; 3] = ["demo.yaml", "capliquify/plan.yaml", "inventory/plan.yaml"];

#[test]
fn the_table_of_who_may_what_is_what_the_policies_say() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let table = |plan: &&str| {
        let text = std::fs::read_to_string(format!("{root}/plans/{plan}")).unwrap();
        view::who_may_what(&load(&text).unwrap_or_else(|error| panic!("{plan}: {error}")))
    };
    let expected = format!("{}{}", view::WHO_MAY_WHAT, PLANS.iter().map(table).collect::<Vec<_>>().join("\n"));
    let written = std::fs::read_to_string(format!("{root}/docs/who-may-what.md")).unwrap();
    let same = written == expected;
    assert!(
        same,
        "write it anew: mayday plan who plans/demo.yaml plans/capliquify/plan.yaml plans/inventory/plan.yaml > docs/who-may-what.md\n{expected}"
    );
}
