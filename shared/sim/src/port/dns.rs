use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{ChangeStatus, Dns, RecordSet},
};

use super::{change, look, owner, takes_effect};
use crate::{fault::SECOND, gate::Gate, trace::Port};

#[async_trait]
impl Dns for Gate {
    async fn record(&self, zone: &str, name: &str, kind: &str) -> Result<Option<RecordSet>, CallError> {
        let record = self.look(look(Port::Dns, "record", name), |state, _| {
            let found = state.zones.records.get(&(zone.to_owned(), name.to_owned()));
            Ok(found.filter(|record| record.kind == kind).cloned())
        });
        record.await
    }

    async fn replace(&self, permit: &Permit, zone: &str, old: &RecordSet, new: &RecordSet) -> Result<String, CallError> {
        let (owner, key, old, new) = (owner(permit), (zone.to_owned(), old.name.clone()), old.clone(), new.clone());
        let replace = self.change(change(Port::Dns, "replace", &new.name), move |inner| {
            if inner.state.zones.records.get(&key) != Some(&old) {
                let why = "Tried to delete resource record set but the values provided do not match the current values";
                return Err(CallError::refused("InvalidChangeBatch", why));
            }
            takes_effect(inner, &owner, "dns_replace", &key.1);
            let everywhere = inner.now + inner.dice.between(SECOND, 60 * SECOND);
            let zones = &mut inner.state.zones;
            let id = format!("C{:06}", zones.changes.len() + 1);
            zones.changes.insert(id.clone(), everywhere);
            zones.still.insert(key.1.clone(), (everywhere, old));
            zones.records.insert(key, new);
            Ok(id)
        });
        replace.await
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
}
