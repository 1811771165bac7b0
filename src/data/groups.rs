//! This module gathers items by a value, in order of first appearance. They are sorted twice: by value, then by the
//! place of each group's first item, so that memory holds one group at a time. The caller computes the value of an
//! item.

use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, Sorted, Sorter, push_sort_key};

/// Place, and length of the value's text, before value and item.
const HEAD: usize = 16;
/// Records between two looks at what else there is to do.
const STRIDE: u64 = 4096;

/// Items that are being gathered by a value.
#[derive(Debug)]
pub struct Groups {
    space: SpillSpace,
    sorter_max: Option<usize>,
    by_value: Option<Sorter>,
    places: u64,
    sort_key: Vec<u8>,
    record: Vec<u8>,
}

impl Groups {
    /// No items yet; temporary files, when needed, go to `space`.
    pub fn new(space: impl Into<SpillSpace>) -> Self {
        let (sort_key, record) = (Vec::new(), Vec::new());
        Self { space: space.into(), sorter_max: None, by_value: None, places: 0, sort_key, record }
    }

    /// Adds an item to the group of a value, both JSON on one line.
    ///
    /// # Errors
    /// Fails when `value` is no JSON, and when the temporary file cannot be made or written.
    pub fn push(&mut self, value: &[u8], item: &[u8]) -> Result<(), DataError> {
        self.sort_key.clear();
        push_sort_key(value, false, &mut self.sort_key)
            .map_err(|error| DataError::Usage(error.to_string()))?;
        self.record.clear();
        self.record.extend_from_slice(&self.places.to_be_bytes());
        self.record.extend_from_slice(&(value.len() as u64).to_be_bytes());
        self.record.extend_from_slice(value);
        self.record.extend_from_slice(item);
        self.places += 1;
        if self.by_value.is_none() {
            self.by_value = Some(self.sorter());
        }
        let Some(by_value) = &mut self.by_value else { return Ok(()) };
        by_value.push(&self.sort_key, &self.record)
    }

    /// The groups `{"key":…,"items":[…]}`, as values. `look` is called now and then and may end it.
    ///
    /// # Errors
    /// Fails when the temporary files cannot be made, written or read, and with the error of `look`.
    pub fn finish<E: From<DataError>>(
        mut self,
        look: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Sorted, E> {
        let mut by_place = self.sorter();
        let Some(by_value) = self.by_value.take() else { return Ok(by_place.finish()?) };
        let mut by_value = by_value.finish()?;
        let (mut last, mut group, mut passed) = (Vec::new(), OpenGroup::default(), 0_u64);
        while let Some((sort_key, record)) = by_value.next()? {
            passed += 1;
            if passed.is_multiple_of(STRIDE) {
                look()?;
            }
            if last != sort_key {
                group.close(&mut by_place)?;
                last.clear();
                last.extend_from_slice(sort_key);
            }
            group.add(record);
        }
        group.close(&mut by_place)?;
        drop(by_value);
        Ok(by_place.finish()?)
    }

    fn sorter(&self) -> Sorter {
        let sorter = Sorter::new(self.space.clone());
        match self.sorter_max {
            Some(bytes) => sorter.with_memory(bytes),
            None => sorter,
        }
    }
}

/// The group at hand.
#[derive(Default)]
struct OpenGroup {
    place: [u8; 8],
    line: Vec<u8>,
}

impl OpenGroup {
    /// Adds an item; the first one says where the group stands and how its value is written.
    fn add(&mut self, record: &[u8]) {
        let (head, rest) = record.split_at(HEAD);
        let length = head[8..].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (value, item) = rest.split_at(length);
        if self.line.is_empty() {
            self.place.copy_from_slice(&head[..8]);
            self.line.extend_from_slice(b"{\"key\":");
            self.line.extend_from_slice(value);
            self.line.extend_from_slice(b",\"items\":[");
        } else {
            self.line.push(b',');
        }
        self.line.extend_from_slice(item);
    }

    fn close(&mut self, groups: &mut Sorter) -> Result<(), DataError> {
        if self.line.is_empty() {
            return Ok(());
        }
        self.line.extend_from_slice(b"]}");
        groups.push(&self.place, &self.line)?;
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn for_any_values_and_any_bound_the_groups_are_those_of_a_list_that_is_searched(
            values in prop::collection::vec("[0-9]|\"[a-c]{0,2}\"|null|\\[1,[23]\\]", 0..80),
            bytes in 0..2000_usize,
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let mut groups = Groups { sorter_max: Some(bytes), ..Groups::new(dir.path()) };
            let mut expect: Vec<(String, Vec<String>)> = Vec::new();
            for (at, value) in values.iter().enumerate() {
                groups.push(value.as_bytes(), at.to_string().as_bytes()).expect("writable");
                match expect.iter_mut().find(|(key, _)| key == value) {
                    Some((_, items)) => items.push(at.to_string()),
                    None => expect.push((value.clone(), vec![at.to_string()])),
                }
            }
            let mut sorted = groups.finish::<DataError>(&mut || Ok(())).expect("readable");
            let mut seen = Vec::new();
            while let Some((_, line)) = sorted.next().expect("readable") {
                seen.push(String::from_utf8_lossy(line).into_owned());
            }
            let expect: Vec<String> = expect
                .into_iter()
                .map(|(key, items)| format!("{{\"key\":{key},\"items\":[{}]}}", items.join(",")))
                .collect();
            prop_assert_eq!(seen, expect);
        }
    }
}
