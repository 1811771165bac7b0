//! Indices say which items of a step somebody means: index runs in order, which neither overlap nor touch, so that equal
//! sets are equal values.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Index runs that a message shows.
const SHOWN_MAX: usize = 5;

/// Neighbouring items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Index of the first one.
    pub first: u64,
    /// How many they are, at least 1.
    pub count: u64,
}

impl Stretch {
    /// The index behind the last item.
    pub fn end(self) -> u64 {
        self.first + self.count
    }
}

impl From<Stretch> for (u64, u64) {
    fn from(stretch: Stretch) -> Self {
        (stretch.first, stretch.count)
    }
}

/// A set of items as index runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indices(Box<[Stretch]>);

impl Indices {
    /// Index runs in order. `None`: they are not in order, overlap, or hold more than there can be.
    pub fn new(runs: impl IntoIterator<Item = (u64, u64)>) -> Option<Self> {
        let mut list = List::default();
        let mut next = 0;
        for (first, count) in runs {
            let end = first.checked_add(count)?;
            if first < next {
                return None;
            }
            next = end;
            list.push(first, end);
        }
        Some(list.done())
    }

    /// One index run.
    pub fn run(first: u64, count: u64) -> Self {
        let mut list = List::default();
        list.push(first, first.saturating_add(count));
        list.done()
    }

    /// The index runs, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Stretch> + '_ {
        self.0.iter().copied()
    }

    /// How many items these are.
    pub fn count(&self) -> u64 {
        self.iter().map(|stretch| stretch.count).sum()
    }

    /// Whether an item is one of them.
    pub fn contains(&self, index: u64) -> bool {
        let at = self.0.partition_point(|stretch| stretch.first <= index);
        at.checked_sub(1).is_some_and(|at| index < self.0[at].end())
    }

    /// Whether this is no item.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The item, if it is only one.
    pub fn single(&self) -> Option<u64> {
        match *self.0 {
            [Stretch { first, count: 1 }] => Some(first),
            _ => None,
        }
    }

    /// The same in so many parts, each of which is neighbours in this set; fewer where there are fewer items. No part has two items more
    /// than another.
    #[must_use]
    pub fn divide(&self, parts: u64) -> Vec<Self> {
        let count = self.count();
        let parts = parts.clamp(1, count.max(1));
        let (small, more) = (count / parts, count % parts);
        let mut stretches = self.iter();
        let mut left = stretches.next();
        let cut = |part| {
            let mut wanted = small + u64::from(part < more);
            let mut list = List::default();
            while let Some(stretch) = left.filter(|_| wanted > 0) {
                let taken = stretch.count.min(wanted);
                list.push(stretch.first, stretch.first + taken);
                wanted -= taken;
                let rest = Stretch { first: stretch.first + taken, count: stretch.count - taken };
                left = if rest.count > 0 { Some(rest) } else { stretches.next() };
            }
            list.done()
        };
        if count == 0 { Vec::new() } else { (0..parts).map(cut).collect() }
    }

    /// The first so many of them, and those behind.
    #[must_use]
    pub fn split(&self, count: u64) -> (Self, Self) {
        let (mut front, mut behind, mut left) = (List::default(), List::default(), count);
        for stretch in self.iter() {
            let taken = stretch.count.min(left);
            left -= taken;
            front.push(stretch.first, stretch.first + taken);
            behind.push(stretch.first + taken, stretch.end());
        }
        (front.done(), behind.done())
    }

    /// Those that are not among the others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.combined(others, |mine, theirs| mine && !theirs)
    }

    /// Those that are among the others as well.
    #[must_use]
    pub fn common(&self, others: &Self) -> Self {
        self.combined(others, |mine, theirs| mine && theirs)
    }

    /// These and the others.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        self.combined(others, |mine, theirs| mine || theirs)
    }

    fn combined(&self, others: &Self, keep: impl Fn(bool, bool) -> bool) -> Self {
        let edges = |set: &Self| set.iter().flat_map(|stretch| [stretch.first, stretch.end()]).collect();
        let (mine, theirs): (Vec<u64>, Vec<u64>) = (edges(self), edges(others));
        let (mut here, mut there, mut from) = (0, 0, 0);
        let mut list = List::default();
        while let Some(edge) = mine.get(here).into_iter().chain(theirs.get(there)).min() {
            // Between two edges of a set lie its items where an odd number of them has been passed.
            if keep(here % 2 == 1, there % 2 == 1) {
                list.push(from, *edge);
            }
            from = *edge;
            here += usize::from(mine.get(here) == Some(edge));
            there += usize::from(theirs.get(there) == Some(edge));
        }
        list.done()
    }
}

