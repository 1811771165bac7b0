//! A lock on a file keeps other runs from changing it at the same time.

use std::fs::{File, TryLockError};
use std::io;
use std::time::Duration;

use crate::runtime::clock;

/// How long to wait for another run, which holds such a lock only while it puts in place what it has written.
const PATIENCE: Duration = Duration::from_secs(60);

/// Locks the file, when others are done with it.
pub(super) fn wait_for(file: &File) -> io::Result<()> {
    let begun = clock::now();
    loop {
        match file.try_lock() {
            // There are file systems without locks.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(()),
            Err(TryLockError::WouldBlock) if clock::since(begun) < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let seconds = PATIENCE.as_secs();
                let message = format!("another process has held it locked for {seconds} s");
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
        }
    }
}
