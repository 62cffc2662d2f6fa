use std::fmt;

use async_trait::async_trait;

use crate::{failure::CallError, policy::Permit};

/// A secret's value. It can be read where it is needed, and not be printed anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Takes a value in.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The value itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A secret as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// `VersionId` of the current version.
    pub version: String,
    /// Its value.
    pub value: SecretText,
}

/// Secrets by name.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current version; `None` when there is no such secret.
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError>;

    /// Makes a new version current. `version` is its id, decided beforehand, of 32 to 64 characters (the vendor's rule):
    /// writing the same value under the same id again changes nothing, another value under it is refused.
    async fn put(&self, permit: &Permit, region: &str, name: &str, version: &str, value: &SecretText) -> Result<(), CallError>;
}
