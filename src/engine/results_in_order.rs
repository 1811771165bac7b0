//! Results come about in any order. Those that stand in order are counted here: every item before them has ended.

use std::collections::BTreeMap;

use crate::value::{Covered, Indices};

/// How many results of a step stand in order.
#[derive(Debug)]
pub(super) struct ResultsInOrder {
    /// Index of the first item.
    first: u64,
    ended: Covered,
    /// Results that do not stand in order yet, by the last of the items that have them.
    ahead: BTreeMap<u64, u64>,
    standing: u64,
}

impl ResultsInOrder {
    /// None, of items that begin behind so many others.
    pub(super) fn behind(before: u64) -> Self {
        Self { first: before + 1, ended: Covered::default(), ahead: BTreeMap::new(), standing: 0 }
    }

    /// These items have ended, and have so many results. Where among them is not known, so these stand once all of them do.
    pub(super) fn ended(&mut self, items: &Indices, results: u64) {
        self.ended.add(items);
        self.expect(items, results);
    }

    /// These items have so many results, and it is told later that they have ended.
    pub(super) fn expect(&mut self, items: &Indices, results: u64) {
        if let (Some(stretch), true) = (items.iter().next_back(), results > 0) {
            *self.ahead.entry(stretch.end() - 1).or_default() += results;
        }
        let end = self.ended.end_from(self.first);
        while let Some(next) = self.ahead.first_entry().filter(|next| *next.key() < end) {
            self.standing += next.remove();
        }
    }

    /// How many stand in order.
    pub(super) fn standing(&self) -> u64 {
        self.standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_count_once_everything_before_them_has_ended() {
        let mut results = ResultsInOrder::behind(0);
        results.ended(&Indices::run(5, 5), 5);
        assert_eq!(results.standing(), 0, "nobody knows of the first four");
        results.ended(&Indices::run(1, 2), 1);
        assert_eq!(results.standing(), 1);
        results.ended(&Indices::run(3, 2), 0);
        assert_eq!(results.standing(), 6);
    }

    #[test]
    fn results_of_scattered_items_stand_with_the_last_of_them() {
        let mut results = ResultsInOrder::behind(10);
        results.ended(&Indices::new([(11, 2), (15, 1)]).expect("in order"), 3);
        assert_eq!(results.standing(), 0);
        results.ended(&Indices::run(13, 2), 2);
        assert_eq!(results.standing(), 5);
    }

    #[test]
    fn results_may_be_told_of_before_the_ends_of_their_items() {
        let mut results = ResultsInOrder::behind(0);
        results.expect(&Indices::run(1, 4), 7);
        results.ended(&Indices::run(1, 3), 0);
        assert_eq!(results.standing(), 0);
        results.ended(&Indices::run(4, 1), 0);
        assert_eq!(results.standing(), 7);
    }
}
