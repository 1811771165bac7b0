//! The table of partners holds them as bytes, one behind the other, and finds them by key.

use std::hint::black_box;

use super::record::Record;
use super::rule::JoinRule;
use crate::data::DataError;
use crate::data::slots::{KeyHasher, Slots};

/// Where a record begins is the number of its block, counted from 1, with the byte in it in the bits below.
const OFFSET_BITS: u32 = 20;
/// Bytes that are taken from the system at once. A larger record has a block of its own.
const BLOCK_BYTES_MAX: usize = 1 << OFFSET_BITS;
/// What the processor fetches at once.
const CACHE_LINE: usize = 64;
/// What one key takes of the slots at most.
const SLOT_BYTES_MAX: usize = 24;
/// Before each record: the place of the one before it with the same key.
const BEFORE: usize = 8;

/// Takes a partner.
type OnPartner<'t, E> = dyn FnMut(Record<'_>) -> Result<(), E> + 't;

/// Partners by their keys. Of each key no more are kept than make a difference.
#[derive(Debug)]
pub(super) struct PartnerTable {
    rule: JoinRule,
    hasher: KeyHasher,
    /// Bytes that it may take.
    memory: usize,
    block_bytes: usize,
    blocks: Vec<Vec<u8>>,
    bytes: usize,
    /// For each key the place of its last record.
    slots: Slots,
}

impl PartnerTable {
    pub(super) fn new(rule: JoinRule) -> Self {
        Self::hashed_by(rule, KeyHasher::new())
    }

    /// One that finds keys by this hash.
    pub(super) fn hashed_by(rule: JoinRule, hasher: KeyHasher) -> Self {
        let block_bytes = (rule.memory / 16).clamp(256, BLOCK_BYTES_MAX);
        // An eighth is for what writes the partners to the disk when they do not fit.
        let memory = rule.memory - rule.memory / 8;
        Self { rule, hasher, memory, block_bytes, blocks: Vec::new(), bytes: 0, slots: Slots::default() }
    }

    /// The same with less memory.
    pub(super) fn within(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// The same for about so many partners, of which it has none yet, if their slots leave room for them.
    pub(super) fn expecting(mut self, partners: u64) -> Self {
        let partners = usize::try_from(partners).unwrap_or(usize::MAX);
        if partners < self.memory / SLOT_BYTES_MAX / 4 {
            self.slots.reserve(partners);
        }
        self
    }

    /// What its keys are hashed by.
    pub(super) fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.slots.used()
    }

    /// Adds a partner whose key has this hash; `false`: there is no room for it. The first one always finds room.
    pub(super) fn add(&mut self, hash: u64, record: Record<'_>) -> Result<bool, DataError> {
        let (head, key) = (record.head()?, record.key);
        let needed = BEFORE + record.len();
        let has_room =
            |block: &Vec<u8>| block.len() < BLOCK_BYTES_MAX && block.capacity() - block.len() >= needed;
        let is_new_block = !self.blocks.last().is_some_and(has_room);
        let more = if is_new_block { needed.max(self.block_bytes) } else { 0 };
        if self.keys() > 0 && self.bytes + more + self.slots.bytes_needed() > self.memory {
            return Ok(false);
        }
        let records = Records::of(&self.blocks);
        self.slots.make_room(records.map(|(place, record)| (place, self.hasher.hash(record.key))));
        let slot = self.slots.find(hash, |place| self.record(place).key == key);
        let before = slot.place;
        if before != 0 && self.count(before) >= self.rule.partners_max() {
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
        self.slots.put(slot, at);
        Ok(true)
    }

    /// Appends where the partners of a key with this hash are, in their order.
    pub(super) fn find(&self, hash: u64, key: &[u8], found: &mut Vec<usize>) {
        let start = found.len();
        let mut at = self.slots.find(hash, |place| self.record(place).key == key).place;
        while at != 0 {
            found.push(at as usize);
            at = self.before(at);
        }
        found[start..].reverse();
    }

    /// Touches the partners of keys with these hashes, which lie all over the memory.
    pub(super) fn touch(&self, hashes: impl Iterator<Item = u64>) {
        black_box(self.slots.likely(hashes).iter().fold(0, |sum: u8, place| {
            let bytes = self.bytes_at(*place);
            // A record of the usual size lies in two lines of the cache.
            let next = bytes.get(CACHE_LINE).copied().unwrap_or_default();
            sum.wrapping_add(bytes[0]).wrapping_add(next)
        }));
    }

    /// The partner that was found there.
    pub(super) fn partner(&self, at: usize) -> Record<'_> {
        self.record(at as u64)
    }

    /// Gives all partners away, in the order in which they came, and the memory of those that were given.
    pub(super) fn take_apart<E>(self, take: &mut OnPartner<'_, E>) -> Result<(), E> {
        let Self { slots, blocks, .. } = self;
        drop(slots);
        blocks
            .into_iter()
            .try_for_each(|block| Records::of(&[block]).try_for_each(|(_, record)| take(record)))
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
}

/// All records of some blocks with their places, in the order in which they came.
struct Records<'b> {
    blocks: &'b [Vec<u8>],
    block: usize,
    at: usize,
}

impl<'b> Records<'b> {
    fn of(blocks: &'b [Vec<u8>]) -> Self {
        Self { blocks, block: 0, at: 0 }
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = (u64, Record<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.blocks.get(self.block)?.len() {
            (self.block, self.at) = (self.block + 1, 0);
        }
        let block = self.blocks.get(self.block)?;
        let record = Record::read(&block[self.at + BEFORE..]);
        let place = (self.block as u64 + 1) << OFFSET_BITS | self.at as u64;
        self.at += BEFORE + record.len();
        Some((place, record))
    }
}
