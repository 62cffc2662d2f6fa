//! The stack's own time: real time, scaled and shifted, shared by every service and by the functions.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How virtual time relates to real time: `now = virtual_ms + (real - real_ms) * scale`.
///
/// The same three numbers stand in the file that the functions read (`MAYDAY_CLOCK`), so that a wait, an expiry
/// and a signature's age agree on both sides. The functions' reader is `shared/core/src/clock.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Reading {
    real_ms: i64,
    virtual_ms: i64,
    scale: f64,
}

impl Reading {
    fn at(self, real_ms: i64) -> i64 {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit a double exactly")]
        let scaled = ((real_ms - self.real_ms) as f64 * self.scale) as i64;
        self.virtual_ms + scaled
    }
}

/// A clock that can be scaled and advanced. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Clock {
    file: Option<PathBuf>,
    reading: Mutex<Reading>,
    changed: watch::Sender<()>,
}

impl Clock {
    /// Opens the clock kept in `dir/clock.json`, or starts one at the system's time.
    ///
    /// A stack that was stopped for an hour comes back an hour later, as AWS would.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn open(dir: &Path, scale: f64) -> anyhow::Result<Self> {
        let file = dir.join("clock.json");
        let real_ms = system_ms();
        let reading = match std::fs::read(&file) {
            Ok(bytes) => {
                let kept: Reading = serde_json::from_slice(&bytes).with_context(|| format!("{} is not a clock", file.display()))?;
                Reading { real_ms, virtual_ms: kept.at(real_ms), scale }
            }
            Err(_) => Reading { real_ms, virtual_ms: real_ms, scale },
        };
        let clock = Self { file: Some(file), reading: Mutex::new(reading), changed: watch::Sender::new(()) };
        clock.save(reading)?;
        Ok(clock)
    }

    /// A clock that stands at `start` until it is advanced: for tests in one process.
    #[must_use]
    pub fn standing_at(start: Timestamp) -> Self {
        let reading = Reading { real_ms: system_ms(), virtual_ms: start.as_millisecond(), scale: 0.0 };
        Self { file: None, reading: Mutex::new(reading), changed: watch::Sender::new(()) }
    }

    /// The file that functions read, if the clock is kept on disk.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The stack's time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.lock().at(system_ms())).unwrap_or(Timestamp::MAX)
    }

    /// Virtual seconds for each real second.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.lock().scale
    }

    /// Moves the time forward at once. Sleepers whose time has come wake.
    ///
    /// # Errors
    /// When the shared file can't be written.
    pub fn advance(&self, by: SignedDuration) -> anyhow::Result<()> {
        self.change(|reading| reading.virtual_ms = reading.virtual_ms.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// From now on, `scale` virtual seconds pass in each real one. Zero stops the clock.
    ///
    /// # Errors
    /// When the shared file can't be written.
    pub fn set_scale(&self, scale: f64) -> anyhow::Result<()> {
        self.change(|reading| reading.scale = scale)
    }

    /// Sleeps until the stack's time is `until`, however it gets there.
    pub async fn sleep_until(&self, until: Timestamp) {
        let mut changes = self.changed.subscribe();
        loop {
            let (now, scale) = (self.now(), self.scale());
            if now >= until {
                return;
            }
            if scale <= 0.0 {
                // A closed channel means that the clock is gone, and so is everybody who would wait for it.
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let real = until.duration_since(now).as_secs_f64() / scale;
            let nap = std::time::Duration::from_secs_f64(real.clamp(0.001, 3600.0));
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// Sleeps for a span of the stack's time.
    pub async fn sleep(&self, span: SignedDuration) {
        let until = self.now().checked_add(span).unwrap_or(Timestamp::MAX);
        self.sleep_until(until).await;
    }

    fn change(&self, edit: impl FnOnce(&mut Reading)) -> anyhow::Result<()> {
        let reading = {
            let mut reading = self.lock();
            let real_ms = system_ms();
            *reading = Reading { real_ms, virtual_ms: reading.at(real_ms), scale: reading.scale };
            edit(&mut reading);
            *reading
        };
        self.save(reading)?;
        self.changed.send_replace(());
        Ok(())
    }

    fn save(&self, reading: Reading) -> anyhow::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // Renamed into place: a function never reads half a file.
        let draft = file.with_extension("draft");
        std::fs::write(&draft, serde_json::to_vec(&reading)?)?;
        std::fs::rename(&draft, file).with_context(|| format!("can't write {}", file.display()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn system_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_told_to() {
        let clock = Clock::standing_at("2026-11-22T14:00:00Z".parse().unwrap());
        clock.advance(SignedDuration::from_secs(61)).unwrap();
        assert_eq!(clock.now().to_string(), "2026-11-22T14:01:01Z");
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_advanced() {
        let clock = std::sync::Arc::new(Clock::standing_at("2026-11-22T14:00:00Z".parse().unwrap()));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(SignedDuration::from_hours(5)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(SignedDuration::from_hours(5)).unwrap();
        sleeper.await.unwrap();
    }

    #[test]
    fn a_stopped_stack_comes_back_later_not_earlier() {
        let dir = tempfile::tempdir().unwrap();
        let first = Clock::open(dir.path(), 1.0).unwrap();
        first.advance(SignedDuration::from_hours(3)).unwrap();
        let before = first.now();
        assert!(Clock::open(dir.path(), 1.0).unwrap().now() >= before);
    }
}
