//! Secrets in Secrets Manager.

use std::sync::Arc;

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
        match (found.version_id, found.secret_string) {
            (Some(version), Some(value)) => Ok(Some(SecretVersion { version, value: SecretText::new(value) })),
            _ => Err(CallError::refused("BinarySecret", format!("the secret {name} holds bytes, not text"))),
        }
    }

    async fn replace(&self, _permit: &Permit, place: SecretPlace<'_>, before: &str, after: &SecretVersion) -> Result<(), CallError> {
        let SecretPlace { region, name } = place;
        let clients = self.clients.in_region(region);
        // Under a label of ours, nobody reads it yet.
        let put = clients.changes.put_secret_value().secret_id(name).version_stages(PENDING);
        let put = put.client_request_token(&after.version).secret_string(after.value.expose());
        put.send().await.map_err(|error| classify(Kind::Change, error))?;
        let label = clients.changes.update_secret_version_stage().secret_id(name).version_stage(CURRENT);
        let label = label.move_to_version_id(&after.version).remove_from_version_id(before);
        match label.send().await.map_err(|error| classify(Kind::Change, error)) {
            // An earlier try has moved it, and its answer was lost.
            Err(CallError::Refused { .. }) if self.current(region, name).await?.is_some_and(|now| now.version == after.version) => Ok(()),
            moved => moved.map(drop),
        }
    }
}
