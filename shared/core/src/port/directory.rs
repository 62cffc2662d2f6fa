use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::failure::CallError;

/// What the workspace knows of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the vendor's flags, and each alone denies")]
pub struct Profile {
    /// `U…` or `W…`.
    pub user: String,
    /// The team that the account belongs to.
    pub team: String,
    /// The enterprise, on a Grid.
    pub enterprise: Option<String>,
    /// How to call them; never compared.
    pub name: String,
    /// IANA time zone.
    pub zone: Option<String>,
    /// Deactivated.
    pub deleted: bool,
    /// A multi-channel guest.
    pub restricted: bool,
    /// A single-channel guest.
    pub ultra_restricted: bool,
    /// From another organization, through a shared channel.
    pub stranger: bool,
    /// Not a human.
    pub bot: bool,
    /// The address was never confirmed.
    pub email_unconfirmed: bool,
}

/// Who people are.
#[async_trait]
pub trait Directory: Send + Sync {
    /// One person; `None` when the workspace says that there is none. A failed look-up is an error, never `None`.
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError>;

    /// The same, where what was known a few minutes ago will do if nobody can be asked now: for what changes nothing.
    async fn lately(&self, user: &str) -> Result<Option<Profile>, CallError> {
        self.profile(user).await
    }
}
