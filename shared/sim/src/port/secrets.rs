use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{SecretPlace, SecretVersion, Secrets, Tags},
};

use super::{change, look, owner, takes_effect};
use crate::{executor::Inner, gate::Gate, trace::Port};

#[async_trait]
impl Secrets for Gate {
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError> {
        let current = self.look(look(Port::Secrets, "current", name).in_region(region), |state, _| {
            let versions = state.secrets.get(&(region.to_owned(), name.to_owned())).map(|secret| &secret.versions);
            Ok(versions.and_then(|all| all.last()).map(|(version, value)| SecretVersion { version: version.clone(), value: value.clone() }))
        });
        current.await
    }

    async fn current_of(&self, region: &str, names: &[String]) -> Vec<Result<Option<SecretVersion>, CallError>> {
        let all = self.look(look(Port::Secrets, "current", &names.join(" ")).in_region(region), |state, _| {
            let versions = |name: &String| state.secrets.get(&(region.to_owned(), name.clone())).and_then(|secret| secret.versions.last());
            let told = names.iter().map(versions).map(|last| last.cloned().map(|(version, value)| SecretVersion { version, value }));
            Ok(told.collect::<Vec<_>>())
        });
        match all.await {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(error) => names.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn write(&self, _: &Permit, place: SecretPlace<'_>, version: &SecretVersion) -> Result<(), CallError> {
        let (key, version) = ((place.region.to_owned(), place.name.to_owned()), version.clone());
        self.change(change(Port::Secrets, "put", place.name).in_region(place.region), move |inner| put(inner, &key, version)).await
    }

    async fn make_current(&self, permit: &Permit, place: SecretPlace<'_>, before: &str, after: &str) -> Result<(), CallError> {
        let key = (place.region.to_owned(), place.name.to_owned());
        let (owner, before, version) = (owner(permit), before.to_owned(), after.to_owned());
        self.change(change(Port::Secrets, "move", place.name).in_region(place.region), move |inner| {
            move_label(inner, &owner, &key, (&before, &version))
        })
        .await
    }
}

/// Writes a version that nobody reads yet.
fn put(inner: &mut Inner, key: &(String, String), after: SecretVersion) -> Result<(), CallError> {
    let Some(secret) = inner.state.secrets.get_mut(key) else {
        return Err(CallError::refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret."));
    };
    match secret.versions.iter().chain(&secret.pending).find(|(known, _)| *known == after.version) {
        // The request is ignored, whichever version is current.
        Some((_, there)) if *there == after.value => {}
        Some(_) => return Err(CallError::refused("ResourceExistsException", "A version with that token exists already.")),
        None => secret.pending.push((after.version, after.value)),
    }
    Ok(())
}

/// Moves the label of the current version, from exactly that version to this.
fn move_label(inner: &mut Inner, owner: &Tags, key: &(String, String), (before, after): (&str, &str)) -> Result<(), CallError> {
    let current = inner.state.secrets.get(key).and_then(|secret| secret.versions.last()).map(|(version, _)| version.as_str());
    if current == Some(after) {
        return Ok(());
    }
    if current != Some(before) {
        return Err(CallError::refused("InvalidParameterException", "Staging label AWSCURRENT is attached to another version."));
    }
    takes_effect(inner, owner, "secret_put", &key.1);
    if let Some(secret) = inner.state.secrets.get_mut(key) {
        let moved = secret.versions.iter().chain(&secret.pending).find(|(version, _)| version == after).cloned();
        secret.pending.retain(|(version, _)| version != after);
        secret.versions.retain(|(version, _)| version != after);
        secret.versions.extend(moved);
    }
    Ok(())
}
