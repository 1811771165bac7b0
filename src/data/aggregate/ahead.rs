//! Groups lie all over the memory, and each item needs another one. Those of the next items are touched together before they are
//! needed, so that the processor waits for them at the same time and not for one after the other.

use std::hint::black_box;

use super::Aggregator;
use super::exact_sum::ExactSum;
use super::state::State;
use crate::data::push_sort_key;

impl Aggregator {
    /// Nothing changes; the groups of these keys, JSON texts, are near afterwards.
    pub fn look_ahead(&mut self, keys: &[&[u8]]) {
        if !self.options.has_key {
            return;
        }
        let (table, sort_key) = (&self.table, &mut self.sort_key);
        let place = |key: &&[u8]| {
            sort_key.clear();
            // What is no JSON is told when its item is added.
            push_sort_key(key, false, sort_key).ok()?;
            table.get(&sort_key[..]).copied()
        };
        let places: Vec<usize> = keys.iter().filter_map(place).collect();
        let counts = places.iter().fold(0, |sum: u64, at| sum.wrapping_add(self.groups[*at].count));
        let states = places.iter().flat_map(|at| &self.groups[*at].states);
        let outer = states.clone().fold(0, |sum: u64, state| sum.wrapping_add(state.outer_word()));
        let inner = states.fold(0, |sum: u64, state| sum.wrapping_add(state.inner_word()));
        black_box((counts, outer, inner));
    }
}

impl State {
    /// A word of what it points to.
    fn outer_word(&self) -> u64 {
        match self {
            Self::Sum(sum) => sum.count,
            Self::Numbers(all) => all.last().map_or(0, |last| u64::from(last[0])),
            Self::Extreme { found: Some((key, _)), .. } => {
                u64::from(key.first().copied().unwrap_or_default())
            }
            _ => 0,
        }
    }

    /// A word of what that points to.
    fn inner_word(&self) -> u64 {
        match self {
            Self::Sum(sum) => sum.floats.as_ref().map_or(0, ExactSum::lowest_digit),
            _ => 0,
        }
    }
}
