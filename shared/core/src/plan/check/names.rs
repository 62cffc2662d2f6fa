//! The names that a plan gives to things: short enough to be said, and with nothing in them that nobody sees.

use std::collections::BTreeMap;

use crate::{
    command::{is_invisible, shown},
    plan::{Findings, Path, Plan},
};

/// The longest name of anything, in characters. What people type is shorter yet.
const LONGEST: usize = 100;

/// Says which names can't be, and whether all can.
pub(super) fn check(found: &mut Findings, plan: &Plan) -> bool {
    let before = found.len();
    keys(found, &["people"], &plan.people);
    keys(found, &["roles"], &plan.roles);
    keys(found, &["databases"], &plan.databases);
    keys(found, &["fleets"], &plan.fleets);
    keys(found, &["services"], &plan.services);
    keys(found, &["apps"], &plan.apps);
    keys(found, &["tiers"], &plan.tiers);
    keys(found, &["scenarios"], &plan.scenarios);
    keys(found, &["data"], &plan.data);
    keys(found, &["on_call", "rotations"], &plan.on_call.rotations);
    keys(found, &["communication", "audiences"], &plan.communication.audiences);
    keys(found, &["support"], &plan.support);
    keys(found, &["standing_orders"], &plan.standing_orders);
    keys(found, &["policies"], &plan.policies);
    keys(found, &["runbooks"], &plan.runbooks);
    keys(found, &["drills"], &plan.drills);
    for (name, service) in &plan.services {
        let standbys = service.failover.as_ref().map(|failover| &failover.standbys);
        standbys.into_iter().for_each(|standbys| keys(found, &["services", name, "failover", "standbys"], standbys));
    }
    for (name, runbook) in &plan.runbooks {
        keys(found, &["runbooks", name, "arguments"], &runbook.arguments);
    }
    found.len() == before
}

fn keys<T>(found: &mut Findings, of: &[&str], names: &BTreeMap<String, T>) {
    for name in names.keys() {
        let why = if name.chars().nth(LONGEST).is_some() {
            format!("has more than {LONGEST} characters")
        } else if name.is_empty() {
            "is empty".to_owned()
        } else if let Some(hidden) = name.chars().find(|character| character.is_control() || is_invisible(*character)) {
            format!("has a character that nobody sees, U+{:04X}", u32::from(hidden))
        } else {
            continue;
        };
        let at = Path::of(of);
        found
            .error(&at.then(name), format!("the name {} under {at} {why}", shown(name)))
            .instead("Call it by something that can be read out");
    }
}
