//! Slots find things by the hash of their keys, in eight bytes a slot. Their owner keeps the things, each at a place that is a
//! number, and compares keys.

use std::hash::{BuildHasher, RandomState};

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A place is a number of 48 bits, not 0. The bits above hold a part of the key's hash, which mostly tells other keys without a
/// look at them.
const PLACE_BITS: u32 = 48;
const PLACE: u64 = (1 << PLACE_BITS) - 1;

/// Hashes keys, in each process in another way.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyHasher(u64);

impl KeyHasher {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(()))
    }

    /// The hash of a key.
    pub(super) fn hash(self, key: &[u8]) -> u64 {
        xxh3_64_with_seed(key, self.0)
    }
}

/// Where things are, by the hashes of their keys.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// 0: none. Their number is a power of two.
    slots: Vec<u64>,
    used: usize,
}

/// The slot of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeySlot {
    at: usize,
    hash: u64,
    /// Where the thing is; 0: there is none with this key.
    pub(super) place: u64,
}

impl Slots {
    /// How many things there are.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// The bytes that one thing more needs, all others included. While the slots grow, the old ones are still there.
    pub(super) fn bytes_needed(&self) -> usize {
        let needed = self.needed(self.used);
        let old = if needed > self.slots.len() { self.slots.len() } else { 0 };
        (needed + old) * size_of::<u64>()
    }

    /// Makes room for so many things, while there is none.
    pub(super) fn reserve(&mut self, things: usize) {
        if self.used == 0 {
            self.slots = vec![0; self.needed(things)];
        }
    }

    /// Makes room for one thing more. `things` are all places with the hashes of their keys, those that stand in no slot passed over.
    pub(super) fn make_room(&mut self, things: impl Iterator<Item = (u64, u64)>) {
        let needed = self.needed(self.used);
        if needed == self.slots.len() {
            return;
        }
        let old = Self { slots: std::mem::replace(&mut self.slots, vec![0; needed]), used: 0 };
        for (place, hash) in things {
            if old.find(hash, |known| known == place).place != 0 {
                let free = self.find(hash, |_| false);
                self.slots[free.at] = tag(hash) | place;
            }
        }
    }

    /// The slot of the key with this hash, which `is_it` knows by its place. It is good until another thing is put.
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(u64) -> bool) -> KeySlot {
        let Some(mask) = self.slots.len().checked_sub(1) else { return KeySlot { at: 0, hash, place: 0 } };
        let mut at = first(hash) & mask;
        loop {
            let slot = self.slots[at];
            let place = slot & PLACE;
            if slot == 0 || (slot & !PLACE == tag(hash) && is_it(place)) {
                return KeySlot { at, hash, place };
            }
            at = (at + 1) & mask;
        }
    }

    /// The things that most likely have the keys with these hashes, without a look at them.
    pub(super) fn likely(&self, hashes: impl Iterator<Item = u64>) -> SmallVec<[u64; 32]> {
        hashes.map(|hash| self.find(hash, |_| true).place).filter(|place| *place != 0).collect()
    }

    /// Puts a thing into a slot that [`Slots::find`] has given since there is room.
    pub(super) fn put(&mut self, slot: KeySlot, place: u64) {
        self.used += usize::from(slot.place == 0);
        self.slots[slot.at] = tag(slot.hash) | place;
    }

    /// The slots for one thing more than these: at most three quarters are in use.
    fn needed(&self, things: usize) -> usize {
        let needed = (things + 1) * 4 / 3 + 1;
        needed.next_power_of_two().max(16).max(self.slots.len())
    }
}

/// Where to look first. The lowest bits of a hash choose partitions, within which they are all the same, and the highest are in
/// the slot.
fn first(hash: u64) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}

/// The part of a hash that stands in a slot.
fn tag(hash: u64) -> u64 {
    hash & !PLACE
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slots_find_what_a_map_finds(keys in prop::collection::vec(0..60_u8, 0..200), bits in 0..3_u32) {
            // Few hashes for many keys.
            let hash = |key: u8| u64::from(key) << (64 - 6) >> (64 - 6 + bits) << (16 * bits);
            let (mut slots, mut all, mut model) = (Slots::default(), Vec::new(), HashMap::new());
            for key in keys {
                let is_it = |all: &[u8], place: u64| all[place as usize - 1] == key;
                prop_assert_eq!(slots.find(hash(key), |place| is_it(&all, place)).place, *model.get(&key).unwrap_or(&0));
                slots.make_room((1..).zip(&all).map(|(place, key)| (place, hash(*key))));
                let slot = slots.find(hash(key), |place| is_it(&all, place));
                all.push(key);
                // A later thing takes the slot of its key over.
                slots.put(slot, all.len() as u64);
                model.insert(key, all.len() as u64);
                prop_assert_eq!(slots.used(), model.len());
            }
            for key in model.keys() {
                let likely = slots.likely(std::iter::once(hash(*key)))[0];
                prop_assert_eq!(tag(hash(all[likely as usize - 1])), tag(hash(*key)));
            }
        }
    }
}