/// As a list of pairs, the first index and how many.
impl Serialize for Indices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(<(u64, u64)>::from))
    }
}

impl<'de> Deserialize<'de> for Indices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let runs = Vec::<(u64, u64)>::deserialize(deserializer)?;
        Self::new(runs).ok_or_else(|| D::Error::custom("the index runs are not in order, or overlap"))
    }
}

impl fmt::Display for Indices {
    /// As `5, 8–9`; long lists are cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, stretch) in self.iter().take(SHOWN_MAX).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match stretch.count {
                1 => write!(f, "{comma}{}", stretch.first)?,
                _ => write!(f, "{comma}{}–{}", stretch.first, stretch.end() - 1)?,
            }
        }
        if self.0.len() > SHOWN_MAX { f.write_str(" …") } else { Ok(()) }
    }
}

/// Index runs while they are being put together.
#[derive(Default)]
struct List(Vec<Stretch>);

impl List {
    /// Adds the items from `first` up to `end`, which lie behind all others.
    fn push(&mut self, first: u64, end: u64) {
        match self.0.last_mut() {
            _ if first == end => {}
            Some(last) if last.end() == first => last.count += end - first,
            _ => self.0.push(Stretch { first, count: end - first }),
        }
    }

    fn done(self) -> Indices {
        Indices(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(items: &BTreeSet<u64>) -> Indices {
        Indices::new(items.iter().map(|item| (*item, 1))).expect("they are in order")
    }

    fn items(indices: &Indices) -> BTreeSet<u64> {
        indices.iter().flat_map(|stretch| stretch.first..stretch.end()).collect()
    }

    proptest! {
        #[test]
        fn indices_are_sets(
            one in proptest::collection::btree_set(1u64..30, 0..20),
            other in proptest::collection::btree_set(1u64..30, 0..20),
            parts in 1u64..40,
        ) {
            let (a, b) = (of(&one), of(&other));
            prop_assert_eq!(items(&a.without(&b)), &one - &other);
            prop_assert_eq!(items(&a.common(&b)), &one & &other);
            prop_assert_eq!(items(&a.with(&b)), &one | &other);
            prop_assert!((0..32).all(|index| a.contains(index) == one.contains(&index)));
            prop_assert_eq!(a.with(&b), of(&(&one | &other)), "equal sets are equal values");
            let divided = a.divide(parts);
            prop_assert_eq!(divided.len() as u64, parts.min(a.count()));
            let all: Vec<u64> = divided.iter().flat_map(items).collect();
            prop_assert_eq!(all, one.iter().copied().collect::<Vec<_>>(), "in order, each once");
            let sizes: Vec<u64> = divided.iter().map(Indices::count).collect();
            prop_assert!(sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0) <= 1);
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        assert_eq!(Indices::new([(5, 2), (6, 1)]), None);
        assert_eq!(Indices::new([(5, 2), (1, 1)]), None);
        assert_eq!(Indices::new([(5, u64::MAX)]), None);
        assert_eq!(Indices::new([(5, 2), (7, 0), (7, 3)]), Some(Indices::run(5, 5)));
        assert_eq!(Indices::new([(5, 1), (7, 3)]).expect("a set").to_string(), "5, 7–9");
    }
}
