//! This module draws items by a seed and their places: so many of all, or each with a chance. The caller gives the items in their
//! order and gets the drawn ones in the same order.

use std::collections::BinaryHeap;

use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, Sorted, Sorter};
use crate::value::Ratio;
use crate::value::splitmix::{STEP, mix};

/// Drawn places that are held in memory, in order to pass over most of the others at once: 16 MB of them.
const DRAWN_MAX: usize = 1 << 21;
/// Records between two looks at what else there is to do.
const STRIDE: u64 = 4096;

/// How many items are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleSize {
    /// So many.
    Count(u64),
    /// Each with this chance.
    Chance(Ratio),
}

/// What a place draws, from the seed: the same everywhere.
fn drawn(seed: u64, place: u64) -> u64 {
    mix(mix(seed ^ place.wrapping_mul(STEP)))
}

/// Whether the item at `place`, from 1, is drawn when each is with this chance.
pub fn is_drawn(seed: u64, place: u64, chance: Ratio) -> bool {
    // Of so many numbers that a place may draw, those below this share.
    let (whole, rest, of) = chance.parts_of(u64::MAX);
    let draw = drawn(seed, place);
    chance == Ratio::ONE || draw < whole || (draw == whole && rest * 2 > of)
}

/// Draws so many of the items that it is given: those whose places draw the smallest numbers.
#[derive(Debug)]
pub struct Draw {
    seed: u64,
    count: u64,
    space: SpillSpace,
    /// The largest of the numbers that are the smallest so far; `None`: too many to remember.
    smallest: Option<BinaryHeap<u64>>,
    /// Items that may be among those drawn, by number and place.
    candidates: Sorter,
    places: u64,
}

impl Draw {
    /// Draws `count` items; temporary files, when needed, go to `space`.
    pub fn new(seed: u64, count: u64, space: impl Into<SpillSpace>) -> Self {
        let most = usize::try_from(count).ok().filter(|count| *count <= DRAWN_MAX);
        let space = space.into();
        Self {
            seed,
            count,
            space: space.clone(),
            smallest: most.map(|_| BinaryHeap::new()),
            candidates: Sorter::new(space),
            places: 0,
        }
    }

    /// Takes the next item.
    ///
    /// # Errors
    /// Fails when a temporary file cannot be made or written.
    pub fn push(&mut self, item: &[u8]) -> Result<(), DataError> {
        self.places += 1;
        let number = drawn(self.seed, self.places);
        if let Some(smallest) = &mut self.smallest {
            if smallest.len() as u64 >= self.count {
                // Of equal numbers the earlier place is drawn.
                if smallest.peek().is_none_or(|largest| number >= *largest) {
                    return Ok(());
                }
                smallest.pop();
            }
            smallest.push(number);
        }
        let mut key = [0; 16];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key[8..].copy_from_slice(&self.places.to_be_bytes());
        self.candidates.push(&key, item)
    }

    /// The drawn items, as values, in their order. `look` is called now and then and may end it.
    ///
    /// # Errors
    /// Fails when the temporary files cannot be made, written or read, and with the error of `look`.
    pub fn finish<E: From<DataError>>(self, look: &mut dyn FnMut() -> Result<(), E>) -> Result<Sorted, E> {
        let mut by_place = Sorter::new(self.space.clone());
        let mut candidates = self.candidates.finish()?;
        let mut left = self.count;
        while left > 0
            && let Some((key, item)) = candidates.next()?
        {
            by_place.push(&key[8..], item)?;
            left -= 1;
            if left.is_multiple_of(STRIDE) {
                look()?;
            }
        }
        drop(candidates);
        Ok(by_place.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, count: u64, of: u64) -> Vec<u64> {
        // Nothing is written: so few items stay in memory.
        let mut draw = Draw::new(seed, count, std::path::Path::new("nowhere"));
        (1..=of).for_each(|item| draw.push(item.to_string().as_bytes()).expect("in memory"));
        let mut drawn = draw.finish::<DataError>(&mut || Ok(())).expect("in memory");
        let mut items = Vec::new();
        while let Some((_, item)) = drawn.next().expect("in memory") {
            items.push(String::from_utf8_lossy(item).parse().expect("a number"));
        }
        items
    }

    #[test]
    fn exactly_so_many_are_drawn_in_order() {
        for (count, of) in [(0, 5), (3, 3), (7, 3), (1, 1000), (100, 1000)] {
            let drawn = draw(7, count, of);
            assert_eq!(drawn.len() as u64, count.min(of));
            assert!(drawn.is_sorted() && drawn.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(draw(7, 10, 100), draw(7, 10, 100));
        assert_ne!(draw(7, 10, 100), draw(8, 10, 100));
    }

    #[test]
    fn every_item_is_drawn_as_often_as_any_other() {
        let mut seen = [0_u32; 20];
        for seed in 0..1000 {
            for item in draw(seed, 5, 20) {
                seen[item as usize - 1] += 1;
            }
        }
        // 250 each; 14 is the standard deviation of a count, and five of them are as good as never.
        assert!(seen.iter().all(|count| (180..320).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_chance_is_that_of_each_item() {
        let share = |text: &str| Ratio::parse(text).expect("a share");
        let count = |chance| (1..=10_000).filter(|place| is_drawn(3, *place, chance)).count();
        assert_eq!((count(Ratio::ZERO), count(Ratio::ONE)), (0, 10_000));
        assert!((880..1120).contains(&count(share("0.1"))), "{}", count(share("0.1")));
        // Who is drawn with a small chance is drawn with a larger one.
        let (small, large) = (share("0.1"), share("0.2"));
        assert!((1..=1000).all(|place| !is_drawn(3, place, small) || is_drawn(3, place, large)));
    }
}
