//! A lock lets one process at a time be at work on a run. It dies with its process, and says which one that is.
//!
//! Not every file system that machines share tells one of them what another has locked. A process of another machine counts as
//! being at work while its `status.json` is young.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::holder::Holder;
use super::host::host;
use super::{StoreError, clock, paths, private};

/// How often a lock is asked for before another process is said to hold it: one that only looks whether a run is going on
/// holds it for an instant.
const TRIES: u32 = 20;

/// What lies in the place of a lock and is no file makes nobody wait.
const AT_ONCE: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// A process that cannot be asked and has said nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Held for as long as a process works on a run. The operating system lets it go when the process ends, however it
/// ends, so that a lock of the dead never stands in the way.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    run: PathBuf,
}

impl Lock {
    /// Takes the lock of a run's folder, or says who has it.
    pub(super) fn take(run: &Path) -> Result<Self, StoreError> {
        let path = paths::lock(run);
        let file =
            private::options().create(true).truncate(false).read(true).custom_flags(AT_ONCE).open(&path);
        let mut file = file.map_err(|error| StoreError::io("create the lock", &path, error))?;
        for _ in 1..TRIES {
            if file.try_lock().is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let answer = file.try_lock();
        if let Some(holder) = at_work(run, &mut file, &answer) {
            return Err(StoreError::Live { run: paths::id(run), holder });
        }
        let (host, started) = (host(), clock::now());
        let text = serde_json::json!({ "pid": std::process::id(), "host": host, "started": started });
        // At no time it says nothing.
        let text = format!("{text}\n");
        let written = file.write_all_at(text.as_bytes(), 0).and_then(|()| file.set_len(text.len() as u64));
        written.map_err(|error| StoreError::io("write", &path, error))?;
        Ok(Self { file, run: run.to_path_buf() })
    }
}

/// Whoever lets a lock go says so also to machines that cannot ask.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(paths::status(&self.run));
        let _ = self.file.set_len(0);
    }
}

/// Who is at work on the run in this folder; `None`: nobody any more.
pub(super) fn holder(run: &Path) -> Option<Holder> {
    let mut file = File::options().read(true).custom_flags(AT_ONCE).open(paths::lock(run)).ok()?;
    let answer = file.try_lock_shared();
    at_work(run, &mut file, &answer)
}

/// Who is at work by the answer to whoever has asked for the lock.
fn at_work(run: &Path, file: &mut File, answer: &Result<(), TryLockError>) -> Option<Holder> {
    let named = read(file);
    let can_tell = named.as_ref().is_some_and(|holder| holder.host.is_none());
    match answer {
        // A lock that cannot be read is held all the same.
        Err(TryLockError::WouldBlock) => Some(named.unwrap_or_default()),
        Ok(()) if can_tell => None,
        // What cannot be read may be about to be written.
        Ok(()) | Err(TryLockError::Error(_)) => {
            let signs: &[PathBuf] =
                if named.is_some() { &[paths::status(run), paths::lock(run)] } else { &[paths::status(run)] };
            is_heard(run, signs).then(|| named.unwrap_or_default())
        }
    }
}

/// Who has written the lock last; `None`: nobody, or it was let go.
fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let value: serde_json::Value = serde_json::from_str(text.lines().next()?).ok()?;
    let process = value["pid"].as_u64().and_then(|id| u32::try_from(id).ok());
    let host = value["host"].as_str().filter(|name| *name != host()).map(str::to_owned);
    Some(Holder { process, host })
}

/// Whether any of these files was written of late, by the clock of the file system.
fn is_heard(run: &Path, signs: &[PathBuf]) -> bool {
    let probe = tempfile::tempfile_in(run).and_then(|file| file.metadata()?.modified());
    let now = probe.unwrap_or_else(|_| SystemTime::now());
    let said = signs.iter().filter_map(|path| fs::metadata(path).and_then(|file| file.modified()).ok()).max();
    // What comes from the future is young.
    said.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age < SILENCE_MAX) || at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_who_holds_it_and_is_gone_with_its_holder() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(holder(dir.path()), None);
        let lock = Lock::take(dir.path()).expect("free");
        assert_eq!(holder(dir.path()), Some(Holder { process: Some(std::process::id()), host: None }));
        let second = Lock::take(dir.path()).expect_err("held");
        assert!(second.to_string().contains(&format!("process {}", std::process::id())), "{second}");
        drop(lock);
        assert_eq!(holder(dir.path()), None);
        Lock::take(dir.path()).expect("free again");
    }

    #[test]
    fn a_lock_that_a_dead_process_left_behind_does_not_block() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("lock"), "{\"pid\":1,\"started\":0}\n").expect("writable");
        assert_eq!(holder(dir.path()), None);
        Lock::take(dir.path()).expect("nobody holds it");
    }

    #[test]
    fn a_process_of_another_machine_is_at_work_while_it_says_so() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = dir.path();
        fs::write(paths::lock(run), "{\"pid\":7,\"host\":\"elsewhere\",\"started\":0}\n").expect("room");
        let other = Holder { process: Some(7), host: Some("elsewhere".to_owned()) };
        assert_eq!(holder(run), Some(other), "it has just begun");
        let error = Lock::take(run).expect_err("held").to_string();
        assert!(
            error.ends_with("is still going on (process 7 on elsewhere, heard of in the last 30 s)"),
            "{error}"
        );
        let long_ago = SystemTime::now() - SILENCE_MAX * 2;
        let age = |path: PathBuf| File::options().append(true).open(path)?.set_modified(long_ago);
        age(paths::lock(run)).expect("ours");
        assert_eq!(holder(run), None, "it has said nothing since");
        fs::write(paths::status(run), "{}").expect("room");
        assert!(holder(run).is_some(), "it has said something");
        age(paths::status(run)).expect("ours");
        let lock = Lock::take(run).expect("it is gone");
        assert_eq!(holder(run), Some(Holder { process: Some(std::process::id()), host: None }));
        fs::write(paths::status(run), "{}").expect("room");
        drop(lock);
        assert!(!paths::status(run).exists(), "nobody says anything any more");
        assert_eq!(fs::read(paths::lock(run)).expect("it is there"), b"", "for machines that cannot ask");
    }
}
