//! Groups lie all over the memory, and each item needs another one. Those of the next items are touched together before they are
//! needed, so that the processor waits for them at the same time and not for one after the other.

use std::hint::black_box;

use super::Aggregator;
use super::exact_sum::ExactSum;
use super::state::State;

impl Aggregator {
    /// These keys, JSON texts, are those of the next items, in their order: their groups are near afterwards.
    pub fn look_ahead(&mut self, keys: &[&[u8]]) {
        if !self.options.has_key {
            return;
        }
        self.ahead.fill(keys);
        let places = self.slots.likely(self.ahead.hashes());
        let groups = || places.iter().map(|place| &self.groups[*place as usize - 1]);
        let outer = groups()
            .fold(0, |sum: u64, group| sum.wrapping_add(group.count).wrapping_add(group.states.len() as u64));
        let states = || groups().flat_map(|group| &group.states);
        let inner = states().fold(0, |sum: u64, state| sum.wrapping_add(state.word()));
        black_box((outer, inner));
    }
}

impl State {
    /// A word of what it points to.
    fn word(&self) -> u64 {
        match self {
            Self::Sum(sum) => {
                // It lies in two lines of the cache.
                sum.count.wrapping_add(sum.floats.as_ref().map_or(0, ExactSum::lowest_digit))
            }
            Self::Numbers(all) => all.last().map_or(0, |last| u64::from(last[0])),
            Self::Extreme { found: Some(found), .. } => found.0.len() as u64,
            _ => 0,
        }
    }
}
