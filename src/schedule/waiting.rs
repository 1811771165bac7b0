//! This type holds the items between two attempts: their due times, outside every worker. The scheduler counts them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// One item that will be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retry {
    pub(super) index: u64,
    /// Number of the attempt that is to come.
    pub(super) attempt: u32,
    /// When all attempts of the item must have ended.
    pub(super) item_deadline: Option<Duration>,
}

/// An item whose `item_deadline` passed while it waited for its next attempt: it failed with kind `deadline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Which item, from 1.
    pub index: u64,
    /// Attempts it had.
    pub attempts: u32,
}

/// The waiting items, by due time and by deadline.
#[derive(Debug, Default)]
pub(super) struct WaitingItems {
    /// Due time and index, so that retries due at once go in index order.
    due: BTreeMap<(Duration, u64), Retry>,
    /// Deadline and the key in `due`; only items that have a deadline.
    deadlines: BTreeSet<(Duration, (Duration, u64))>,
    /// Found to be too late and not yet collected.
    late: VecDeque<Retry>,
    /// Those of which it is not known yet what an attempt takes of the rate limits, with their due times.
    unpriced: HashMap<u64, (Duration, Retry)>,
}

impl WaitingItems {
    pub(super) fn len(&self) -> u64 {
        (self.due.len() + self.late.len() + self.unpriced.len()) as u64
    }

    /// An item that starts no earlier than its price is known.
    pub(super) fn push_unpriced(&mut self, due: Duration, retry: Retry) {
        self.unpriced.insert(retry.index, (due, retry));
    }

    /// The price of an item is known.
    pub(super) fn price(&mut self, index: u64) {
        if let Some((due, retry)) = self.unpriced.remove(&index) {
            self.push(due, retry);
        }
    }

    pub(super) fn push(&mut self, due: Duration, retry: Retry) {
        let key = (due, retry.index);
        if let Some(deadline) = retry.item_deadline {
            self.deadlines.insert((deadline, key));
        }
        self.due.insert(key, retry);
    }

    /// The first retry that is due and not too late.
    pub(super) fn peek_due(&mut self, now: Duration) -> Option<Retry> {
        self.sort_out(now);
        let (key, retry) = self.due.first_key_value()?;
        (key.0 <= now).then_some(*retry)
    }

    /// The same, which waits no more.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<Retry> {
        self.peek_due(now)?;
        let (key, retry) = self.due.pop_first()?;
        if let Some(deadline) = retry.item_deadline {
            self.deadlines.remove(&(deadline, key));
        }
        Some(retry)
    }

    /// The next item whose deadline passed while it waited.
    pub(super) fn pop_late(&mut self, now: Duration) -> Option<Retry> {
        self.sort_out(now);
        self.late.pop_front()
    }

    fn sort_out(&mut self, now: Duration) {
        while let Some(&(deadline, key)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            self.deadlines.pop_first();
            self.late.extend(self.due.remove(&key));
        }
    }

    /// When the first falls due, and which it is.
    pub(super) fn first_due(&self) -> Option<(Duration, u64)> {
        self.due.keys().next().copied()
    }

    /// When an item will be, or was, found to be too late.
    pub(super) fn first_late(&self) -> Option<Duration> {
        if self.late.is_empty() { self.deadlines.first().map(|entry| entry.0) } else { Some(Duration::ZERO) }
    }

    /// Forgets everybody and returns how many that were.
    pub(super) fn clear(&mut self) -> u64 {
        let count = self.len();
        *self = Self::default();
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(value: u64) -> Duration {
        Duration::from_secs(value)
    }

    fn retry(index: u64, deadline: Option<u64>) -> Retry {
        Retry { index, attempt: 2, item_deadline: deadline.map(secs) }
    }

    #[test]
    fn retries_come_by_due_time_then_by_index() {
        let mut waiting = WaitingItems::default();
        for (due, index) in [(3, 1), (2, 9), (2, 4), (1, 7)] {
            waiting.push(secs(due), retry(index, None));
        }
        assert_eq!(waiting.pop_due(secs(0)), None);
        let order: Vec<u64> = std::iter::from_fn(|| waiting.pop_due(secs(2))).map(|r| r.index).collect();
        assert_eq!(order, [7, 4, 9]);
        assert_eq!((waiting.len(), waiting.first_due()), (1, Some((secs(3), 1))));
    }

    #[test]
    fn an_item_without_a_price_is_not_due() {
        let mut waiting = WaitingItems::default();
        waiting.push_unpriced(secs(1), retry(7, Some(5)));
        waiting.push(secs(2), retry(9, None));
        assert_eq!((waiting.len(), waiting.first_due()), (2, Some((secs(2), 9))));
        waiting.price(7);
        waiting.price(8);
        assert_eq!(waiting.pop_due(secs(2)).map(|r| r.index), Some(7));
        waiting.push_unpriced(secs(3), retry(7, Some(5)));
        assert_eq!((waiting.clear(), waiting.len()), (2, 0));
    }

    #[test]
    fn an_item_past_its_deadline_is_late_and_not_due() {
        let mut waiting = WaitingItems::default();
        waiting.push(secs(1), retry(1, Some(5)));
        waiting.push(secs(2), retry(2, Some(9)));
        assert_eq!(waiting.first_late(), Some(secs(5)));
        assert_eq!(waiting.pop_late(secs(4)), None);
        assert_eq!(waiting.pop_due(secs(5)).map(|r| r.index), Some(2));
        assert_eq!((waiting.first_late(), waiting.len()), (Some(secs(0)), 1));
        assert_eq!(waiting.pop_late(secs(5)).map(|r| r.index), Some(1));
        assert_eq!((waiting.first_late(), waiting.len()), (None, 0));
    }
}
