//! These options say how a step is sent: they are the executor's and the engine's, with nothing of either in them.

use std::time::Duration;

use crate::value::Indices;

/// Input that a shard of the first cut has at most: what a worker reads in some minutes.
const SHARD_BYTES: u64 = 256 << 20;
/// Items that a shard of the first cut has at most: its records stay small.
const SHARD_ITEMS: u64 = 1_000_000;
/// Shards of the first cut: a folder of so many records is still listed in a moment.
const SHARDS_MAX: u64 = 100_000;

/// Time between two waves where starting one costs an engine something.
pub const WAVE_EVERY: Duration = Duration::from_secs(5);

/// How a step is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetOptions {
    /// Worker processes at once, at least 1.
    pub workers: u32,
    /// Attempts of a shard whose workers die without anything new, at least 1.
    pub attempts: u32,
    /// Shards in one wave at most, at least 1.
    pub wave_max: u32,
    /// Jobs of the step in the engine's queue at most, at least 1.
    pub queue_max: u32,
    /// How long workers may go on after a stop that interrupts.
    pub grace: Duration,
    /// Time between two waves: shards that begin to wait at about the same time go together.
    pub wave_every: Duration,
}

/// The shards that a step is first cut into, in order: shard `k` is `first_cut(k)`.
pub fn first_cut(items: &Indices, bytes: u64, workers: u32) -> Vec<Indices> {
    let count = items.count();
    let shards = (2 * u64::from(workers)).max(bytes.div_ceil(SHARD_BYTES)).max(count.div_ceil(SHARD_ITEMS));
    items.divide(shards.min(SHARDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cut_is_as_fine_as_workers_bytes_and_items_ask() {
        let shards = |items, bytes, workers| first_cut(&Indices::run(1, items), bytes, workers).len();
        assert_eq!(shards(12_400_000, 3_900_000_000, 50), 100);
        assert_eq!(shards(1000, 3 << 30, 1), 12);
        assert_eq!(shards(1000, (3 << 30) + 1, 1), 13);
        assert_eq!(shards(100_000_001, 0, 4), 101);
        assert_eq!(shards(3, 1 << 40, 50), 3, "at most one an item");
        assert_eq!(shards(1 << 40, 0, 50), 100_000);
        assert_eq!(shards(0, 0, 50), 0);
    }

    #[test]
    fn the_first_cut_of_what_is_left_keeps_the_indices() {
        let left = Indices::new([(3, 2), (10, 3)]).expect("in order");
        let cut = first_cut(&left, 0, 1);
        assert_eq!(cut, [Indices::new([(3, 2), (10, 1)]).expect("in order"), Indices::run(11, 2)]);
    }
}
