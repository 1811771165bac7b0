//! Condemned items do not run: each was alone when its worker process died, twice, or was not over when two jobs were that it
//! had for itself. They fail with what is known of that.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::options::WorkPart;
use crate::event::FailureKind;
use crate::lua::Failure;
use crate::value::{Indices, duration};

/// An item that has outlived so many whole jobs will outlive the next one.
const JOBS_MAX: u32 = 2;

/// The condemned items of a worker process.
pub(super) struct Condemned {
    items: Indices,
    said: Option<Arc<str>>,
    /// Those that no job is long enough for, and how long a job is.
    endless: (Vec<u64>, Option<Duration>),
}

impl Condemned {
    /// Those of a worker; `None`: there are none.
    pub(super) fn of(work: &WorkPart) -> Option<Self> {
        let (items, said) = work.condemned.clone();
        let endless = work.carried.iter().filter(|whence| whence.outlived >= JOBS_MAX);
        let endless: Vec<u64> = endless.map(|whence| whence.index).collect();
        let is_nothing = items.is_empty() && endless.is_empty();
        (!is_nothing).then_some(Self { items, said, endless: (endless, work.time) })
    }

    /// Why the item with this index fails; `None`: it runs.
    pub(super) fn failure(&self, index: u64) -> Option<Failure> {
        let (endless, time) = &self.endless;
        if endless.contains(&index) {
            let time = time.map(|time| format!(" of `time: {}`", duration::format(time))).unwrap_or_default();
            let message = format!(
                "it was not over at the end of {JOBS_MAX} jobs{time} that it ran in from their beginning on"
            );
            return Some(Failure { permanent: false, ..Failure::new(FailureKind::Timeout, message) });
        }
        if !self.items.contains(index) {
            return None;
        }
        let message = "the worker process died twice while it ran this item alone".to_owned();
        let said = self.said.as_deref().map(|said| format!("{message}; it said: {said}"));
        let failure = Failure::new(FailureKind::WorkerDied, said.unwrap_or(message));
        Some(Failure { permanent: false, ..failure })
    }
}
