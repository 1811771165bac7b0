//! This module gathers groups of items to one item each: counts, exact sums, extremes, quantiles. Groups are held in memory up
//! to a bound; beyond it what is known of them goes to the disk, sorted, and is put together at the end. The caller computes
//! the values.

mod ahead;
mod exact_sum;
mod group;
mod kind;
mod number;
mod options;
mod quantile;
mod spilled;
mod state;

use self::group::Group;
pub use self::kind::AggregateKind;
pub use self::options::{AggregateField, AggregateOptions};
use self::spilled::{OnGroup, STRIDE, SpilledGroups};
use crate::data::DataError;
use crate::data::keys_ahead::KeysAhead;
use crate::data::slots::{KeyHasher, Slots};
use crate::data::spill_space::SpillSpace;

/// What a group takes beside what it points to: the list has room for half as many more, and a slot is in use for a third to three
/// quarters.
const GROUP_BYTES: usize = size_of::<Group>() * 3 / 2 + 2 * size_of::<u64>();

/// Items that are being gathered by a value.
#[derive(Debug)]
pub struct Aggregator {
    options: AggregateOptions,
    space: SpillSpace,
    ahead: KeysAhead,
    /// Each group's place in the list, counted from 1.
    slots: Slots,
    groups: Vec<Group>,
    bytes: usize,
    /// What groups may take: all memory, or what the sorters of what is on the disk leave.
    memory_left: usize,
    items: u64,
    spilled: Option<SpilledGroups>,
}

impl Aggregator {
    /// No items yet; temporary files, when needed, go to `space`.
    pub fn new(options: AggregateOptions, space: impl Into<SpillSpace>) -> Self {
        let mut all = Self {
            ahead: KeysAhead::new(KeyHasher::new()),
            memory_left: options.memory,
            options,
            space: space.into(),
            slots: Slots::default(),
            groups: Vec::new(),
            bytes: 0,
            items: 0,
            spilled: None,
        };
        if !all.options.has_key {
            // There is one group, whether or not it has items.
            all.groups.push(Group::new(&all.options, 0, b"", b""));
        }
        all
    }

    /// Adds an item to the group of `key`; `values` are what the fields are made of. All are JSON texts; the key counts for nothing
    /// where there is one group only.
    ///
    /// # Errors
    /// Fails when a text is no JSON, when a value should be a number and is none, and when the temporary file cannot be made or
    /// written.
    pub fn add(&mut self, key: &[u8], values: &[&[u8]]) -> Result<(), DataError> {
        self.items += 1;
        let at = self.group(key)?;
        let more = self.groups[at].add(&self.options, values).map_err(|problem| {
            DataError::Usage(format!("`aggregate` failed at item {}: {problem}", self.items))
        })?;
        self.bytes += more;
        if self.bytes > self.memory_left {
            self.spill()?;
        }
        Ok(())
    }

    /// Where the group of `key` is, which there is afterwards.
    fn group(&mut self, key: &[u8]) -> Result<usize, DataError> {
        let Self { options, ahead, slots, groups, items, bytes, .. } = self;
        let mut make = |groups: &mut Vec<Group>, sort_key: &[u8]| {
            let group = Group::new(options, *items, key, sort_key);
            *bytes += GROUP_BYTES + group.bytes();
            groups.push(group);
        };
        if !options.has_key {
            if groups.is_empty() {
                make(groups, b"");
            }
            return Ok(0);
        }
        let hasher = ahead.hasher();
        let (sort_key, hash) = ahead.next(key)?;
        let known = slots.find(hash, |place| *groups[place as usize - 1].sort_key == *sort_key).place;
        if known != 0 {
            return Ok(known as usize - 1);
        }
        slots.make_room((1..).zip(&*groups).map(|(place, group)| (place, hasher.hash(&group.sort_key))));
        make(groups, sort_key);
        slots.put(slots.find(hash, |_| false), groups.len() as u64);
        Ok(groups.len() - 1)
    }

    /// Puts what is known of all groups on the disk.
    fn spill(&mut self) -> Result<(), DataError> {
        let memory = self.options.memory;
        let spilled = self.spilled.get_or_insert_with(|| SpilledGroups::new(&self.space, memory));
        // What is sorted from now on takes the room of what was held.
        self.slots = Slots::default();
        self.groups.drain(..).try_for_each(|mut group| spilled.push(&mut group))?;
        self.memory_left = memory.saturating_sub(SpilledGroups::memory(memory)).max(memory / 2);
        self.bytes = 0;
        Ok(())
    }

    /// Gives one item for each group to `give`, in the order of their first items. `look` is called now and then and may end it.
    ///
    /// # Errors
    /// Fails when a sum is beyond 64 bits, when the temporary files cannot be made, written or read, and with the errors of `look`
    /// and `give`.
    pub fn finish<E: From<DataError>>(
        mut self,
        look: &mut dyn FnMut() -> Result<(), E>,
        give: &mut OnGroup<'_, E>,
    ) -> Result<(), E> {
        if self.spilled.is_some() {
            self.spill()?;
        }
        self.slots = Slots::default();
        if let Some(spilled) = self.spilled {
            return spilled.finish(&self.options, look, give);
        }
        let mut line = Vec::new();
        for (passed, group) in (1_u64..).zip(&mut self.groups) {
            if passed.is_multiple_of(STRIDE) {
                look()?;
            }
            line.clear();
            group.write(&self.options, &mut line).map_err(DataError::Usage)?;
            give(&line)?;
            // What it held is needed no longer.
            *group = Group::default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
