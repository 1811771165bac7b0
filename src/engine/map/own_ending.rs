//! An own ending is how an item has ended in an earlier process of the same run.

use crate::event::Tally;
use crate::store::BegunStep;

/// How an own item has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnEnding {
    Succeeded,
    Failed,
    Skipped,
}

impl OwnEnding {
    /// How the item with this index has ended; `None`: it has not.
    pub(super) fn of(begun: &BegunStep, index: u64) -> Option<Self> {
        begun.items.contains(index).then(|| {
            if begun.failed.contains(index) {
                Self::Failed
            } else if begun.skipped.contains(index) {
                Self::Skipped
            } else {
                Self::Succeeded
            }
        })
    }

    /// Counts it.
    pub(super) fn count(self, tally: &mut Tally) {
        *match self {
            Self::Succeeded => &mut tally.succeeded,
            Self::Failed => &mut tally.failed,
            Self::Skipped => &mut tally.skipped,
        } += 1;
    }
}
