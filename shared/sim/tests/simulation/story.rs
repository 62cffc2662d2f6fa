use mayday_core::run::State;
use mayday_sim::setting;

use crate::{approved, ended};

#[test]
fn rows_that_were_deleted_come_back_after_somebody_else_has_approved() {
    let (mut sim, proposal) = approved(1);
    assert_eq!(proposal.target.name, "orders");
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded);
    assert_eq!(sim.rows_served("orders"), Some(setting::ROWS + 1), "all that was there before, and the one that came since");
}

#[test]
fn a_cname_leads_the_traffic_where_the_plan_says_so() {
    let mut sim = mayday_sim::Sim::new(2);
    sim.ticks();
    sim.as_("ana").types("restore inventory --at 2026-11-22T11:49:30Z");
    let proposal = sim.proposal().unwrap();
    sim.as_("ben").approves(&proposal);
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    assert_eq!((sim.effects("dns_replace"), sim.effects("secret_put")), (1, 0));
    assert_eq!(sim.rows_served("inventory"), Some(setting::ROWS + 1));
}

#[test]
fn a_backup_needs_nobody_and_is_made_once() {
    let mut sim = mayday_sim::Sim::new(3);
    sim.ticks();
    sim.as_("ana").types("backup orders");
    let run = ended(&mut sim);
    assert_eq!(run.state, State::Succeeded);
    assert_eq!(sim.effects("create_snapshot"), 1);
}

#[test]
fn an_instance_that_was_replaced_is_retired_only_when_that_is_approved() {
    let (mut sim, _) = approved(4);
    let run = ended(&mut sim);
    sim.as_("ana").clicks("retire", run.id.as_str());
    let retirement = sim.proposal().unwrap();
    assert_eq!(sim.effects("delete_instance"), 0);
    sim.as_("ben").approves(&retirement);
    let run = sim.until_run(mayday_sim::fault::HOUR, |run| run.proposal == retirement.id && run.state.is_final()).unwrap();
    assert_eq!(run.state, State::Succeeded, "{}", sim.trace().join("\n"));
    assert_eq!((sim.effects("delete_instance"), sim.effects("create_snapshot")), (1, 0));
    assert!(sim.see(|state| state.databases.snapshots.keys().any(|(_, id)| id.starts_with("mayday-orders-"))), "the final snapshot stays");
    assert_eq!(sim.rows_served("orders"), Some(mayday_sim::setting::ROWS + 1));
}
