//! Groups on the disk are sorted by their keys, each in as many pieces as there were times when memory was full. Values that a
//! group keeps apart are sorted too, by group and value, so that memory holds none of them.

use super::group::Group;
use super::kind::AggregateKind;
use super::number::{Number, NumberKey};
use super::options::AggregateOptions;
use super::quantile::places;
use super::state::State;
use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, Sorted, Sorter, sorter_memory};

/// Groups or values between two looks at what else there is to do.
pub(super) const STRIDE: u64 = 4096;

/// Takes a line of the result.
pub(super) type OnGroup<'t, E> = dyn FnMut(&[u8]) -> Result<(), E> + 't;

/// Groups in pieces.
#[derive(Debug)]
pub(super) struct SpilledGroups {
    space: SpillSpace,
    /// By key: place, text of the key, count and states.
    groups: Sorter,
    /// By key, number of the state and value: nothing.
    values: Sorter,
    record: Vec<u8>,
}

/// Before the text of the key in a record: place, count and length of the text, each a number of 64 bits.
const HEAD: usize = 24;

impl SpilledGroups {
    /// Nothing yet, of a step that may take so much memory in all.
    pub(super) fn new(space: &SpillSpace, memory: usize) -> Self {
        let sorter = || Sorter::new(space.clone()).within(memory);
        Self { space: space.clone(), groups: sorter(), values: sorter(), record: Vec::new() }
    }

    /// What it holds at most of that memory.
    pub(super) fn memory(memory: usize) -> usize {
        2 * sorter_memory(memory)
    }

    /// Adds what is known of a group.
    pub(super) fn push(&mut self, group: &mut Group) -> Result<(), DataError> {
        let Self { groups, values, record, .. } = self;
        let key = &group.sort_key[..];
        record.clear();
        for number in [group.place, group.count, group.key.len() as u64] {
            record.extend_from_slice(&number.to_be_bytes());
        }
        record.extend_from_slice(&group.key);
        let mut value_key = key.to_vec();
        for (at, state) in (0_u32..).zip(&mut group.states) {
            value_key.truncate(key.len());
            value_key.extend_from_slice(&at.to_be_bytes());
            let start = value_key.len();
            state.store(record, &mut |value| {
                value_key.truncate(start);
                value_key.extend_from_slice(value);
                values.push(&value_key, b"")
            })?;
        }
        groups.push(key, record)
    }

    /// Puts the pieces together and gives the item of each group, in the order of their first items.
    pub(super) fn finish<E: From<DataError>>(
        self,
        options: &AggregateOptions,
        look: &mut dyn FnMut() -> Result<(), E>,
        give: &mut OnGroup<'_, E>,
    ) -> Result<(), E> {
        let mut groups = self.groups.finish()?;
        let mut finished = FinishedGroups {
            options,
            values: Values::new(self.values.finish()?)?,
            lines: Sorter::new(self.space.clone()).within(options.memory),
            failed: None,
            line: Vec::new(),
        };
        let (mut open, mut key, mut passed) = (None, Vec::new(), 0_u64);
        while let Some((next, record)) = groups.next()? {
            passed += 1;
            if passed.is_multiple_of(STRIDE) {
                look()?;
            }
            if key != next {
                if let Some(group) = open.take() {
                    finished.close(&key, group, look)?;
                }
                key.clear();
                key.extend_from_slice(next);
            }
            merge(open.get_or_insert_with(|| first(options, record)), record);
        }
        if let Some(group) = open {
            finished.close(&key, group, look)?;
        }
        drop(groups);
        if let Some((_, problem)) = finished.failed {
            return Err(DataError::Usage(problem).into());
        }
        let mut lines = finished.lines.finish()?;
        while let Some((_, line)) = lines.next()? {
            give(line)?;
        }
        Ok(())
    }
}

