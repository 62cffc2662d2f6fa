use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{SecretText, SecretVersion, Secrets},
};

use super::{change, look, owner, takes_effect};
use crate::{gate::Gate, trace::Port};

#[async_trait]
impl Secrets for Gate {
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError> {
        let current = self.look(look(Port::Secrets, "current", name), |state, _| {
            let versions = state.secrets.get(&(region.to_owned(), name.to_owned())).map(|secret| &secret.versions);
            Ok(versions.and_then(|all| all.last()).map(|(version, value)| SecretVersion { version: version.clone(), value: value.clone() }))
        });
        current.await
    }

    async fn put(&self, permit: &Permit, region: &str, name: &str, version: &str, value: &SecretText) -> Result<(), CallError> {
        let (owner, key, version, value) = (owner(permit), (region.to_owned(), name.to_owned()), version.to_owned(), value.clone());
        let put = self.change(change(Port::Secrets, "put", name), move |inner| {
            let Some(secret) = inner.state.secrets.get(&key) else {
                return Err(CallError::refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret."));
            };
            match secret.versions.iter().find(|(known, _)| *known == version) {
                // The request is ignored, whichever version is current.
                Some((_, there)) if *there == value => return Ok(()),
                Some(_) => return Err(CallError::refused("ResourceExistsException", "A version with that token exists already.")),
                None => {}
            }
            takes_effect(inner, &owner, "secret_put", &key.1);
            if let Some(secret) = inner.state.secrets.get_mut(&key) {
                secret.versions.push((version, value));
            }
            Ok(())
        });
        put.await
    }
}
