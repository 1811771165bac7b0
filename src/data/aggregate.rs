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

use std::collections::HashMap;

use smallvec::SmallVec;

use self::group::Group;
pub use self::kind::AggregateKind;
pub use self::options::{AggregateField, AggregateOptions};
use self::spilled::{OnGroup, STRIDE, SpilledGroups};
use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, push_sort_key};

/// The sort key of a group's value. Short ones stand in the table itself, so that a look at it fetches them.
type GroupKey = SmallVec<[u8; 24]>;

/// What a group takes beside its own bytes: its place in the table and in the list, and what the system adds.
const GROUP_BYTES: usize = 160;

/// Items that are being gathered by a value.
#[derive(Debug)]
pub struct Aggregator {
    options: AggregateOptions,
    space: SpillSpace,
    /// By the sort key of the value: where the group is.
    table: HashMap<GroupKey, usize>,
    groups: Vec<Group>,
    bytes: usize,
    items: u64,
    spilled: Option<SpilledGroups>,
    sort_key: Vec<u8>,
}

impl Aggregator {
    /// No items yet; temporary files, when needed, go to `space`.
    pub fn new(options: AggregateOptions, space: impl Into<SpillSpace>) -> Self {
        let mut all = Self {
            options,
            space: space.into(),
            table: HashMap::new(),
            groups: Vec::new(),
            bytes: 0,
            items: 0,
            spilled: None,
            sort_key: Vec::new(),
        };
        if !all.options.has_key {
            // There is one group, whether or not it has items.
            all.table.insert(GroupKey::new(), 0);
            all.groups.push(Group::new(&all.options, 0, b""));
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
        self.sort_key.clear();
        if self.options.has_key {
            push_sort_key(key, false, &mut self.sort_key)
                .map_err(|error| DataError::Usage(error.to_string()))?;
        }
        let known = self.table.get(&self.sort_key[..]).copied();
        let at = known.unwrap_or_else(|| {
            let at = self.groups.len();
            self.groups.push(Group::new(&self.options, self.items, key));
            self.table.insert(GroupKey::from_slice(&self.sort_key), at);
            self.bytes += GROUP_BYTES + self.sort_key.len() + self.groups[at].bytes();
            at
        });
        let more = self.groups[at].add(&self.options, values).map_err(|problem| {
            DataError::Usage(format!("`aggregate` failed at item {}: {problem}", self.items))
        })?;
        self.bytes += more;
        if self.bytes > self.options.memory {
            self.spill()?;
        }
        Ok(())
    }

    /// Puts what is known of all groups on the disk.
    fn spill(&mut self) -> Result<(), DataError> {
        let spilled = self.spilled.get_or_insert_with(|| SpilledGroups::new(&self.space));
        for (key, at) in self.table.drain() {
            spilled.push(&key, &mut self.groups[at])?;
        }
        self.groups.clear();
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
        self.table = HashMap::new();
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
