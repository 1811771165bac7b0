//! The wall clock goes on from one process of a run to the next, and is the same on all machines.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long ago an earlier process of the run has begun something; nothing where that is not known.
pub(super) fn age(started: Option<f64>) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    started.and_then(|started| Duration::try_from_secs_f64(now - started).ok()).unwrap_or_default()
}

/// When so much time will have passed, in seconds since 1970.
pub(super) fn at(time: Duration) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now + time).as_secs_f64()
}
