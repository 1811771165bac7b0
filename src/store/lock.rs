//! A lock lets one process at a time be at work on a run. It dies with its process, and says which one that is.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use super::{StoreError, clock, paths, private};

/// How often a lock is asked for before another process is said to hold it: one that only looks whether a run is going on
/// holds it for an instant.
const TRIES: u32 = 20;

/// Held for as long as a process works on a run. The operating system lets it go when the process ends, however it
/// ends, so that a lock of the dead never stands in the way.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Who is at work on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The process, where it says so.
    pub process: Option<u32>,
}

impl Lock {
    /// Takes the lock of a run's folder, or says who has it.
    pub(super) fn take(run: &Path) -> Result<Self, StoreError> {
        let path = paths::lock(run);
        let file = private::options().create(true).truncate(false).read(true).open(&path);
        let mut file = file.map_err(|error| StoreError::io("create the lock", &path, error))?;
        for _ in 1..TRIES {
            if file.try_lock().is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Live { run: paths::id(run), process: read(&mut file).process });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path, error)),
        }
        let text = format!("{{\"pid\":{},\"started\":{:.3}}}\n", std::process::id(), clock::now());
        let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(|error| StoreError::io("write", &path, error))?;
        Ok(Self { _file: file })
    }
}

/// Who is at work on the run in this folder; `None`: nobody any more.
pub(super) fn holder(run: &Path) -> Option<Holder> {
    let mut file = File::open(paths::lock(run)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(read(&mut file)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn read(file: &mut File) -> Holder {
    let mut text = String::new();
    // A lock that cannot be read is held all the same.
    let _ = file.read_to_string(&mut text);
    let value: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let process = value.and_then(|value| value["pid"].as_u64()).and_then(|id| u32::try_from(id).ok());
    Holder { process }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_who_holds_it_and_is_gone_with_its_holder() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(holder(dir.path()), None);
        let lock = Lock::take(dir.path()).expect("free");
        assert_eq!(holder(dir.path()), Some(Holder { process: Some(std::process::id()) }));
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
}
