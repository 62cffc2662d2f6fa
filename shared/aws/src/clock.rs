//! The time: the system's, or that of a local stack.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use jiff::Timestamp;
use mayday_core::port::Clock;
use serde::Deserialize;

/// The system's clock, which AWS keeps right.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's source of time")]
        let now = SystemTime::now();
        Timestamp::try_from(now).unwrap_or(Timestamp::MAX)
    }
}

/// What a local stack writes: `now = virtual_ms + (system_ms - real_ms) * scale`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
struct Reading {
    real_ms: i64,
    virtual_ms: i64,
    scale: f64,
}

impl Reading {
    fn at(self, system: Timestamp) -> Timestamp {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit a double exactly")]
        let passed = ((system.as_millisecond() - self.real_ms) as f64 * self.scale) as i64;
        Timestamp::from_millisecond(self.virtual_ms.saturating_add(passed)).unwrap_or(Timestamp::MAX)
    }
}

/// Why a stack's clock can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the clock {file} can't be read")]
pub struct UnreadableClock {
    file: String,
    #[source]
    source: std::io::Error,
}

/// The clock of a local stack, which somebody may scale or advance at any moment: its file is read each time.
#[derive(Debug)]
pub struct StackClock {
    file: PathBuf,
    last: Mutex<Reading>,
}

impl StackClock {
    /// The clock kept in a file.
    ///
    /// # Errors
    /// When there is no clock in it.
    pub fn open(file: &Path) -> Result<Self, UnreadableClock> {
        let last = read(file).map_err(|source| UnreadableClock { file: file.display().to_string(), source })?;
        Ok(Self { file: file.to_owned(), last: Mutex::new(last) })
    }
}

impl Clock for StackClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A stack that was stopped took its file along; its time goes on as it went.
        if let Ok(reading) = read(&self.file) {
            *last = reading;
        }
        last.at(SystemClock.now())
    }
}

fn read(file: &Path) -> std::io::Result<Reading> {
    Ok(serde_json::from_slice(&std::fs::read(file)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_runs_from_where_it_was_set() {
        let reading = Reading { real_ms: 1_000, virtual_ms: 500_000, scale: 60.0 };
        assert_eq!(reading.at(Timestamp::from_millisecond(3_000).unwrap()).as_millisecond(), 620_000);
    }

    #[test]
    fn a_change_is_seen_at_once_and_a_vanished_file_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock.json");
        std::fs::write(&file, r#"{"real_ms": 0, "virtual_ms": 1000, "scale": 0.0}"#).unwrap();
        let clock = StackClock::open(&file).unwrap();
        std::fs::write(&file, r#"{"real_ms": 0, "virtual_ms": 99000, "scale": 0.0}"#).unwrap();
        assert_eq!(clock.now().as_second(), 99);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(clock.now().as_second(), 99);
    }

    #[test]
    fn a_file_without_a_clock_is_named() {
        let error = StackClock::open(Path::new("/nowhere/clock.json")).unwrap_err();
        assert_eq!(error.to_string(), "the clock /nowhere/clock.json can't be read");
    }
}
