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
    let found = pids.filter_map(|pid| Some(WorkerProcess { job: job_of(pid, &remote)?, pid }));
    let found: Vec<WorkerProcess> = found.collect();
    // A program that a worker is about to start looks like the worker for a moment.
    let is_child = |one: &WorkerProcess| {
        let parent = parent_of(one.pid);
        found.iter().any(|other| Some(other.pid) == parent && other.job == one.job)
    };
    found.iter().filter(|one| !is_child(one)).copied().collect()
}

/// The process that has started another one.
fn parent_of(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
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

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_worker_starts_is_no_worker_though_it_looks_like_one() {
        let dir = tempfile::tempdir().expect("a folder");
        // A shell named as a worker, which has a child of the same name.
        let script = "sh -c 'read line' worker \"$1\" 3 4 & sleep 60; wait";
        let mut command = Command::new("sh");
        command.args(["-c", script, "worker"]).arg(dir.path()).args(["3", "4"]).stdin(Stdio::piped());
        let mut worker = command.spawn().expect("a shell");
        let expect = WorkerProcess { job: (3, 4), pid: worker.id() };
        let mut looks = 0;
        while worker_processes(dir.path()) != [expect] || looks < 20 {
            looks += 1;
            assert!(looks < 10_000, "{:?}", worker_processes(dir.path()));
        }
        assert!(expect.is_there(dir.path()));
        assert!(!WorkerProcess { job: (3, 5), ..expect }.is_there(dir.path()));
        worker.kill().expect("ours");
        worker.wait().expect("ours");
        assert!(!expect.is_there(dir.path()));
    }
}
