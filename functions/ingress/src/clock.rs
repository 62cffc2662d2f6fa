//! The time: the system's, or the local stack's when it names a file.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// Tells milliseconds since 1970.
pub(crate) type Clock = Box<dyn Fn() -> i64>;

/// The system's clock, or the one in `file`, read at each use: the stack may scale and advance it at any moment.
pub(crate) fn clock(file: Option<String>) -> Clock {
    match file {
        None => Box::new(system_ms),
        Some(file) => Box::new(move || {
            let real_ms = system_ms();
            std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Reading>(&bytes).ok()).map_or(real_ms, |it| it.at(real_ms))
        }),
    }
}

/// The system's time, in milliseconds since 1970.
fn system_ms() -> i64 {
    system().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

/// The system's time, for signatures that AWS checks against its own clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place where the function asks for the time")]
pub(crate) fn system() -> SystemTime {
    SystemTime::now()
}

/// `now = virtual_ms + (real - real_ms) * scale`, as the local stack writes it.
#[derive(Deserialize)]
struct Reading {
    real_ms: i64,
    virtual_ms: i64,
    scale: f64,
}

impl Reading {
    fn at(&self, real_ms: i64) -> i64 {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit a double exactly")]
        let scaled = (real_ms.saturating_sub(self.real_ms) as f64 * self.scale) as i64;
        self.virtual_ms.saturating_add(scaled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stacks_clock_is_scaled_and_shifted() {
        let reading: Reading = serde_json::from_str(r#"{"real_ms":1000,"virtual_ms":50000,"scale":60.0}"#).unwrap();
        assert_eq!(reading.at(1000), 50_000);
        assert_eq!(reading.at(3000), 170_000);
    }

    #[test]
    fn the_clock_file_is_read_at_each_use() {
        let file = std::env::temp_dir().join(format!("ingress-clock-{}.json", std::process::id()));
        std::fs::write(&file, r#"{"real_ms":0,"virtual_ms":7000,"scale":0}"#).unwrap();
        let clock = clock(Some(file.display().to_string()));
        assert_eq!(clock(), 7000);
        std::fs::write(&file, r#"{"real_ms":0,"virtual_ms":9000,"scale":0}"#).unwrap();
        assert_eq!(clock(), 9000);
        std::fs::remove_file(&file).unwrap();
        assert!(clock() > 1_600_000_000_000, "without the file the system's time counts");
    }
}
