//! What came of it, as a table and as a verdict on each target.

use std::time::Duration;

use crate::{
    case::{Case, STOCK, TUNED, Target},
    cold::Start,
    process::Reading,
};

/// A case with all that was measured of it.
pub(crate) struct Measured<'a> {
    pub(crate) case: &'a Case,
    pub(crate) starts: Vec<Start>,
    /// Warm invocations.
    pub(crate) warm: Vec<Duration>,
    pub(crate) package_bytes: u64,
}

/// The value in the middle; of an empty list, nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn cpu_ms(start: &Start) -> f64 {
    ms(start.to_answer.cpu)
}

fn wall_ms(start: &Start) -> f64 {
    ms(start.to_answer.wall)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of programs are far below what a double holds")]
fn mb(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// The median of the rounds' ratios: a round's two starts met the same machine.
pub(crate) fn ratio(of: &[Start], to: &[Start], what: fn(&Start) -> f64) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| what(of) / what(to)).collect())
}

fn starts_of<'a>(all: &'a [Measured<'_>], name: &str) -> &'a [Start] {
    all.iter().find(|one| one.case.name == name).map_or(&[], |one| one.starts.as_slice())
}

fn percentile_us(times: &[Duration], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() * percent / 100).map_or(f64::NAN, |time| ms(*time) * 1e3)
}

/// The table, a line for each case. All are medians.
pub(crate) fn table(all: &[Measured<'_>]) -> String {
    let mut text = "| case | CPU × stock | CPU × tuned | wall × stock | CPU ms to first poll | CPU ms to answer | wall ms to first poll | \
                    wall ms to answer | peak MB | package MB | warm p50 µs | warm p99 µs |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for one in all {
        let middle = |what: &dyn Fn(&Start) -> f64| median(one.starts.iter().map(what).collect());
        let cells = [
            format!("{:.2}", ratio(&one.starts, starts_of(all, STOCK), cpu_ms)),
            format!("{:.2}", ratio(&one.starts, starts_of(all, TUNED), cpu_ms)),
            format!("{:.2}", ratio(&one.starts, starts_of(all, STOCK), wall_ms)),
            format!("{:.2}", middle(&|start| ms(start.to_poll.cpu))),
            format!("{:.2}", middle(&cpu_ms)),
            format!("{:.2}", middle(&|start| ms(start.to_poll.wall))),
            format!("{:.2}", middle(&wall_ms)),
            format!("{:.1}", peak_mb(&one.starts)),
            format!("{:.1}", mb(one.package_bytes / 1024)),
            format!("{:.0}", percentile_us(&one.warm, 50)),
            format!("{:.0}", percentile_us(&one.warm, 99)),
        ];
        text.push_str(&format!("| {} | {} |\n", one.case.name, cells.join(" | ").replace("NaN", "–")));
    }
    text
}

fn peak_mb(starts: &[Start]) -> f64 {
    let peak = |reading: &Reading| mb(reading.peak_kib);
    median(starts.iter().map(|start| peak(&start.to_answer)).collect())
}

/// One target and what was measured.
pub(crate) struct Verdict {
    pub(crate) met: bool,
    pub(crate) sentence: String,
}

/// Each target of each case.
pub(crate) fn verdicts(all: &[Measured<'_>]) -> Vec<Verdict> {
    let judged = all.iter().flat_map(|one| one.case.targets.iter().map(move |target| (one, target)));
    judged.map(|(one, target)| judge(all, one, target)).collect()
}

fn judge(all: &[Measured<'_>], one: &Measured<'_>, target: &Target) -> Verdict {
    let (found, limit, what) = match target {
        Target::Cpu(limit, other) => (ratio(&one.starts, starts_of(all, other), cpu_ms), *limit, format!("CPU × {other}")),
        Target::Wall(limit, other) => (ratio(&one.starts, starts_of(all, other), wall_ms), *limit, format!("wall × {other}")),
        Target::PeakMb(limit) => (peak_mb(&one.starts), *limit, "peak MB".to_owned()),
        Target::MoreCpuMs(limit, other) => {
            let more = one.starts.iter().zip(starts_of(all, other)).map(|(of, to)| cpu_ms(of) - cpu_ms(to)).collect();
            (median(more), *limit, format!("CPU ms more than {other}"))
        }
    };
    let met = found <= limit;
    let word = if met { "met" } else { "MISSED" };
    Verdict { met, sentence: format!("{word}: {}, {what}: {found:.2} (at most {limit:.2})", one.case.name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(cpu_ms: u64) -> Start {
        let reading = Reading { wall: Duration::from_millis(2 * cpu_ms), cpu: Duration::from_millis(cpu_ms), peak_kib: 2048 };
        Start { to_poll: Reading::default(), to_answer: reading }
    }

    #[test]
    fn a_ratio_is_taken_round_by_round_so_that_a_slow_minute_counts_for_both() {
        let ours = [start(10), start(100), start(11)];
        let theirs = [start(20), start(200), start(10)];
        assert!((ratio(&ours, &theirs, cpu_ms) - 0.5).abs() < 1e-9);
        assert!((ratio(&ours, &theirs, wall_ms) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_was_never_measured_meets_no_target() {
        assert!(ratio(&[], &[start(1)], cpu_ms).is_nan());
        let case = crate::case::hello("hello", crate::floor("hello", std::path::Path::new("/")));
        let case = Case { targets: vec![Target::Cpu(1.0, STOCK), Target::PeakMb(6.0)], ..case };
        let all = [Measured { case: &case, starts: vec![start(10)], warm: Vec::new(), package_bytes: 1 }];
        let met: Vec<bool> = verdicts(&all).iter().map(|verdict| verdict.met).collect();
        assert_eq!(met, [false, true], "there is no stock hello to compare with; 2 MB are few");
    }
}
