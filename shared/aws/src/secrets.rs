//! Secrets in Secrets Manager.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{SecretText, SecretVersion, Secrets},
};

use crate::{
    classify::{Kind, classify},
    client::{Connection, Regional},
    settings::Service,
};

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

    async fn put(&self, _permit: &Permit, region: &str, name: &str, version: &str, value: &SecretText) -> Result<(), CallError> {
        let put = self.clients.in_region(region).changes.put_secret_value().secret_id(name);
        let put = put.client_request_token(version).secret_string(value.expose());
        put.send().await.map(drop).map_err(|error| classify(Kind::Change, error))
    }
}
