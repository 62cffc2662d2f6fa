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

    /// Makes a new version current, in place of the version `before` and of no other: if another one is current by then, the
    /// vendor refuses it and what is current stays.
    ///
    /// It is two calls, writing the version and then making it current. Whoever died between the two makes both again: the same
    /// value under the same id changes nothing, another value under it is refused.
    async fn replace(&self, permit: &Permit, place: SecretPlace<'_>, before: &str, after: &SecretVersion) -> Result<(), CallError>;
}
