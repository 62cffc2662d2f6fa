//! What one process uses: processor time to the nanosecond, memory at its highest, and whether its file is in memory at all.

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use nix::{
    fcntl::{PosixFadviseAdvice, posix_fadvise},
    time::ClockId,
    unistd::Pid,
};

/// A process that was just started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Born {
    pub(crate) pid: Pid,
    /// Just before it was started.
    pub(crate) at: Instant,
}

/// What a process has used up to a moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    /// Since its start.
    pub(crate) wall: Duration,
    /// Of all its threads, in user and in system mode.
    pub(crate) cpu: Duration,
    /// The most memory that it ever had resident, in KiB.
    pub(crate) peak_kib: u64,
}

impl Born {
    /// What it has used until now. Exact while the process waits for somebody, as it does for the answer to a request.
    pub(crate) fn read(&self) -> anyhow::Result<Reading> {
        let wall = self.at.elapsed();
        let cpu = ClockId::pid_cpu_clock_id(self.pid).and_then(ClockId::now).context("the process has ended")?;
        Ok(Reading { wall, cpu: cpu.into(), peak_kib: peak_kib(self.pid)? })
    }
}

/// Not `ru_maxrss`: that begins with what the parent had resident, which is more than a small function ever has.
fn peak_kib(pid: Pid) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the process has no memory any more")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Has the next reader of a file read it from the disk. What a running process has mapped stays.
pub(crate) fn drop_from_memory(file: &Path) -> anyhow::Result<()> {
    let opened = File::open(file).with_context(|| format!("there is no {}", file.display()))?;
    // Pages that are not written yet can't be dropped.
    opened.sync_all()?;
    posix_fadvise(&opened, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    Ok(())
}
