//! Notices of attempts that take longer than `slow_after`, once for each multiple of it.

use std::collections::HashMap;
use std::time::Duration;

/// How often each attempt in flight was told to be slow.
#[derive(Debug, Default)]
pub(super) struct SlowNotices {
    told: HashMap<u64, u32>,
}

impl SlowNotices {
    /// The attempts among those in flight that are to be told now, with their time so far.
    pub(super) fn due(
        &mut self,
        in_flight: impl Iterator<Item = (u64, Duration)>,
        after: Duration,
    ) -> Vec<(u64, Duration)> {
        let mut due = Vec::new();
        for (job, elapsed) in in_flight {
            let multiple = (elapsed.as_nanos() / after.as_nanos().max(1)) as u32;
            let told = self.told.entry(job).or_default();
            if multiple > *told {
                *told = multiple;
                due.push((job, elapsed));
            }
        }
        due
    }

    /// The attempt has ended.
    pub(super) fn forget(&mut self, job: u64) {
        if !self.told.is_empty() {
            self.told.remove(&job);
        }
    }
}
