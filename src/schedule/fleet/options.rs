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

/// The shards that a step is first cut into, in order. `bytes`: how large its items are; `wanted`: how many of its results, where
/// that is not all of them.
pub fn first_shards((items, bytes): (&Indices, u64), workers: u32, wanted: Option<u64>) -> Vec<Indices> {
    match wanted {
        Some(wanted) => cut_front((items, bytes), workers, wanted),
        None => cut_all((items, bytes), workers),
    }
}

fn cut_all((items, bytes): (&Indices, u64), workers: u32) -> Vec<Indices> {
    let count = items.count();
    let shards = (2 * u64::from(workers)).max(bytes.div_ceil(SHARD_BYTES)).max(count.div_ceil(SHARD_ITEMS));
    items.divide(shards.min(SHARDS_MAX))
}

/// Where so many first results are wanted, as many items stand in the first shards, two for each worker. Nobody knows whether they
/// are enough, so each row of shards behind them has twice as many items as the one before.
fn cut_front((items, bytes): (&Indices, u64), workers: u32, wanted: u64) -> Vec<Indices> {
    let whole = cut_all((items, bytes), workers);
    let largest = whole.first().map_or(0, Indices::count);
    let (row, end) = (2 * u64::from(workers), items.count());
    let (mut cut, mut left) = (Vec::new(), items.clone());
    let mut size = wanted.div_ceil(row).max(1);
    while size < largest && cut.len() as u64 + end.div_ceil(largest) < SHARDS_MAX {
        let (front, rest) = left.split(size.saturating_mul(row));
        cut.extend(front.divide(front.count().div_ceil(size)));
        (left, size) = (rest, size.saturating_mul(2));
        if left.is_empty() {
            return cut;
        }
    }
    cut.extend(left.divide(left.count().div_ceil(largest.max(1))));
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cut_is_as_fine_as_workers_bytes_and_items_ask() {
        let shards =
            |items, bytes, workers| first_shards((&Indices::run(1, items), bytes), workers, None).len();
        assert_eq!(shards(12_400_000, 3_900_000_000, 50), 100);
        assert_eq!(shards(1000, 3 << 30, 1), 12);
        assert_eq!(shards(1000, (3 << 30) + 1, 1), 13);
        assert_eq!(shards(100_000_001, 0, 4), 101);
        assert_eq!(shards(3, 1 << 40, 50), 3, "at most one an item");
        assert_eq!(shards(1 << 40, 0, 50), 100_000);
        assert_eq!(shards(0, 0, 50), 0);
    }

    #[test]
    fn where_first_results_are_wanted_the_front_is_cut_finely() {
        let counts = |items, workers, wanted| -> Vec<u64> {
            let cut = first_shards((&Indices::run(1, items), 0), workers, Some(wanted));
            let all = cut.iter().fold(Indices::default(), |all, shard| all.with(shard));
            assert_eq!(all, Indices::run(1, items), "all of them, in order");
            cut.iter().map(Indices::count).collect()
        };
        assert_eq!(counts(100, 2, 8), [2, 2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 15, 15, 14]);
        assert_eq!(counts(10, 2, 8), [2, 2, 2, 2, 2], "the end of the input is the end");
        assert_eq!(counts(8, 2, 100), [2, 2, 2, 2], "no shard is larger than it would be");
        assert_eq!(counts(0, 2, 8), Vec::<u64>::new());
        assert_eq!(
            counts(6_000_000, 1, 1_500_000),
            [750_000, 750_000, 900_000, 900_000, 900_000, 900_000, 900_000]
        );
    }

    #[test]
    fn the_first_cut_of_what_is_left_keeps_the_indices() {
        let left = Indices::new([(3, 2), (10, 3)]).expect("in order");
        let cut = first_shards((&left, 0), 1, None);
        assert_eq!(cut, [Indices::new([(3, 2), (10, 1)]).expect("in order"), Indices::run(11, 2)]);
    }
}
