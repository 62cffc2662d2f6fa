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

    /// The inverse; `None` for a clock that stands.
    fn real_ms_at(self, virtual_ms: i64) -> Option<i64> {
        if self.scale <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit a double exactly")]
        let passed = ((virtual_ms - self.virtual_ms) as f64 / self.scale) as i64;
        Some(self.real_ms + passed)
    }
}

/// A clock that can be scaled and advanced. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Clock {
    file: Option<PathBuf>,
    reading: Mutex<Reading>,
    history: Mutex<Vec<Reading>>,
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
        let history = match std::fs::read(history_file(&file)) {
            Ok(bytes) => serde_json::from_slice(&bytes).context("the clock's history can't be read")?,
            Err(_) => Vec::new(),
        };
        let clock = Self { file: Some(file), reading: Mutex::new(reading), history: Mutex::new(history), changed: watch::Sender::new(()) };
        clock.save(reading)?;
        Ok(clock)
    }

    /// A clock that stands at `start` until it is advanced: for tests in one process.
    #[must_use]
    pub fn standing_at(start: Timestamp) -> Self {
        let reading = Reading { real_ms: system_ms(), virtual_ms: start.as_millisecond(), scale: 0.0 };
        Self { file: None, reading: Mutex::new(reading), history: Mutex::new(vec![reading]), changed: watch::Sender::new(()) }
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

    /// The system's time when the stack's time was `at`: what a program that knows nothing of the stack's clock, such as
    /// PostgreSQL, wrote down then. A time that the clock jumped over, or stood at, gives the end of the jump or stand.
    #[must_use]
    pub fn real_at(&self, at: Timestamp) -> Timestamp {
        let history = self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at_ms = at.as_millisecond();
        let place = history.partition_point(|reading| reading.virtual_ms <= at_ms);
        let next_ms = history.get(place).map_or(i64::MAX, |next| next.real_ms);
        let real_ms = match place.checked_sub(1).and_then(|last| history.get(last)) {
            Some(reading) => reading.real_ms_at(at_ms).unwrap_or_else(|| next_ms.min(system_ms())),
            None => at_ms,
        };
        Timestamp::from_millisecond(real_ms.min(next_ms)).unwrap_or(Timestamp::MAX)
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
        let mut history = self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        history.push(reading);
        let Some(file) = &self.file else { return Ok(()) };
        replace(&history_file(file), &serde_json::to_vec(&*history)?)?;
        replace(file, &serde_json::to_vec(&reading)?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Every reading that ever held, oldest first: beside the reading of now, which functions read.
fn history_file(file: &Path) -> PathBuf {
    file.with_file_name("clock-history.json")
}

/// Renamed into place: a function never reads half a file.
fn replace(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, content)?;
    std::fs::rename(&draft, file).with_context(|| format!("can't write {}", file.display()))
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
    fn a_time_before_a_jump_is_found_again_in_real_time() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::open(dir.path(), 1.0).unwrap();
        let (before, real) = (clock.now(), Timestamp::now());
        clock.advance(SignedDuration::from_hours(3)).unwrap();
        let off = clock.real_at(before).duration_since(real).abs();
        assert!(off < SignedDuration::from_millis(5), "{off}");
        let jumped_over = clock.real_at(before + SignedDuration::from_hours(2));
        assert!(jumped_over.duration_since(real).abs() < SignedDuration::from_secs(1), "{jumped_over} {real}");
        let reopened = Clock::open(dir.path(), 60.0).unwrap();
        assert!(reopened.real_at(before).duration_since(real).abs() < SignedDuration::from_millis(5));
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
