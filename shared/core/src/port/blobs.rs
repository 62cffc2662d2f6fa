use async_trait::async_trait;

use crate::failure::CallError;

/// A file and the version of it that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The store's version id.
    pub version: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// The bot's own bucket in its own region.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// The newest version of a file; `None` when there is none.
    async fn get(&self, key: &str) -> Result<Option<Blob>, CallError>;

    /// One version of a file; `None` when there is no such version any more.
    async fn version(&self, key: &str, version: &str) -> Result<Option<Blob>, CallError>;

    /// Writes a file and returns its version. The same bytes under the same key may be written twice.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<String, CallError>;
}
