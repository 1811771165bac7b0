//! The table of partners holds them as bytes, one behind the other, and finds them by key.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;

use super::record::Record;
use super::rule::JoinRule;
use crate::data::DataError;

/// Where a record begins is a number of 48 bits: its block, counted from 1, and the byte in it. The bits above hold a part of the
/// key's hash, which mostly tells other keys without a look at them.
const PLACE_BITS: u32 = 48;
const OFFSET_BITS: u32 = 20;
/// Bytes that are taken from the system at once. A larger record has a block of its own.
const BLOCK_BYTES_MAX: usize = 1 << OFFSET_BITS;
/// Before each record: the place of the one before it with the same key.
const BEFORE: usize = 8;

/// Takes a partner.
type OnPartner<'t, E> = dyn FnMut(Record<'_>) -> Result<(), E> + 't;

/// Partners by their keys. Of each key no more are kept than make a difference.
#[derive(Debug)]
pub(super) struct PartnerTable {
    rule: JoinRule,
    hasher: RandomState,
    block_bytes: usize,
    blocks: Vec<Vec<u8>>,
    bytes: usize,
    /// For each key the place of its last record; 0: none. Their number is a power of two.
    slots: Vec<u64>,
    keys: usize,
}

impl PartnerTable {
    pub(super) fn new(rule: JoinRule) -> Self {
        Self::hashed_by(rule, RandomState::new())
    }

    /// One that finds keys by this hash.
    pub(super) fn hashed_by(rule: JoinRule, hasher: RandomState) -> Self {
        let block_bytes = (rule.memory / 16).clamp(256, BLOCK_BYTES_MAX);
        Self { rule, hasher, block_bytes, blocks: Vec::new(), bytes: 0, slots: Vec::new(), keys: 0 }
    }

    /// What its keys are hashed by.
    pub(super) fn hasher(&self) -> &RandomState {
        &self.hasher
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    /// Adds a partner; `false`: there is no room for it. The first one always
    /// finds room.
    pub(super) fn add(&mut self, record: Record<'_>) -> Result<bool, DataError> {
        let (head, key) = (record.head()?, record.key);
        let slots = self.slots_needed();
        let needed = BEFORE + record.len();
        let has_room =
            |block: &Vec<u8>| block.len() < BLOCK_BYTES_MAX && block.capacity() - block.len() >= needed;
        let is_new_block = !self.blocks.last().is_some_and(has_room);
        let more = if is_new_block { needed.max(self.block_bytes) } else { 0 };
        // While the slots grow, the old ones are still there.
        let grown = if slots > self.slots.len() { (slots + self.slots.len()) * 8 } else { slots * 8 };
        // An eighth is for what writes the partners to the disk when they do not fit.
        let memory = self.rule.memory - self.rule.memory / 8;
        if self.keys > 0 && self.bytes + more + grown > memory {
            return Ok(false);
        }
        if slots > self.slots.len() {
            self.grow(slots);
        }
        let hash = self.hash(key);
        let slot = self.slot(hash, key);
        let before = self.slots[slot] & ((1 << PLACE_BITS) - 1);
        if before == 0 {
            self.keys += 1;
        } else if self.count(before) >= self.rule.partners_max() {
            return Ok(true);
        }
        if is_new_block {
            self.blocks.push(Vec::with_capacity(more));
            self.bytes += more;
        }
        let number = self.blocks.len() as u64;
        let Some(block) = self.blocks.last_mut() else { return Ok(false) };
        let at = number << OFFSET_BITS | block.len() as u64;
        block.extend_from_slice(&before.to_le_bytes());
        record.push(&head, block);
        self.slots[slot] = tag(hash) | at;
        Ok(true)
    }

    /// Appends where the partners of a key are, in their order.
    pub(super) fn find(&self, key: &[u8], found: &mut Vec<usize>) {
        if self.slots.is_empty() {
            return;
        }
        let start = found.len();
        let mut at = self.slots[self.slot(self.hash(key), key)] & ((1 << PLACE_BITS) - 1);
        while at != 0 {
            found.push(at as usize);
            at = self.before(at);
        }
        found[start..].reverse();
    }

    /// The hash of a key.
    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Slots and partners lie all over the memory, and each item needs others. Those of keys with these hashes are touched together,
    /// so that the processor waits for them at the same time and not for one after the other.
    pub(super) fn touch(&self, hashes: impl Iterator<Item = u64>) {
        let Some(mask) = self.slots.len().checked_sub(1) else { return };
        let hashes: Vec<u64> = hashes.collect();
        let slots: Vec<u64> = hashes.iter().map(|hash| self.slots[first_slot(*hash) & mask]).collect();
        let places = slots.iter().map(|slot| slot & ((1 << PLACE_BITS) - 1)).filter(|place| *place != 0);
        black_box(places.fold(0, |sum: u64, place| sum.wrapping_add(self.before(place))));
    }

    /// The partner that was found there.
    pub(super) fn partner(&self, at: usize) -> Record<'_> {
        self.record(at as u64)
    }

    /// Shows all partners, in the order in which they came.
    pub(super) fn each<E>(&self, show: &mut OnPartner<'_, E>) -> Result<(), E> {
        for block in &self.blocks {
            let mut rest = &block[..];
            while !rest.is_empty() {
                let record = Record::read(&rest[BEFORE..]);
                show(record)?;
                rest = &rest[BEFORE + record.len()..];
            }
        }
        Ok(())
    }

    fn record(&self, at: u64) -> Record<'_> {
        Record::read(&self.bytes_at(at)[BEFORE..])
    }

    /// The place of the record before this one with the same key; 0: none.
    fn before(&self, at: u64) -> u64 {
        let before = self.bytes_at(at).first_chunk().expect("each record has it before it");
        u64::from_le_bytes(*before)
    }

    fn bytes_at(&self, at: u64) -> &[u8] {
        let (block, offset) = (at >> OFFSET_BITS, at & ((1 << OFFSET_BITS) - 1));
        &self.blocks[block as usize - 1][offset as usize..]
    }

    /// How many partners the key has whose last one is there, as far as that matters.
    fn count(&self, last: u64) -> usize {
        let (mut count, mut at) = (0, last);
        while at != 0 && count < self.rule.partners_max().min(2) {
            count += 1;
            at = self.before(at);
        }
        count
    }

    /// The slot that holds this key, or may.
    fn slot(&self, hash: u64, key: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = first_slot(hash) & mask;
        loop {
            let slot = self.slots[at];
            let place = slot & ((1 << PLACE_BITS) - 1);
            if slot == 0 || (slot >> PLACE_BITS == tag(hash) >> PLACE_BITS && self.record(place).key == key) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// How many slots one key more needs: at most three quarters are in use.
    fn slots_needed(&self) -> usize {
        let needed = (self.keys + 1) * 4 / 3 + 1;
        needed.next_power_of_two().max(16).max(self.slots.len())
    }

    fn grow(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        let mask = slots - 1;
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let place = slot & ((1 << PLACE_BITS) - 1);
            let hash = self.hash(self.record(place).key);
            let mut at = first_slot(hash) & mask;
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
        }
    }
}

/// Where to look first. The lowest bits of a hash choose partitions, within which they are all the same.
fn first_slot(hash: u64) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}

/// The part of a hash that stands in a slot.
fn tag(hash: u64) -> u64 {
    hash >> PLACE_BITS << PLACE_BITS
}
