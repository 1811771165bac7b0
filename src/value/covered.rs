//! Covered items are those that have ended: a growing set, into which no item is ever taken twice.

use std::collections::BTreeMap;

use super::indices::{Indices, Stretch};

/// A growing set of items.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Covered {
    /// The end of each stretch by its beginning. They neither overlap nor touch.
    stretches: BTreeMap<u64, u64>,
    count: u64,
}

impl Covered {
    /// How many they are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The same as a value.
    pub fn indices(&self) -> Indices {
        let runs = self.stretches.iter().map(|(first, end)| (*first, end - first));
        Indices::new(runs).expect("they neither overlap nor touch")
    }

    /// Whether any of these items is there.
    pub fn overlaps(&self, items: &Indices) -> bool {
        items.iter().any(|stretch| {
            let before = self.stretches.range(..stretch.end()).next_back();
            before.is_some_and(|(_, end)| *end > stretch.first)
        })
    }

    /// The first item from this one on that is not there.
    pub fn end_from(&self, first: u64) -> u64 {
        let before = self.stretches.range(..=first).next_back();
        before.map_or(first, |(_, end)| first.max(*end))
    }

    /// Takes in items, none of which is there.
    pub fn add(&mut self, items: &Indices) {
        for Stretch { first, count } in items.iter() {
            let (mut first, mut end) = (first, first + count);
            self.count += count;
            if let Some((before, _)) =
                self.stretches.range(..first).next_back().filter(|(_, end)| **end == first)
            {
                first = *before;
            }
            if let Some(behind) = self.stretches.remove(&end) {
                end = behind;
            }
            self.stretches.insert(first, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(runs in proptest::collection::vec((1u64..60, 1u64..8), 1..40)) {
            let (mut covered, mut expect) = (Covered::default(), BTreeSet::new());
            for (first, count) in runs {
                let items = Indices::run(first, count);
                let overlaps = (first..first + count).any(|item| expect.contains(&item));
                prop_assert_eq!(covered.overlaps(&items), overlaps);
                if !overlaps {
                    covered.add(&items);
                    expect.extend(first..first + count);
                }
                prop_assert_eq!(covered.count(), expect.len() as u64);
                let end = covered.end_from(first);
                prop_assert!(end >= first && !expect.contains(&end));
                prop_assert!((first..end).all(|item| expect.contains(&item)));
            }
            let touching = covered.stretches.values().any(|end| covered.stretches.contains_key(end));
            prop_assert!(!touching, "neighbours are joined: {:?}", covered.stretches);
        }
    }
}
