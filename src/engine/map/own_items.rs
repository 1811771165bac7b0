//! Own items of a step have ended in an earlier process of the same run. They stand in its books, and are not run again.

use super::Coordinator;
use crate::engine::handover;
use crate::event::Tally;
use crate::store::StoreError;

impl Coordinator<'_> {
    /// Takes up what stands in the books of the step. Its results are given on at the end, from where they are kept: some of
    /// them are there, and others come to stand between them.
    pub(super) fn take_up(mut self) -> Result<Self, StoreError> {
        let begun = self.context.begun(self.step).filter(|begun| !begun.items.is_empty());
        let Some(begun) = begun else { return Ok(self) };
        self.own = Some(begun);
        self.sink.only_count();
        self.sink.count_results(&begun.items, begun.record.emitted);
        self.errors = handover::tell_failures(self.context, self.step)?;
        let retried = begun.record.retried;
        self.scheduler.passed(&Tally { retried, ..Tally::default() });
        Ok(self)
    }

    /// Whether items are looked at one by one before they run.
    pub(super) fn sorts_out(&self) -> bool {
        self.reuse.is_some() || self.own.is_some()
    }
}
