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

/// One version of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// Its `VersionId`: of 32 to 64 characters (the vendor's rule) where it is ours to decide.
    pub version: String,
    /// Its value.
    pub value: SecretText,
}

/// Which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretPlace<'a> {
    /// The region.
    pub region: &'a str,
    /// The name.
    pub name: &'a str,
}

/// Secrets by name.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current version; `None` when there is no such secret.
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError>;

    /// The current versions of many, in the order of their names: what [`Self::current`] says of each, in as few calls as there can be.
    async fn current_of(&self, region: &str, names: &[String]) -> Vec<Result<Option<SecretVersion>, CallError>>;

    /// Writes a version that nobody reads yet. The same value under the same id again changes nothing, another value under it is
    /// refused.
    async fn write(&self, permit: &Permit, place: SecretPlace<'_>, version: &SecretVersion) -> Result<(), CallError>;

    /// Makes the version `after`, written before, the current one, in place of the version `before` and of no other: if another one
    /// is current by then, the vendor refuses it and what is current stays. Where `after` is current already, nothing changes.
    async fn make_current(&self, permit: &Permit, place: SecretPlace<'_>, before: &str, after: &str) -> Result<(), CallError>;
}
