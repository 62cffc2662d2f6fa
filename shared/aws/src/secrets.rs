//! Secrets in Secrets Manager.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{SecretPlace, SecretText, SecretVersion, Secrets},
};

use crate::{
    classify::{Kind, classify},
    client::{Connection, Regional},
    settings::Service,
};

/// The vendor's label for the version that everybody reads.
const CURRENT: &str = "AWSCURRENT";
/// Our label for a version that is written and not yet current. A version without any label may be deleted by the vendor.
const PENDING: &str = "mayday-pending";

/// How many secrets one call tells. Source: the reference of `BatchGetSecretValue`.
const AT_ONCE: usize = 20;

/// Secrets of every region.
#[derive(Debug)]
pub struct SecretsManager {
    clients: Regional<Client>,
}

impl SecretsManager {
    /// Secrets through this connection.
    #[must_use]
    pub fn new(connection: &Arc<Connection>) -> Self {
        Self { clients: Regional::new(connection, Service::SecretsManager, Client::new) }
    }

    /// Up to [`AT_ONCE`] secrets. What went wrong with one of them is told of that one.
    async fn several(&self, region: &str, names: &[String]) -> Vec<Result<Option<SecretVersion>, CallError>> {
        let asked = self.clients.in_region(region).reads.batch_get_secret_value().set_secret_id_list(Some(names.to_vec())).send().await;
        let answer = match asked.map_err(|error| classify(Kind::Read, error)) {
            Ok(answer) => answer,
            Err(error) => return names.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut told: BTreeMap<String, Result<Option<SecretVersion>, CallError>> = BTreeMap::new();
        for error in answer.errors.unwrap_or_default() {
            let code = error.error_code.unwrap_or_default();
            let what = if code == NOT_FOUND { Ok(None) } else { Err(CallError::refused(code, error.message.unwrap_or_default())) };
            told.insert(error.secret_id.unwrap_or_default(), what);
        }
        for value in answer.secret_values.unwrap_or_default() {
            let name = value.name.unwrap_or_default();
            let what = version(&name, value.version_id, value.secret_string).map(Some);
            told.insert(name, what);
        }
        let unsaid = |name: &String| Err(CallError::Unknown { why: format!("nothing was said of the secret {name}") });
        names.iter().map(|name| told.remove(name).unwrap_or_else(|| unsaid(name))).collect()
    }
}

/// The vendor's code for a secret that is not there, or has no value.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// A version as the vendor tells it.
fn version(name: &str, version: Option<String>, value: Option<String>) -> Result<SecretVersion, CallError> {
    match (version, value) {
        (Some(version), Some(value)) => Ok(SecretVersion { version, value: SecretText::new(value) }),
        _ => Err(CallError::refused("BinarySecret", format!("the secret {name} holds bytes, not text"))),
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError> {
        let found = match self.clients.in_region(region).reads.get_secret_value().secret_id(name).send().await {
            Ok(found) => found,
            // Also a secret that was made and never got a value.
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => return Ok(None),
            Err(error) => return Err(classify(Kind::Read, error)),
        };
        version(name, found.version_id, found.secret_string).map(Some)
    }

    async fn current_of(&self, region: &str, names: &[String]) -> Vec<Result<Option<SecretVersion>, CallError>> {
        let mut found = Vec::with_capacity(names.len());
        for some in names.chunks(AT_ONCE) {
            match some {
                [one] => found.push(self.current(region, one).await),
                several => found.extend(self.several(region, several).await),
            }
        }
        found
    }

    async fn write(&self, _permit: &Permit, place: SecretPlace<'_>, version: &SecretVersion) -> Result<(), CallError> {
        // Under a label of ours, nobody reads it yet.
        let put = self.clients.in_region(place.region).changes.put_secret_value().secret_id(place.name).version_stages(PENDING);
        let put = put.client_request_token(&version.version).secret_string(version.value.expose());
        put.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }

    async fn make_current(&self, _permit: &Permit, place: SecretPlace<'_>, before: &str, after: &str) -> Result<(), CallError> {
        let SecretPlace { region, name } = place;
        let label = self.clients.in_region(region).changes.update_secret_version_stage().secret_id(name).version_stage(CURRENT);
        let label = label.move_to_version_id(after).remove_from_version_id(before);
        match label.send().await.map_err(|error| classify(Kind::Change, error)) {
            // An earlier try has moved it, and its answer was lost.
            Err(CallError::Refused { .. }) if self.current(region, name).await?.is_some_and(|now| now.version == after) => Ok(()),
            moved => moved.map(drop),
        }
    }
}
