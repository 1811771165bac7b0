//! A pipe holds up whoever writes while nobody reads, and nothing that this process does ends that. So a named pipe is waited for
//! with an end, and whoever ends the run can tell that a write does not come back.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// How long a reader is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for one.
const LOOK: Duration = Duration::from_millis(20);

/// Writes that are going on, and how many have come back, of all streams of the process.
static OPEN: AtomicUsize = AtomicUsize::new(0);
static DONE: AtomicU64 = AtomicU64::new(0);

/// Writes to a stream, which may wait for its reader.
pub(super) fn write(stream: &mut File, bytes: &[u8]) -> io::Result<usize> {
    OPEN.fetch_add(1, Ordering::Relaxed);
    let written = stream.write(bytes);
    DONE.fetch_add(1, Ordering::Relaxed);
    OPEN.fetch_sub(1, Ordering::Relaxed);
    written
}

/// Whether a write to a stream is going on (standard output, a pipe) and none comes back for this long.
pub fn nobody_reads(patience: Duration) -> bool {
    let seen = || (OPEN.load(Ordering::Relaxed) > 0, DONE.load(Ordering::Relaxed));
    let before = seen();
    let until = Instant::now() + patience;
    while before.0 && seen() == before {
        if Instant::now() >= until {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}

/// Opens a pipe, or another file that is no ordinary one.
pub(super) fn open(path: &Path) -> io::Result<File> {
    open_within(path, PATIENCE)
}

fn open_within(path: &Path, patience: Duration) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.bits() as i32;
    let until = Instant::now() + patience;
    loop {
        match File::options().write(true).custom_flags(at_once).open(path) {
            // There is a reader while this one is open, so the next call does not wait either.
            Ok(_held) => return File::options().write(true).open(path),
            Err(error) if error.raw_os_error() != Some(Errno::NXIO.raw_os_error()) => return Err(error),
            Err(_) if Instant::now() >= until => {
                let message = format!("nobody reads this pipe, after {} seconds", patience.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(_) => thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_without_a_reader_is_an_error_in_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
            .expect("a pipe");
        let error = open_within(&path, Duration::from_millis(50)).expect_err("nobody reads it");
        assert_eq!(error.to_string(), "nobody reads this pipe, after 0 seconds");
        // A pipe that is open both ways has a reader.
        let _reader = File::options().read(true).write(true).open(&path).expect("a pipe");
        open_within(&path, Duration::from_millis(50)).expect("it is read");
    }
}
