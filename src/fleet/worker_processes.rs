//! Worker processes of this machine are known by their command lines, whoever has started them: the word `worker`, the folder
//! that they share, wave and task.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A process that works on a task of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerProcess {
    /// Its wave and task.
    pub job: (u32, u32),
    /// Its number.
    pub pid: u32,
}

/// The processes that work in this folder, which may be written in another way in their command lines.
pub fn worker_processes(remote: &Path) -> Vec<WorkerProcess> {
    let remote = real(remote);
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some(WorkerProcess { job: job_of(pid, &remote)?, pid })).collect()
}

impl WorkerProcess {
    /// Whether it is still there, and no other process has its number.
    pub(super) fn is_there(self, remote: &Path) -> bool {
        job_of(self.pid, &real(remote)) == Some(self.job)
    }
}

/// The job of a process; `None`: it is no worker in this folder, or is over and not waited for.
fn job_of(pid: u32, remote: &Path) -> Option<(u32, u32)> {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = words.split(|byte| *byte == 0);
    words.find(|word| *word == b"worker")?;
    let folder = words.next()?;
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse().ok();
    let job = (number(words.next()?)?, number(words.next()?)?);
    (real(Path::new(OsStr::from_bytes(folder))) == remote).then_some(job)
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