/// A number of the head of a record.
fn head(record: &[u8], at: usize) -> u64 {
    record[at * 8..][..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The group of a first piece, without anything of it but its place and key.
fn first(options: &AggregateOptions, record: &[u8]) -> Group {
    let key = &record[HEAD..][..head(record, 2) as usize];
    Group::new(options, head(record, 0), key, b"")
}

/// Adds a piece.
fn merge(group: &mut Group, record: &[u8]) {
    group.count += head(record, 1);
    let mut input = &record[HEAD + head(record, 2) as usize..];
    group.states.iter_mut().for_each(|state| state.merge(&mut input));
}

/// Groups that are put together.
struct FinishedGroups<'o> {
    options: &'o AggregateOptions,
    values: Values,
    /// Items by the place of the group.
    lines: Sorter,
    /// The place of the first group that has no item, and why.
    failed: Option<(u64, String)>,
    line: Vec<u8>,
}

impl FinishedGroups<'_> {
    /// Ends a group with its values that lie apart.
    fn close<E: From<DataError>>(
        &mut self,
        key: &[u8],
        mut group: Group,
        look: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        for (at, state) in group.states.iter_mut().enumerate() {
            let mut prefix = key.to_vec();
            prefix.extend_from_slice(&(at as u32).to_be_bytes());
            match state {
                State::Picked(count, picked) => {
                    let shares = self.options.fields.iter().filter(|(_, state)| *state == at);
                    let mut wanted: Vec<u64> = shares
                        .flat_map(|(field, _)| match field.kind {
                            AggregateKind::Quantile(share) => places(share, *count).collect(),
                            _ => Vec::new(),
                        })
                        .collect();
                    wanted.sort_unstable();
                    wanted.dedup();
                    let (mut wanted, mut place) = (wanted.into_iter().peekable(), 0);
                    self.values.each(&prefix, look, &mut |value| {
                        if wanted.next_if_eq(&place).is_some() {
                            let key = NumberKey::try_from(value).unwrap_or_default();
                            picked.insert(place, Number::of_key(key));
                        }
                        place += 1;
                    })?;
                }
                State::Counted(count) => {
                    let mut last = Vec::new();
                    self.values.each(&prefix, look, &mut |value| {
                        if last != value {
                            *count += 1;
                            last.clear();
                            last.extend_from_slice(value);
                        }
                    })?;
                }
                _ => {}
            }
        }
        self.line.clear();
        match group.write(self.options, &mut self.line) {
            Ok(()) => self.lines.push(&group.place.to_be_bytes(), &self.line)?,
            Err(problem) if self.failed.as_ref().is_none_or(|(first, _)| group.place < *first) => {
                self.failed = Some((group.place, problem));
            }
            Err(_) => {}
        }
        Ok(())
    }
}

/// Values in the order of their groups, the next one at hand.
struct Values {
    sorted: Sorted,
    next: Option<Vec<u8>>,
    passed: u64,
}

impl Values {
    fn new(sorted: Sorted) -> Result<Self, DataError> {
        let mut values = Self { sorted, next: Some(Vec::new()), passed: 0 };
        values.step()?;
        Ok(values)
    }

    fn step(&mut self) -> Result<(), DataError> {
        match (self.sorted.next()?, &mut self.next) {
            (Some((key, _)), Some(next)) => {
                next.clear();
                next.extend_from_slice(key);
            }
            _ => self.next = None,
        }
        Ok(())
    }

    /// Shows the values whose keys begin so, which are the next ones.
    fn each<E: From<DataError>>(
        &mut self,
        prefix: &[u8],
        look: &mut dyn FnMut() -> Result<(), E>,
        show: &mut dyn FnMut(&[u8]),
    ) -> Result<(), E> {
        while let Some(value) = self.next.as_ref().and_then(|next| next.strip_prefix(prefix)) {
            show(value);
            self.passed += 1;
            if self.passed.is_multiple_of(STRIDE) {
                look()?;
            }
            self.step()?;
        }
        Ok(())
    }
}
