use std::collections::BTreeMap;

/// What there is outside to be asked, and whether we see it.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Services by URL or `host:port`. Where there is none, nobody listens.
    pub services: BTreeMap<String, Service>,
    /// Our own trouble, which keeps us from asking anybody.
    pub blind: Option<String>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The HTTP status that it answers with.
    pub status: u16,
    /// What it answers.
    pub body: String,
}

impl Service {
    /// One that is well.
    #[must_use]
    pub fn well(body: &str) -> Self {
        Self { status: 200, body: body.to_owned() }
    }
}
