//! These limits say how much a pool takes at once, in which portions, and how long it may take to end.

use std::time::Duration;

/// How long a worker should be busy with a chunk, its items or their keys: far above the cost of handing it over (some
/// 20 µs), far below what a person notices.
pub(in crate::engine) const CHUNK_TIME: Duration = Duration::from_millis(4);

/// How long workers may take to put away their Lua states before the step ends without waiting for them.
pub(in crate::engine) const WORKERS_END: Duration = Duration::from_secs(1);

/// How much a pool takes at once, and in which portions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Limits {
    /// Tasks that may be out at once: what keeps the workers busy.
    pub(in crate::engine) tasks: usize,
    /// How long a chunk should take: far above the cost of handing it over, far below what a person notices. `None`: each
    /// item travels alone.
    pub(in crate::engine) chunk_time: Option<Duration>,
}
