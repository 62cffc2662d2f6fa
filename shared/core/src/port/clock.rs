use jiff::Timestamp;

/// The time, and nothing else that waits.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// Randomness for ids. Never for secrets.
pub trait Random: Send + Sync {
    /// 128 random bits.
    fn bits(&self) -> u128;
}
