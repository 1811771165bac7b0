//! The store writes times as seconds since 1970, which SQLite's own functions and every other language read.

use std::time::SystemTime;

/// This moment.
pub(super) fn now() -> f64 {
    seconds(SystemTime::now())
}

/// A moment; one before 1970 is 1970.
pub(super) fn seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
