use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{ChangeStatus, Dns, RecordChange, RecordSet, Tags, sound},
};

use super::{change, look, owner, takes_effect};
use crate::{executor::Inner, fault::SECOND, gate::Gate, invariant, trace::Port};

#[async_trait]
impl Dns for Gate {
    async fn record(&self, zone: &str, name: &str, kind: &str) -> Result<Option<RecordSet>, CallError> {
        let record = self.look(look(Port::Dns, "record", name), |state, _| {
            let found = state.zones.records.get(&(zone.to_owned(), name.to_owned()));
            Ok(found.filter(|record| record.kind == kind).cloned())
        });
        record.await
    }

    async fn change_batch(&self, permit: &Permit, zone: &str, changes: &[RecordChange]) -> Result<String, CallError> {
        sound(changes)?;
        let (owner, zone, changes) = (owner(permit), zone.to_owned(), changes.to_vec());
        let about = changes.first().map(|change| change.after.name.clone()).unwrap_or_default();
        self.change(change(Port::Dns, "replace", &about), move |inner| batch(inner, &owner, &zone, changes)).await
    }

    async fn change(&self, id: &str) -> Result<ChangeStatus, CallError> {
        let status = self.look(look(Port::Dns, "change", id), |state, now| match state.zones.changes.get(id) {
            Some(everywhere) if *everywhere <= now => Ok(ChangeStatus::InSync),
            Some(_) => Ok(ChangeStatus::Pending),
            None => Err(CallError::refused("NoSuchChange", format!("A change with id {id} does not exist."))),
        });
        status.await
    }

    async fn lookup_cname(&self, name: &str) -> Result<Option<String>, CallError> {
        let answer = self.look(look(Port::Dns, "lookup", name), |state, now| {
            let record = state.zones.answer(name, now).filter(|record| record.kind == "CNAME");
            Ok(record.and_then(|record| record.values.first().cloned()))
        });
        answer.await
    }

    async fn lookup_addresses(&self, name: &str) -> Result<Vec<String>, CallError> {
        let answer = self.look(look(Port::Dns, "lookup", name), |state, now| {
            let record = state.zones.answer(name, now).filter(|record| record.kind == "A");
            Ok(record.map(|record| record.values.clone()).unwrap_or_default())
        });
        answer.await
    }
}

/// All of them, or none.
fn batch(inner: &mut Inner, owner: &Tags, zone: &str, changes: Vec<RecordChange>) -> Result<String, CallError> {
    let key = |name: &str| (zone.to_owned(), name.to_owned());
    if changes.iter().any(|change| inner.state.zones.records.get(&key(&change.before.name)) != Some(&change.before)) {
        let why = "Tried to delete resource record set but the values provided do not match the current values";
        return Err(CallError::refused("InvalidChangeBatch", why));
    }
    if let Some(first) = changes.first() {
        takes_effect(inner, owner, "dns_replace", &first.before.name);
    }
    let everywhere = inner.now + inner.dice.between(SECOND, 30 * SECOND);
    let zones = &mut inner.state.zones;
    let id = format!("C{:06}", zones.changes.len() + 1);
    zones.changes.insert(id.clone(), everywhere);
    for RecordChange { before, after } in changes {
        zones.still.insert(before.name.clone(), (everywhere, before));
        zones.records.insert(key(&after.name), after);
    }
    invariant::on_names(inner);
    Ok(id)
}
