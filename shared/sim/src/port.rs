//! The ports, each a thin layer: what is asked at the gate, and the state's own method behind it.

mod chat;
mod databases;
mod dns;
mod installation;
mod pager;
mod probes;
mod secrets;
mod sql;
mod table;
mod workflow;

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::{OWNER_TAG, Permit, STEP_TAG},
    port::{Blob, Blobs, Directory, Profile, Tags},
};

use crate::{
    executor::Inner,
    gate::Gate,
    invariant,
    state::Effect,
    trace::{Call, Port},
};

pub(crate) fn look(port: Port, method: &'static str, about: &str) -> Call {
    Call { port, method, about: about.to_owned(), changes: false, region: None }
}

pub(crate) fn change(port: Port, method: &'static str, about: &str) -> Call {
    Call { port, method, about: about.to_owned(), changes: true, region: None }
}

/// Notes a change of the world outside that takes place now, and has the invariants judge it.
pub(crate) fn takes_effect(inner: &mut Inner, owner: &Tags, method: &'static str, target: &str) {
    let named = |tag: &str| owner.get(tag).cloned().unwrap_or_default();
    let effect = Effect { at: inner.now, run: named(OWNER_TAG), step: named(STEP_TAG), method, target: target.to_owned(), changed: true };
    invariant::on_effect(inner, &effect);
    inner.state.effects.push(effect);
}

pub(crate) fn owner(permit: &Permit) -> Tags {
    permit.owner_tags()
}

#[async_trait]
impl Blobs for Gate {
    async fn get(&self, key: &str) -> Result<Option<Blob>, CallError> {
        let found = self.look(look(Port::Blobs, "get", key), |state, _| {
            let versions = state.blobs.get(key);
            Ok(versions.and_then(|versions| Some(Blob { version: versions.len().to_string(), bytes: versions.last()?.clone() })))
        });
        found.await
    }

    async fn version(&self, key: &str, version: &str) -> Result<Option<Blob>, CallError> {
        let found = self.look(look(Port::Blobs, "version", key), |state, _| {
            let number: Option<usize> = version.parse().ok();
            let bytes = number.and_then(|number| state.blobs.get(key)?.get(number.checked_sub(1)?));
            Ok(bytes.map(|bytes| Blob { version: version.to_owned(), bytes: bytes.clone() }))
        });
        found.await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<String, CallError> {
        let owned = key.to_owned();
        let put = self.change(change(Port::Blobs, "put", key), move |inner| {
            let versions = inner.state.blobs.entry(owned).or_default();
            versions.push(bytes);
            Ok(versions.len().to_string())
        });
        put.await
    }
}

#[async_trait]
impl Directory for Gate {
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError> {
        self.look(look(Port::Directory, "profile", user), |state, _| Ok(state.people.get(user).cloned())).await
    }
}
