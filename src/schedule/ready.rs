//! This type holds the fresh items that may start: ranges of indices, never one entry an item. It knows nothing of
//! retries.

use std::collections::BTreeMap;

/// Fresh items in index order. Items that came back unstarted have lower indices than the rest, so they go first.
#[derive(Debug)]
pub(super) struct Ready {
    /// Ranges that came back: first index → index after the last.
    returned: BTreeMap<u64, u64>,
    /// The next index that was never started.
    next: u64,
    /// The index after the last one offered.
    end: u64,
    /// Items that are never offered: those before the first one, and those in gaps.
    before: u64,
}

impl Ready {
    /// None yet; the first one stands behind `before` others that are not offered.
    pub(super) fn behind(before: u64) -> Self {
        Self { returned: BTreeMap::new(), next: before + 1, end: before + 1, before }
    }

    pub(super) fn offer(&mut self, count: u64) {
        self.end += count;
    }

    /// The next items that come are none to be started: they have ended already.
    pub(super) fn pass(&mut self, count: u64) {
        if self.next < self.end {
            self.returned.insert(self.next, self.end);
        }
        self.end += count;
        self.next = self.end;
    }

    /// The next items that would come are none of the step's, as far as it is known here.
    pub(super) fn leave_out(&mut self, count: u64) {
        self.pass(count);
        self.before += count;
    }

    /// The index that the next item has that comes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Items that may still start.
    pub(super) fn unstarted(&self) -> u64 {
        let returned: u64 = self.returned.iter().map(|(first, end)| end - first).sum();
        returned + (self.end - self.next)
    }

    /// Items offered so far, started or not.
    pub(super) fn offered(&self) -> u64 {
        self.end - 1 - self.before
    }

    pub(super) fn first(&self) -> Option<u64> {
        let returned = self.returned.keys().next().copied();
        returned.or((self.next < self.end).then_some(self.next))
    }

    /// The first up to `max` items that follow each other: first index and count.
    pub(super) fn take(&mut self, max: u64) -> Option<(u64, u64)> {
        if max == 0 {
            return None;
        }
        if let Some((first, end)) = self.returned.pop_first() {
            let count = max.min(end - first);
            if first + count < end {
                self.returned.insert(first + count, end);
            }
            return Some((first, count));
        }
        let (first, count) = (self.next, max.min(self.end - self.next));
        self.next += count;
        (count > 0).then_some((first, count))
    }

    /// Takes back items that were not started after all.
    pub(super) fn give_back(&mut self, first: u64, count: u64) {
        if count > 0 {
            self.returned.insert(first, first + count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_are_left_out_are_neither_started_nor_counted() {
        let mut ready = Ready::behind(2);
        ready.leave_out(3);
        ready.offer(2);
        ready.leave_out(4);
        ready.offer(1);
        assert_eq!((ready.offered(), ready.unstarted(), ready.end()), (3, 3, 13));
        let taken: Vec<_> = std::iter::from_fn(|| ready.take(9)).collect();
        assert_eq!(taken, [(6, 2), (12, 1)]);
    }

    #[test]
    fn items_that_have_ended_already_are_passed_over_in_their_place() {
        let mut ready = Ready::behind(0);
        ready.pass(2);
        ready.offer(3);
        ready.pass(1);
        ready.offer(2);
        assert_eq!((ready.offered(), ready.unstarted()), (8, 5));
        assert_eq!(ready.take(2), Some((3, 2)));
        assert_eq!(ready.unstarted(), 3);
        assert_eq!(ready.take(9), Some((5, 1)));
        assert_eq!(ready.take(1), Some((7, 1)));
        ready.give_back(4, 1);
        assert_eq!((ready.take(9), ready.take(9), ready.take(9)), (Some((4, 1)), Some((8, 1)), None));
    }

    #[test]
    fn items_that_come_back_go_first_and_in_order() {
        let mut ready = Ready::behind(0);
        ready.offer(10);
        assert_eq!(ready.take(4), Some((1, 4)));
        assert_eq!(ready.take(3), Some((5, 3)));
        ready.give_back(6, 2);
        ready.give_back(3, 2);
        ready.give_back(9, 0);
        assert_eq!(ready.first(), Some(3));
        assert_eq!(ready.take(1), Some((3, 1)));
        assert_eq!(ready.take(9), Some((4, 1)));
        assert_eq!(ready.take(9), Some((6, 2)));
        assert_eq!(ready.take(0), None);
        assert_eq!(ready.take(9), Some((8, 3)));
        assert_eq!((ready.take(9), ready.first()), (None, None));
        assert_eq!(ready.offered(), 10);
    }
}
