use mayday_core::{
    approval::{self, Approval},
    audit::{self, Entry},
    ident::Actor,
    proposal::Proposal,
    run::{Happened, Lock, Run, State as RunState, StepState},
};

use super::{Finding, people};
use crate::{
    executor::Inner,
    fault::Millis,
    setting::{REGION, settings},
    state::State,
};

type AtEnd = (&'static str, fn(&State) -> Finding);

/// Checked when all is over.
pub(super) const CHECKS: [AtEnd; 8] = [
    ("the audit chain verifies", chain),
    ("no record holds a secret", secrets),
    ("no lock outlives its run", locks),
    ("every run ends, or people know that it is stuck", runs),
    ("whoever asked gets a final answer", answered),
    ("all that happened in a run is said", people::told),
    ("what a restore reads is as it was", sources),
    ("after a success, traffic goes to an instance that has the rows", served),
];

/// Checks what must hold when all is over, and that it is over.
pub(crate) fn at_end(inner: &mut Inner) {
    for (name, check) in CHECKS {
        if let Err(why) = check(&inner.state) {
            inner.violated(name, why);
        }
    }
    for (name, check) in [(PEOPLE_ARE_WOKEN, people::woken as fn(&State, Millis) -> Finding), (ONE_PRIMARY, people::led_over)] {
        if let Err(why) = check(&inner.state, inner.now) {
            inner.violated(name, why);
        }
    }
}

pub(super) const PEOPLE_ARE_WOKEN: &str = "whoever must decide is woken, level by level";
pub(super) const ONE_PRIMARY: &str = "after a failover there is one primary, and names lead to it";

fn chain(state: &State) -> Finding {
    let entries: Vec<Entry> = state.records();
    audit::verify(&entries).map(drop).map_err(|broken| broken.to_string())
}

fn secrets(state: &State) -> Finding {
    match state.rows.every().find(|row| super::holds_secret(&row.body)) {
        Some(row) => Err(format!("{} {} does", row.key.partition, row.key.id)),
        None => Ok(()),
    }
}

fn locks(state: &State) -> Finding {
    for lock in state.records::<Lock>() {
        let Some(holder) = lock.run else { continue };
        let run: Option<Run> = state.record(holder.as_str());
        if run.is_none_or(|run| run.state.is_final()) {
            return Err(format!("{} is still locked by {holder}", lock.target));
        }
    }
    Ok(())
}

fn runs(state: &State) -> Finding {
    for run in state.records::<Run>() {
        let said = |what: &str| state.chat.showing(run.id.as_str()).any(|said| said.versions.iter().any(|text| text.contains(what)));
        match &run.state {
            RunState::Running => return Err(format!("{} still runs", run.id)),
            RunState::Stuck { step, .. } => {
                let place = run.log.iter().rposition(|told| matches!(&told.what, Happened::StepFailed(failed) if failed == step));
                if place.is_none_or(|place| run.told <= place) || !said("") {
                    return Err(format!("{} is stuck at {step}, and nobody was told", run.id));
                }
            }
            _ if run.told < run.log.len() => return Err(format!("the end of {} was not told", run.id)),
            _ => {}
        }
    }
    Ok(())
}

/// A proposal ends in a run that people are told of, or whoever asked is told that it does not.
fn answered(state: &State) -> Finding {
    for approval in state.records::<Approval>() {
        let Some(proposal) = state.record::<Proposal>(approval.proposal.as_str()) else {
            return Err(format!("{} has no proposal", approval.proposal));
        };
        match approval.state {
            approval::State::Pending => return Err(format!("{} is still open", approval.proposal)),
            // What is approved in the middle of a run has that run go on.
            approval::State::Approved { .. } if let Some(gate) = &proposal.gate => {
                let waits = |run: &Run| {
                    run.steps.iter().any(|step| matches!(&step.state, StepState::Asked { proposal } if *proposal == approval.proposal))
                };
                if state.record::<Run>(gate.run.as_str()).is_none_or(|run| waits(&run)) {
                    return Err(format!("{} was approved, and {} still waits for it", approval.proposal, gate.run));
                }
            }
            approval::State::Approved { .. } => {
                if state.rows.get("run", proposal.id.run().as_str()).is_none() {
                    return Err(format!("{} was approved and never became a run", approval.proposal));
                }
            }
            _ => {
                let Actor::Person(requester) = &proposal.requester else { continue };
                let told = state.chat.messages.values().any(|said| said.place == requester.user);
                if !told {
                    return Err(format!("{} is {:?}, and {} was not told", approval.proposal, approval.state, requester));
                }
            }
        }
    }
    Ok(())
}

fn sources(state: &State) -> Finding {
    for id in ["orders-db", "inventory-db"] {
        let Some(instance) = state.databases.instances.get(&(REGION.to_owned(), id.to_owned())) else {
            return Err(format!("{id} is gone"));
        };
        let retired = state.effects.iter().any(|effect| effect.method == "delete_instance" && effect.target == id);
        if !retired
            && (instance.gone.is_some() || instance.settings.len() > 1 || instance.settings.iter().any(|(_, now)| *now != settings()))
        {
            return Err(format!("{id} was changed"));
        }
    }
    Ok(())
}

fn served(state: &State) -> Finding {
    let restored = |run: &Run| run.state == RunState::Succeeded && run.steps.iter().any(|step| step.id.0 == "switch");
    let skipped = |run: &Run| run.steps.iter().any(|step| matches!(step.state, mayday_core::run::StepState::Skipped { .. }));
    let runs: Vec<Run> = state.records();
    for run in runs.iter().filter(|run| restored(run) && !skipped(run)) {
        let database = run.locks.first().map_or("", String::as_str);
        let (led, table) = led(state, database);
        let rows = state.databases.instances.get(&(REGION.to_owned(), led.clone())).and_then(|instance| instance.data.count(&table));
        if rows.is_none_or(|rows| rows < crate::setting::ROWS) {
            return Err(format!("{database} is led to {led}, which has {rows:?} rows"));
        }
    }
    Ok(())
}

/// Where a database's traffic goes: the instance, and the table to count.
pub(crate) fn led(state: &State, database: &str) -> (String, String) {
    let host = if database == "inventory" {
        let record = state.zones.records.values().find(|record| record.name.starts_with(database));
        record.and_then(|record| record.values.first().cloned()).unwrap_or_default()
    } else {
        let secret = state.secrets.get(&(REGION.to_owned(), format!("prod/{database}")));
        let value = secret.and_then(|secret| secret.versions.last());
        value.and_then(|(_, value)| mayday_core::database::member(value, "host")).unwrap_or_default()
    };
    (host.split('.').next().unwrap_or_default().to_owned(), database.to_owned())
}
