//! What the door needs from outside: three things, each one method wide.

/// Keeps the secret that the door verifies with.
pub(crate) trait Vault {
    /// The secret's text as it is now.
    async fn read(&self) -> Result<String, VaultError>;
}

/// Why the secret can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    /// The vault says that there is none.
    #[error("there is no such secret")]
    Missing,
    /// The vault does not answer, or not us.
    #[error("the secret can't be read: {0}")]
    Unavailable(String),
}

/// Does the work.
pub(crate) trait Worker {
    /// Leaves an envelope for the worker; when this returns, it is kept and will be tried again until done.
    async fn hand_over(&self, envelope: &[u8]) -> Result<(), Lost>;
    /// Waits for the worker's answer.
    async fn ask(&self, envelope: &[u8]) -> Result<Vec<u8>, Lost>;
}

/// Why an envelope did not arrive, as far as can be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// It surely was not taken.
    #[error("not taken: {0}")]
    NotTaken(String),
    /// It may or may not have been taken.
    #[error("perhaps taken: {0}")]
    Doubtful(String),
}

/// Tells a person something without the worker, when the worker can't be reached.
pub(crate) trait Replies {
    /// Posts a JSON body to a response URL of Slack's.
    async fn post(&self, url: &mayday_slack::response_url::ResponseUrl, json: &str) -> Result<(), Lost>;
}
