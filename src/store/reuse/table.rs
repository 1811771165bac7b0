//! The table finds items by identity in a run of any size with six bytes an item, by looking at few of them.
//!
//! Items are sorted into buckets by one half of their digest, each with sixteen bits of the other half. The caller
//! has to check whether an item of equal bits is the one that is looked for.

use crate::store::Digest;

/// Items of a bucket on average: a bucket's bits are then one cache line.
const BUCKET_ITEMS: u64 = 16;

/// An item: bits of its digest, and its position in two halves, so that it takes no more room than its parts.
#[derive(Debug, Clone, Copy, Default)]
struct ItemSlot {
    bits: u16,
    low: u16,
    high: u16,
}

impl ItemSlot {
    fn new(digest: Digest, position: u64) -> Self {
        Self { bits: some_bits(digest), low: position as u16, high: (position >> 16) as u16 }
    }

    fn position(self) -> u64 {
        u64::from(self.high) << 16 | u64::from(self.low)
    }
}

/// Takes the position and the identity of an item.
pub(super) type Show<'a> = &'a mut dyn FnMut(u64, Digest);

/// The items of an old step that no new item has claimed, found by identity.
#[derive(Debug)]
pub(super) struct UnclaimedItems {
    /// Where the unclaimed items of each bucket begin, and where each bucket ends.
    from: Vec<u32>,
    ends: Vec<u32>,
    /// By bucket and in the order of positions.
    slots: Vec<ItemSlot>,
    mask: u64,
}

impl UnclaimedItems {
    /// Builds a table of `count` items. `each` is asked twice to show all of them in the order of their positions.
    pub(super) fn build(count: u64, each: &mut dyn FnMut(Show<'_>)) -> Self {
        let buckets = (count / BUCKET_ITEMS).next_power_of_two().max(1);
        let mask = buckets - 1;
        let mut ends = vec![0_u32; buckets as usize];
        each(&mut |_, digest| ends[bucket(digest, mask)] += 1);
        let mut sum = 0;
        let mut from: Vec<u32> = ends
            .iter()
            .map(|count| {
                sum += count;
                sum - count
            })
            .collect();
        let mut slots = vec![ItemSlot::default(); sum as usize];
        each(&mut |position, digest| {
            let next = &mut from[bucket(digest, mask)];
            // A commit that could be read the second time only has no room here.
            let Some(slot) = slots.get_mut(*next as usize) else { return };
            *slot = ItemSlot::new(digest, position);
            *next += 1;
        });
        for (from, end) in from.iter_mut().zip(&mut ends) {
            (*from, *end) = (*from - *end, *from);
        }
        Self { from, ends, slots, mask }
    }

    /// The first unclaimed position whose item may have this identity and for which `is_it` says so.
    pub(super) fn find(
        &mut self,
        digest: Digest,
        claimed: &dyn Fn(u64) -> bool,
        is_it: &mut dyn FnMut(u64) -> bool,
    ) -> Option<u64> {
        let bucket = bucket(digest, self.mask);
        let (from, end) = (self.from[bucket] as usize, self.ends[bucket] as usize);
        let wanted = some_bits(digest);
        let mut all_claimed = true;
        for at in from..end {
            let position = self.slots[at].position();
            if claimed(position) {
                // What is claimed at the front is never looked at again: there may be millions of one identity.
                self.from[bucket] += u32::from(all_claimed);
                continue;
            }
            all_claimed = false;
            if self.slots[at].bits == wanted && is_it(position) {
                return Some(position);
            }
        }
        None
    }
}

fn bucket(digest: Digest, mask: u64) -> usize {
    (digest.0 as u64 & mask) as usize
}

fn some_bits(digest: Digest) -> u16 {
    (digest.0 >> 112) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn for_every_list_the_first_unclaimed_equal_item_is_found(
            old in prop::collection::vec(0..30_u8, 0..200),
            wanted in prop::collection::vec(0..40_u8, 0..200),
        ) {
            let digest = |value: u8| Digest::of(&[value, 1]);
            let mut table = UnclaimedItems::build(old.len() as u64, &mut |show| {
                for (position, value) in old.iter().enumerate() {
                    show(position as u64, digest(*value));
                }
            });
            let mut claimed = vec![false; old.len()];
            for value in wanted {
                let expect = (0..old.len()).find(|at| !claimed[*at] && old[*at] == value);
                let found = table.find(
                    digest(value),
                    &|position| claimed[position as usize],
                    &mut |position| old[position as usize] == value,
                );
                prop_assert_eq!(found, expect.map(|at| at as u64));
                if let Some(at) = expect {
                    claimed[at] = true;
                }
            }
        }
    }
}
