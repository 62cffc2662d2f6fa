//! A note of each child process, so that a stack that was killed leaves none behind.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

/// Notes on disk, one a process: its id, and when it began (ids are used again).
#[derive(Debug)]
pub(super) struct Processes {
    dir: PathBuf,
}

impl Processes {
    pub(super) fn open(dir: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    pub(super) fn note(&self, pid: u32) {
        std::fs::write(self.dir.join(pid.to_string()), began(pid).unwrap_or_default()).ok();
    }

    pub(super) fn forget(&self, pid: u32) {
        std::fs::remove_file(self.dir.join(pid.to_string())).ok();
    }

    /// Kills what an earlier stack noted and still runs. Its children end by themselves when they next ask for work, but
    /// one that is busy may still be writing.
    pub(super) fn end_leftovers(&self) {
        let Ok(notes) = std::fs::read_dir(&self.dir) else { return };
        for note in notes.flatten() {
            let pid: Option<u32> = note.file_name().to_str().and_then(|name| name.parse().ok());
            let noted = std::fs::read_to_string(note.path()).ok();
            if let Some(pid) = pid.filter(|pid| began(*pid).is_some_and(|began| noted == Some(began))) {
                kill(pid);
            }
            std::fs::remove_file(note.path()).ok();
        }
    }
}

/// Sends SIGKILL.
pub(super) fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        kill_process(pid, Signal::KILL).ok();
    }
}

/// When a process began, in the kernel's own ticks: field 22 of `/proc/PID/stat`, counted past the name in parentheses.
fn began(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_noted_process_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let mut ours = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut reused = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let processes = Processes::open(dir.path().to_owned()).unwrap();
        processes.note(ours.id());
        std::fs::write(dir.path().join(reused.id().to_string()), "1").unwrap();

        processes.end_leftovers();

        assert!(!ours.wait().unwrap().success());
        assert_eq!(reused.try_wait().unwrap(), None, "its id was used again, it is somebody else's");
        reused.kill().unwrap();
        reused.wait().unwrap();
    }
}
